"""Worlds: a schema with every kind of field, and records of it in which anything may be wrong.

A world is made from a number, so that graphql-core and the compiled path each get a fresh one that
is the same: what is awaited once can't be awaited again.
"""

# A type of the schema, and a method that makes a value, are named for what they are; Booleans are
# among the values, and what is made anew for each world is made by a lambda.
# ruff: noqa: D101, D102, FBT003, PLW0108
# strawberry.field(graphql_type=...) and strawberry.cast are untyped.
# mypy: allow-untyped-decorators, allow-untyped-calls

import asyncio
import datetime as dt
import decimal
import enum
import random
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import NoneType
from typing import Annotated, Any, NewType

import msgspec
import strawberry
from graphql import Undefined
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from execution import Promise, Serialized, by_class, derived, instances_of, keeps, pure

# --- what stands in a record


class Record(msgspec.Struct):
    """A record: anything may stand in it.

    So it is left to the garbage collector: an exception in it, once raised, holds it in turn.
    """


class AlbumRecord(Record):
    """What an Album is read from."""

    number: Any = None
    title: Any = None
    rating: Any = None
    explicit: Any = None
    shade: Any = None
    grade: Any = None
    shades: Any = None
    genres: Any = None
    codes: Any = None
    counts: Any = None
    matrix: Any = None
    released: Any = None
    mood: Any = None
    link: Any = None
    extra: Any = None
    key: Any = None
    cover: Any = None
    artists: Any = None
    label: Any = None
    tracks: Any = None
    best: Any = None
    results: Any = None
    related: Any = None
    songs: Any = None
    hit: Any = None
    twin_record: Any = None
    calls: int = 0


class CoverRecord(Record):
    """What a Cover is read from."""

    small: Any = None
    large: Any = None
    sizes: Any = None


class ArtistRecord(Record):
    """What an Artist is read from."""

    number: Any = None
    title: Any = None
    name: Any = None
    class_: Any = None
    active: Any = None
    height: Any = None
    temper: Any = None


class TrackRecord(Record):
    """What a Track is read from."""

    number: Any = None
    title: Any = None
    seconds: Any = None
    live: Any = None
    cover: Any = None
    album: Any = None


class SongRecord(Record):
    """What a Song is read from: as it is promised, in exactly this class."""

    number: Any = 1
    title: Any = "a song"
    nick: Any = None
    alias: Any = "an alias"
    live: Any = None
    key: Any = None
    link: Any = "http://example.org/a.mp3"
    mood: Any = None
    seconds: Any = 1
    score: Any = 0.5
    opus: Any = 5
    cover: Any = None


class EncoreRecord(SongRecord):
    """A song of another class, of which something else is promised."""


class DoubtfulSongRecord(SongRecord):
    """A song in which anything may stand."""


_TEXT: frozenset[type] = frozenset({str})
_TEXT_OR_NULL = _TEXT | {NoneType}

PROMISES: dict[type, Promise] = {
    SongRecord: {
        "number": frozenset({int}),
        "title": _TEXT,
        "nick": _TEXT_OR_NULL,
        "alias": _TEXT_OR_NULL,
        "live": frozenset({bool, NoneType}),
        "key": _TEXT_OR_NULL,
        "link": _TEXT,
        "mood": _TEXT_OR_NULL,
        "seconds": frozenset({int}),
        "score": frozenset({float}),
        "opus": frozenset({int, str}),
    },
    EncoreRecord: {"title": frozenset({int, str}), "nick": _TEXT, "live": frozenset({bool})},
}
"""Not all that is promised is of the class that its field shows."""


class GuestArtistRecord(ArtistRecord):
    """A subclass: an artist for `isinstance`, and a class of its own."""


class Plainly:
    """What prints without its address, which no two worlds have in common."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class OpenArtist(Plainly):
    """A record with a dictionary, by chance with what an awaitable has."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


class RaisingArtist(Plainly):
    """A record that fails when it is read."""

    number = 7

    @property
    def title(self) -> str:
        raise LookupError("this title can't be read")

    @property
    def name(self) -> str:
        raise ValueError("this name can't be read")


