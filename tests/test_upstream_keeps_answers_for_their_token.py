"""The cache: answers are kept for their token alone, for as long as they may, and gone with it."""

import asyncio
import datetime as dt
from time import monotonic
from typing import Any

import pytest
from aiohttp import web

import sandbox
from tests.upstream_asked import Client, Watching, caller, client, scripted
from upstream import records
from upstream.cache import Cache, Entry
from upstream.caller import Caller, Exchange
from upstream.errors import (
    BadResponse,
    Forbidden,
    RateLimited,
    TimedOut,
    Unauthenticated,
    Unavailable,
    UpstreamError,
)
from upstream.freshness import Freshness
from upstream.listing import Collection, Links, Listing, PageLink
from upstream.policy import Policy
from upstream.tokens import Tokens

LISTENER, PARTNER = sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN

# Nothing is fresh, everything may stand in while the REST API fails.
STALE = {
    "fresh_catalogue": 0.01,
    "stale_while_revalidate": 0,
    "request_timeout": 1,
    "most_retries": 0,
}


async def asked(upstream: Client, number: int = 544, asking: Caller | None = None) -> Exchange:
    asking = asking or caller()
    await upstream.artist(asking, number)
    return asking.exchanges[-1]


async def test_a_fresh_answer_is_no_request() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        first, second = caller(), caller()
        one = await upstream.album(first, 273)
        two = await upstream.album(second, 273)
        assert two.value is one.value
        assert two.stale_age is None
        assert [each.source for each in (*first.exchanges, *second.exchanges)] == [
            "upstream",
            "cache",
        ]
        assert second.requests == 0
        assert 59 < second.exchanges[0].fresh_for <= 60
        assert len(api.journal) == 1


async def test_pages_are_kept_by_their_number_and_size() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        for page, per_page in ((1, 25), (2, 25), (1, 50), (1, 25), (2, 25), (1, 50)):
            await upstream.page(caller(), Listing("artists"), page, per_page)
        assert len(api.journal) == 3


async def test_another_token_never_gets_what_one_token_brought() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        for token, account in ((LISTENER, sandbox.LISTENER), (PARTNER, sandbox.PARTNER)) * 2:
            page = (await upstream.page(caller(token), Listing("albums"), 1, 25)).value
            assert [row.database_id for row in page.rows] == [
                row["id"] for row in api.rows("albums", account)[:25]
            ]
        assert [entry.user for entry in api.journal.entries] == [
            sandbox.LISTENER,
            sandbox.PARTNER,
        ]


async def test_a_404_is_not_kept_and_takes_what_was_there_away() -> None:
    async with sandbox.running() as api, client(api.url, **STALE) as upstream:
        await asked(upstream)
        await asyncio.sleep(0.02)
        api.orders.add(sandbox.Status(404), times=1)
        assert (await upstream.artist(caller(), 544)).value is None
        assert upstream.state().cache_entries == 0
        assert (await upstream.artist(caller(), 544)).value is not None


async def test_an_answer_with_something_wrong_in_it_is_not_kept() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Edit("name", 5), times=1)
        wrong: Any = (await upstream.artist(caller(), 544)).value
        assert isinstance(wrong.name, BadResponse)
        right = (await upstream.artist(caller(), 544)).value
        assert right is not None
        assert right.name == "1902"


async def test_no_cache_at_all_is_a_request_each_time() -> None:
    async with sandbox.running() as api, client(api.url, cache_bytes=0) as upstream:
        for _ in range(3):
            assert (await asked(upstream)).source == "upstream"
        assert len(api.journal) == 3
        assert upstream.state().cache_bytes == 0


async def test_all_lifetimes_can_be_nothing() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, fresh_catalogue=0, stale_if_error=0) as upstream,
    ):
        for _ in range(3):
            await asked(upstream)
        assert len(api.journal) == 3
        assert upstream.state().cache_entries == 0


