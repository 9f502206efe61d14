"""Whole answers are served again while every part is fresh, to their own token only."""

import asyncio
from typing import Any

import pytest
from graphql import get_introspection_query

import sandbox
from schema import schema
from tests.facade import COLD, facade
from web.kept_answers import KeptAnswer

WARM = {"ONEDTOUCH_LOG_REQUESTS": "false", "ONEDTOUCH_FRESH_CATALOGUE": "60"}
ALBUMS = "query Albums($first: Int!) { albums(first: $first) { nodes { title tracks { id } } } }"
REVOKE = "mutation ($token: String!) { revokeToken(input: {token: $token}) { revoked } }"


async def test_the_same_answer_is_served_again_without_a_request() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        first = await here.ask(ALBUMS, {"first": 3})
        again = await here.ask(ALBUMS, {"first": 3})
        assert again.body == first.body
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
        assert again.headers["Cache-Control"].startswith("private, max-age=")
        assert "upstream" not in again.headers["Server-Timing"]
        assert len(upstream.journal) == 1


async def test_other_variables_operations_and_tokens_have_other_answers() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        mine = await here.ask(ALBUMS, {"first": 3})
        more = await here.ask(ALBUMS, {"first": 4})
        theirs = await here.ask(ALBUMS, {"first": 3}, token=sandbox.PARTNER_TOKEN)
        nobodys = await here.ask(ALBUMS, {"first": 3}, token=None)
        assert len(mine.data["albums"]["nodes"]) == 3
        assert len(more.data["albums"]["nodes"]) == 4
        assert theirs.data != mine.data
        assert nobodys.codes == ["UNAUTHENTICATED"]
        assert [entry.user for entry in upstream.journal.entries] == [
            sandbox.LISTENER,
            sandbox.LISTENER,
            sandbox.PARTNER,
        ]


async def test_a_revoked_token_has_no_answers_any_more() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        token = upstream.token()
        assert (await here.ask(ALBUMS, {"first": 3}, token=token)).errors == []
        await here.ask(REVOKE, {"token": token}, token=token)
        after = await here.ask(ALBUMS, {"first": 3}, token=token)
        assert (after.body["data"], after.codes) == (None, ["UNAUTHENTICATED"])


async def test_a_refusal_of_the_token_takes_its_answers_along() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        await here.ask(ALBUMS, {"first": 3})
        upstream.orders.add(sandbox.Status(401))
        refused = await here.ask("{ artist(id: 914) { name } }")
        after = await here.ask(ALBUMS, {"first": 3})
        assert refused.codes == ["UNAUTHENTICATED"]
        assert after.codes == ["UNAUTHENTICATED"]


async def test_an_answer_lives_as_long_as_its_least_fresh_part() -> None:
    environment = WARM | {
        "ONEDTOUCH_FRESH_CATALOGUE": "0.2",
        "ONEDTOUCH_STALE_IF_ERROR": "0",
        "ONEDTOUCH_STALE_WHILE_REVALIDATE": "0",
    }
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        await here.ask(ALBUMS, {"first": 3})
        await asyncio.sleep(0.25)
        await here.ask(ALBUMS, {"first": 3})
        assert len(upstream.journal) == 2


@pytest.mark.parametrize(
    "query",
    [
        "{ listenings(first: 1) { nodes { id } } deliveries(first: 1) { nodes { id } } }",
        "{ album(id: 99999999) { id } }",
        '{ artist(id: 914) { name } node(id: "x") { id } }',
    ],
)
async def test_what_is_not_fresh_not_there_or_not_whole_is_not_kept(query: str) -> None:
    environment = WARM | {"ONEDTOUCH_FRESH_FINISHED_DAYS": "0"}
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        first = await here.ask(query)
        again = await here.ask(query)
        assert again.body == first.body
        assert again.headers["Cache-Control"] in {"no-store", "private, max-age=0"}


async def test_a_name_of_any_length_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[KeptAnswer] = []

    def noted(*parts: Any) -> KeptAnswer:
        kept.append(KeptAnswer(*parts))
        return kept[-1]

    monkeypatch.setattr("web.outcomes.KeptAnswer", noted)
    name = "A" * 90_000
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        for query in (
            f"query {name} {{ artist(id: 1) {{ name }} }}",
            f"query {name} {{ __typename }}",
        ):
            assert (await here.ask(query)).data == (await here.ask(query)).data
    # What they weigh in the cache is little more than their bodies.
    assert [each.operation_name for each in kept] == ["A" * 100] * 2