class AnsweringArtist(Plainly):
    """A record that answers for attributes in code."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return 5 if name == "number" else f"the {name}"


class Failure(Exception):
    """An exception of a class of its own, which prints as a string would."""


class LookAlike(Plainly):
    """A record of no class that belongs anywhere, with every attribute that is asked for."""

    __slots__ = ("class_", "grade", "large", "name", "number", "seconds", "small", "title")

    def __init__(self) -> None:
        self.class_ = self.name = self.title = "look-alike"
        self.number = self.seconds = 1
        self.small = self.large = "http://example.org"
        self.grade = Grade.FIRST


class Text(str):
    """A string of a class of its own."""

    __slots__ = ()


class Words:
    """No string, but something that prints as one."""

    def __str__(self) -> str:
        return "words"


class Later(Plainly):
    """A value that must be awaited; any number of times."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Coming(Plainly):
    """Items that come one after the other, asynchronously."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self.items:
            yield item


class Bag(Plainly):
    """An iterable that is no list."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


class Items(list[Any]):
    """A list of a class of its own."""


@strawberry.enum
class Shade(enum.Enum):
    """An enum, one of whose values has another name in the schema."""

    DARK = "dark"
    LIGHT = "light"
    DIM = strawberry.enum_value("dim", name="TWILIGHT")


@strawberry.enum
class Grade(str, enum.Enum):  # noqa: UP042 - its own __str__ is Enum's
    """An enum whose members are strings."""

    FIRST = "first"
    SECOND = "second"


Day = NewType("Day", str)
Code = NewType("Code", str)
Mood = NewType("Mood", str)
Link = NewType("Link", str)


def shown_day(value: Any) -> Any:
    """A date as text; anything else is an error."""
    return value.isoformat()


def shown_mood(value: Any) -> Any:
    """A mood; some can't be shown, and some turn out to be something else."""
    return {"none": None, "nothing": Undefined, "later": Later("soon"), "number": 3}.get(
        value, value
    )


@keeps(str)
def shown_link(value: Any) -> Any:
    """A link, as it is, when it is text."""
    if isinstance(value, str):
        return value
    raise TypeError("a link is text")


def shown_code(value: Any) -> Any:
    """A code of two letters."""
    if isinstance(value, str) and len(value) == 2:
        return value
    raise ValueError("a code has two letters")


SCALARS: dict[object, ScalarDefinition] = {
    Day: strawberry.scalar(name="Day", serialize=shown_day, parse_value=str),
    Code: strawberry.scalar(name="Code", serialize=shown_code, parse_value=str),
    Mood: strawberry.scalar(name="Mood", serialize=shown_mood, parse_value=str),
    Link: strawberry.scalar(name="Link", serialize=shown_link, parse_value=str),
}

# --- the schema


@strawberry.interface
class Node:
    id: strawberry.ID
    title: str | None


def id_field(type_name: str) -> Any:
    """A global ID, of a pure resolver that takes the record as root."""

    @pure
    def global_id(root: Any) -> strawberry.ID:
        return strawberry.ID(f"{type_name}:{root.number + 0}")

    return strawberry.field(resolver=global_id)


class Refused(BasePermission):
    """A permission that nobody has."""

    message = "nobody may see this"

    def has_permission(self, source: Any, info: Any, **_: Any) -> bool:  # noqa: ARG002 - Strawberry's signature
        return False


class Louder(FieldExtension):
    """A field extension that changes what the resolver says."""

    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **named: Any) -> Any:
        value = next_(source, info, **named)
        return f"{value}!" if isinstance(value, str) else value


@strawberry.type
class Cover:
    small: Link | None
    large: Link
    sizes: list[list[int] | None]


@strawberry.type
class Artist(Node):
    id: strawberry.ID = id_field("Artist")
    database_id: int = strawberry.field(resolver=pure(lambda root: root.number))
    name: str
    class_: str | None = strawberry.field(name="class")
    active: bool | None
    height: float | None
    temper: Mood | None

    @classmethod
    @by_class
    def is_type_of(cls, record: Any, _info: Any) -> bool:
        return isinstance(record, ArtistRecord | OpenArtist | RaisingArtist | AnsweringArtist)