@pytest.mark.parametrize(
    ("collection", "days", "fresh"),
    [
        ("albums", None, 60),
        ("labels", None, 60),
        ("listenings", None, 0),
        ("deliveries", None, 0),
        ("listenings", (-1, 0), 0),
        ("listenings", (-1, -1), 3600),
        ("deliveries", (-1, -1), 3600),
        ("deliveries", (0, 9), 0),
    ],
)
async def test_only_finished_days_stay_fresh_for_long(
    collection: Collection, days: tuple[int, int] | None, fresh: float
) -> None:
    # `days` from today on: once more where midnight passes meanwhile, and today is over
    today = None
    while today != dt.datetime.now(dt.UTC).date():
        today = dt.datetime.now(dt.UTC).date()
        since, until = (today + dt.timedelta(days=each) for each in days or (0, 0))
        listing = Listing(collection, since, until) if days else Listing(collection)
        async with sandbox.running() as api, client(api.url) as upstream:
            asking = caller()
            await upstream.page(asking, listing, 1, 25)
            await upstream.page(asking, listing, 1, 25)
        requests = len(api.journal)
    assert requests == (1 if fresh else 2)
    assert fresh - 1 < asking.exchanges[0].fresh_for <= fresh


@pytest.mark.parametrize(
    ("control", "fresh", "requests"),
    [
        ("max-age=300", 300, 1),
        ("private, max-age=7", 7, 1),
        ("MAX-AGE = 300", 300, 1),
        ('max-age="300"', 300, 1),
        ("public", 60, 1),
        ("s-maxage=300, max-age=0", 0, 2),
        ("max-age=0", 0, 2),
        ("max-age=soon", 0, 2),
        ("no-cache, max-age=300", 0, 2),
        ("no-store, max-age=300", -1, 2),
        ("max-age=99999999", 86400, 1),
    ],
)
async def test_what_the_api_says_of_freshness_goes_before_policy(
    control: str, fresh: float, requests: int
) -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Headers({"Cache-Control": control}))
        first = await asked(upstream)
        await asked(upstream)
        assert fresh - 1 < first.fresh_for <= fresh
        assert len(api.journal) == requests


async def test_the_age_of_an_answer_is_taken_off_its_freshness() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Headers({"Cache-Control": "max-age=300", "Age": "100"}))
        assert 199 < (await asked(upstream)).fresh_for <= 200


DATE = "Thu, 26 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({"Expires": "Thu, 26 Nov 2026 10:05:00 GMT", "Date": DATE}, 300),
        ({"Expires": "Thu, 26 Nov 2026 09:00:00 GMT", "Date": DATE}, 0),
        ({"Expires": "0"}, 0),
        ({"Expires": "Fri, 26 Nov 2100 10:00:00 GMT", "Date": "soon"}, 86400),
        (
            {"Expires": "Thu, 26 Nov 2026 10:05:00 GMT", "Date": DATE, "Cache-Control": "public"},
            300,
        ),
        ({"Expires": "0", "Cache-Control": "max-age=7"}, 7),
    ],
)
async def test_without_a_max_age_the_expires_header_counts(
    headers: dict[str, str], fresh: float
) -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        return web.json_response({"id": 544, "name": "1902"}, headers=headers)

    async with scripted(answer) as api, client(api.url) as upstream:
        assert (await asked(upstream)).fresh_for == fresh


async def test_no_store_keeps_nothing_for_a_failing_api_either() -> None:
    async with sandbox.running() as api, client(api.url, **STALE) as upstream:
        api.orders.add(sandbox.Headers({"Cache-Control": "no-store"}), times=1)
        await asked(upstream)
        assert upstream.state().cache_entries == 0
        api.orders.add(sandbox.Status(503))
        with pytest.raises(Unavailable):
            await asked(upstream)


