// The resolvers, the same for every peer: plain property reads, requests only at roots and joins.

const globalId = type => object => Buffer.from(`${type}:${object.id}`).toString('base64')
const databaseId = object => object.id
const TYPED = /^[A-Za-z]+:/

function number (id) {
  if (/^\d+$/.test(id)) return Number(id)
  return Number(Buffer.from(id, 'base64').toString().replace(TYPED, ''))
}

export const resolvers = {
  Query: {
    album: (_, { id }, { rest }) => rest.albums.load(number(id)),
    albums: (_, { first }, { rest }) => rest.rows('albums', first),
    listenings: (_, { first }, { rest }) => rest.rows('listenings', first)
  },
  Album: { id: globalId('Album'), databaseId, releasedAt: album => album.released_at },
  Track: {
    id: globalId('Track'),
    databaseId,
    discNumber: track => track.disc_number,
    trackNumber: track => track.track_number
  },
  Artist: { id: globalId('Artist'), databaseId },
  Label: { id: globalId('Label'), databaseId },
  Listening: {
    id: globalId('Listening'),
    databaseId,
    trackIsrc: listening => listening.track_isrc,
    track: (listening, _, { rest }) => rest.tracks.load(listening.track_id),
    album: (listening, _, { rest }) => rest.albums.load(listening.album.id)
  }
}
