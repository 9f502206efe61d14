"""Documents: parsed, limited and validated once, and what a caller learns of a bad one."""

import asyncio
import math
from collections.abc import Awaitable
from time import monotonic

import pytest
from graphql import OperationType, build_schema, get_introspection_query, parse

from schema import schema
from web.documents import LONG, Documents, Prepared
from web.limits import Limits
from web.request_errors import RequestError

SCHEMA = build_schema(
    """
    type Query { album(id: ID!): Album albums(first: Int): [Album!]! }
    type Album { title: String! label: Label same(as: DeliveryType): Album }
    type Label { name: String! }
    type Mutation { createToken(input: Credentials!): String }
    input Credentials { username: String! password: String! }
    enum DeliveryType { NEW UPDATE }
    """
)


def documents(entries: int = 100, *, introspection: bool = True) -> Documents:
    return Documents(SCHEMA, introspection=introspection, entries=entries)


def errors_of(text: str, *, introspection: bool = True) -> list[tuple[str, str]]:
    """The codes and sentences of a document's errors."""
    prepared = documents(introspection=introspection).prepare(text)
    return [((error.extensions or {})["code"], error.message) for error in prepared.errors]


def test_a_text_is_worked_on_once() -> None:
    kept = documents()
    prepared = kept.prepare("{ albums { title } }")

    assert prepared.errors == ()
    assert kept.prepare("{ albums { title } }") is prepared
    assert kept.prepare("{ albums { title } }") is prepared


def test_errors_are_kept_too() -> None:
    kept = documents()
    prepared = kept.prepare("{ nothing }")

    assert prepared.errors
    assert kept.prepare("{ nothing }") is prepared


def test_documents_that_are_used_once_do_not_push_out_one_that_is_used() -> None:
    kept = documents(entries=8)
    used = kept.prepare("{ albums { title } }")
    kept.prepare("{ albums { title } }")

    for number in range(100):
        kept.prepare(f"{{ a{number}: albums {{ title }} }}")
        kept.prepare(f"{{ bad{number} }}")

    assert kept.prepare("{ albums { title } }") is used
    assert len(kept) == 5  # the used one, and two each that are new or refused


def test_a_syntax_error_is_a_failed_parse_at_its_place() -> None:
    (error,) = documents().prepare("{ albums(").errors

    assert error.formatted == {
        "message": "Syntax Error: Expected Name, found <EOF>.",
        "locations": [{"line": 1, "column": 10}],
        "extensions": {"code": "GRAPHQL_PARSE_FAILED"},
    }


def test_an_unknown_field_is_a_failed_validation_at_its_place() -> None:
    (error,) = documents().prepare("{ album(id: 1) {\n  titel } }").errors

    assert error.formatted == {
        "message": "Cannot query field 'titel' on type 'Album'. Did you mean 'title' or 'label'?",
        "locations": [{"line": 2, "column": 3}],
        "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
    }


def test_an_error_in_many_places_shows_the_first_of_them() -> None:
    (error, *_) = documents().prepare("query(" + "$a: Int " * 500 + ") { __typename }").errors

    assert len(error.formatted["locations"]) == 10


def test_a_number_of_too_many_digits_is_told_in_no_words_of_pythons() -> None:
    assert errors_of("{ albums(first: " + "1" * 5_000 + ") { title } }") == [
        ("GRAPHQL_VALIDATION_FAILED", "Expected value of type 'Int'.")
    ]


def test_without_introspection_nothing_is_told_of_the_schema() -> None:
    assert errors_of("{ album(id: 1) { titel } }", introspection=False) == [
        ("GRAPHQL_VALIDATION_FAILED", "Cannot query field 'titel' on type 'Album'.")
    ]
    assert errors_of("{ album(id: 1) }", introspection=False) == [
        (
            "GRAPHQL_VALIDATION_FAILED",
            "Field 'album' of type 'Album' must have a selection of subfields.",
        )
    ]
    ((code, sentence),) = errors_of("{ __schema { description } }", introspection=False)
    assert code == "GRAPHQL_VALIDATION_FAILED"
    assert sentence.startswith("GraphQL introspection has been disabled")
    assert errors_of("{ __typename albums { __typename } }", introspection=False) == []