@pytest.mark.parametrize("weak", [False, True])
async def test_an_old_answer_is_confirmed_by_its_etag(weak: bool) -> None:  # noqa: FBT001
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Caching("max-age=0", weak=weak))
        one = (await upstream.album(caller(), 273)).value
        asking = caller()
        two = (await upstream.album(asking, 273)).value
        assert two is one
        assert [entry.status for entry in api.journal.entries] == [200, 304]
        assert (asking.exchanges[0].source, asking.exchanges[0].status) == ("upstream", 304)
        api.database.change(sandbox.listing("albums"), {"title": "New"}, number=273)
        three = (await upstream.album(caller(), 273)).value
        assert three is not None
        assert three.title == "New"
        assert [entry.status for entry in api.journal.entries] == [200, 304, 200]


async def test_a_304_starts_the_lifetime_anew() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Caching("max-age=1"))
        await asked(upstream)
        await asyncio.sleep(1.05)
        api.orders.clear()
        api.orders.add(sandbox.Caching("max-age=60"))
        # Stale while revalidating: the second answer is old, the new one comes behind its back.
        assert (await asked(upstream)).source == "stale"
        await api.journal.until(lambda journal: len(journal) == 2 and journal.under_way == 0)
        await landed(upstream)
        assert (await asked(upstream)).source == "cache"
        assert [entry.status for entry in api.journal.entries] == [200, 304]


async def test_a_304_that_says_nothing_of_time_means_the_same_time_again() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, fresh_catalogue=0.5, stale_while_revalidate=0) as upstream,
    ):
        api.orders.add(sandbox.Caching())
        for _ in range(2):
            assert (await asked(upstream)).fresh_for == 0.5
            await asyncio.sleep(0.55)
        assert [entry.status for entry in api.journal.entries] == [200, 304]


async def test_a_304_tells_of_new_pages_behind_one_that_is_as_it_was() -> None:
    last = iter([1, 3])

    async def answering(request: web.BaseRequest) -> web.StreamResponse:
        link = f'<http://localhost/api/v1/artists?page={next(last)}>; rel="last"'
        said = {"ETag": '"1"', "Link": link, "Cache-Control": "max-age=0"}
        if "If-None-Match" in request.headers:
            return web.Response(status=304, headers=said)
        return web.json_response([{"id": 1, "name": "A"}], headers=said)

    async with scripted(answering) as server, client(server.url) as upstream:
        for end in 1, 3:
            reply = await upstream.page(caller(), Listing("artists"), 1, 1)
            assert [row.name for row in reply.value.rows] == ["A"]
            assert reply.value.links == Links(last=PageLink(end))


async def test_an_answer_just_beyond_its_time_is_served_while_a_new_one_is_fetched() -> None:
    async with sandbox.running() as api, client(api.url, fresh_catalogue=1) as upstream:
        await asked(upstream)
        await asyncio.sleep(1.05)
        api.database.change(sandbox.listing("artists"), {"name": "New"}, number=544)
        api.orders.add(sandbox.Latency(30))
        askers = [caller() for _ in range(10)]
        replies = [await upstream.artist(each, 544) for each in askers]
        assert {reply.value and reply.value.name for reply in replies} == {"1902"}
        assert all(reply.stale_age is not None and 1 <= reply.stale_age < 5 for reply in replies)
        assert {each.exchanges[0].source for each in askers} == {"stale"}
        assert {each.exchanges[0].stale_age for each in askers} == {
            reply.stale_age for reply in replies
        }
        assert sum(each.requests for each in askers) == 0
        await landed(upstream)
        assert len(api.journal) == 2
        fresh = await upstream.artist(caller(), 544)
        assert fresh.value is not None
        assert (fresh.value.name, fresh.stale_age) == ("New", None)


async def test_refreshes_in_the_background_are_bounded() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, fresh_catalogue=0.01, most_refreshes=2) as upstream,
    ):
        numbers = [row["id"] for row in api.rows("artists")[:6]]
        for number in numbers:
            await asked(upstream, number)
        await asyncio.sleep(0.02)
        api.orders.add(sandbox.Latency(50))
        api.journal.clear()
        for number in numbers:
            assert (await asked(upstream, number)).source == "stale"
        await landed(upstream)
        assert len(api.journal) == 2


