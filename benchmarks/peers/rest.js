// The REST API for one request: a shared pool of kept-alive connections, loaders of its own.

import DataLoader from 'dataloader'
import { interceptors, Pool } from 'undici'
import { mode, upstream } from './settings.js'

// As many connections as the widest query has requests: none waits for another.
const kept = new Pool(upstream, { connections: 256, pipelining: 1 })
const pool = mode === 'shared' ? kept.compose(interceptors.deduplicate()) : kept

const PAGE = 100
const NEXT = /rel="next"/

export class Rest {
  constructor (authorization) {
    this.authorization = authorization
    this.headers = authorization ? { authorization } : {}
    // The REST API has no batch endpoint: a loader's gain is that each object is asked for once.
    const unbatched = { batch: false }
    this.albums = new DataLoader(([id]) => Promise.all([this.one(`/api/v1/album/${id}`)]), unbatched)
    this.tracks = new DataLoader(([id]) => Promise.all([this.one(`/api/v1/tracks/${id}`)]), unbatched)
  }

  async one (path) {
    const { statusCode, body } = await pool.request({
      method: 'GET', origin: upstream, path, headers: this.headers
    })
    if (statusCode === 200) return body.json()
    await body.dump()
    if (statusCode === 404) return null
    throw new Error(`the REST API answered ${statusCode}`)
  }

  async rows (list, first) {
    const pages = Array.from({ length: Math.ceil(first / PAGE) }, (_, index) => index + 1)
    const size = Math.min(first, PAGE)
    const answers = await Promise.all(pages.map(page => this.page(list, page, size)))
    const rows = answers.length === 1 ? answers[0].rows : answers.flatMap(answer => answer.rows)
    const nodes = rows.length > first ? rows.slice(0, first) : rows
    return { nodes, pageInfo: { hasNextPage: nodes.length < rows.length || answers.at(-1).next } }
  }

  async page (list, page, size) {
    const { statusCode, headers, body } = await pool.request({
      method: 'GET',
      origin: upstream,
      path: `/api/v1/${list}?page=${page}&per_page=${size}`,
      headers: this.headers
    })
    if (statusCode === 200) return { rows: await body.json(), next: NEXT.test(headers.link ?? '') }
    await body.dump()
    throw new Error(`the REST API answered ${statusCode}`)
  }
}
