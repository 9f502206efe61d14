"""The watch over one operation: it ends with its deadline, or when its client has gone."""

import asyncio
from collections.abc import Awaitable
from time import monotonic
from typing import Any, Final, TypeVar

from web.incoming import Disconnected, Receive

T = TypeVar("T")

# Most operations are over by then, and never pay for the task that listens for a disconnect.
UNWATCHED_SECONDS: Final = 0.02


async def watched(work: Awaitable[T], receive: Receive, until: float | None = None) -> T:
    """The outcome of the work.

    Raises Disconnected when the client goes, and TimeoutError at `until`, by time.monotonic, unless
    the work ends in time by itself; it is cancelled in both cases.
    """
    loop = asyncio.get_running_loop()
    ours = asyncio.current_task()
    assert ours is not None  # noqa: S101 - a coroutine that runs is in a task
    listener: asyncio.Task[Any] | None = None
    gone = False

    def listen() -> None:
        nonlocal listener
        listener = loop.create_task(_disconnected(receive))
        listener.add_done_callback(leave)

    def leave(listened: asyncio.Task[Any]) -> None:
        nonlocal gone
        if not listened.cancelled():
            gone = True
            ours.cancel()

    timer = loop.call_later(UNWATCHED_SECONDS, listen)
    try:
        if until is None:
            return await work
        async with asyncio.timeout(until - monotonic()):
            return await work
    except asyncio.CancelledError:
        # The server's own cancellation, at its end, is not ours to take.
        if gone and ours.uncancel() == 0:
            raise Disconnected from None
        raise
    finally:
        timer.cancel()
        if listener is not None:
            listener.remove_done_callback(leave)
            listener.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