async def test_a_refresh_that_hangs_ends_by_itself() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, fresh_catalogue=0.01, request_timeout=0.5) as upstream,
    ):
        await asked(upstream)
        await asyncio.sleep(0.02)
        api.orders.add(sandbox.Hang())
        assert (await asked(upstream)).source == "stale"
        await landed(upstream)
        assert upstream.state().under_way == 0


async def test_a_refresh_that_gets_no_turn_ends_by_itself() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, fresh_catalogue=0.01, request_timeout=0.5, most_concurrent=1) as upstream,
    ):
        await asked(upstream)
        await asyncio.sleep(0.02)
        await upstream._sender.gate.enter(b"somebody")
        assert (await asked(upstream)).source == "stale"
        await landed(upstream)
        assert upstream.state().queued == 0
        assert len(api.journal) == 1


async def test_an_etag_that_can_not_be_sent_back_is_none() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Headers({"ETag": "x" * 600, "Cache-Control": "max-age=0"}))
        await asked(upstream)
        await asked(upstream)
        assert [entry.status for entry in api.journal.entries] == [200, 200]


async def test_the_dead_are_remembered_for_as_long_as_policy_says_and_not_without_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("upstream.tokens._MOST_REVOKED", 2)
    tokens = Tokens(Policy(revoked_for=0.05))
    keys = [tokens.key(name) for name in ("one", "two", "three")]
    for key in keys:
        tokens.revoke(key)
    assert [tokens.is_revoked(key) for key in keys] == [False, True, True]
    await asyncio.sleep(0.06)
    assert [tokens.is_revoked(key) for key in keys] == [False, False, False]


def test_tokens_have_other_names_in_each_process_unless_they_share_a_secret() -> None:
    assert Tokens(Policy()).key("a") != Tokens(Policy()).key("a")
    one, two = (Tokens(Policy(cache_secret="shared")) for _ in range(2))
    assert one.key("a") == two.key("a")
    assert one.key("a") != one.key("b")


async def test_what_is_never_fresh_is_never_served_without_asking() -> None:
    async with sandbox.running() as api, client(api.url, stale_while_revalidate=600) as upstream:
        for _ in range(2):
            await upstream.page(caller(), Listing("listenings"), 1, 25)
        assert len(api.journal) == 2


FAILING: list[Any] = [
    sandbox.Status(500),
    sandbox.Status(503),
    sandbox.Status(504),
    sandbox.Status(429),
    sandbox.Reset(),
    sandbox.Hang(),
    sandbox.Drip(300),
    sandbox.Junk("html"),
    sandbox.Junk("empty"),
]
REFUSING: list[tuple[Any, type[UpstreamError]]] = [
    (sandbox.Status(401), Unauthenticated),
    (sandbox.Status(403), Forbidden),
    (sandbox.Status(410), BadResponse),
    (sandbox.Status(451), BadResponse),
    (sandbox.Status(302, location="/login"), BadResponse),
]


@pytest.mark.parametrize("fault", FAILING, ids=repr)
async def test_while_the_api_fails_an_old_answer_stands_in_for_its_token(fault: Any) -> None:
    async with sandbox.running() as api, client(api.url, **STALE) as upstream:
        await asked(upstream)
        await asyncio.sleep(0.05)
        api.orders.add(fault)
        asking = caller()
        reply = await upstream.artist(asking, 544)
        assert reply.value is not None
        assert reply.value.name == "1902"
        assert reply.stale_age is not None
        assert 0.04 < reply.stale_age < 5
        exchange = asking.exchanges[0]
        assert (exchange.source, exchange.requests, exchange.fresh_for) == ("stale", 1, 0.0)
        assert exchange.stale_age is not None
        for token, number in ((PARTNER, 544), (LISTENER, 399)):
            assert not isinstance(await told(upstream, token, number), records.Artist)


@pytest.mark.parametrize(("fault", "error"), REFUSING, ids=repr)
async def test_a_refusal_is_never_covered_by_an_old_answer(
    fault: Any, error: type[UpstreamError]
) -> None:
    async with sandbox.running() as api, client(api.url, **STALE) as upstream:
        await asked(upstream)
        await asyncio.sleep(0.02)
        api.orders.add(fault)
        with pytest.raises(error):
            await upstream.artist(caller(), 544)


