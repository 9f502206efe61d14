// Walks whole collections with Apollo Client's fetchMore, and tells what was sent for it.
import { gql } from "@apollo/client";
import { counted } from "./sent.mjs";
import { client } from "./apollo.mjs";

const QUERIES = {
  albums: gql`
    query WalkAlbums($after: String) {
      albums(first: 500, after: $after) {
        totalCount
        edges { cursor node { id title artists { id name } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  `,
  artists: gql`
    query WalkArtists($after: String) {
      artists(first: 500, after: $after) {
        totalCount
        edges { cursor node { id name } }
        pageInfo { hasNextPage endCursor }
      }
    }
  `,
};

const walked = {};
for (const [field, query] of Object.entries(QUERIES)) {
  const watched = client.watchQuery({ query });
  const subscription = watched.subscribe(() => {});
  let page = (await client.query({ query })).data[field];
  while (page.pageInfo.hasNextPage) {
    const variables = { after: page.pageInfo.endCursor };
    page = (await watched.fetchMore({ variables })).data[field];
  }
  subscription.unsubscribe();
  const { edges, totalCount } = client.readQuery({ query })[field];
  walked[field] = { totalCount, ids: edges.map((edge) => edge.node.id) };
}
console.log(JSON.stringify({ walked, sent: counted() }));