@strawberry.type
class Label(Node):
    """A type whose records are its own instances, and whose is_type_of is Strawberry's."""

    id: strawberry.ID
    title: str | None
    founded: int | None


@strawberry.type
class Track(Node):
    """A type whose is_type_of nothing is known of."""

    id: strawberry.ID = id_field("Track")
    title: str | None
    seconds: int
    live: bool | None
    cover: Cover | None
    album: Annotated["Album", strawberry.lazy("tests.compiled_worlds")] | None

    @classmethod
    def is_type_of(cls, record: Any, _info: Any) -> bool:
        return isinstance(record, TrackRecord)


def song_id(number: int) -> strawberry.ID:
    """The global ID of a song."""
    return strawberry.ID(f"Song:{number}")


@pure
@derived("number", int, by=song_id)
def _id_of_song(root: Any) -> strawberry.ID:
    if type(root.number) is int:
        return song_id(root.number)
    raise TypeError("the number of a song is none")


@strawberry.type
class Song(Node):
    """A type of some of whose records it is promised what they hold."""

    id: strawberry.ID = strawberry.field(resolver=_id_of_song)
    title: str | None
    is_type_of = instances_of(SongRecord, promises=PROMISES)
    number: int
    nick: str | None
    alias: str
    live: bool | None
    key: strawberry.ID | None
    link: Link
    mood: Mood | None
    seconds: float
    score: float | None
    opus: str | None
    cover: Cover | None


Thing = Annotated[
    Annotated["Album", strawberry.lazy("tests.compiled_worlds")] | Artist | Track | Label | Song,
    strawberry.union("Thing"),
]


@strawberry.type
class Album(Node):
    id: strawberry.ID = id_field("Album")
    is_type_of = instances_of(AlbumRecord)
    number: int
    title: str | None
    rating: float | None
    explicit: bool | None
    shade: Shade | None
    grade: Grade
    shades: list[Shade | None] | None
    genres: list[str]
    codes: list[Code]
    counts: list[int]
    matrix: list[list[int] | None] | None
    released: Day | None
    mood: Mood | None
    link: Link | None
    extra: JSON | None
    key: strawberry.ID | None
    cover: Cover | None
    artists: list[Artist]
    label: Label | None
    tracks: list[Track] | None
    best: Thing | None
    results: list[Thing] | None
    related: list[Node | None]
    songs: list[Song | None]
    hit: Song | None

    @strawberry.field
    @pure
    def described(
        self,
        times: int = 2,
        shade: Shade | None = Shade.DARK,
        tags: list[str | None] | None = None,
        code: Code | None = strawberry.UNSET,
    ) -> str | None:
        record: Any = self
        if times < 0:
            raise ValueError("it can't be described less than not at all")
        # A generated number may be any: what is made of it stays small.
        return f"{record.title * min(times, 3)} {shade} {tags} {code!r}"

    @strawberry.field
    @pure
    def next(
        self,
        step: int,
        back: bool = False,  # noqa: FBT001, FBT002 - an argument of the field
    ) -> Annotated["Album", strawberry.lazy("tests.compiled_worlds")] | None:
        record: Any = self
        if record.number is None:
            return None
        moved = record.number - step if back else record.number + step
        return msgspec.structs.replace(record, number=moved)  # type: ignore[no-any-return] # a record stands for its type

    @strawberry.field(graphql_type=list[Code])
    @pure
    def territories(self, count: int = 3) -> Any:
        return Serialized(["AD", "BE", "CH", "DK"][:count])

    @strawberry.field(graphql_type=Annotated["Album", strawberry.lazy("tests.compiled_worlds")])
    async def twin(self) -> Any:
        record: Any = self
        await asyncio.sleep(0)
        return record.twin_record

    @strawberry.field(
        graphql_type=Annotated["Album", strawberry.lazy("tests.compiled_worlds")] | None
    )
    async def sequel(
        self,
        info: strawberry.Info,
        years_later: int,
        in_code: Code | None = strawberry.UNSET,
        of_title: str | None = "the same",
    ) -> Any:
        """What waits and takes what graphql-core has coerced, as it is."""
        record: Any = self
        await asyncio.sleep(0)
        if years_later < 0:
            raise ValueError("a sequel comes later")
        title = f"{info.field_name} {years_later} {in_code!r} {of_title!r}"
        return msgspec.structs.replace(record, title=title)

    @strawberry.field
    async def noted(self, code: Code | None = strawberry.UNSET) -> str | None:
        """What brings no object, and may be told nothing."""
        return f"{code!r}"

    @strawberry.field
    async def told(self, shade: Shade | None = None, tags: list[str] | None = None) -> str | None:
        """What waits and takes what Strawberry changes before."""
        record: Any = self
        return f"{record.number} {shade!r} {tags}"

    @strawberry.field
    async def found(self, by: strawberry.relay.GlobalID) -> str | None:
        return f"{by!r}"

    @strawberry.field(permission_classes=[Refused])
    async def hidden(self) -> str | None:
        return "seen"

    @strawberry.field
    def path(self, info: strawberry.Info) -> str:
        return "/".join(str(each) for each in info.path.as_list())

    @strawberry.field
    def unmarked(self) -> str | None:
        record: Any = self
        return record.title  # type: ignore[no-any-return] # whatever stands there

    @strawberry.field
    def counted(self) -> int:
        """No pure resolver: it must be called once for each time it is asked."""
        record: Any = self
        record.calls += 1
        return record.calls  # type: ignore[no-any-return] # an int

    @strawberry.field(extensions=[Louder()])
    @pure
    def shouted(self) -> str | None:
        record: Any = self
        return record.title  # type: ignore[no-any-return] # whatever stands there

    @strawberry.field(graphql_type=list[Code | None] | None)
    @pure
    def checked_codes(self) -> Any:
        record: Any = self
        return record.codes

    @strawberry.field(permission_classes=[Refused])
    def guarded(self) -> str | None:
        return "seen"

    secret: str | None = strawberry.field(permission_classes=[Refused], default=None)
    loud: str | None = strawberry.field(extensions=[Louder()], default=None)


