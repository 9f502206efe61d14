"""How tests ask the REST client, and a REST API of which a test writes every byte."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from aiohttp import web

import sandbox
from upstream import records
from upstream.caller import Caller, Replies, Reply
from upstream.client import Upstream
from upstream.observer import BreakerState, Level, Lookup
from upstream.policy import Policy

T = TypeVar("T")

COLD = {"cache_bytes": 0}
"""A policy without a cache: each question is a request."""


def caller(
    token: str | None = sandbox.LISTENER_TOKEN,
    *,
    seconds: float = 10,
    most_requests: int | None = None,
) -> Caller:
    """A new operation of a token."""
    deadline = monotonic() + seconds
    return Caller(token, deadline, most_requests)


class Client(Upstream):
    """The REST client, which can be asked for single things, too: raises where it has none."""

    async def album(self, asking: Caller, number: int) -> Reply[records.Album | None]:
        """One album."""
        return _only(await self.albums(asking, [number]))

    async def artist(self, asking: Caller, number: int) -> Reply[records.Artist | None]:
        """One artist."""
        return _only(await self.artists(asking, [number]))

    async def label(self, asking: Caller, number: int) -> Reply[records.Label | None]:
        """One label."""
        return _only(await self.labels(asking, [number]))

    async def track(self, asking: Caller, number: int) -> Reply[records.Track | None]:
        """One track."""
        return _only(await self.tracks(asking, [number]))


def _only(replies: Replies[T]) -> Reply[T]:
    [reply] = replies
    if isinstance(reply, BaseException):
        raise reply
    return reply


def client(url: str, observer: Any = None, **policy: Any) -> Client:
    """A client with a policy that has everything as by default but what is given."""
    return Client(url, Policy(**policy), observer)


Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class Scripted:
    """A server whose answers a test writes; `seen` holds the requests."""

    answering: Answering
    url: str = ""
    seen: list[web.BaseRequest] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """What was asked for, with queries."""
        return [str(request.rel_url) for request in self.seen]


@asynccontextmanager
async def scripted(answering: Answering) -> AsyncIterator[Scripted]:
    """A server in the current event loop that answers as told, until the block ends."""
    script = Scripted(answering)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        script.seen.append(request)
        return await script.answering(request)

    server = web.Server(answer, handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        script.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield script
    finally:
        await runner.cleanup()


@dataclass
class Watching:
    """An observer that writes everything down."""

    events: list[tuple[str, ...]] = field(default_factory=list)

    def requested(self, route: str, outcome: str, seconds: float, size: int) -> None:
        """One HTTP request is over."""
        assert seconds >= 0
        assert size >= 0
        self.events.append(("requested", route, outcome))

    def retried(self, route: str, reason: str) -> None:
        """A request is sent again."""
        self.events.append(("retried", route, reason))

    def misread(self, route: str) -> None:
        """An answer was not as documented."""
        self.events.append(("misread", route))

    def looked_up(self, level: Level, lookup: Lookup) -> None:
        """A cache was asked."""
        self.events.append(("looked_up", level, lookup))

    def breaker_changed(self, state: BreakerState) -> None:
        """The circuit breaker has a new state."""
        self.events.append(("breaker", state))

    def redis_failed(self, action: str) -> None:
        """Redis did not do what it was asked to."""
        self.events.append(("redis", action))

    def of(self, kind: str) -> list[tuple[str, ...]]:
        """The events of one kind, without its name."""
        return [event[1:] for event in self.events if event[0] == kind]
