import relay from "relay-runtime";

const { graphql } = relay;

export const shelfQuery = graphql`
  query AlbumShelfQuery($first: Int!) {
    ...AlbumShelf_page @arguments(first: $first)
  }
`;

export const shelfPage = graphql`
  fragment AlbumShelf_page on Query
  @refetchable(queryName: "AlbumShelfPageQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 25 }, after: { type: "String" }) {
    albums(first: $first, after: $after) @connection(key: "AlbumShelf_albums") {
      edges { node { id title ...AlbumShelf_album } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

export const shelfAlbum = graphql`
  fragment AlbumShelf_album on Album @refetchable(queryName: "AlbumShelfAlbumQuery") {
    title
    releasedAt
    artists { name }
  }
`;
