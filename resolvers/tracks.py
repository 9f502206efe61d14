"""Tracks: one by its ID, from its own address or from an album that brought it."""

from resolvers.context import Info
from resolvers.global_ids import number_in
from upstream import records


async def one_track(info: Info, identifier: str) -> records.AlbumTrack | None:
    """The track that a global ID or a number names; None where there is none."""
    return await track_numbered(
        info, number_in(identifier, "Track"), own_cover="cover" in info.selection
    )


async def track_numbered(info: Info, number: int, *, own_cover: bool) -> records.AlbumTrack | None:
    """The track with this number; None where there is none.

    Only a track from its own address has a cover of its own: `own_cover` says that it matters.
    """
    loaders = info.context.loaders
    loader = loaders.tracks if own_cover else loaders.album_tracks
    return info.context.unpack(await loader.load(number), info.path)
