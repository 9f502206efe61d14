import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";

const { FACADE_URL: url, TOKEN } = process.env;
const pages = relayPagination();
const Query = { albums: pages, artists: pages, labels: pages, listenings: pages, deliveries: pages };

export const client = new Client({
  url,
  exchanges: [cacheExchange({ resolvers: { Query } }), fetchExchange],
  fetchOptions: { headers: { Authorization: `Bearer ${TOKEN}` } },
});
