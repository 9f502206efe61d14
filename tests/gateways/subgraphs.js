// The subgraphs beside the facade: reviews know an album by its id, charts by its databaseId, and
// nodes only by the type in a global ID. Prints their addresses; ends when its input does.
import { readFileSync } from "node:fs";
import { ApolloServer } from "@apollo/server";
import { ApolloServerPluginInlineTraceDisabled } from "@apollo/server/plugin/disabled";
import { startStandaloneServer } from "@apollo/server/standalone";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse } from "graphql";
import { schema as nodes } from "./nodes.js";

const globalId = (typename, number) => Buffer.from(`${typename}:${number}`).toString("base64");

const reviewsOf = new Map([
  [273, [[5, "Kubelik at his best."], [4, "The finale!"]]],
  [1, [[2, "Out of season."]]],
  [2, [[3, "Fragments indeed."]]],
]);
const allReviews = [...reviewsOf].flatMap(([album, reviews]) =>
  reviews.map(([stars, text], index) => ({
    __typename: "Review",
    id: globalId("Review", `${album}-${index}`),
    stars,
    text,
    album: { id: globalId("Album", album) },
  })),
);
const chart = [273, 2, 1];

const read = (name) => parse(readFileSync(new URL(name, import.meta.url), "utf8"));

const schemas = {
  reviews: buildSubgraphSchema({
    typeDefs: read("reviews.graphql"),
    resolvers: {
      Query: {
        newestReviews: (_, { first }) => ({
          nodes: allReviews.slice(0, first),
          pageInfo: { hasNextPage: first < allReviews.length, hasPreviousPage: false },
        }),
      },
      Review: { __resolveReference: ({ id }) => allReviews.find((review) => review.id === id) },
      Album: { reviews: ({ id }) => allReviews.filter((review) => review.album.id === id) },
    },
  }),
  charts: buildSubgraphSchema({
    typeDefs: read("charts.graphql"),
    resolvers: {
      Query: { chart: () => chart.map((databaseId) => ({ databaseId })) },
      Album: {
        place: ({ databaseId }) => chart.indexOf(databaseId) + 1 || null,
      },
    },
  }),
  nodes,
};

const addresses = {};
for (const [name, schema] of Object.entries(schemas)) {
  const server = new ApolloServer({ schema, plugins: [ApolloServerPluginInlineTraceDisabled()] });
  const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: 0 } });
  addresses[name] = url;
}
console.log(JSON.stringify(addresses));
process.stdin.resume().on("end", () => process.exit());
