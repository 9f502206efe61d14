"""What the schema promises of records is so, whatever the REST API sends."""

# A type of the schema is named for what it is.
# ruff: noqa: D101, D102
# What strawberry.field makes of a graphql_type is untyped.
# mypy: allow-untyped-decorators

import json
from typing import Any

import msgspec
import strawberry
from hypothesis import given
from hypothesis import strategies as st

from execution import compiled_execution, instances_of
from schema.promises import PROMISES
from upstream import decoding, records
from upstream.errors import BadResponse
from upstream.territories import LISTS

LEAST, MOST = -(2**31), 2**31 - 1
NUMBERS = st.sampled_from([0, 1, -1, LEAST, MOST, LEAST - 1, MOST + 1, 2**63, 1.0, 2.5])
TEXTS = st.sampled_from(["", "7", "text", "2014-10-29", "\ud834"])
OTHERS = st.sampled_from([None, True, False, [], ["a"], [7], {}, {"id": 1, "name": "a"}])
VALUES = NUMBERS | TEXTS | OTHERS


def objects(**right: Any) -> st.SearchStrategy[Any]:
    """Objects with each value right more often than wrong, or left out."""
    each = {key: st.just(value) | st.just(value) | VALUES for key, value in right.items()}
    return st.fixed_dictionaries({}, optional=each) | st.fixed_dictionaries(each)


NAMED = objects(id=5, name="a name")
COVER = objects(small_url="https://img.example/s.jpg")
TRACK = objects(
    id=5,
    title="a",
    isrc="FR9W15100085",
    duration="PT00H14M43S",
    genres=["a"],
    disc_number=1,
    track_number=4,
    explicit=False,
    available_territories=["FR"],
    high_bitrate_url="https://a.example/b",
    low_bitrate_url=None,
)
ALBUM = st.fixed_dictionaries(
    {
        "id": st.just(5) | VALUES,
        "title": st.just("a") | VALUES,
        "icpn": st.just("3700551766741") | VALUES,
        "released_at": st.just("2014-10-29") | VALUES,
        "cover": COVER | VALUES,
        "label": NAMED | VALUES,
        "artists": st.lists(NAMED, max_size=2) | VALUES,
        "tracks": st.lists(TRACK, max_size=2) | VALUES,
    }
)


def records_in(found: Any) -> list[Any]:
    """All records of a page, however deep."""
    if isinstance(found, list | tuple):
        return [record for each in found for record in records_in(each)]
    if isinstance(found, records.Album):
        return [found, *records_in((found.label, found.artists, found.tracks))]
    return [found]


@given(st.lists(ALBUM, min_size=1, max_size=3))
def test_a_record_of_a_promised_class_holds_what_is_promised(page: list[Any]) -> None:
    try:
        found = decoding.rows(LISTS.folded(json.dumps(page).encode()), "albums").value
    except BadResponse:
        return
    for record in records_in(found):
        for attribute, classes in PROMISES.get(type(record), {}).items():
            value = getattr(record, attribute)
            assert type(value) in classes, (record, attribute)
            assert type(value) is not int or LEAST <= value <= MOST


def test_what_the_fields_of_a_track_hold_is_promised() -> None:
    text, number = frozenset({str}), frozenset({int})
    assert PROMISES[records.AlbumTrack]["title"] == text
    assert PROMISES[records.AlbumTrack]["isrc"] == text | {type(None)}
    assert PROMISES[records.AlbumTrack]["disc_number"] == number | {type(None)}
    assert PROMISES[records.AlbumTrack].keys().isdisjoint({"cover", "available_territories"})


class NamedRecord(msgspec.Struct):
    """What a Thing is read from: of this class it is promised that the name is text."""

    name: Any = 7


class RenamedRecord(NamedRecord):
    """Another class, of which nothing is promised."""


class ShelfRecord(msgspec.Struct):
    """What a Shelf is read from."""

    things: Any


@strawberry.type
class Thing:
    name: str
    is_type_of = instances_of(NamedRecord, promises={NamedRecord: {"name": frozenset({str})}})


@strawberry.type
class Shelf:
    things: list[Thing]


@strawberry.type
class Query:
    @strawberry.field(graphql_type=Shelf)
    async def shelf(self) -> Any:
        return ShelfRecord([NamedRecord(), RenamedRecord()])


async def test_what_is_promised_is_not_looked_at_and_what_is_not_is() -> None:
    schema = strawberry.Schema(Query, execution_context_class=compiled_execution(compile_after=0))
    result = await schema.execute("{ shelf { things { name } } }")
    assert result.data == {"shelf": {"things": [{"name": 7}, {"name": "7"}]}}
