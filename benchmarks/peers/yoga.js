// GraphQL Yoga on Node's own HTTP server, with graphql-jit.

import { createServer } from 'node:http'
import { useGraphQlJit } from '@envelop/graphql-jit'
import { makeExecutableSchema } from '@graphql-tools/schema'
import { useResponseCache } from '@graphql-yoga/plugin-response-cache'
import { createYoga } from 'graphql-yoga'
import { Rest } from './rest.js'
import { resolvers } from './resolvers.js'
import { mode, port, typeDefs } from './settings.js'

const caching = useResponseCache({
  session: request => request.headers.get('authorization'),
  ttl: 60_000
})

const yoga = createYoga({
  schema: makeExecutableSchema({ typeDefs, resolvers }),
  context: ({ request }) => ({ rest: new Rest(request.headers.get('authorization')) }),
  plugins: [useGraphQlJit(), ...(mode === 'cached' ? [caching] : [])],
  graphiql: false,
  landingPage: false,
  logging: false
})

// Fastify's own, where Node would drop an idle connection after 5 seconds.
const keepAliveTimeout = 72_000
createServer({ keepAliveTimeout }, yoga).listen(port, '127.0.0.1')
