// Apollo Server behind Fastify, its fastest integration, without the plugins that nobody asked for.

import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled
} from '@apollo/server/plugin/disabled'
import responseCache from '@apollo/server-plugin-response-cache'
import fastifyApollo from '@as-integrations/fastify'
import Fastify from 'fastify'
import { Rest } from './rest.js'
import { resolvers } from './resolvers.js'
import { mode, port, typeDefs } from './settings.js'

const caching = [
  ApolloServerPluginCacheControl({ defaultMaxAge: 60, calculateHttpHeaders: false }),
  responseCache({
    sessionId: async ({ contextValue }) => contextValue.rest.authorization ?? null
  })
]

const apollo = new ApolloServer({
  typeDefs: mode === 'cached' ? privately(typeDefs) : typeDefs,
  resolvers,
  introspection: false,
  plugins: [
    ...(mode === 'cached' ? caching : [ApolloServerPluginCacheControlDisabled()]),
    ApolloServerPluginLandingPageDisabled(),
    ApolloServerPluginSchemaReportingDisabled(),
    ApolloServerPluginUsageReportingDisabled()
  ]
})

// What a caller may see is not for others: the root fields are cached for each token apart.
function privately (sdl) {
  return sdl.replace(/^ {2}(album|albums|listenings)(\(.*)$/gm, '  $1$2 @cacheControl(scope: PRIVATE, maxAge: 60)') + `
    enum CacheControlScope { PUBLIC PRIVATE }
    directive @cacheControl(
      maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean
    ) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
  `
}

await apollo.start()
const app = Fastify({ logger: false })
await app.register(fastifyApollo(apollo), {
  context: async request => ({ rest: new Rest(request.headers.authorization) })
})
await app.listen({ port, host: '127.0.0.1' })
