"""Tracks: one by its ID, from its own address or from an album that brought it."""

from upstream import records

from .context import Info
from .global_ids import number_in


async def one_track(info: Info, identifier: str) -> records.AlbumTrack | None:
    """The track that a global ID or a number names; None where there is none."""
    return await track_numbered(info, number_in(identifier, "Track"))


async def track_numbered(info: Info, number: int) -> records.AlbumTrack | None:
    """The track with this number; None where there is none.

    Only a track from its own address has a cover of its own.
    """
    context = info.context
    if "cover" in info.selection_on("Track"):
        return context.unpack(await context.loaders.tracks.load(number), info.path)
    return context.unpack(await context.loaders.album_tracks.load(number), info.path)
