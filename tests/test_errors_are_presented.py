"""Every error has a code of the contract's and a sentence that gives nothing away."""

from collections.abc import Iterator

import pytest
from graphql import GraphQLError, GraphQLSyntaxError, Source

import sandbox
from resolvers.errors import BadUserInput
from schema.errors import TABLE, Code, presented
from tests.facade import facade
from upstream import errors
from upstream.errors import BadResponse

CANARY = "canary-4711"


def subclasses(cls: type[errors.UpstreamError]) -> Iterator[type[errors.UpstreamError]]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


def test_the_codes_are_the_contracts() -> None:
    assert {code.value for code in Code} == {
        "BAD_USER_INPUT",
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "UPSTREAM_TIMEOUT",
        "UPSTREAM_UNAVAILABLE",
        "UPSTREAM_BAD_RESPONSE",
        "RATE_LIMITED",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "QUERY_TOO_COMPLEX",
        "INTERNAL_SERVER_ERROR",
    }


def test_every_failure_of_the_rest_client_has_a_row_of_its_own() -> None:
    assert set(subclasses(errors.UpstreamError)) <= TABLE.keys()


@pytest.mark.parametrize("cls", [*subclasses(errors.UpstreamError), ValueError, RuntimeError])
def test_what_an_exception_says_is_not_shown(cls: type[Exception]) -> None:
    shown = presented(GraphQLError(CANARY, original_error=cls(CANARY), path=["albums", 0]))
    assert CANARY not in str(shown.formatted)
    assert shown.path == ["albums", 0]
    assert (shown.extensions or {})["code"] in set(Code)
    assert shown.message.endswith(".")


def test_an_unknown_exception_is_our_own_fault() -> None:
    shown = presented(GraphQLError("x", original_error=KeyError(CANARY)))
    assert shown.formatted == {
        "message": "Something went wrong in the facade itself.",
        "extensions": {"code": "INTERNAL_SERVER_ERROR"},
    }


def test_what_was_written_for_the_caller_is_shown_as_written() -> None:
    shown = presented(GraphQLError("", original_error=BadUserInput("Give first or last.")))
    assert shown.formatted == {
        "message": "Give first or last.",
        "extensions": {"code": "BAD_USER_INPUT"},
    }


def test_an_error_that_has_a_code_keeps_its_words_and_its_extensions() -> None:
    told = GraphQLError("Too much.", extensions={"code": "QUERY_TOO_COMPLEX", "allowed": 3})
    assert presented(told).formatted == told.formatted


def test_a_code_that_is_not_the_contracts_is_not_believed() -> None:
    shown = presented(GraphQLError(CANARY, extensions={"code": "MADE_UP", "secret": CANARY}))
    assert (shown.extensions or {})["code"] == "INTERNAL_SERVER_ERROR"
    assert CANARY not in str(shown.formatted)


def test_a_syntax_error_says_where_it_is() -> None:
    shown = presented(GraphQLSyntaxError(Source("{ a"), 3, "Expected Name, found <EOF>."))
    assert (shown.extensions or {})["code"] == "GRAPHQL_PARSE_FAILED"
    assert shown.locations is not None


def test_when_to_ask_again_is_told_where_it_is_known() -> None:
    limited = errors.RateLimited("", retry_after=1.23456)
    shown = presented(GraphQLError("", original_error=limited))
    assert shown.extensions == {"code": "RATE_LIMITED", "retryAfter": 1.235}


def test_each_who_waits_for_one_request_gets_an_equal_error_of_its_own() -> None:
    error = errors.BreakerOpen("open", retry_after=2)
    other = error.fresh()
    assert other is not error
    assert (type(other), other.args, other.retry_after) == (errors.BreakerOpen, ("open",), 2)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("query ($it: Boolean = true) { __typename @include(if: $it) }", None),
        (
            """query ($it: Boolean = true) { ...A @skip(if: $it) }
            fragment A on Query { __typename }""",
            None,
        ),
        ('query ($it: ID = "QWxidW06Mjcz") { __typename album(id: $it) { id } }', ["album"]),
        ('query ($it: [ID!] = ["1"]) { nodes(ids: $it) { id } }', ["nodes"]),
        ('query ($it: ID = "1") { nodes(ids: [$it]) { id } }', ["nodes"]),
        ("query ($it: [_Any!] = []) { _entities(representations: $it) { __typename } }", None),
        (
            'mutation ($it: String = "a") { revokeToken(input: {token: $it}) { revoked } }',
            ["revokeToken"],
        ),
    ],
)
async def test_a_variable_that_is_null_where_its_default_would_do_is_the_callers_mistake(
    query: str, path: list[str] | None
) -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        answer = await here.ask(query, {"it": None})
        assert len(upstream.journal) == 0
    (error,) = answer.errors
    assert error["message"] == "The variable $it must not be null where it is used."
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["locations"]
    if path is not None:
        assert error["path"] == path


def test_what_is_shown_of_an_error_keeps_nothing_of_where_it_was_raised() -> None:
    wrong = BadResponse("as it stands in a record")
    with pytest.raises(BadResponse):
        raise wrong
    assert wrong.__traceback__ is not None
    presented(GraphQLError("", original_error=wrong))
    assert wrong.__traceback__ is None
