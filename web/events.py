"""Server-sent events: the results of one operation, of a subscription as they come.

Follows the distinct connections mode of "GraphQL over Server-Sent Events": one request, one
operation.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final

from strawberry.types.execution import ExecutionResult

from .answers import NO_STORE, Answer, Send, executed
from .drain import Drain
from .incoming import Receive
from .negotiation import EVENTS
from .watching import disconnected

HEADERS: Final = (
    (b"content-type", EVENTS),
    (b"cache-control", NO_STORE),
    # nginx would keep events back until there are many.
    (b"x-accel-buffering", b"no"),
)

HEARTBEAT_SECONDS: Final = 10.0
"""Seconds of silence after which a stream sends a comment, lest a proxy take it for dead."""

LOOK_SECONDS: Final = 0.5
"""Seconds between two looks whether the server is about to stop, so that streams have to end."""

LAST: Final = b"event: complete\ndata:\n\n"
"""The event that ends a stream."""

_NOTHING: Final = b":\n\n"


def event(result: bytes) -> bytes:
    """The event of one result."""
    return b"event: next\ndata: " + result + b"\n\n"


async def events(results: AsyncGenerator[ExecutionResult], drain: Drain) -> AsyncGenerator[bytes]:
    """What a subscription brings, with a heartbeat in between; it ends when `drain` begins."""
    coming: asyncio.Task[Any] | None = None
    try:
        silent = 0.0
        yield _NOTHING
        while not drain.begun:
            coming = coming or asyncio.ensure_future(anext(results, None))
            done, _ = await asyncio.wait([coming], timeout=LOOK_SECONDS)
            if not done:
                silent += LOOK_SECONDS
                if silent >= HEARTBEAT_SECONDS:
                    silent = 0.0
                    yield _NOTHING
                continue
            result, coming, silent = coming.result(), None, 0.0
            if result is None:
                break
            errors = [error.formatted for error in result.errors or ()]
            yield event(executed(result.data, errors, result.extensions or {}))
        yield LAST
    finally:
        if coming is not None:
            coming.cancel()
            with suppress(BaseException):
                await coming
        await results.aclose()


@dataclass(slots=True, kw_only=True)
class EventStream(Answer):
    """The answer that goes on: it ends with its subscription, its client or the server.

    `begun` gives the events once the answer is sent, and `room` is what it takes until it ends.
    """

    begun: Callable[[], AsyncGenerator[bytes]]
    room: Callable[[], AbstractContextManager[None]]

    async def __call__(self, _scope: Any, receive: Receive, send: Send) -> None:
        """Send events as they come."""
        # There was room when this answer was made, and nothing has been awaited since.
        with self.room():
            streaming = asyncio.ensure_future(self._stream(send))
            leaving = asyncio.ensure_future(disconnected(receive))
            try:
                await asyncio.wait([streaming, leaving], return_when=asyncio.FIRST_COMPLETED)
            finally:
                leaving.cancel()
                streaming.cancel()
                with suppress(asyncio.CancelledError):
                    await streaming

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        async with aclosing(self.begun()) as events_to_send:
            async for each in events_to_send:
                await send({"type": "http.response.body", "body": each, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