async def test_while_the_breaker_is_open_old_answers_come_without_a_request() -> None:
    async with (
        sandbox.running() as api,
        client(
            api.url, **STALE, breaker_failures=1, breaker_share=0.5, breaker_pause=60
        ) as upstream,
    ):
        await asked(upstream)
        await asyncio.sleep(0.02)
        api.orders.add(sandbox.Status(503))
        await asked(upstream)
        asking = caller()
        assert (await asked(upstream, asking=asking)).source == "stale"
        assert asking.requests == 0
        assert len(api.journal) == 2


async def test_an_old_answer_comes_at_the_deadline_where_the_api_hangs() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, **{**STALE, "request_timeout": 30}) as upstream,
    ):
        await asked(upstream)
        await asyncio.sleep(0.02)
        api.orders.add(sandbox.Hang())
        assert (await asked(upstream, asking=caller(seconds=0.1))).source == "stale"
        with pytest.raises(TimedOut):
            await asked(upstream, 399, asking=caller(seconds=0.1))


async def test_an_answer_that_is_too_old_stands_in_for_nothing() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, **STALE, stale_if_error=0.05) as upstream,
    ):
        await asked(upstream)
        api.orders.add(sandbox.Status(503))
        await asyncio.sleep(0.1)
        with pytest.raises(Unavailable):
            await asked(upstream)


@pytest.mark.parametrize("control", ["max-age=0, must-revalidate", "no-cache"])
async def test_the_api_may_forbid_old_answers_and_policy_may_overrule_it(control: str) -> None:
    async with (
        sandbox.running() as api,
        client(api.url, **STALE) as obedient,
        client(api.url, **STALE, obey_must_revalidate=False) as other,
    ):
        api.orders.add(sandbox.Headers({"Cache-Control": control}), times=2)
        await asked(obedient)
        await asked(other)
        api.orders.add(sandbox.Status(503))
        with pytest.raises(Unavailable):
            await asked(obedient)
        assert (await asked(other)).source == "stale"


async def test_the_api_may_shorten_how_old_an_answer_may_be() -> None:
    async with sandbox.running() as api, client(api.url, **STALE) as upstream:
        control = "max-age=0, stale-if-error=0"
        api.orders.add(sandbox.Headers({"Cache-Control": control}), times=1)
        await asked(upstream)
        api.orders.add(sandbox.Status(503))
        with pytest.raises(Unavailable):
            await asked(upstream)


@pytest.mark.parametrize(("status", "error"), [(401, Unauthenticated), (403, Forbidden)])
async def test_a_refused_token_loses_all_that_was_kept_for_it_at_once(
    status: int, error: type[UpstreamError]
) -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        partner = api.rows("artists", sandbox.PARTNER)[0]["id"]
        await asked(upstream, 544)
        await asked(upstream, 399)
        await asked(upstream, partner, caller(PARTNER))
        api.orders.add(sandbox.Status(status), path="/api/v1/labels", times=1)
        with pytest.raises(error):
            await upstream.page(caller(), Listing("labels"), 1, 25)
        assert upstream.state().cache_entries == 1
        assert (await asked(upstream, partner, caller(PARTNER))).source == "cache"
        api.orders.add(sandbox.Status(503))
        with pytest.raises(Unavailable):
            await asked(upstream, 544)


async def test_an_old_answer_is_not_served_once_the_token_was_refused_meanwhile() -> None:
    async with sandbox.running() as api, client(api.url, **STALE) as upstream:
        await asked(upstream, 544)
        await asyncio.sleep(0.02)
        api.orders.add(sandbox.Hang(), path="/api/v1/artists/544")
        api.orders.add(sandbox.Status(401), path="/api/v1/artists/399")
        waiting = asyncio.create_task(upstream.artist(caller(), 544))
        await api.journal.until(lambda journal: journal.under_way == 1)
        with pytest.raises(Unauthenticated):
            await asked(upstream, 399)
        with pytest.raises(TimedOut):
            await waiting


