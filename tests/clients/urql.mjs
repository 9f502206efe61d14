import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";

const { FACADE_URL: url, TOKEN } = process.env;
const pages = { albums: relayPagination(), artists: relayPagination() };

export const client = new Client({
  url,
  exchanges: [cacheExchange({ resolvers: { Query: pages } }), fetchExchange],
  fetchOptions: { headers: { Authorization: `Bearer ${TOKEN}` } },
});
