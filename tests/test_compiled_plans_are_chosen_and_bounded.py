"""Plans are compiled where they can be, chosen by what steers a selection, bounded and released."""

# A type of the schema is named for what it is.
# ruff: noqa: D101, D102
# What strawberry.field makes of a graphql_type is untyped.
# mypy: allow-untyped-decorators

import asyncio
import gc
import inspect
import weakref
from collections.abc import AsyncGenerator
from typing import Any, NewType

import msgspec
import pytest
import strawberry
from graphql import DocumentNode, Executor, execute, parse
from graphql.execution.incremental import IncrementalExecutor
from graphql.pyutils import is_awaitable
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution import (
    Serialized,
    compiled_execution,
    instances_of,
    pure,
)
from execution.shapes import MOST_SHAPES, Shape
from execution.source import MOST_FIELDS

Code = NewType("Code", str)
parsed_codes: list[str] = []


def given_code(value: Any) -> str:
    """A code that a caller gave; each one is noted."""
    parsed_codes.append(value)
    return str(value)


class TrackRecord(msgspec.Struct):
    """A track."""

    title: Any
    codes: Any


class AlbumRecord(msgspec.Struct):
    """An album."""

    title: Any
    tracks: Any


@strawberry.interface
class Named:
    title: str


@strawberry.type
class Track:
    title: str
    codes: list[Code]

    @strawberry.field
    @pure
    def available_in(self, code: Code) -> bool:
        return code in self.codes


@strawberry.type
class Album(Named):
    is_type_of = instances_of(AlbumRecord)
    title: str
    tracks: list[Track]

    @strawberry.field(graphql_type=Track)
    async def first(self) -> Any:
        await asyncio.sleep(0)
        return self.tracks[0]


@strawberry.type
class Query:
    version: str = "1"

    @strawberry.field(graphql_type=Album | None)
    async def album(self, info: strawberry.Info) -> Any:
        await asyncio.sleep(0)
        return info.context

    @strawberry.field(graphql_type=list[Named])
    def named(self, info: strawberry.Info) -> Any:
        return [info.context]


@strawberry.type
class Subscription:
    @strawberry.subscription(graphql_type=Album)
    async def albums(self, info: strawberry.Info) -> AsyncGenerator[Any, None]:
        yield info.context


CONFIG = StrawberryConfig(
    scalar_map={Code: strawberry.scalar(name="Code", serialize=str, parse_value=given_code)}
)
schema = strawberry.Schema(Query, subscription=Subscription, config=CONFIG)

ALBUM = AlbumRecord("Symphony", [TrackRecord("Rondo", ["AD", "FR"]), TrackRecord("Adagio", [])])


async def executed(
    executor_class: type[StrawberryGraphQLCoreExecutionContext],
    document: DocumentNode,
    record: Any = ALBUM,
    variables: dict[str, Any] | None = None,
    middleware: Any = None,
) -> Any:
    """The result of an execution."""
    result: Any = execute(
        schema._schema,
        document,
        None,
        record,
        variables,
        middleware=middleware,
        executor_class=executor_class,
    )
    return await result if is_awaitable(result) else result


async def answer(
    executor_class: type[StrawberryGraphQLCoreExecutionContext],
    document: DocumentNode,
    record: Any = ALBUM,
    **variables: Any,
) -> Any:
    """The data of an execution, which has no errors."""
    result = await executed(executor_class, document, record, variables)
    assert result.errors is None
    return result.data


async def test_a_known_query_runs_through_plans_and_never_falls_back() -> None:
    executor_class = compiled_execution(compile_after=0)
    document = parse(
        '{ album { __typename title tracks { title codes availableIn(code: "FR") } } }'
    )
    for _ in range(3):
        assert await answer(executor_class, document) == {
            "album": {
                "__typename": "Album",
                "title": "Symphony",
                "tracks": [
                    {"title": "Rondo", "codes": ["AD", "FR"], "availableIn": True},
                    {"title": "Adagio", "codes": [], "availableIn": False},
                ],
            }
        }
    statistics = executor_class.statistics
    assert statistics.executions == 3
    assert statistics.planned_executions == 3
    assert statistics.plans_compiled == 1
    assert statistics.runs == 3
    assert statistics.fallbacks == 0