def test_the_introspection_query_is_let_through() -> None:
    query = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        one_of=True,
    )

    assert errors_of(query) == []


def test_a_limit_is_told_before_validation() -> None:
    (error,) = documents().prepare("{" + " nothing" * 101 + " }").errors

    assert error.formatted["extensions"] == {
        "code": "QUERY_TOO_COMPLEX",
        "what": "root fields",
        "estimated": 101,
        "allowed": 100,
    }


def test_a_few_errors_are_enough() -> None:
    assert len(errors_of("{" + "".join(f" no{n}" for n in range(50)) + " }")) == 5


@pytest.mark.parametrize(
    "text",
    [
        "{ albums {" + " same(as: NEW) { title }" * 200 + " } }",
        "{"
        + "".join(f" ...F{n}" for n in range(95))
        + " }"
        + "".join(f" fragment F{n} on Query {{ albums {{ title }} }}" for n in range(95)),
        # so few that only graphql-core's own bound is in the way, lowered
        "{ albums {" + " label { name }" * 120 + " } }",
    ],
)
def test_validation_gives_up_on_fields_that_must_all_be_compared(text: str) -> None:
    (error,) = documents().prepare(text).errors

    assert error.formatted["extensions"] == {
        "code": "QUERY_TOO_COMPLEX",
        "what": "fields of one name",
    }


def test_forty_fragments_with_fields_in_common_are_let_through() -> None:
    text = "{ albums {" + "".join(f" ...F{n}" for n in range(40)) + " } }"
    fragments = "".join(f" fragment F{n} on Album {{ title label {{ name }} }}" for n in range(40))

    assert errors_of(text + fragments) == []


@pytest.mark.parametrize(
    "text",
    [
        'mutation { createToken(input: {username: "me" "hunter2"}) }',
        'mutation { createToken(input: {username: "me", password "hunter2"}) }',
        'mutation { createToken(input: {username: "me", password """hunter2"""}) }',
        'mutation { createToken(input: "hunter2") }',
        'mutation { createToken(input: {password: "hunter2"}) }',
        'mutation { createToken(input: {username: "a", password: "b", pass: "hunter2"}) }',
        'mutation { createToken(input: {username: ["hunter2"], password: "x"}) }',
        "mutation { createToken(input: {username: hunter2, password: 1}) }",
        'mutation { createToken(input: {username: {a: "hunter2"}, password: "x"}) }',
        '{ albums(first: "hunter2") { title } }',
        "{ albums { same(as: hunter2) { title } } }",
        '{ albums { same(as: "hunter2") { title } } }',
        'query ($a: Int = "hunter2") { albums(first: $a) { title } }',
    ],
)
def test_no_error_repeats_a_literal(text: str) -> None:
    for introspection in (True, False):
        found = errors_of(text, introspection=introspection)
        assert found
        assert "hunter2" not in str(found)


def test_an_error_about_a_literal_still_says_what_is_wrong() -> None:
    assert errors_of('{ albums(first: "many") { title } }') == [
        ("GRAPHQL_VALIDATION_FAILED", "Int cannot represent non-integer value.")
    ]
    assert errors_of('mutation { createToken(input: {password: "hunter2"}) }') == [
        (
            "GRAPHQL_VALIDATION_FAILED",
            "Expected value of type 'Credentials' to include required field 'username'.",
        )
    ]


@pytest.mark.parametrize(
    ("text", "sentence", "column"),
    [
        (
            '{ listenings(since: "2026-02-30", until: "2026-03-01") { totalCount } }',
            "A Date is a calendar date, written as 2026-01-31.",
            21,
        ),
        (
            '{ track(id: 1) { availableIn(territory: "fr") } }',
            "A CountryCode is two capital letters, as FR.",
            41,
        ),
        (
            '{ album(id: ["1"]) { id } }',
            "ID cannot represent a non-string and non-integer value.",
            13,
        ),
        (
            '{ nodes(ids: [{a: "1"}]) { id } }',
            "ID cannot represent a non-string and non-integer value.",
            14,
        ),
    ],
)
def test_an_error_about_a_literal_says_where_it_stands(
    text: str, sentence: str, column: int
) -> None:
    (error,) = Documents(schema._schema).prepare(text).errors

    assert error.message == sentence
    assert error.formatted["locations"] == [{"line": 1, "column": column}]


