"""Artists: one by its ID, and a window of all."""

from upstream import records
from upstream.listing import Listing

from .connections import Connection, connection
from .context import Info
from .global_ids import number_in
from .listings import Arguments

ARTISTS = Listing("artists")


async def one_artist(info: Info, identifier: str) -> records.Artist | None:
    """The artist that a global ID or a number names; None where there is none."""
    return await artist_numbered(info, number_in(identifier, "Artist"))


async def artist_numbered(info: Info, number: int) -> records.Artist | None:
    """The artist with this number; None where there is none."""
    return info.context.unpack(await info.context.loaders.artists.load(number), info.path)


async def artists(info: Info, arguments: Arguments) -> Connection:
    """A window of all artists."""
    return await connection(info, ARTISTS, arguments)