async def test_an_answer_that_was_under_way_when_its_token_was_refused_is_not_kept() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Latency(1000), path="/api/v1/artists/544")
        api.orders.add(sandbox.Status(403), path="/api/v1/artists/399")
        waiting = asyncio.create_task(upstream.artist(caller(), 544))
        await api.journal.until(lambda journal: journal.under_way == 1)
        with pytest.raises(Forbidden):
            await asked(upstream, 399)
        assert (await waiting).value is not None
        assert upstream.state().cache_entries == 0


async def test_a_token_revoked_here_is_dead_at_once_caches_included() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        token = api.token()
        await asked(upstream, 544, caller(token))
        await upstream.revoke_token(caller(), token)
        api.journal.clear()
        with pytest.raises(Unauthenticated):
            await asked(upstream, 544, caller(token))
        assert api.journal.targets == []
        assert upstream.state().cache_entries == 0
        assert (await asked(upstream)).source == "upstream"


async def test_an_answer_that_was_under_way_when_its_token_was_revoked_is_not_given() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        token = api.token()
        api.orders.add(sandbox.Latency(1000), path="/api/v1/artists/544")
        waiting = asyncio.create_task(upstream.artist(caller(token), 544))
        await api.journal.until(lambda journal: journal.under_way == 1)
        await upstream.revoke_token(caller(), token)
        with pytest.raises(Unauthenticated):
            await waiting


async def test_a_token_may_revoke_itself() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        token = api.token()
        await upstream.revoke_token(caller(token), token)
        with pytest.raises(Unauthenticated):
            await upstream.revoke_token(caller(token), token)
        assert api.journal.targets == ["/oauth/revoke"]


async def test_a_revocation_that_was_refused_leaves_the_token_alive() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        token = api.token()
        await asked(upstream, 544, caller(token))
        api.orders.add(sandbox.Status(403), path="/oauth/revoke", times=1)
        with pytest.raises(Forbidden):
            await upstream.revoke_token(caller(), token)
        assert (await asked(upstream, 544, caller(token))).source == "cache"


@pytest.mark.parametrize("fault", [sandbox.Reset(), sandbox.Hang(), sandbox.Cut(0)], ids=repr)
async def test_a_revocation_that_nobody_knows_the_end_of_makes_the_token_be_asked_for(
    fault: Any,
) -> None:
    async with sandbox.running() as api, client(api.url, request_timeout=1) as upstream:
        token = api.token()
        await asked(upstream, 544, caller(token))
        api.orders.add(fault, path="/oauth/revoke")
        with pytest.raises((Unavailable, TimedOut, BadResponse)):
            await upstream.revoke_token(caller(), token)
        # The sandbox has revoked it, as it happens; only asking can tell.
        with pytest.raises(Unauthenticated, match="401"):
            await asked(upstream, 544, caller(token))


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_revocation_that_fails_in_the_rest_api_makes_the_token_be_asked_for(
    status: int,
) -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        token = api.token()
        await asked(upstream, 544, caller(token))
        api.orders.add(sandbox.Status(status), path="/oauth/revoke")
        with pytest.raises((Unavailable, TimedOut)):
            await upstream.revoke_token(caller(), token)
        assert (await asked(upstream, 544, caller(token))).source == "upstream"


async def test_a_token_that_is_given_out_again_lives_again() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        token = api.token()
        await upstream.revoke_token(caller(), token)
        body = f'{{"access_token": "{token}", "token_type": "bearer", "created_at": 1}}'
        api.orders.add(sandbox.Status(200, body=body), path="/oauth/token")
        await upstream.create_token(caller(None), "listener@example.com", "sandbox")
        with pytest.raises(Unauthenticated, match="401"):
            await asked(upstream, 544, caller(token))


