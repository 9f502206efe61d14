// Walks all artists with urql, whose cache joins the pages to one list, and tells what was sent.
import { gql } from "@urql/core";
import { counted } from "./sent.mjs";
import { client } from "./urql.mjs";

const query = gql`
  query WalkArtists($after: String) {
    artists(first: 500, after: $after) {
      edges { cursor node { id name } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

let artists;
let after;
do {
  const { data, error } = await client.query(query, { after }).toPromise();
  if (error) throw error;
  artists = data.artists;
  after = artists.pageInfo.endCursor;
} while (artists.pageInfo.hasNextPage);
console.log(JSON.stringify({ ids: artists.edges.map(({ node }) => node.id), sent: counted() }));
