// A typed operation with graphql-request: the answer's types come from the committed schema.
import { GraphQLClient } from "graphql-request";
import { BrowseAlbumsDocument } from "./generated/graphql.js";

const { FACADE_URL = "", TOKEN = "" } = process.env;
const client = new GraphQLClient(FACADE_URL, { headers: { Authorization: `Bearer ${TOKEN}` } });

const { albums } = await client.request(BrowseAlbumsDocument, { first: 2 });
const titles: string[] = albums.edges.map((edge) => edge.node.title);
const dates: (string | null | undefined)[] = albums.edges.map((edge) => edge.node.releasedAt);

// @ts-expect-error: there is no such field
albums.edges[0]?.node.price;
// @ts-expect-error: `first` is a number
export const wrong = () => client.request(BrowseAlbumsDocument, { first: "two" });

console.log(JSON.stringify({ titles, dates }));
