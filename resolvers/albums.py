"""Albums: one by its ID, a window of all, and the whole ones behind stubs."""

from upstream import records
from upstream.listing import Listing

from .connections import Connection, connection
from .context import Info
from .global_ids import number_in
from .listings import Arguments

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
