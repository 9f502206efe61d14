// The settings, from the environment.

import { readFileSync } from 'node:fs'

export const upstream = process.env.UPSTREAM
export const port = Number(process.env.PORT)

// "plain" keeps nothing; "shared" joins equal requests in flight; "cached" caches for a minute.
export const mode = process.env.MODE ?? 'plain'

export const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8')