def test_a_long_name_is_not_repeated_whole() -> None:
    ((_, sentence),) = errors_of("{ " + "a" * 50_000 + " }")

    assert len(sentence) == 403


def prepared(text: str) -> Prepared:
    made = documents().prepare(text)
    assert made.errors == ()
    return made


TWO = "query One { albums { title } } mutation Two($a: Credentials!) { createToken(input: $a) }"


def test_an_operation_is_found_by_its_name() -> None:
    operation = prepared(TWO).operation("Two")

    assert (operation.name, operation.kind) == ("Two", OperationType.MUTATION)


def test_the_only_operation_needs_no_name() -> None:
    operation = prepared("{ albums { title } }").operation()

    assert (operation.name, operation.kind) == (None, OperationType.QUERY)


def test_an_operation_is_looked_at_once() -> None:
    made = prepared(TWO)

    assert made.operation("One") is made.operation("One")


@pytest.mark.parametrize("name", [None, "Three", ""])
def test_an_ambiguous_or_unknown_name_is_bad_input(name: str | None) -> None:
    with pytest.raises(RequestError) as refused:
        prepared(TWO).operation(name)

    assert refused.value.extensions == {"code": "BAD_USER_INPUT"}


def test_errors_that_are_kept_keep_no_document_alive() -> None:
    (error,) = documents().prepare("{ nothing }").errors

    assert error.nodes is None


def test_the_limits_can_be_set() -> None:
    kept = Documents(SCHEMA, Limits(tokens=3))

    assert kept.prepare("{ a }").errors[0].message.startswith("Cannot query field")
    assert kept.prepare("{ a b }").errors[0].message == (
        "This request is too complex: it has 4 tokens, 3 are allowed."
    )


def test_the_document_is_the_parsed_one() -> None:
    assert prepared("{ albums { title } }").document == parse("{ albums { title } }")


def long_text(extra: str = "") -> str:
    """A document of 90 KB, most of it a comment: it takes some milliseconds."""
    return f"{{ albums {{ title }} {extra} }} # {'x' * 90_000}"


async def ticks(work: Awaitable[Prepared]) -> tuple[int, Prepared]:
    """How often something else had its turn while the work was done, and what came of it."""
    task = asyncio.ensure_future(work)
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    return turns, await task


async def test_a_long_text_holds_up_nobody() -> None:
    kept = documents()
    turns, prepared = await ticks(kept.prepared(long_text(), math.inf))
    assert prepared.errors == ()
    assert turns > 10
    assert (await ticks(kept.prepared(long_text(), math.inf))) == (1, prepared)


async def test_a_long_text_with_errors_is_refused_as_ever() -> None:
    _, prepared = await ticks(documents().prepared(long_text("nothing"), math.inf))
    assert prepared.errors[0].message == documents().prepare(long_text("nothing")).errors[0].message


async def test_who_sends_a_long_text_at_the_same_time_waits_for_the_same() -> None:
    kept = documents()
    made = await asyncio.gather(*(kept.prepared(long_text(), math.inf) for _ in range(5)))
    assert len({id(each) for each in made}) == 1
    assert len(kept) == 1


async def test_who_leaves_takes_the_text_from_nobody() -> None:
    kept = documents()
    leaving = asyncio.ensure_future(kept.prepared(long_text(), math.inf))
    staying = asyncio.ensure_future(kept.prepared(long_text(), math.inf))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).errors == ()
    assert leaving.cancelled()


async def test_who_has_no_turn_in_time_is_told() -> None:
    kept = documents()
    with pytest.raises(RequestError) as raised:
        await kept.prepared(long_text(), monotonic())
    assert raised.value.extensions == {"code": "RATE_LIMITED"}
    # nobody waits for it any more, but what was begun is of use to the next
    assert (await kept.prepared(long_text(), math.inf)).errors == ()


async def test_a_long_text_is_forgotten_once_it_is_prepared() -> None:
    kept = Documents(schema._schema)
    await kept.prepared("{ __typename }" + "#" * LONG, monotonic() + 5)
    await asyncio.sleep(0)
    assert kept._under_way == {}
