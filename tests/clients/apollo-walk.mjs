// Walks whole collections with Apollo Client's fetchMore, and tells what was sent for it; then asks
// for something that fails beside something that does not.
import { readFileSync } from "node:fs";
import { gql } from "@apollo/client";
import { counted } from "./sent.mjs";
import { client } from "./apollo.mjs";

const QUERIES = {
  albums: gql`
    query WalkAlbums($first: Int!, $after: String) {
      albums(first: $first, after: $after) {
        edges { cursor node { id title artists { id name } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  `,
  artists: gql(readFileSync("../../queries/frontend/ArtistIndex.graphql", "utf8")),
};

const walked = {};
for (const [field, query] of Object.entries(QUERIES)) {
  const first = { query, variables: { first: 500 } };
  const watched = client.watchQuery(first);
  const subscription = watched.subscribe(() => {});
  let page = (await client.query(first)).data[field];
  while (page.pageInfo.hasNextPage) {
    const variables = { first: 500, after: page.pageInfo.endCursor };
    page = (await watched.fetchMore({ variables })).data[field];
  }
  subscription.unsubscribe();
  walked[field] = client.readQuery(first)[field].edges.map((edge) => edge.node.id);
}
const sent = counted();
const partly = gql`{ artist(id: 544) { name } album(id: "nonsense!") { title } }`;
const { data, error } = await client.query({ query: partly });
console.log(JSON.stringify({ walked, sent, partly: { data, code: error.errors[0].extensions.code } }));