@strawberry.type
class Edge:
    cursor: str
    node: Album


@strawberry.type
class Page:
    edges: list[Edge]
    nodes: list[Album | None]
    total: int | None


class EdgeRecord(Record):
    """What an Edge is read from."""

    cursor: Any = None
    node: Any = None


class PageRecord(Record):
    """What a Page is read from."""

    edges: Any = None
    nodes: Any = None
    total: Any = None


class RootRecord(Record):
    """What the root fields without a resolver are read from."""

    version: Any = None
    favourite: Any = None


def _album() -> Any:
    return Annotated["Album", strawberry.lazy("tests.compiled_worlds")]


@strawberry.type
class Query:
    version: str | None
    favourite: Artist | None

    @strawberry.field(graphql_type=Album | None)
    async def album(self, info: strawberry.Info, number: int = 1) -> Any:
        await asyncio.sleep(0)
        return info.context.album(number)

    @strawberry.field
    async def greeting(root: Any, to_whom: str | None = strawberry.UNSET) -> str | None:  # noqa: N805 - Strawberry's name for the source
        return f"{root.version} {to_whom!r}"

    @strawberry.field(graphql_type=Album)
    def needed(self, info: strawberry.Info) -> Any:
        return info.context.album(2)

    @strawberry.field(graphql_type=Page | None)
    async def albums(self, info: strawberry.Info, first: int = 2) -> Any:
        await asyncio.sleep(0)
        return info.context.page(first)

    @strawberry.field(graphql_type=Page)
    def shelf(self, info: strawberry.Info) -> Any:
        return info.context.page(2)

    @strawberry.field(graphql_type=Node | None)
    async def node(self, info: strawberry.Info, id: strawberry.ID) -> Any:  # noqa: A002 - its name
        await asyncio.sleep(0)
        return info.context.thing(len(id))

    @strawberry.field(graphql_type=list[Thing | None])
    def search(self, info: strawberry.Info, text: str) -> Any:
        return [info.context.thing(place) for place in range(min(len(text), 5))]

    @strawberry.field
    @pure
    def sum(self, numbers: list[int]) -> int | None:
        total = 0
        for number in numbers:
            total += number
        return total


