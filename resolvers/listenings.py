"""Listenings: a window of a range of days, joined with the albums and tracks that are selected."""

import datetime as dt
from collections import Counter
from typing import Any

from upstream import records
from upstream.errors import BadResponse
from upstream.records import number_of

from .connections import Connection, connection
from .context import Info
from .days import listing_of_days
from .joins import in_place_of, values_of, whole
from .listings import Arguments
from .selection import Selection

ALBUM_STUB = frozenset({"id", "databaseId", "title"})
"""The fields of an album that a listening brings."""

TRACK_STUB = frozenset({"id", "databaseId", "isrc"})
"""The fields of a track that a listening brings."""


class JoinedListening(records.Listening, gc=True):
    """A listening with its track and its album as far as they were selected.

    Either may be an exception, hence the collector: one that is raised holds what holds it.
    """

    track: Any = None


_values = values_of(records.Listening)


async def listenings(
    info: Info, since: dt.date | None, until: dt.date | None, arguments: Arguments
) -> Connection:
    """A window of the listenings of a range of days."""
    listing = listing_of_days("listenings", since, until)
    return await connection(info, listing, arguments, joined_listenings)


async def joined_listenings(info: Info, rows: list[Any], selection: Selection) -> list[Any]:
    """Listenings with what is selected of their tracks and albums."""
    whole_album = not selection.below("album").names <= ALBUM_STUB
    track_fields = selection.below("track").names
    whole_track = not track_fields <= TRACK_STUB
    if not whole_album and "track" not in selection:
        return rows

    played = [row for row in rows if isinstance(row, records.Listening)]
    wanted = {number for row in played if (number := number_of(row.album)) is not None}
    own_cover = "cover" in track_fields
    loaders = info.context.loaders

    if not whole_album:
        wanted = _albums_of_several_tracks(played) if whole_track and not own_cover else set()
    albums = await whole(info, loaders.albums, wanted)
    tracks: dict[int, Any] = {}
    if whole_track:
        if not own_cover:
            tracks = _tracks_on(albums.values())
        missing = {row.track_id for row in played if isinstance(row.track_id, int)} - tracks.keys()
        loader = loaders.tracks if own_cover else loaders.album_tracks
        tracks |= await whole(info, loader, missing)

    whole_albums = albums if whole_album else None
    whole_tracks = tracks if whole_track else None
    return [
        _joined(row, whole_albums, whole_tracks) if isinstance(row, records.Listening) else row
        for row in rows
    ]


def _joined(
    row: records.Listening, albums: dict[int, Any] | None, tracks: dict[int, Any] | None
) -> JoinedListening:
    """A listening with its track and its album: whole, or where there are none as it names them."""
    listening = JoinedListening(*_values(row))
    number: int | BadResponse | None = row.track_id
    if not isinstance(number, int):
        listening.track = number
    elif tracks is None:
        listening.track = records.TrackStub(number, row.track_isrc)
    else:
        listening.track = tracks[number]
    if albums is not None:
        listening.album = in_place_of(row.album, albums)
    return listening


def _albums_of_several_tracks(played: list[records.Listening]) -> set[int]:
    """The albums that are a cheaper way to their tracks than the tracks' own addresses."""
    pairs = {
        (number, row.track_id)
        for row in played
        if (number := number_of(row.album)) is not None and isinstance(row.track_id, int)
    }
    tracks = Counter(album for album, _ in pairs)
    return {album for album, count in tracks.items() if count > 1}


def _tracks_on(albums: Any) -> dict[int, records.AlbumTrack]:
    return {
        track.database_id: track
        for album in albums
        if isinstance(album, records.Album) and isinstance(album.tracks, tuple)
        for track in album.tracks
        if isinstance(track, records.AlbumTrack) and isinstance(track.database_id, int)
    }
