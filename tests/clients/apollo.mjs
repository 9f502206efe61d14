import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";
import { sha256 } from "./sha256.mjs";

const { FACADE_URL: uri, TOKEN } = process.env;
const pages = relayStylePagination();
const ofDays = relayStylePagination(["since", "until"]);
const fields = { albums: pages, artists: pages, labels: pages, listenings: ofDays, deliveries: ofDays };
const whole = { errorPolicy: "all" };

export const client = new ApolloClient({
  link: new PersistedQueryLink({ sha256 }).concat(
    new HttpLink({ uri, headers: { Authorization: `Bearer ${TOKEN}` } }),
  ),
  cache: new InMemoryCache({ typePolicies: { Query: { fields } } }),
  defaultOptions: { watchQuery: whole, query: whole, mutate: whole },
});
