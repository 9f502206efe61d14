"""The flights: one request under way for all who want the same thing with the same token."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar

from upstream.errors import TimedOut, Unavailable, UpstreamError

T = TypeVar("T")

Key: TypeAlias = tuple[bytes, str]
"""A token's key and the canonical request: callers with different tokens never share."""


class Flight(Generic[T]):
    """A request under way, in a task of its own, and those who wait for it.

    A caller that is cancelled, or whose deadline passes, leaves the others waiting; the last one
    to leave cancels the request. `deadline` is the latest of theirs.
    """

    __slots__ = ("_left", "_task", "_waiting", "background", "deadline")

    def __init__(
        self,
        deadline: float,
        request: Callable[["Flight[T]"], Coroutine[Any, Any, T]],
        left: Callable[["Flight[T]"], None],
        *,
        background: bool,
    ) -> None:
        """Start the request; `left` is called once, as soon as nobody may join any more."""
        self.deadline = deadline
        self.background = background
        self._waiting: set[asyncio.Future[T]] = set()
        self._left: Callable[[Flight[T]], None] | None = left
        self._task: asyncio.Task[T] | None
        self._task = task = asyncio.get_running_loop().create_task(request(self))
        task.add_done_callback(self._land)

    def remaining(self) -> float:
        """Seconds in which anybody still waits."""
        return self.deadline - monotonic()

    def cancel(self) -> None:
        """Cancel the request, whoever waits for it."""
        if self._task is not None:
            self._task.cancel()

    async def landing(self, deadline: float) -> T:
        """What the request gives, unless it has landed; raises TimedOut at the deadline.

        Each waiter has an exception of its own.
        """
        assert self._task is not None  # noqa: S101 - what has landed is found by nobody
        loop = self._task.get_loop()
        self.deadline = max(self.deadline, deadline)
        # A future of one's own needs no shield: cancelling it touches nothing else.
        mine: asyncio.Future[T] = loop.create_future()
        self._waiting.add(mine)
        alarm = loop.call_later(deadline - monotonic(), _time_out, mine)
        try:
            return await mine
        finally:
            alarm.cancel()
            self._waiting.discard(mine)
            if mine.done() and not mine.cancelled():
                mine.exception()  # asyncio complains of an exception that nobody has looked at
            if self._task is not None and not (self._waiting or self.background):
                self._leave()
                self._task.cancel()

    def _land(self, task: asyncio.Task[T]) -> None:
        self._leave()
        # A task holds what it raised, that the frames that it went through, and those the flight.
        self._task = None
        error = None if task.cancelled() else task.exception()
        if isinstance(error, UpstreamError):
            error.__traceback__ = None
        for each in self._waiting:
            if each.done():
                continue
            if task.cancelled():
                each.set_exception(Unavailable("the client is closed"))
            elif error is None:
                each.set_result(task.result())
            else:
                each.set_exception(error.fresh() if isinstance(error, UpstreamError) else error)

    def _leave(self) -> None:
        left, self._left = self._left, None
        if left is not None:
            left(self)


class Flights(Generic[T]):
    """All requests under way, by what they ask for.

    `background` says how many of them nobody need wait for.
    """

    def __init__(self) -> None:
        self._flights: dict[Key, Flight[T]] = {}
        self.background = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._flights)

    def find(self, key: Key) -> Flight[T] | None:
        """The flight that can be joined, if there is one."""
        return self._flights.get(key)

    def start(
        self,
        key: Key,
        deadline: float,
        request: Callable[[Flight[T]], Coroutine[Any, Any, T]],
        *,
        background: bool = False,
    ) -> Flight[T]:
        """A new flight, which must be waited for, unless it is one in the background."""
        # Not Flight[T](...): subscripting costs more than all the rest of this.
        flight: Flight[T] = Flight(
            deadline, request, partial(self._left, key), background=background
        )
        self._flights[key] = flight
        self.background += background
        return flight

    def close(self) -> None:
        """Cancel all requests under way."""
        for flight in list(self._flights.values()):
            flight.cancel()

    def _left(self, key: Key, flight: Flight[T]) -> None:
        self.background -= flight.background
        if self._flights.get(key) is flight:
            del self._flights[key]


def _time_out(waiter: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_exception(TimedOut("the operation's deadline has passed"))
