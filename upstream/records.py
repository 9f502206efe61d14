"""The records that the REST API gives, stubs included, as msgspec Structs.

Attributes carry the REST names, but for `id`, which is `database_id` here. A record is never
changed once it may be shared; it holds no reference cycles, hence `gc=False`, and its lists are
tuples, which the garbage collector looks at but once. Where the REST API lied about one thing, an
`errors.BadResponse` stands in that thing's place, so consumers read attributes without looking and
raise what they find.
"""

import datetime as dt
import enum
from typing import Annotated, TypeAlias

from msgspec import Meta, Raw, Struct, field

Number: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""A database number: what fits GraphQL's Int."""

Integer: TypeAlias = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]

Instant: TypeAlias = Annotated[dt.datetime, Meta(tz=True)]


class DeliveryType(enum.Enum):
    """Whether a delivery made an album or changed one."""

    NEW = "new"
    UPDATE = "update"


class Cover(Struct, gc=False):
    """Addresses of one picture in three sizes."""

    small_url: str | None = None
    medium_url: str | None = None
    large_url: str | None = None


class Artist(Struct, gc=False):
    """An artist, complete wherever it stands."""

    database_id: Number = field(name="id")
    name: str


class Label(Struct, gc=False):
    """A label, complete wherever it stands."""

    database_id: Number = field(name="id")
    name: str


class AlbumTrack(Struct, gc=False):
    """A track as an album brings it: without a cover of its own.

    `cover` is the album's, set once while decoding. `available_territories` stays undecoded
    JSON: the lists are 85 % of a page of albums, and seldom selected.
    """

    database_id: Number = field(name="id")
    title: str
    isrc: str | None = None
    duration: str | None = None
    genres: tuple[str, ...] = ()
    disc_number: Integer | None = None
    track_number: Integer | None = None
    explicit: bool | None = None
    high_bitrate_url: str | None = None
    low_bitrate_url: str | None = None
    available_territories: Raw = Raw(b"[]")
    cover: Cover | None = None


class Track(AlbumTrack, gc=False):
    """A track from its own address: with its own cover, or None."""


class TrackStub(Struct, gc=False):
    """What a listening says of its track."""

    database_id: Number
    isrc: str | None = None


class Album(Struct, gc=False):
    """An album with everything in it."""

    database_id: Number = field(name="id")
    title: str
    icpn: str | None = None
    genres: tuple[str, ...] = ()
    released_at: dt.date | None = None
    cover: Cover | None = None
    artists: tuple[Artist, ...] = ()
    label: Label | None = None
    tracks: tuple[AlbumTrack, ...] = ()


class AlbumStub(Struct, gc=False):
    """What a listening says of its album."""

    database_id: Number = field(name="id")
    title: str


class AlbumReference(Struct, gc=False):
    """What a delivery says of its album."""

    database_id: Number = field(name="id")


class Distributor(Struct, gc=False):
    """Who brought a recording to the service."""

    database_id: Number = field(name="id")
    name: str


class Station(Struct, gc=False):
    """The library, or other place, that a user belongs to."""

    database_id: Number = field(name="id")
    name: str | None = None


class User(Struct, gc=False):
    """Who listened."""

    database_id: Number = field(name="id")
    name: str | None = None
    station: Station | None = None


class Listening(Struct, gc=False):
    """One play of one track by one user."""

    database_id: Number = field(name="id")
    three_seconds: bool
    thirty_seconds: bool
    fifty_percents: bool
    ninety_five_percents: bool
    track_id: Number | None = None
    track_isrc: str | None = None
    distributor: Distributor | None = None
    label: Label | None = None
    album: AlbumStub | None = None
    artists: tuple[Artist, ...] = ()
    user: User | None = None


class Delivery(Struct, gc=False):
    """One processed delivery of an album."""

    database_id: Number = field(name="id")
    created_at: Instant | None = None
    updated_at: Instant | None = None
    finished_at: Instant | None = None
    type: DeliveryType | None = None
    album: AlbumReference | None = None


class AccessToken(Struct, gc=False):
    """An API token, as POST /oauth/token gives it; `created_at` is in Unix seconds."""

    access_token: str
    token_type: str
    created_at: int

    def __repr__(self) -> str:
        return "AccessToken(...)"


def number_of(record: object) -> int | None:
    """The number of a record or of what stands for one; None where it has none."""
    number = getattr(record, "database_id", None)
    return number if isinstance(number, int) else None