async def test_a_token_revoked_elsewhere_lives_on_no_longer_than_policy_has_it() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, token_confirmed_within=1) as upstream,
    ):
        token = api.token()
        await asked(upstream, 544, caller(token))
        api.database.revoke_token(token)
        assert (await asked(upstream, 544, caller(token))).source == "cache"
        await asyncio.sleep(1.05)
        with pytest.raises(Unauthenticated):
            await asked(upstream, 544, caller(token))
        assert upstream.state().cache_entries == 0


async def test_any_answer_for_a_token_confirms_it_for_all_that_is_kept() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, token_confirmed_within=2) as upstream,
    ):
        await asked(upstream, 544)
        await asyncio.sleep(1.2)
        await asked(upstream, 399)
        await asyncio.sleep(1.2)
        assert (await asked(upstream, 544)).source == "cache"


async def test_a_404_confirms_no_token() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, token_confirmed_within=1) as upstream,
    ):
        await asked(upstream, 544)
        await asyncio.sleep(0.6)
        api.orders.add(sandbox.Status(404), times=1)
        assert (await upstream.artist(caller(), 399)).value is None
        await asyncio.sleep(0.6)
        assert (await asked(upstream, 544)).source == "upstream"


async def test_while_the_api_fails_what_is_fresh_serves_an_unconfirmed_token_as_old() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, token_confirmed_within=0.05, most_retries=0) as upstream,
    ):
        await asked(upstream, 544)
        await asyncio.sleep(0.1)
        api.orders.add(sandbox.Status(503))
        assert (await asked(upstream, 544)).source == "stale"


@pytest.mark.parametrize("confirmed_within", [60, 0.05])
async def test_while_the_api_limits_old_answers_serve_a_token_that_it_has_answered_lately(
    confirmed_within: float,
) -> None:
    policy = {**STALE, "token_confirmed_within": confirmed_within}
    async with sandbox.running() as api, client(api.url, **policy) as upstream:
        await asked(upstream)
        await asyncio.sleep(0.1)
        api.orders.add(sandbox.Status(429))
        if confirmed_within > 1:
            assert (await asked(upstream)).source == "stale"
        else:
            with pytest.raises(RateLimited):
                await asked(upstream)


async def test_lookups_are_told() -> None:
    watching = Watching()
    policy = {**STALE, "fresh_catalogue": 1}
    async with sandbox.running() as api, client(api.url, watching, **policy) as upstream:
        await asked(upstream)
        await asked(upstream)
        await asyncio.sleep(1.05)
        api.orders.add(sandbox.Status(503))
        await asked(upstream)
    assert watching.of("looked_up") == [
        ("memory", "miss"),
        ("memory", "hit"),
        ("memory", "miss"),
        ("memory", "stale"),
    ]


async def test_the_cache_is_bounded_and_drops_what_was_used_longest_ago() -> None:
    async with sandbox.running() as api, client(api.url, cache_bytes=30_000) as upstream:
        numbers = [row["id"] for row in api.rows("artists")[:60]]
        for number in numbers:
            await asked(upstream, number)
            assert upstream.state().cache_bytes <= 30_000
            await asked(upstream, numbers[0])
        assert upstream.state().cache_entries < 60
        assert (await asked(upstream, numbers[0])).source == "cache"
        assert (await asked(upstream, numbers[-1])).source == "cache"
        assert (await asked(upstream, numbers[1])).source == "upstream"


async def test_an_answer_larger_than_the_cache_is_not_kept() -> None:
    async with sandbox.running() as api, client(api.url, cache_bytes=5_000) as upstream:
        await asked(upstream)
        await upstream.page(caller(), Listing("albums"), 1, 100)
        assert upstream.state().cache_entries == 1


def test_tokens_beyond_count_are_forgotten_with_all_that_was_kept_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("upstream.cache._MOST_SHELVES", 3)
    cache = Cache(10_000)
    lifetime = Freshness(stored=True, fresh=60, while_revalidating=0, if_error=0)
    for number in range(5):
        shelf = cache.shelf(bytes([number]))
        cache.put(shelf, "question", Entry("answer", 100, 0.0, lifetime))
    assert len(cache) == 3
    assert cache.bytes == 300
    assert cache.find(cache.shelf(bytes([4])), "question") is not None
    assert cache.find(cache.shelf(bytes([0])), "question") is None