async def test_what_the_api_lets_nobody_store_the_client_may_not_store_either() -> None:
    query = "{ artist(id: 914) { name } label(id: 129) { name } }"
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        no_store = sandbox.Headers({"Cache-Control": "no-store"})
        upstream.orders.add(no_store, path="/api/v1/labels/129")
        for requests in (2, 3):
            answer = await here.ask(query)
            assert answer.data["label"] == {"name": "1-800-Dinosaur"}
            assert answer.headers["Cache-Control"] == "no-store"
            assert len(upstream.journal) == requests


@pytest.mark.parametrize("environment", [COLD, WARM | {"ONEDTOUCH_KEEP_ANSWERS": "false"}])
async def test_it_can_be_switched_off(environment: dict[str, str]) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        first = await here.ask(ALBUMS, {"first": 3})
        again = await here.ask(ALBUMS, {"first": 3})
        assert again.data == first.data
        assert "upstream" in again.headers["Server-Timing"]


async def test_who_asks_what_it_cost_gets_no_kept_answer() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        await here.ask(ALBUMS, {"first": 3})
        told = await here.ask(ALBUMS, {"first": 3}, headers={"X-Include": "cost, upstream"})
        plain = await here.ask(ALBUMS, {"first": 3})
        assert told.body["extensions"]["cost"]["actual"] == 0
        assert [each["source"] for each in told.body["extensions"]["upstream"]] == ["cache"]
        assert "extensions" not in plain.body


def executions() -> int:
    """How many operations this process has executed."""
    context: Any = schema.execution_context_class
    count: int = context.statistics.executions
    return count


ABOUT_THE_SCHEMA = [
    get_introspection_query(),
    "{ __typename }",
    "{ _service { sdl } }",
    'query Named { ...A } fragment A on Query { __typename ... { __type(name: "A") { name } } }',
]


@pytest.mark.parametrize("query", ABOUT_THE_SCHEMA)
@pytest.mark.parametrize("environment", [WARM, COLD], ids=["warm", "cold"])
async def test_what_is_asked_of_the_schema_alone_is_executed_once_for_everybody(
    query: str, environment: dict[str, str]
) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        first = await here.ask(query)
        before = executions()
        nobodys = await here.ask(query, token=None)
        theirs = await here.ask(query, token=sandbox.PARTNER_TOKEN)
        assert executions() == before
        assert first.data
        assert nobodys.body == theirs.body == first.body
        assert nobodys.headers["Content-Type"] == first.headers["Content-Type"]
        assert nobodys.headers["Cache-Control"] == first.headers["Cache-Control"] == "no-store"


async def test_it_is_executed_each_time_where_no_answers_are_kept() -> None:
    environment = WARM | {"ONEDTOUCH_KEEP_ANSWERS": "false"}
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        await here.ask("{ __typename }")
        before = executions()
        assert (await here.ask("{ __typename }")).data == {"__typename": "Query"}
        assert executions() == before + 1


@pytest.mark.parametrize(
    "query",
    [
        "{ __typename artist(id: 914) { name } }",
        "{ ...Both } fragment Both on Query { __typename ... { artist(id: 914) { name } } }",
        """{ _entities(representations: [{__typename: "Artist", id: "QXJ0aXN0OjkxNA=="}]) {
          ... on Artist { name }
        } }""",
        '{ __typename node(id: "QXJ0aXN0OjkxNA==") { id } }',
    ],
)
async def test_what_asks_for_more_than_the_schema_is_its_tokens(query: str) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        assert (await here.ask(query)).data
        before = executions()
        nobodys = await here.ask(query, token=None)
        assert executions() == before + 1
        assert nobodys.codes


@pytest.mark.parametrize("variables", [{"deep": False}, {"deep": True}])
async def test_other_variables_have_other_answers_about_the_schema(
    variables: dict[str, Any],
) -> None:
    query = """
        query ($deep: Boolean!) {
          __type(name: "Label") { name fields @include(if: $deep) { name } }
        }
    """
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        await here.ask(query, {"deep": not variables["deep"]})
        for _ in range(2):
            answer = await here.ask(query, variables)
            assert ("fields" in answer.data["__type"]) == variables["deep"]


async def test_a_mutation_is_executed_each_time_whatever_it_asks() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        for _ in range(2):
            before = executions()
            answer = await here.ask("mutation { __typename }")
            assert answer.data == {"__typename": "Mutation"}
            assert executions() == before + 1
