"""Equal queries of one token that are under way at once share one execution, if it is whole."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest

import sandbox
from sandbox.effects import AnyEffect
from tests.facade import COLD, Answer, Facade, facade
from web.answers import executed

LISTENER, PARTNER = sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN
TWO_HOPS = "{ deliveries(first: 5) { nodes { album { title } } } }"
TWO = "{ artist(id: 544) { name } label(id: 129) { name } }"
SLOW = sandbox.Latency(400)


def shared(answers: list[Answer]) -> int:
    """How many answers took no request, and no waiting for one, of their own."""
    return sum("upstream" not in answer.headers["Server-Timing"] for answer in answers)


async def asked(here: Facade, query: str, times: int, **how: Any) -> list[Answer]:
    return await asyncio.gather(*(here.ask(query, **how) for _ in range(times)))


async def test_all_but_one_have_the_answer_without_an_execution_of_their_own() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(SLOW)
        answers = await asked(here, TWO_HOPS, 20)
        assert shared(answers) == 19
        assert {answer.headers["Cache-Control"] for answer in answers} == {"private, max-age=0"}
        first, *others = answers
        assert len(first.data["deliveries"]["nodes"]) == 5
        assert [other.body for other in others] == [first.body] * 19


async def test_tokens_never_share_an_execution() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(SLOW)
        query = "{ albums(first: 3) { nodes { databaseId } } }"
        mine, theirs, nobodys = await asyncio.gather(
            asked(here, query, 3), asked(here, query, 3, token=PARTNER), here.ask(query, token=None)
        )
        assert (shared(mine), shared(theirs)) == (2, 2)
        assert mine[0].data != theirs[0].data
        assert nobodys.codes == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (sandbox.Status(500), "UPSTREAM_UNAVAILABLE"),
        (sandbox.Status(401), "UNAUTHENTICATED"),
        (sandbox.Hang(), "UPSTREAM_TIMEOUT"),
    ],
)
async def test_a_failure_is_asked_for_once_as_well_and_kept_for_nobody(
    fault: AnyEffect, code: str
) -> None:
    environment = {"ONEDTOUCH_UPSTREAM_REQUEST_TIMEOUT": "1"}
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        upstream.orders.add(SLOW)
        upstream.orders.add(fault, path="/api/v1/labels/129")
        answers = await asked(here, TWO, 5)
        assert [answer.codes for answer in answers] == [[code]] * 5
        assert all(answer.body["data"] == answers[0].body["data"] for answer in answers)
        assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
        assert shared(answers) == 4
        assert len(upstream.journal.matching("/api/v1/labels/129")) == 1
        upstream.orders.clear()
        assert (await here.ask(TWO)).errors == []


async def test_what_is_whole_just_beyond_its_time_is_served_and_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def completed(*arguments: Any) -> Any:
        time.sleep(0.6)  # the REST API has answered in time, and completing takes a while
        return executed(*arguments)

    monkeypatch.setattr("web.answers.executed", completed)
    async with sandbox.running() as upstream, facade(upstream.url, {}) as here:
        for _ in range(2):
            answer = await here.ask(TWO, headers={"X-Deadline-Ms": "600"})
            assert answer.data["artist"] == {"name": "1902"}
        assert len(upstream.journal) == 2


async def test_who_comes_later_has_all_of_its_time() -> None:
    environment = COLD | {
        "ONEDTOUCH_DEADLINE": "1.5",
        "ONEDTOUCH_UPSTREAM_REQUEST_TIMEOUT": "60",
    }
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        upstream.orders.add(sandbox.Latency(2000), path="/api/v1/labels/129")
        first = asyncio.create_task(here.ask(TWO))
        await asyncio.sleep(1)
        second = await here.ask(TWO)
        assert (await first).codes == ["UPSTREAM_TIMEOUT"]
        assert second.codes == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Deadline-Ms": "5000"},
        {"X-Most-Upstream-Requests": "2"},
        {"X-Include": "cost"},
    ],
)
async def test_who_sets_own_bounds_or_asks_for_the_cost_goes_alone(
    headers: Mapping[str, str],
) -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(SLOW)
        plain, bounded = await asyncio.gather(
            asked(here, TWO, 3), asked(here, TWO, 3, headers=headers)
        )
        assert (shared(plain), shared(bounded)) == (2, 0)
        assert bounded[0].data == plain[0].data


async def test_it_can_be_switched_off() -> None:
    environment = COLD | {"ONEDTOUCH_SHARE_OPERATIONS": "false"}
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        upstream.orders.add(SLOW)
        answers = await asked(here, TWO, 5)
        assert shared(answers) == 0
        # the requests to the REST API are shared all the same
        assert len(upstream.journal) == 2


async def test_who_came_first_may_leave_and_the_others_are_answered() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(SLOW)
        leaving = asyncio.create_task(here.ask(TWO_HOPS))
        await upstream.journal.until(lambda journal: journal.under_way == 1)
        staying = asyncio.create_task(here.ask(TWO_HOPS))
        await asyncio.sleep(0.1)
        leaving.cancel()
        assert len((await staying).data["deliveries"]["nodes"]) == 5
        assert shared([await staying]) == 1
        lists = [each for each in upstream.journal.targets if "deliveries" in each]
        assert len(lists) == 1
        await asyncio.gather(leaving, return_exceptions=True)


async def test_where_the_first_comes_to_nothing_the_others_are_executed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = 0

    def completed(*arguments: Any) -> Any:
        nonlocal times
        times += 1
        if times == 1:
            raise RuntimeError
        return executed(*arguments)

    monkeypatch.setattr("web.answers.executed", completed)
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(SLOW)
        answers = await asked(here, TWO, 3)
        assert [answer.codes for answer in answers].count(["INTERNAL_SERVER_ERROR"]) == 1
        assert [answer.codes for answer in answers].count([]) == 2


async def test_a_token_that_dies_meanwhile_gets_nothing() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        token = upstream.token()
        revoke = "mutation ($token: String!) { revokeToken(input: {token: $token}) { revoked } }"
        upstream.orders.add(sandbox.Latency(800), path="/api/v1/artists/544")
        waiting = asyncio.gather(*(here.ask(TWO, token=token) for _ in range(3)))
        await upstream.journal.until(lambda journal: journal.under_way >= 1)
        await asyncio.sleep(0.1)
        assert (await here.ask(revoke, {"token": token})).data == {"revokeToken": {"revoked": True}}
        for answer in await waiting:
            assert answer.body["data"]["artist"] is None
            assert "UNAUTHENTICATED" in answer.codes


async def test_mutations_are_never_shared() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(SLOW)
        login = (
            'mutation { createToken(input: {username: "listener@example.com", '
            'password: "sandbox"}) { accessToken } }'
        )
        answers = await asked(here, login, 3)
        assert len({answer.data["createToken"]["accessToken"] for answer in answers}) == 3


async def test_who_asks_after_a_purge_joins_no_execution_from_before_it() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, COLD) as here:
        upstream.orders.add(sandbox.Latency(400), path="/api/v1/labels")
        upstream.orders.add(sandbox.Status(502), path="/oauth/revoke")
        ask = "{ labels { nodes { name } } }"
        before = asyncio.create_task(here.ask(ask))
        await upstream.journal.until(lambda journal: journal.under_way == 1)
        token = f'"{sandbox.LISTENER_TOKEN}"'
        await here.ask(f"mutation {{ revokeToken(input: {{token: {token}}}) {{ revoked }} }}")
        assert (await here.ask(ask)).errors == []
        assert (await before).errors == []
        assert len(upstream.journal.matching("/api/v1/labels")) == 2
