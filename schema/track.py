"""Track: one recording, as the catalogue has it."""

from typing import Annotated, Any

import strawberry

from execution import Serialized, instances_of, pure
from upstream import records
from upstream.decoding import territories
from upstream.errors import BadResponse

from .cover import Cover
from .node import Node, id_field
from .promises import promises
from .scalars import URL, CountryCode, Duration, check_country_code, is_url, seconds_of


@pure
def duration_seconds(root: Any) -> int | None:
    """The whole seconds of a track's duration."""
    duration = root.duration
    if isinstance(duration, BadResponse):
        raise duration
    return None if duration is None else seconds_of(duration)


@pure
def streamable(root: Any) -> bool:
    """Whether a track has any stream URL that can be one."""
    high, low = root.high_bitrate_url, root.low_bitrate_url
    # where the REST API got an address wrong, an error may stand for it
    return (isinstance(high, str) and is_url(high)) or (isinstance(low, str) and is_url(low))


@pure
def available_territories(root: Any) -> Any:
    """The country codes of a track, checked once for each distinct list."""
    codes = territories(root)
    shown = _checked.get(id(codes))
    if shown is None or shown[0] is not codes:
        for code in codes:
            check_country_code(code)
        shown = codes, Serialized(codes)
        if len(codes) <= _LONGEST_LIST:
            if len(_checked) >= _MOST_LISTS:
                _checked.clear()
            _checked[id(codes)] = shown
    return shown[1]


@pure
def available_in(
    root: Any,
    territory: Annotated[
        CountryCode, strawberry.argument(description="Where the track would be heard.")
    ],
) -> bool:
    """Whether a country code is among a track's."""
    return territory in territories(root)


_MOST_LISTS = 2048

_LONGEST_LIST = 1_000
"""Codes of a list that is kept: longer ones the REST client does not keep, so none is met again."""

_checked: dict[int, tuple[list[str], Serialized[str]]] = {}
"""Lists that were checked, by their identity: the REST client decodes each distinct list once."""


@strawberry.federation.type(
    keys=["id", "databaseId"], description="One recording, as the catalogue has it."
)
class Track(Node):
    id: strawberry.ID = id_field("Track")
    database_id: int = strawberry.field(description="The number the REST API knows the track by.")
    isrc: str | None = strawberry.field(description="International Standard Recording Code.")
    title: str = strawberry.field(description="The track's title.")
    duration: Duration | None = strawberry.field(
        description="ISO 8601 duration, as the REST API gives it."
    )
    duration_seconds: int | None = strawberry.field(
        resolver=duration_seconds, description="The duration in whole seconds."
    )
    genres: list[str] = strawberry.field(description="The genres, the broader before a colon.")
    disc_number: int | None = strawberry.field(description="The disc that the track is on.")
    track_number: int | None = strawberry.field(description="The track's place on its disc.")
    explicit: bool | None = strawberry.field(description="Whether the lyrics are explicit.")
    high_bitrate_url: URL | None = strawberry.field(
        description="Null where there are no rights to stream the track."
    )
    low_bitrate_url: URL | None = strawberry.field(
        description="Null where there are no rights to stream the track."
    )
    streamable: bool = strawberry.field(
        resolver=streamable, description="Whether there is any stream URL."
    )
    available_territories: list[CountryCode] = strawberry.field(
        resolver=available_territories,
        graphql_type=list[CountryCode],
        description="ISO 3166-1 alpha-2 codes.",
    )
    available_in: bool = strawberry.field(
        resolver=available_in, description="Whether the track is available in a territory."
    )
    cover: Cover | None = strawberry.field(
        description="The track's own cover or, inside an album, the album's."
    )

    is_type_of = instances_of(
        *(records.Track, records.AlbumTrack, records.TrackStub),
        promises=promises(records.Track, records.AlbumTrack),
    )
