"""An outage is answered at once from what is known; a refused token loses all of that."""

import asyncio

import pytest

import sandbox
from tests.facade import Facade, facade

QUIET = {"ONEDTOUCH_LOG_REQUESTS": "false"}
NEVER_FRESH = QUIET | {
    "ONEDTOUCH_FRESH_CATALOGUE": "0",
    "ONEDTOUCH_MOST_RETRIES": "0",
    "ONEDTOUCH_BREAKER_FAILURES": "3",
    "ONEDTOUCH_BREAKER_PAUSE": "1.5",
}
KNOWN = "{ label(id: 212) { name } }"


async def opened(here: Facade, upstream: sandbox.Running) -> None:
    """Fail until the breaker opens, and forget how."""
    for _ in range(6):
        await here.ask("{ artist(id: 1) { name } }")
    upstream.journal.clear()


async def told_of_the_breaker(here: Facade) -> tuple[str, str]:
    """What /readyz and /metrics say of it."""
    async with here.client.get(f"{here.url}/readyz") as response:
        ready = await response.json()
    async with here.client.get(f"{here.url}/metrics") as response:
        told = await response.text()
    (line,) = (
        each
        for each in told.splitlines()
        if each.startswith("onedtouch_breaker{") and each.endswith(" 1.0")
    )
    return ready["breaker"], line.split('"')[1]


async def test_while_the_breaker_is_open_all_is_answered_at_once_and_nothing_asked() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, NEVER_FRESH) as here:
        assert (await here.ask(KNOWN)).errors == []
        upstream.orders.add(sandbox.Status(503))
        await opened(here, upstream)

        stale = await here.ask(KNOWN)
        assert stale.data == {"label": {"name": "Les Indispensables de Diapason"}}
        assert [each["path"] for each in stale.body["extensions"]["stale"]] == [["label"]]
        unknown = await here.ask("{ artist(id: 399) { name } }")
        assert (unknown.body["data"], unknown.codes) == ({"artist": None}, ["UPSTREAM_UNAVAILABLE"])
        assert 0 < unknown.errors[0]["extensions"]["retryAfter"] <= 1.5
        others = await here.ask(KNOWN, token=sandbox.PARTNER_TOKEN)
        assert (others.body["data"], others.codes) == ({"label": None}, ["UPSTREAM_UNAVAILABLE"])
        assert upstream.journal.targets == []
        assert await told_of_the_breaker(here) == ("open", "open")


async def test_the_breaker_opens_where_all_hangs_however_short_the_deadline_is_set() -> None:
    hasty = NEVER_FRESH | {"ONEDTOUCH_DEADLINE": "0.3"}
    async with sandbox.running() as upstream, facade(upstream.url, hasty) as here:
        upstream.orders.add(sandbox.Hang())
        for number in range(3):
            assert await codes(here, f"{{ artist(id: {number}) {{ name }} }}") == [
                "UPSTREAM_TIMEOUT"
            ]

        assert await codes(here, "{ artist(id: 4) { name } }") == ["UPSTREAM_UNAVAILABLE"]
        assert await told_of_the_breaker(here) == ("open", "open")


async def test_one_probe_at_a_time_finds_out_whether_the_outage_is_over() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, NEVER_FRESH) as here:
        upstream.orders.add(sandbox.Status(503))
        await opened(here, upstream)
        upstream.orders.clear()
        upstream.orders.add(sandbox.Latency(500))
        await asyncio.sleep(1.6)

        probing = [codes(here, f"{{ artist(id: {number}) {{ name }} }}") for number in range(1, 11)]
        answers = await asyncio.gather(*probing)
        assert len(upstream.journal) == 1
        assert sorted(answers) == [[]] + [["UPSTREAM_UNAVAILABLE"]] * 9

        upstream.orders.clear()
        recovered = await asyncio.gather(
            *(codes(here, f"{{ artist(id: {number}) {{ name }} }}") for number in range(1, 11))
        )
        assert recovered == [[]] * 10


async def codes(here: Facade, query: str) -> list[str]:
    return (await here.ask(query)).codes


@pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHENTICATED"), (403, "FORBIDDEN")])
async def test_a_refused_token_loses_all_that_was_known_for_it_and_no_other_does(
    status: int, code: str
) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, QUIET) as here:
        everything = (
            "{ label(id: 212) { name } albums(first: 3) { nodes { title } } "
            "listenings(first: 3) { nodes { databaseId } } }"
        )
        for token in (sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN):
            assert (await here.ask(everything, token=token)).errors == []
            # by itself: what a list of the same operation brings is not asked for, nor then known
            assert (await here.ask(KNOWN, token=token)).errors == []
        upstream.orders.add(sandbox.Status(status), user=sandbox.LISTENER)
        # one question that is not known yet, and nothing is known any more
        assert (await here.ask("{ track(id: 3272) { title } }")).codes == [code]
        after = await here.ask(everything)
        assert (after.body["data"], set(after.codes)) == (None, {code})
        assert (await here.ask(KNOWN)).body["data"] == {"label": None}

        # ... not while the API is down either, when old answers stand in for others
        upstream.orders.clear()
        upstream.orders.add(sandbox.Status(503))
        down = await here.ask(everything)
        assert (down.body["data"], set(down.codes)) == (None, {"UPSTREAM_UNAVAILABLE"})
        theirs = await here.ask(KNOWN, token=sandbox.PARTNER_TOKEN)
        assert theirs.errors == []


async def test_a_token_that_is_refused_while_its_answers_are_fresh_gets_none_of_them() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, QUIET) as here:
        assert (await here.ask(KNOWN)).errors == []
        upstream.orders.add(sandbox.Status(401), user=sandbox.LISTENER)
        both = await here.ask("{ track(id: 3272) { title } }")
        assert both.codes == ["UNAUTHENTICATED"]
        upstream.journal.clear()
        again = await here.ask(KNOWN)
        assert (again.body["data"], again.codes) == ({"label": None}, ["UNAUTHENTICATED"])
        assert len(upstream.journal) == 1
