// Walks a whole collection with Relay's store: a pagination fragment's query, page after page.
import relay from "relay-runtime";
import { environment } from "./relay/environment.mjs";
import ALBUM from "./relay/generated/AlbumShelfAlbumQuery.graphql.js";
import FRAGMENT from "./relay/generated/AlbumShelf_album.graphql.js";
import PAGE from "./relay/generated/AlbumShelfPageQuery.graphql.js";
import SHELF from "./relay/generated/AlbumShelf_page.graphql.js";

const { createOperationDescriptor, fetchQuery, getSingularSelector } = relay;

async function page(variables) {
  const operation = createOperationDescriptor(PAGE, variables);
  environment.retain(operation);
  await fetchQuery(environment, PAGE, variables).toPromise();
  return operation;
}

function shelf(operation) {
  const { data: root } = environment.lookup(operation.fragment);
  return environment.lookup(getSingularSelector(SHELF, root)).data.albums;
}

const first = await page({ first: 500 });
let albums = shelf(first);
while (albums.pageInfo.hasNextPage) {
  await page({ first: 500, after: albums.pageInfo.endCursor });
  albums = shelf(first);
}
const ids = albums.edges.map((edge) => edge.node.id);
const again = createOperationDescriptor(ALBUM, { id: ids[0] });
await fetchQuery(environment, ALBUM, { id: ids[0] }).toPromise();
const { node } = environment.lookup(again.fragment).data;
const { title, releasedAt } = environment.lookup(getSingularSelector(FRAGMENT, node)).data;
console.log(JSON.stringify({ ids, refetched: { title, releasedAt } }));