async def told(upstream: Client, token: str, number: int) -> object:
    try:
        return (await upstream.artist(caller(token), number)).value
    except UpstreamError as error:
        return error


async def landed(upstream: Client) -> None:
    async with asyncio.timeout(2):
        while upstream.state().flights:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("confirmed_within", [0.05, 60])
async def test_who_can_not_wait_gets_what_is_old_only_for_a_confirmed_token(
    confirmed_within: float,
) -> None:
    options = {"fresh_catalogue": 0.02, "stale_while_revalidate": 0}
    async with (
        sandbox.running() as api,
        client(api.url, **options, token_confirmed_within=confirmed_within) as upstream,
    ):
        await asked(upstream, 544)
        await asyncio.sleep(0.1)
        api.orders.add(sandbox.Hang())
        hasty = caller(seconds=0.05)
        if confirmed_within == 60:
            assert (await asked(upstream, 544, hasty)).source == "stale"
        else:
            with pytest.raises(TimedOut):
                await asked(upstream, 544, hasty)


async def test_what_was_made_of_answers_before_their_rows_moved_is_not_found_after() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        asking = caller()
        await asked(upstream, 544, asking)
        before = upstream.keepsakes(caller())
        upstream.outdate(asking, "artists")
        after = upstream.keepsakes(caller())
        assert before is not None
        assert after is not None

        before.put("it", "as it was", weight=1, fresh_for=60, now=monotonic())
        assert after.find("it", monotonic()) is None
        after.put("it", "as it is", weight=1, fresh_for=60, now=monotonic())
        assert (after.find("it", monotonic()) or [None])[0] == "as it is"


async def test_what_was_made_of_answers_is_not_found_for_a_token_that_nobody_confirmed_lately() -> (
    None
):
    async with (
        sandbox.running() as api,
        client(api.url, token_confirmed_within=0.2) as upstream,
    ):
        await asked(upstream, 544)
        kept = upstream.keepsakes(caller())
        assert kept is not None
        kept.put("it", "an answer", weight=1, fresh_for=60, now=monotonic())
        assert (kept.find("it", monotonic()) or [None])[0] == "an answer"
        assert kept.find("it", monotonic() + 0.3) is None
        await asked(upstream, 399)
        assert (kept.find("it", monotonic()) or [None])[0] == "an answer"


async def test_a_304_without_an_etag_leaves_the_one_that_was_sent() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        said = {"Cache-Control": "max-age=0"}
        if request.headers.get("If-None-Match") == '"one"':
            return web.Response(status=304, headers=said)
        return web.json_response({"id": 544, "name": "1902"}, headers=said | {"ETag": '"one"'})

    async with scripted(answer) as api, client(api.url) as upstream:
        assert [(await asked(upstream)).status for _ in range(3)] == [200, 304, 304]


def test_who_watched_a_token_is_forgotten_after() -> None:
    tokens = Tokens(Policy())
    with tokens.watched(b"one") as first, tokens.watched(b"two") as second:
        tokens.revoke(b"one")
        assert (first.is_set(), second.is_set()) == (True, False)
    assert not tokens._watched


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({"Cache-Control": "max-age=0, max-age=3600"}, 0),
        (
            {
                "Date": "Fri, 01 Jan 2100 00:00:00 GMT",
                "Expires": "Fri, 01 Jan 2100 00:01:00 GMT",
                "Age": "58",
            },
            2,
        ),
    ],
)
async def test_what_says_twice_or_on_the_way_how_fresh_it_is_is_the_less_fresh(
    headers: dict[str, str], fresh: int
) -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        return web.json_response({"id": 544, "name": "1902"}, headers=headers)

    async with scripted(answer) as api, client(api.url) as upstream:
        assert (await asked(upstream)).fresh_for == pytest.approx(fresh, abs=0.5)
