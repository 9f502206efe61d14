"""What plans do not know is graphql-core's: custom fields, directives, names and scalars."""

# A type of the schema is named for what it is.
# ruff: noqa: D101, D102
# One name is not ASCII, as Python allows, and graphql does not.
# ruff: noqa: PLC2401

import enum
from collections.abc import Callable
from typing import Any, NewType

import msgspec
import pytest
import strawberry
from graphql import (
    DocumentNode,
    build_schema,
    concat_ast,
    execute,
    experimental_execute_incrementally,
    parse,
)
from graphql.type.directives import GraphQLDeferDirective
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

from execution import compiled_execution, keeps, pure
from execution.readings import _code_within


class OddField(StrawberryField):
    """A field that gets its result in a way of its own."""

    def get_result(self, source: Any, info: Any, args: Any, kwargs: Any) -> Any:
        return f"odd {super().get_result(source, info, args, kwargs)}"


ODD: Any = OddField()


@strawberry.enum
class Mood(enum.Enum):
    CALM = "calm"
    WILD = "wild"


Number = NewType("Number", int)
Anything = NewType("Anything", str)


@keeps(int, str)
def shown_number(value: Any) -> Any:
    """A number, as it is."""
    if isinstance(value, int | str):
        return value
    raise TypeError("a number is an int or a str")


class ThingRecord(msgspec.Struct):
    """What a Thing is read from."""

    title: Any = "a title"
    class_: Any = "of things"
    größe: Any = "large"
    mood: Any = Mood.WILD
    number: Any = 10**12
    anything: Any = 2.5
    parts: Any = ()
    odd: Any = "one"


@strawberry.type
class Thing:
    title: str
    größe: str = strawberry.field(name="size")
    mood: Mood
    number: Number | None
    anything: Anything | None
    parts: list["Thing"]
    odd: str = ODD

    @strawberry.field
    @pure
    def longer(self, by: str = "er") -> str:
        title: Any = self.title
        if isinstance(title, Exception):
            raise title
        return f"{title}{by}"

    @strawberry.field
    def broken(self) -> str:
        raise ValueError("it is broken")


@strawberry.type
class Query:
    @strawberry.field
    def thing(self, info: strawberry.Info) -> Thing:
        return info.context  # type: ignore[no-any-return] # a record stands for its type


def made_schema() -> Any:
    """graphql-core's schema of the things."""
    scalars: dict[object, Any] = {
        Number: strawberry.scalar(name="Number", serialize=shown_number),
        Anything: strawberry.scalar(name="Anything"),
    }
    return strawberry.Schema(Query, config=StrawberryConfig(scalar_map=scalars))._schema


SCHEMA = made_schema()
RECORD = ThingRecord(parts=(ThingRecord(), ThingRecord(title="another")))


class Compared:
    """The same executions by graphql-core and with plans."""

    def __init__(self) -> None:
        self.executor_class = compiled_execution(compile_after=0)
        self.statistics = self.executor_class.statistics

    def data(  # noqa: PLR0913 - those of execute
        self,
        document: DocumentNode,
        variables: dict[str, Any] | None = None,
        *,
        schema: Any = SCHEMA,
        record: Any = RECORD,
        run: Callable[..., Any] = execute,
        operation_name: str | None = None,
    ) -> Any:
        """The data, once both have answered alike; None where there were errors alone."""
        core, ours = (
            run(
                schema,
                document,
                None,
                record,
                variables,
                operation_name,
                executor_class=executor_class,
            )
            for executor_class in (StrawberryGraphQLCoreExecutionContext, self.executor_class)
        )
        assert ours == core
        assert list(ours.data or ()) == list(core.data or ())
        return ours.data


def test_a_field_with_a_way_of_its_own_is_not_taken_for_an_attribute() -> None:
    compared = Compared()
    assert compared.data(parse("{ thing { title odd } }")) == {
        "thing": {"title": "a title", "odd": "odd one"}
    }
    assert compared.statistics.runs == 1


def test_with_another_default_resolver_no_field_is_an_attribute() -> None:
    # Types of its own: Strawberry notes the resolver on the fields, for every schema of a type.
    @strawberry.type
    class Part:
        title: str

    @strawberry.type
    class Root:
        @strawberry.field
        def part(self, info: strawberry.Info) -> Part:
            return info.context  # type: ignore[no-any-return] # a record stands for its type

    config = StrawberryConfig(default_resolver=lambda source, name: source[name])
    compared = Compared()
    document = parse("{ part { title } }")
    schema = strawberry.Schema(Root, config=config)._schema
    record = {"title": "of a dictionary"}
    assert compared.data(document, schema=schema, record=record) == {"part": record}
    assert compared.statistics.runs == 0


def test_names_that_python_would_write_otherwise_are_read_as_they_are() -> None:
    compared = Compared()
    assert compared.data(parse("{ thing { size } }")) == {"thing": {"size": "large"}}
    assert compared.statistics.runs == 1


@pytest.mark.parametrize(
    ("number", "shown"), [(5, 5), ("7", "7"), (None, None), (2.5, None), (b"9", None)]
)
def test_a_scalar_keeps_the_classes_that_it_says(number: Any, shown: Any) -> None:
    compared = Compared()
    document = parse("{ thing { number } }")
    assert compared.data(document, record=ThingRecord(number=number)) == {
        "thing": {"number": shown}
    }


def test_a_scalar_without_a_serialize_keeps_any_value() -> None:
    compared = Compared()
    for value in (2.5, "text", [1], {"a": None}):
        record = ThingRecord(anything=value)
        assert compared.data(parse("{ thing { anything } }"), record=record) == {
            "thing": {"anything": value}
        }
    assert compared.statistics.fallbacks == 0


