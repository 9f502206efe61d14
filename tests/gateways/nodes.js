// The subgraph that `node` and `nodes` of a supergraph come from: it finds an object's type in its
// global ID, as Relay makes them, and leaves the rest to the subgraph that has the object.
import { readFileSync } from "node:fs";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse } from "graphql";

const typeDefs = parse(readFileSync(new URL("nodes.graphql", import.meta.url), "utf8"));
const known = new Set(["Album", "Artist", "Label", "Track", "Review"]);

function node(id) {
  const [typename] = Buffer.from(id, "base64").toString().split(":");
  return known.has(typename) ? { __typename: typename, id } : null;
}

export const schema = buildSubgraphSchema({
  typeDefs,
  resolvers: {
    Query: { node: (_, { id }) => node(id), nodes: (_, { ids }) => ids.map(node) },
  },
});
