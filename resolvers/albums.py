"""Albums: one by its ID, a window of all, and the whole ones behind stubs."""

from resolvers.connections import Connection, connection
from resolvers.context import Info
from resolvers.global_ids import number_in
from resolvers.listings import Arguments
from upstream import records
from upstream.listing import Listing

ALBUMS = Listing("albums")


async def one_album(info: Info, identifier: str) -> records.Album | None:
    """The album that a global ID or a number names; None where there is none."""
    return await album_numbered(info, number_in(identifier, "Album"))


async def album_numbered(info: Info, number: int) -> records.Album | None:
    """The album with this number; None where there is none."""
    return info.context.unpack(await info.context.loaders.albums.load(number), info.path)


async def albums(info: Info, arguments: Arguments) -> Connection:
    """A window of all albums."""
    return await connection(info, ALBUMS, arguments)