def written(data: Any) -> bytes:
    """What the encoder makes of an answer."""
    return msgspec.json.encode(data)


async def test_shapes_are_written_as_the_dictionaries_that_they_stand_for() -> None:
    document = parse(
        """{ album { title again: tracks { codes title is: __typename } tracks { title codes }
        first { title codes } } named { ... on Album { tracks { codes title } title } } }"""
    )
    dictionaries = await answer(StrawberryGraphQLCoreExecutionContext, document)
    executor_class = compiled_execution(compile_after=0, shaped=True)
    shaped = await answer(executor_class, document)
    assert written(shaped) == written(dictionaries)
    assert executor_class.statistics.fallbacks == 0
    album = shaped["album"]
    # Not the album itself: one of its fields waits.
    assert type(album) is dict
    assert all(isinstance(each, Shape) for each in (*album["again"], *album["tracks"]))
    assert type(album["again"][0]) is not type(album["tracks"][0])


async def test_a_selection_has_only_so_many_shapes() -> None:
    alike = " ".join(f"b{at}: tracks {{ title }}" for at in range(MOST_SHAPES))
    different = " ".join(f"a{at}: tracks {{ a{at}: title }}" for at in range(MOST_SHAPES + 5))
    executor_class = compiled_execution(compile_after=0, shaped=True)
    data = await answer(executor_class, parse(f"{{ album {{ {alike} {different} }} }}"))
    kinds = {type(tracks[0]) for tracks in data["album"].values()}
    assert len(kinds - {dict}) == MOST_SHAPES
    assert dict in kinds
    assert data["album"][f"a{MOST_SHAPES + 4}"][0] == {f"a{MOST_SHAPES + 4}": "Rondo"}


async def test_where_a_shape_is_given_up_graphql_core_completes_the_object() -> None:
    record = AlbumRecord("Symphony", [TrackRecord("Rondo", ["AD"]), TrackRecord(None, [])])
    executor_class = compiled_execution(compile_after=0, shaped=True)
    document = parse("{ album { title tracks { codes title } } }")
    result = await executed(executor_class, document, record)
    expected = await executed(StrawberryGraphQLCoreExecutionContext, document, record)
    assert written(result.data) == written(expected.data)
    assert [each.formatted for each in result.errors] == [
        each.formatted for each in expected.errors
    ]
    assert executor_class.statistics.fallbacks > 0


async def test_beside_a_field_that_waits_the_plain_ones_are_compiled_in_their_places() -> None:
    executor_class = compiled_execution(compile_after=0)
    data = await answer(executor_class, parse("{ album { title first { title } again: title } }"))
    assert list(data["album"].items()) == [
        ("title", "Symphony"),
        ("first", {"title": "Rondo"}),
        ("again", "Symphony"),
    ]
    # The album's own fields, and the track that was waited for.
    assert executor_class.statistics.runs == 2


async def test_the_object_beneath_an_interface_is_compiled() -> None:
    executor_class = compiled_execution(compile_after=0)
    data = await answer(
        executor_class, parse("{ named { title ... on Album { tracks { title } } } }")
    )
    assert data == {
        "named": [{"title": "Symphony", "tracks": [{"title": "Rondo"}, {"title": "Adagio"}]}]
    }
    assert executor_class.statistics.runs == 1


async def test_one_bad_record_costs_only_the_way_to_it() -> None:
    executor_class = compiled_execution(compile_after=0)
    tracks = [TrackRecord("Rondo", []), TrackRecord(None, []), TrackRecord("Adagio", [])]
    result = await executed(
        executor_class,
        parse("{ album { title tracks { title } } }"),
        AlbumRecord("Symphony", tracks),
    )
    assert result.data == {"album": None}
    assert [error.message for error in result.errors] == [
        "Cannot return null for non-nullable field Track.title."
    ]
    assert [error.path for error in result.errors] == [["album", "tracks", 1, "title"]]
    # Given up: the album, then the second track; built: the first track.
    assert (executor_class.statistics.fallbacks, executor_class.statistics.runs) == (2, 1)


