"""The watch over one operation: it ends with its deadline, or when its client has gone."""

import asyncio
from collections.abc import Awaitable
from functools import partial
from time import monotonic
from typing import Any, Final, TypeVar

from .incoming import Disconnected, Receive
from .shared_work import SharedWork

T = TypeVar("T")

# Most operations are over by then, and pay neither for the task that listens for a disconnect nor
# for a second timer.
UNWATCHED_SECONDS: Final = 0.02


async def watched(
    work: Awaitable[T], receive: Receive, until: float, shared: SharedWork[Any] | None = None
) -> T:
    """The outcome of the work.

    Raises Disconnected when the client goes, unless others wait for the shared work as well,
    and TimeoutError at `until`, by time.monotonic, unless the work ends in time by itself; it
    is cancelled in both cases.
    """
    loop = asyncio.get_running_loop()
    ours = asyncio.current_task()
    assert ours is not None  # noqa: S101 - a coroutine that runs is in a task
    listener: asyncio.Task[Any] | None = None
    timer: asyncio.TimerHandle
    reason: type[Exception] | None = None

    def end(why: type[Exception]) -> None:
        nonlocal reason
        # Once: what is cancelled twice can't be taken back by one uncancel.
        if reason is None:
            reason = why
            ours.cancel()

    def leave(listened: asyncio.Task[Any]) -> None:
        if listened.cancelled():
            return
        leave_alone = partial(end, Disconnected)
        if shared is None or not shared.stays_for_others(leave_alone):
            leave_alone()

    def look_up() -> None:
        nonlocal listener, timer
        listener = loop.create_task(disconnected(receive))
        listener.add_done_callback(leave)
        timer = loop.call_later(until - monotonic(), end, TimeoutError)

    timer = loop.call_later(min(UNWATCHED_SECONDS, until - monotonic()), look_up)
    try:
        return await work
    except asyncio.CancelledError:
        # The server's own cancellation, at its end, is not ours to take.
        if reason is not None and ours.uncancel() == 0:
            raise reason from None
        raise
    finally:
        timer.cancel()
        if listener is not None:
            listener.remove_done_callback(leave)
            listener.cancel()


async def disconnected(receive: Receive) -> None:
    """Return when the client has gone; whatever else it sends is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass
