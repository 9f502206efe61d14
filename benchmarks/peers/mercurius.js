// Mercurius on Fastify, with graphql-jit from the first execution on.

import Fastify from 'fastify'
import mercurius from 'mercurius'
import cache from 'mercurius-cache'
import { Rest } from './rest.js'
import { resolvers } from './resolvers.js'
import { mode, port, typeDefs } from './settings.js'

const app = Fastify({ logger: false })

app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1,
  context: request => ({ rest: new Rest(request.headers.authorization) })
})

if (mode === 'cached') {
  const ofTheCaller = { extendKey: (source, args, context) => context.rest.authorization }
  app.register(cache, {
    ttl: 60,
    policy: { Query: { album: ofTheCaller, albums: ofTheCaller, listenings: ofTheCaller } }
  })
}

await app.listen({ port, host: '127.0.0.1' })