def test_graphql_core_still_has_the_hooks() -> None:
    def parameters(method: Any) -> list[str]:
        return list(inspect.signature(method).parameters)

    root = ["self", "root_type", "root_value", "grouped_field_set", "serially", "new_defer_usages"]
    fields = [
        "self",
        "parent_type",
        "source_value",
        "path",
        "grouped_field_set",
        "position_context",
    ]
    assert issubclass(StrawberryGraphQLCoreExecutionContext, IncrementalExecutor)
    for executor_class in (Executor, IncrementalExecutor):
        assert parameters(executor_class.execute_operation) == ["self", "serially"]
        assert parameters(executor_class.execute_collected_root_fields) == root
        assert parameters(executor_class.execute_fields) == fields
        assert parameters(executor_class.collect_subfields) == [
            "self",
            "return_type",
            "field_details_list",
        ]
    executor = Executor.build(schema._schema, parse("{ version }"))
    assert isinstance(executor, Executor)
    assert executor._relevant_sub_fields == {}


async def test_what_was_collected_is_kept_between_executions() -> None:
    executor_class = compiled_execution(compile_after=0)
    document = parse("{ album { title } }")
    await answer(executor_class, document)
    assert executor_class.plan_store is not None
    (variant,) = executor_class.plan_store._variants
    before = dict(variant.sub_fields)
    await answer(executor_class, document)
    assert len(before) == 1
    assert variant.sub_fields == before


async def test_an_operation_is_compiled_after_a_few_uses() -> None:
    executor_class = compiled_execution(compile_after=2)
    document = parse("{ album { title } }")
    compiled = []
    for _ in range(4):
        await answer(executor_class, document)
        compiled.append(executor_class.statistics.plans_compiled)
    assert compiled == [0, 0, 1, 1]


async def test_an_operation_is_compiled_in_its_first_use_where_its_executor_says_so() -> None:
    class AtOnce(compiled_execution(compile_after=2)):  # type: ignore[misc] # made at run time
        compile_at_once = True

    document = parse("query ($a: Boolean!) { album { title @include(if: $a) } }")
    assert await answer(AtOnce, document, a=True) == {"album": {"title": "Symphony"}}
    assert AtOnce.statistics.plans_compiled == 1
    assert await answer(AtOnce, document, a=False) == {"album": {}}
    assert AtOnce.statistics.executions == AtOnce.statistics.planned_executions == 2


async def test_each_combination_of_steering_variables_has_its_own_plans() -> None:
    executor_class = compiled_execution(compile_after=0)
    document = parse(
        "query ($a: Boolean!, $b: Boolean!) {"
        " album { title @include(if: $a) ...More @skip(if: $b) } }"
        " fragment More on Album { tracks { title } }"
    )
    tracks = [{"title": "Rondo"}, {"title": "Adagio"}]
    for _ in range(2):
        assert await answer(executor_class, document, a=True, b=False) == {
            "album": {"title": "Symphony", "tracks": tracks}
        }
        assert await answer(executor_class, document, a=True, b=True) == {
            "album": {"title": "Symphony"}
        }
        assert await answer(executor_class, document, a=False, b=False) == {
            "album": {"tracks": tracks}
        }
        assert await answer(executor_class, document, a=False, b=True) == {"album": {}}
    assert executor_class.plan_store is not None
    assert len(executor_class.plan_store) == 4


async def test_arguments_are_coerced_once_an_execution() -> None:
    executor_class = compiled_execution(compile_after=0)
    document = parse('{ album { tracks { availableIn(code: "AD") } } }')
    for _ in range(2):
        parsed_codes.clear()
        data = await answer(executor_class, document)
        assert data == {"album": {"tracks": [{"availableIn": True}, {"availableIn": False}]}}
        assert parsed_codes == ["AD"]


async def test_serialized_lists_are_shown_as_they_stand() -> None:
    executor_class = compiled_execution(compile_after=0)
    plain, marked = ["AD", "FR"], Serialized(["BE"])
    record = AlbumRecord("", [TrackRecord("", plain), TrackRecord("", marked)])
    data = await answer(executor_class, parse("{ album { tracks { codes } } }"), record)
    first, second = data["album"]["tracks"]
    assert first == {"codes": ["AD", "FR"]}
    assert first["codes"] is not plain
    assert second["codes"] is marked


