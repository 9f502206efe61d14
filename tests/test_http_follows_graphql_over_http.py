"""GraphQL over HTTP: methods, media types and statuses, where the audits leave off."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
import strawberry

from tests.served import NoContext, Served, application, served
from web import negotiation
from web.negotiation import answer_type

JSON = "application/json; charset=utf-8"
RESPONSE_JSON = "application/graphql-response+json; charset=utf-8"
ASK = {"query": "{ __typename }"}


@strawberry.type
class Query:
    """A small schema with every kind of outcome."""

    @strawberry.field
    def number(self, of: int = 1) -> int:
        """What was given."""
        return of

    @strawberry.field
    def broken(self) -> int | None:
        """A bug."""
        raise RuntimeError("canary")

    @strawberry.field
    def broken_for_all(self) -> int:
        """A bug in a field that is never null."""
        raise RuntimeError("canary")


@strawberry.type
class Mutation:
    """Something that a GET must not do."""

    done = False

    @strawberry.mutation
    def do(self) -> bool:
        """Remember that it was done."""
        Mutation.done = True
        return True


SMALL = strawberry.Schema(query=Query, mutation=Mutation)


def small() -> AbstractAsyncContextManager[Served]:
    """A server of that schema."""
    return served(application(schema=SMALL, open_context=lambda _: NoContext()))


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/graphql-response+json", RESPONSE_JSON),
        ("APPLICATION/GraphQL-Response+JSON", RESPONSE_JSON),
        ("application/graphql-response+json; charset=utf-8", RESPONSE_JSON),
        ("application/graphql-response+json, application/json;q=0.9", RESPONSE_JSON),
        ("application/graphql-response+json;q=0.8, application/json;q=0.9", JSON),
        ("application/json, application/graphql-response+json", JSON),
        ("application/graphql-response+json, application/json, text/event-stream", RESPONSE_JSON),
        ("text/html;q=0.2, */*;q=0.1", JSON),
        ("application/json;q=0, */*", RESPONSE_JSON),
        ("application/graphql-response+json;q=0.5, */*;q=0.1", RESPONSE_JSON),
        ("nonsense, application/graphql-response+json", RESPONSE_JSON),
        ("application/json;charset=latin1, application/json;q=0.9", JSON),
        ("application/json;charset=latin1, */*;q=0.1", JSON),
    ],
)
async def test_the_answer_is_in_the_type_that_is_wanted_most(
    accept: str | None, answered: str
) -> None:
    async with small() as here:
        skip = {"Accept"} if accept is None else set()
        async with here.client.post(
            here.url,
            json=ASK,
            headers={"Accept": accept} if accept is not None else {},
            skip_auto_headers=skip,
        ) as response:
            assert (response.status, response.headers["Content-Type"]) == (200, answered)


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "image/png",
        "application/json;q=0",
        "application/json;charset=latin1",
        "application/json;charset=utf-16;q=0.9",
        "application/json;q=0.9;charset=utf-16",
        "application/xml, text/*",
        "*/*;q=0",
        "application/json;q=nonsense",
    ],
)
async def test_what_is_not_to_be_had_is_406(accept: str) -> None:
    async with small() as here:
        status, headers, body = await here.post(ASK, {"Accept": accept})
        assert (status, headers["Content-Type"]) == (406, JSON)
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "QUERY"])
async def test_any_other_method_is_405_with_the_methods_that_are_allowed(method: str) -> None:
    async with small() as here, here.client.request(method, here.url) as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET, POST")


async def test_a_get_executes_no_mutation() -> None:
    async with (
        small() as here,
        here.client.get(
            here.url, params={"query": "mutation { do }"}, headers={"Accept": "application/json"}
        ) as response,
    ):
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert Mutation.done is False


async def test_a_get_carries_variables_and_an_operation_name() -> None:
    query = "query A($n: Int!) { number(of: $n) } query B { number }"
    params = {"query": query, "variables": '{"n": 7}', "operationName": "A", "extensions": ""}
    async with (
        small() as here,
        here.client.get(here.url, params=params, headers={"Accept": "application/json"}) as got,
    ):
        assert await got.json() == {"data": {"number": 7}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "fragment F on Query { number }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { number } query B { number }"}, "BAD_USER_INPUT"),
        ({"query": "query A { number }", "operationName": "B"}, "BAD_USER_INPUT"),
        ({"query": "query ($n: Int!) { number(of: $n) }"}, "BAD_USER_INPUT"),
        (
            {"query": "query ($n: Int!) { number(of: $n) }", "variables": {"n": "x"}},
            "BAD_USER_INPUT",
        ),
    ],
)
async def test_what_is_not_executed_has_no_data_and_is_400_only_in_the_newer_type(
    body: dict[str, object], code: str
) -> None:
    async with small() as here:
        for accept, expected in (
            ("application/json", 200),
            ("application/graphql-response+json", 400),
        ):
            status, headers, answer = await here.post(body, {"Accept": accept})
            assert (status, headers["Cache-Control"]) == (expected, "no-store")
            assert answer["errors"][0]["extensions"]["code"] == code
            assert "data" not in answer


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
@pytest.mark.parametrize(
    ("query", "data"),
    [("{ number broken }", {"number": 1, "broken": None}), ("{ brokenForAll }", None)],
)
async def test_what_was_executed_is_200_with_data_and_its_errors(
    query: str, data: object, accept: str
) -> None:
    async with small() as here:
        status, _, answer = await here.post({"query": query}, {"Accept": accept})
        assert (status, answer["data"]) == (200, data)
        assert [error["extensions"]["code"] for error in answer["errors"]] == [
            "INTERNAL_SERVER_ERROR"
        ]
        assert "canary" not in str(answer)


async def test_a_wrong_variable_is_told_by_name_and_type_and_never_by_value() -> None:
    body = {
        "query": "query ($n: Int!) { number(of: $n) }",
        "variables": {"n": "canary"},
    }
    async with small() as here:
        _, _, answer = await here.post(body)
        assert answer == {
            "errors": [
                {
                    "message": "The variable $n must be of type Int!.",
                    "locations": [{"line": 1, "column": 8}],
                    "extensions": {"code": "BAD_USER_INPUT"},
                }
            ]
        }


async def test_a_batch_is_refused() -> None:
    async with small() as here, here.client.post(here.url, json=[ASK, ASK]) as response:
        assert response.status == 400
        message = (await response.json())["errors"][0]["message"]
        assert message == "One operation a request: batches are not taken."


async def test_an_answer_names_its_request() -> None:
    async with small() as here:
        _, given, _ = await here.post(ASK, {"X-Request-Id": "from-a-gateway.7"})
        _, made, _ = await here.post(ASK, {"X-Request-Id": "no spaces \u00e9"})
        _, other, _ = await here.post(ASK)
        assert given["X-Request-Id"] == "from-a-gateway.7"
        assert " " not in made["X-Request-Id"]
        assert len({made["X-Request-Id"], other["X-Request-Id"]}) == 2


async def test_a_thousand_requests_at_once_each_get_their_own_answer() -> None:
    async with small() as here:
        asked = [here.post({"query": f"{{ number(of: {number}) }}"}) for number in range(1000)]
        answers = await asyncio.gather(*asked)
        assert [body["data"]["number"] for _, _, body in answers] == list(range(1000))


def test_an_answers_type_is_of_the_range_that_names_it_wherever_that_stands() -> None:
    assert answer_type(b"*/*;q=0.1, application/graphql-response+json") == negotiation.RESPONSE_JSON
    assert answer_type(b"*/*, application/json;q=0") == negotiation.RESPONSE_JSON
    assert answer_type(b"application/*;q=0.2, application/json") == negotiation.JSON


@pytest.mark.parametrize("in_one_piece", [True, False])
async def test_an_offer_of_http_2_is_ignored_and_the_request_answered(
    *, in_one_piece: bool
) -> None:
    body = b'{"query": "{ __typename }"}'
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\nConnection: close, Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n\r\n"
    ) % len(body)
    async with served(application()) as here:
        if in_one_piece:
            answer = await here.raw(head + body)
        else:
            answer = await here.raw(head, more_after=body, pause=0.05)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b'{"data":{"__typename":"Query"}}')


async def test_what_follows_an_offer_of_another_protocol_is_answered_too() -> None:
    get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n%b\r\n"
    async with served(application()) as here:
        answer = await here.raw(
            get % b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + get % b"Connection: close\r\n"
        )
        assert answer.count(b"HTTP/1.1 200 ") == 2


async def test_two_requests_at_once_that_both_offer_another_protocol_are_both_answered() -> None:
    offer = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: %b\r\nUpgrade: h2c\r\n\r\n"
    async with served(application()) as here:
        answer = await here.raw(offer % b"Upgrade" + offer % b"Upgrade, close")
        assert answer.count(b"HTTP/1.1 200 ") == 2