def test_a_field_that_does_not_exist_is_left_out() -> None:
    compared = Compared()
    assert compared.data(parse("{ thing { missing title parts { missing } } }")) == {
        "thing": {"title": "a title", "parts": [{}, {}]}
    }


def test_a_directive_that_fails_fails_where_graphql_core_meets_it() -> None:
    compared = Compared()
    document = parse("{ thing { parts { title @include } } }")
    for _ in range(2):
        assert compared.data(document) is None


def test_a_variable_that_is_no_boolean_steers_nothing() -> None:
    compared = Compared()
    document = parse("query ($a: Boolean, $n: Int) { thing { title @skip(if: $n) mood } }")
    for variables in ({"n": 1}, {}, {"n": None}):
        compared.data(document, variables)
    assert compared.statistics.planned_executions == 0


def test_combinations_of_variables_are_bounded() -> None:
    compared = Compared()
    names = [f"v{place}" for place in range(6)]
    document = parse(
        f"query ({' '.join(f'${name}: Boolean!' for name in names)}) {{ thing {{"
        + " ".join(f"{name}: title @skip(if: ${name})" for name in names)
        + " mood } }"
    )
    for number in range(40):
        values = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        data = compared.data(document, values)
        assert list(data["thing"]) == [*(name for name in names if not values[name]), "mood"]
    store = compared.executor_class.plan_store
    assert store is not None
    assert len(store) == 32


def test_an_operation_with_other_fragments_is_another_operation() -> None:
    compared = Compared()
    operation = parse("{ thing { ...Shown } }")
    for fields in ("title", "mood", "title mood"):
        document = concat_ast([operation, parse(f"fragment Shown on Thing {{ {fields} }}")])
        assert list(compared.data(document)["thing"]) == fields.split()


def test_a_fragment_that_is_missing_is_passed_over() -> None:
    compared = Compared()
    assert compared.data(parse("{ thing { ...Missing title } }")) == {"thing": {"title": "a title"}}


def test_a_fragment_of_another_operation_steers_nothing_here() -> None:
    compared = Compared()
    document = parse(
        "query A { thing { title } } query B($b: Boolean!) { thing { ...Other } }"
        " fragment Other on Thing { title @include(if: $b) mood }"
    )
    assert compared.data(document, operation_name="A") == {"thing": {"title": "a title"}}
    assert compared.statistics.planned_executions == 1
    assert compared.data(document, {"b": False}, operation_name="B") == {"thing": {"mood": "WILD"}}


def test_a_fragment_that_holds_itself_is_given_up() -> None:
    compared = Compared()
    document = parse("{ thing { ...Deep } } fragment Deep on Thing { title parts { ...Deep } }")
    assert compared.data(document) == {
        "thing": {
            "title": "a title",
            "parts": [{"title": "a title", "parts": []}, {"title": "another", "parts": []}],
        }
    }
    # Each object is built, and what is within it left to the next.
    assert compared.statistics.runs == 3


@pytest.mark.parametrize(
    "source",
    [
        "{ thing { title ... @defer(if: false) { mood } } }",
        "{ thing { title ...More @defer(if: false) } } fragment More on Thing { mood }",
    ],
)
def test_an_operation_that_may_be_deferred_is_not_planned(source: str) -> None:
    compared = Compared()
    schema = made_schema()
    schema.directives = (*schema.directives, GraphQLDeferDirective)
    assert compared.data(parse(source), schema=schema, run=experimental_execute_incrementally) == {
        "thing": {"title": "a title", "mood": "WILD"}
    }
    assert compared.statistics.planned_executions == 0


@pytest.mark.parametrize(
    "source",
    [
        "{ thing { ...More(by: true) } } fragment More($by: Boolean!) on Thing { title }",
        (
            "{ thing { ...More } }"
            " fragment More($by: Boolean = true) on Thing { title @skip(if: $by) mood }"
        ),
    ],
)
def test_fragments_with_arguments_are_not_planned(source: str) -> None:
    compared = Compared()
    compared.data(parse(source, experimental_fragment_arguments=True))
    assert compared.statistics.planned_executions == 0


def test_without_error_propagation_nothing_is_planned() -> None:
    compared = Compared()
    document = parse("query @experimental_disableErrorPropagation { thing { title } }")
    assert compared.data(document, record=ThingRecord(title=None)) == {"thing": {"title": None}}
    assert compared.statistics.planned_executions == 0


def test_the_fields_of_a_schema_that_is_not_strawberrys_are_not_planned() -> None:
    compared = Compared()
    schema = build_schema("type Query { thing: Thing } type Thing { title: String }")
    record = {"thing": {"title": "of a dictionary"}}
    result = execute(
        schema, parse("{ thing { title } }"), record, executor_class=compared.executor_class
    )
    assert result.data == record  # type: ignore[union-attr] # nothing to wait for
    assert compared.statistics.runs == 0


def test_another_strawberry_is_told_at_once() -> None:
    with pytest.raises(ImportError, match="not the Strawberry that is pinned"):
        _code_within(made_schema, "_get_basic_result")


def test_an_error_that_stands_in_a_record_is_not_tied_to_it() -> None:
    compared = Compared()
    error = LookupError("there is no title")
    # graphql-core stops at the first field and never comes to the second.
    assert compared.data(parse("{ thing { broken longer } }"), record=ThingRecord(error)) is None
    assert compared.statistics.fallbacks == 1
    assert error.__traceback__ is None