@strawberry.type
class Mutation:
    @strawberry.mutation(graphql_type=Album | None)
    async def rename(self, info: strawberry.Info, title: str) -> Any:
        await asyncio.sleep(0)
        album = info.context.album(1)
        if isinstance(album, AlbumRecord):
            album.title = title
        return album

    @strawberry.mutation(graphql_type=Artist)
    def add(self, info: strawberry.Info) -> Any:
        return info.context.artist()


schema = strawberry.Schema(
    Query,
    Mutation,
    types=[Artist, Label, Song, Track],
    config=StrawberryConfig(scalar_map=SCALARS),
)

# --- the worlds


KINDS = (
    *("text", "number", "real", "truth", "identity", "shade", "grade", "day", "mood", "link"),
    *("extra", "code", "several", "cover", "artist", "label", "track", "album", "absent", "edge"),
    "song",
)


class World:
    """Records made from a number.

    In some worlds all is right, in some a little of everything is wrong, and in most only values
    of a few kinds are, but of these many: so the rest of an answer is still compiled.
    """

    def __init__(self, number: int) -> None:
        self._chance = random.Random(number)  # noqa: S311 - a world, no secret
        self._depth = 0
        self._wrongness = dict.fromkeys(KINDS, self._chance.choice([0.0, 0.0, 0.0, 0.02, 0.1]))
        if self._chance.random() < 0.7:
            for kind in self._chance.choices(KINDS, k=self._chance.randint(1, 4)):
                self._wrongness[kind] = 0.3

    def _is_wrong(self, kind: str) -> bool:
        return self._chance.random() < self._wrongness[kind]

    def _one(self, *choices: Any) -> Any:
        choice = self._chance.choice(choices)
        return choice() if callable(choice) and not isinstance(choice, type) else choice

    def _wrong(self, *choices: Any) -> Any:
        """Often null, which is wrong in many places; or what is wrong anywhere; or a choice."""
        roll = self._chance.random()
        if roll < 0.2:
            return None
        return self._never() if roll < 0.45 else self._one(*choices)

    def _never(self) -> Any:
        """What is wrong anywhere."""
        return self._one(
            lambda: ValueError("a failure in the place of a value"),
            lambda: Failure("a failure of a class of its own"),
            lambda: Later(None),
            lambda: Later(RuntimeError("a failure after a while")),
            Undefined,
            strawberry.UNSET,
            object,
            b"bytes",
            lambda: Bag(["a"]),
            dict,
            list,
        )

    def text(self) -> Any:
        if self._is_wrong("text"):
            return self._wrong(
                *(7, True, 1.5, float("nan"), float("inf"), 10**30),
                Text("of a class of its own"),
                Words,
                Grade.FIRST,
                lambda: Words(),
                lambda: Later("late text"),
            )
        return self._one("", "a", "Mahler: Symphonie n° 5", "x" * 30)

    def number(self) -> Any:
        if self._is_wrong("number"):
            return self._wrong(
                *(2**31, 2**31, -(2**31) - 1, True, False, 3.0, 3.5, "7", "seven", 10**30),
                *(float("inf"), float("nan")),
                decimal.Decimal(4),
                lambda: Later(4),
                lambda: Later(2**31),
            )
        return self._one(0, 1, -1, 42, 2**31 - 1, -(2**31))

    def real(self) -> Any:
        if self._is_wrong("real"):
            return self._wrong(
                *(
                    float("nan"),
                    float("inf"),
                    float("-inf"),
                    float("nan"),
                    True,
                    10**400,
                    3,
                    "1.5",
                    "x",
                    "",
                ),
                decimal.Decimal("1.25"),
            )
        return self._one(0.0, -1.5, 1e300, 3.25, None)

    def truth(self) -> Any:
        if self._is_wrong("truth"):
            return self._wrong(0, 1, 0, 1, 2.0, float("nan"), "yes")
        return self._one(True, False, None)

    def identity(self) -> Any:
        if self._is_wrong("identity"):
            return self._wrong(5, 3.0, 3.5, True, 10**30, Text("of its own"))
        return self._one("a", "QWxidW06Mg==", None)

    def shade(self) -> Any:
        if self._is_wrong("shade"):
            return self._wrong("dark", "DARK", "none", Grade.FIRST, Later(Shade.DIM), [])
        return self._one(Shade.DARK, Shade.LIGHT, Shade.DIM, None)

    def grade(self) -> Any:
        if self._is_wrong("grade"):
            return self._wrong("first", "FIRST", Shade.DARK, Text("second"), Text("x"))
        return self._one(Grade.FIRST, Grade.SECOND)

    def day(self) -> Any:
        if self._is_wrong("day"):
            return self._wrong("2014-10-29", 5, dt.timedelta(1))
        return self._one(dt.date(2014, 10, 29), dt.datetime(2015, 2, 6, 16, 38), None)  # noqa: DTZ001 - no instant

    def mood(self) -> Any:
        if self._is_wrong("mood"):
            return self._wrong("none", "nothing", "later", "number", 5, 2.5)
        return self._one("calm", "wild", None)

    def link(self) -> Any:
        if self._is_wrong("link"):
            return self._wrong(5, Text("http://a"), "")
        return self._one("http://example.org/a.jpg", "https://example.org", None)

    def needed_link(self) -> Any:
        return self.link() or "http://example.org/b.jpg"

    def extra(self) -> Any:
        if self._is_wrong("extra"):
            return self._never()
        return self._one("text", 5, 2.5, True, None, [1, {"a": None}], {"b": [2]}, float("nan"))

    def code(self) -> Any:
        if self._is_wrong("code"):
            return self._wrong("three", 5, Text("FR"))
        return self._one("AD", "FR", "ZW")

    def several(self, item: Callable[[], Any], most: int = 3, *, strings: bool = False) -> Any:
        items = [item() for _ in range(self._chance.randrange(min(most, 4 - self._depth) + 1))]
        if self._is_wrong("several"):
            return self._wrong(
                lambda: Bag(items),
                lambda: (each for each in items),
                lambda: Items(items),
                lambda: Coming(items),
                lambda: Later(items),
                lambda: {"a": 1},
                "text",
                5,
                range(2),
                *[lambda: Serialized(["77", "88"])] * 8,
            )
        if strings and self._chance.random() < 0.2:
            return Serialized(["AD", "BE"])
        return self._one(lambda: items, lambda: tuple(items))

    def _deeper(self, made: Callable[[], Any]) -> Any:
        """What is made one level down; nothing below the third."""
        if self._depth >= 3:
            return None
        self._depth += 1
        try:
            return made()
        finally:
            self._depth -= 1

    def _wrong_record(self, right: Callable[[], Any]) -> Any:
        return self._wrong(
            lambda: Later(right()),
            lambda: RecursionError("a failure of another class"),
            CoverRecord,
            *[lambda: LookAlike()] * 10,
            lambda: CoverRecord(),
            lambda: ArtistRecord(number=1, title="an artist", name="out of place"),
            lambda: AlbumRecord(number=1, grade=Grade.FIRST, genres=[], artists=[], related=[]),
            lambda: TrackRecord(number=1, seconds=5),
        )

    def cover(self) -> Any:
        def made() -> Any:
            if self._is_wrong("cover"):
                return self._wrong_record(self.cover)
            return CoverRecord(
                self.link(),
                self.needed_link(),
                self.several(lambda: self.several(self.number)),
            )

        return self._deeper(made)

    def artist(self) -> Any:
        attributes = {
            "number": self.number(),
            "title": self.text(),
            "name": self.text(),
            "class_": self.text(),
            "active": self.truth(),
            "height": self.real(),
            "temper": self.mood(),
        }
        if self._is_wrong("artist"):
            return self._one(
                lambda: self._wrong_record(self.artist),
                RaisingArtist,
                lambda: RaisingArtist(),
                lambda: AnsweringArtist(),
                lambda: OpenArtist(**attributes),
                *[lambda: OpenArtist(**attributes, __await__=5)] * 8,
                lambda: OpenArtist(**attributes, __as_strawberry_type__=Label),
            )
        return self._one(
            lambda: ArtistRecord(**attributes),
            lambda: GuestArtistRecord(**attributes),
            lambda: OpenArtist(**attributes),
        )

    def label(self) -> Any:
        attributes = {"id": self.identity() or "x", "title": self.text(), "founded": self.number()}
        if self._is_wrong("label"):
            return self._one(
                lambda: self._wrong_record(self.label),
                lambda: strawberry.cast(Artist, Label(**attributes)),
                lambda: strawberry.cast(Label, OpenArtist(**attributes)),
            )
        return Label(**attributes)

    def track(self) -> Any:
        def made() -> Any:
            if self._is_wrong("track"):
                return self._wrong_record(self.track)
            return TrackRecord(
                number=self.number(),
                title=self.text(),
                seconds=self.number(),
                live=self.truth(),
                cover=self.cover(),
                album=self.album(3),
            )

        return self._deeper(made)

    def song(self) -> Any:
        right = {
            "number": self._one(0, 1, -1, 42, 2**31 - 1, -(2**31)),
            "title": self._one("", "a", "Rondo-Finale"),
            "nick": self._one("", "n°", None),
            "alias": self._one("", "also", None),
            "live": self._one(True, False, None),
            "key": self._one("a", "QWxidW06Mg==", None),
            "link": self._one("", "http://example.org/a.mp3"),
            "mood": self._one("calm", "wild", "none", "nothing", "later", "number", None),
            "seconds": self._one(0, 1, 2**31 - 1),
            "score": self._one(0.0, -1.5, 1e300, float("nan"), float("inf")),
            "opus": self._one(0, 5, "5", "five"),
            "cover": self.cover(),
        }
        if self._is_wrong("song"):
            return self._wrong_record(self.song)
        # Not as it is promised of others, and shown otherwise than it stands there, or not at all.
        encore = {
            "title": self._one("", "again", 5),
            "nick": self._one("", "n°"),
            "live": self._one(True, False),
            "number": self._one(1, 3.0, "7", True),
            "key": self._one("a", 5, 3.0),
        }
        doubtful = {**encore, "nick": self._one(True, 5), "live": self._one(0, 1, None)}
        return self._one(
            *[lambda: SongRecord(**right)] * 2,
            lambda: EncoreRecord(**right | encore),
            lambda: DoubtfulSongRecord(**right | doubtful),
        )

    def thing(self, place: int) -> Any:
        made = [self.artist, self.label, self.track, lambda: self.album(place), self.song]
        return made[place % 5]()

    def album(self, number: int) -> Any:
        def made() -> Any:
            if self._is_wrong("album"):
                return self._wrong_record(lambda: self.album(1))
            record = AlbumRecord(
                number=number if self._chance.random() < 0.5 else self.number(),
                title=self.text(),
                rating=self.real(),
                explicit=self.truth(),
                shade=self.shade(),
                grade=self.grade(),
                shades=self.several(self.shade),
                genres=self.several(self.text, strings=True),
                codes=self.several(self.code, strings=True),
                counts=self.several(self.number),
                matrix=self.several(lambda: self.several(self.number)),
                released=self.day(),
                mood=self.mood(),
                link=self.link(),
                extra=self.extra(),
                key=self.identity(),
                cover=self.cover(),
                artists=self.several(self.artist, 2),
                label=self.label(),
                tracks=self.several(self.track, 2),
                best=self.thing(self._chance.randrange(5)),
                results=self.several(lambda: self.thing(self._chance.randrange(5)), 2),
                related=self.several(lambda: self.thing(self._chance.randrange(5)), 2),
                songs=self.several(self.song),
                hit=self.song(),
                twin_record=self.album(5),
            )
            if self._is_wrong("absent"):
                # From then on, to read it is an AttributeError.
                delattr(record, self._one("title", "genres", "cover", "number", "shade"))
            return record

        return self._deeper(made)

    def page(self, size: int) -> Any:
        def edge() -> Any:
            if self._is_wrong("edge"):
                return self._wrong_record(lambda: EdgeRecord("late", self.album(1)))
            return EdgeRecord(self.text(), self.album(1))

        most = max(0, min(size, 3))
        return PageRecord(
            self.several(edge, most),
            self.several(lambda: self.album(2), most),
            self.number(),
        )

    def root(self) -> RootRecord:
        """The root value of an execution."""
        return RootRecord(self.text(), self.artist())