async def test_plans_are_bounded_and_the_oldest_go_first() -> None:
    executor_class = compiled_execution(compile_after=0, most_plans=2)
    documents = [parse(f"{{ album {{ key_{place}: title }} }}") for place in range(3)]
    for place in (0, 1, 0, 2):
        await answer(executor_class, documents[place])
    assert executor_class.plan_store is not None
    assert len(executor_class.plan_store) == 2
    assert executor_class.statistics.plans_dropped == 1
    compiled = executor_class.statistics.plans_compiled
    await answer(executor_class, documents[0])
    assert executor_class.statistics.plans_compiled == compiled
    await answer(executor_class, documents[1])
    assert executor_class.statistics.plans_compiled == compiled + 1


async def test_operations_that_only_count_are_bounded_too() -> None:
    executor_class = compiled_execution(compile_after=1_000, most_plans=1)
    documents = [parse("{ version }") for _ in range(20)]
    for document in documents:
        execute(schema._schema, document, Query(), executor_class=executor_class)
    assert executor_class.plan_store is not None
    assert len(executor_class.plan_store._operations) == 8


async def test_plans_go_with_their_document() -> None:
    executor_class = compiled_execution(compile_after=0)
    document = parse("{ album { title } }")
    await answer(executor_class, document)
    assert executor_class.plan_store is not None
    (variant,) = executor_class.plan_store._variants
    gone = weakref.ref(variant)
    del variant, document
    gc.collect()
    assert gone() is None
    assert len(executor_class.plan_store) == 0
    assert len(executor_class.plan_store._operations) == 0


async def test_a_huge_selection_stays_with_graphql_core() -> None:
    executor_class = compiled_execution(compile_after=0)
    keys = [f"key_{place}" for place in range(MOST_FIELDS + 1)]
    selected = " ".join(f"{key}: title" for key in keys)
    data = await answer(executor_class, parse(f"{{ album {{ tracks {{ {selected} }} }} }}"))
    assert list(data["album"]["tracks"][1]) == keys
    # The tracks' own plan takes the fields that it may have, and leaves the rest.
    assert executor_class.statistics.runs == 2


async def test_an_operation_with_middleware_is_not_planned() -> None:
    executor_class = compiled_execution(compile_after=0)

    def middleware(next_: Any, root: Any, info: Any, **named: Any) -> Any:
        value = next_(root, info, **named)
        return value.upper() if isinstance(value, str) else value

    result = await executed(executor_class, parse("{ album { title } }"), middleware=[middleware])
    assert result.data == {"album": {"title": "SYMPHONY"}}
    assert executor_class.statistics.planned_executions == 0


async def test_strawberry_takes_the_class_and_subscriptions_are_left_alone() -> None:
    executor_class = compiled_execution(compile_after=0)
    with_plans = strawberry.Schema(
        Query,
        subscription=Subscription,
        config=CONFIG,
        execution_context_class=executor_class,
    )
    result = await with_plans.execute("{ album { title } }", context_value=ALBUM)
    assert result.data == {"album": {"title": "Symphony"}}
    assert executor_class.statistics.runs == 1
    events: Any = await with_plans.subscribe(
        "subscription { albums { title } }", context_value=ALBUM
    )
    assert [each.data async for each in events] == [{"albums": {"title": "Symphony"}}]
    assert executor_class.statistics.runs == 1


def test_a_pure_resolver_is_neither_async_nor_takes_info() -> None:
    async def waits(root: Any) -> str:
        return str(root)

    def asks(root: Any, info: Any) -> str:
        return f"{root} {info}"

    with pytest.raises(TypeError, match="is async"):
        pure(waits)
    with pytest.raises(TypeError, match="takes info"):
        pure(asks)


def test_limits_must_make_sense() -> None:
    with pytest.raises(ValueError, match="most_plans"):
        compiled_execution(most_plans=0)
    with pytest.raises(ValueError, match="compile_after"):
        compiled_execution(compile_after=-1)
