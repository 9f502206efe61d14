"""An operation ends with its deadline, or when its client has gone; whatever it waits for."""

import asyncio
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
import strawberry

import sandbox
from resolvers.arrivals import Arrivals
from resolvers.loaders import Loaders
from tests.facade import facade
from tests.served import NoContext, Served, application, served
from tests.upstream_asked import caller, client
from upstream.caller import Caller
from web.incoming import Disconnected
from web.shared_work import SharedWork
from web.watching import watched


class Endless:
    """What one resolver of the test's schema went through."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.contexts: list[NoContext] = []
        self.callers: list[Caller] = []

    async def wait(self) -> None:
        """Wait for ever, and note when that is ended."""
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()


@asynccontextmanager
async def endless(**environment: str) -> AsyncIterator[tuple[Served, Endless]]:
    """A server whose only field never answers, and that has not heard of deadlines."""
    story = Endless()

    @strawberry.type
    class Query:
        """One field."""

        @strawberry.field
        async def never(self) -> str | None:
            """Nothing, ever."""
            await story.wait()
            return None

    def context(caller: Caller) -> NoContext:
        story.callers.append(caller)
        story.contexts.append(NoContext())
        return story.contexts[-1]

    app = application(environment, schema=strawberry.Schema(Query), open_context=context)
    async with served(app) as here:
        yield here, story


@pytest.mark.parametrize(
    ("environment", "headers"),
    [({"ONEDTOUCH_DEADLINE": "0.05"}, {}), ({}, {"X-Deadline-Ms": "50"})],
)
async def test_an_operation_is_ended_a_moment_after_its_deadline(
    environment: dict[str, str], headers: dict[str, str]
) -> None:
    async with endless(**environment) as (here, story):
        async with asyncio.timeout(5):
            status, answered, body = await here.post({"query": "{ never }"}, headers)
        assert (status, body["data"]) == (200, None)
        assert [error["extensions"]["code"] for error in body["errors"]] == ["UPSTREAM_TIMEOUT"]
        assert answered["Cache-Control"] == "no-store"
        assert story.cancelled.is_set()
        assert story.contexts[0].closed


async def test_a_caller_gets_no_more_time_than_the_server_gives() -> None:
    async with endless(ONEDTOUCH_DEADLINE="0.05") as (here, story):
        async with asyncio.timeout(5):
            await here.post({"query": "{ never }"}, {"X-Deadline-Ms": "600000"})
        (caller,) = story.callers
        assert caller.deadline - caller.started < 0.06


async def test_the_operation_of_a_client_that_leaves_is_cancelled() -> None:
    async with endless() as (here, story):
        asking = asyncio.create_task(here.post({"query": "{ never }"}))
        await story.began.wait()
        asking.cancel()
        async with asyncio.timeout(5):
            await story.cancelled.wait()
        await asyncio.sleep(0)
        assert story.contexts[0].closed


async def test_the_clients_token_and_bound_reach_the_operation() -> None:
    async with endless(ONEDTOUCH_DEADLINE="0.01") as (here, story):
        for authorization, token in [
            ("Bearer abc", "abc"),
            ("bearer abc.DEF-_~+/=", "abc.DEF-_~+/="),
            ("BEARER  abc", "abc"),
            ("Bearer 12|user:{a}@b!", "12|user:{a}@b!"),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearer a b", None),
            ("Bearer a,b", None),
            ("Bearer \u00e9", None),
            ("Basic YTpi", None),
            ("abc", None),
        ]:
            headers = {"Authorization": authorization, "X-Most-Upstream-Requests": "3"}
            await here.post({"query": "{ never }"}, headers)
            assert (story.callers[-1].bearer, story.callers[-1].most_requests) == (token, 3)


async def test_two_tokens_in_one_request_are_none() -> None:
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer a\r\n"
        b"Authorization: Bearer b\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n"
    )
    async with endless(ONEDTOUCH_DEADLINE="0.01") as (here, story):
        assert (await here.raw(head + b'{"query":"{never}"}')).startswith(b"HTTP/1.1 200 ")
        assert [caller.bearer for caller in story.callers] == [None]


async def test_the_servers_own_cancellation_is_not_taken_for_the_clients() -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    until = monotonic() + 5
    with pytest.raises(Disconnected):
        await watched(asyncio.sleep(5), receive, until)

    async def silent() -> dict[str, str]:
        await asyncio.Event().wait()
        raise AssertionError

    watching = asyncio.create_task(watched(asyncio.sleep(5), silent, until))
    await asyncio.sleep(0.05)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def test_a_client_that_leaves_just_at_the_deadline_ends_the_operation_once() -> None:
    gone = asyncio.Event()

    async def receive() -> dict[str, str]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def work() -> None:
        # Like an executor's: a gather takes a turn more to be cancelled.
        await asyncio.gather(asyncio.sleep(60), asyncio.sleep(60))

    async def leave_at(moment: float) -> None:
        await asyncio.sleep(moment - monotonic() - 0.05)
        gone.set()
        time.sleep(0.1)  # noqa: ASYNC251 - the deadline passes before the event loop goes on

    until = monotonic() + 0.2
    leaving = asyncio.create_task(leave_at(until))
    with pytest.raises((TimeoutError, Disconnected)):
        await watched(work(), receive, until)
    ours = asyncio.current_task()
    assert ours is not None
    assert ours.cancelling() == 0
    await leaving


async def test_who_works_on_for_others_stops_with_the_last_of_them() -> None:
    gone, ended = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, str]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    shared: SharedWork[None] = SharedWork()
    leading = asyncio.create_task(watched(work(), receive, monotonic() + 60, shared))
    others = [asyncio.create_task(shared.outcome()) for _ in range(2)]
    await asyncio.sleep(0.05)
    gone.set()
    for other in others:
        await asyncio.sleep(0.05)
        assert shared.is_left_to_others
        assert not leading.done()
        other.cancel()
    with pytest.raises(Disconnected):
        await asyncio.wait_for(leading, 5)
    assert ended.is_set()


async def test_who_works_on_for_others_stops_at_the_deadline_too() -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    shared: SharedWork[str] = SharedWork()
    other = asyncio.create_task(shared.outcome())
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await watched(asyncio.sleep(60), receive, monotonic() + 0.2, shared)
    assert shared.is_left_to_others
    shared.tell(None)
    assert await other is None


async def test_an_operation_that_the_stopping_server_cancels_is_answered_in_json() -> None:
    async with endless() as (here, story):
        sent: list[dict[str, Any]] = []
        body = b'{"query":"{ never }"}'
        incoming = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if incoming:
                return incoming.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(dict(message))

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers}
        answering = asyncio.create_task(
            here.app({**scope, "query_string": b"", "client": None}, receive, send)
        )
        await story.began.wait()
        answering.cancel()
        await asyncio.wait([answering])
        start, end = sent
        assert start["status"] == 503
        assert b'"code":"INTERNAL_SERVER_ERROR"' in end["body"]
        assert story.cancelled.is_set()


class Ahead(asyncio.SelectorEventLoop):
    """An event loop whose clock is an hour ahead of time.monotonic."""

    def time(self) -> float:
        """An hour from now."""
        return super().time() + 3600


def test_the_clock_of_the_event_loop_may_be_another() -> None:
    async def asked() -> dict[str, Any]:
        async with sandbox.running() as upstream, facade(upstream.url) as here:
            return (await here.ask("{ artist(id: 544) { name } }")).body

    with asyncio.Runner(loop_factory=Ahead) as runner:
        assert runner.run(asked()) == {"data": {"artist": {"name": "1902"}}}


async def test_what_an_operation_asked_for_ends_with_it() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Latency(5_000), path="/api/v1/artists/544")
        loaders = Loaders(upstream, caller(), Arrivals(), scans=False)
        asking = asyncio.create_task(loaders.artists.load(544))
        await api.journal.until(lambda journal: journal.under_way == 1)
        asking.cancel()
        loaders.close()
        async with asyncio.timeout(2):
            while upstream.state().flights:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.01)
