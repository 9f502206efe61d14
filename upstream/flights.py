"""The flights: one request under way for all who want the same thing with the same token."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar

from .cache import Shelf
from .errors import Unavailable, UpstreamError

T = TypeVar("T")

Key: TypeAlias = tuple[Shelf, str]
"""A token's shelf and the canonical request: callers with different tokens never share.

Nor does who asks after a token was purged with who asked before: it has a new shelf then.
"""


class Flight(Generic[T]):
    """A request in a task of its own, and those who wait for it.

    A waiter that is cancelled, or whose deadline passes, leaves the others waiting; the last one
    to leave cancels the request. `deadline` is the latest of theirs. `outcome` is what the request
    gave, or why it gave nothing, None until then; it landed at `landed_at`, on the clock of
    time.monotonic.
    """

    __slots__ = (
        "_left",
        "_request",
        "_task",
        "_waiters",
        "background",
        "deadline",
        "landed_at",
        "outcome",
    )

    def __init__(
        self,
        deadline: float,
        request: Callable[["Flight[T]"], Coroutine[Any, Any, T]],
        left: Callable[["Flight[T]"], None],
        *,
        background: bool,
    ) -> None:
        """`left` is called once, as soon as nobody may join any more."""
        self.deadline = deadline
        self.background = background
        self.outcome: T | BaseException | None = None
        self.landed_at: float | None = None
        self._waiters: set[Waiter] = set()
        self._request: Callable[[Flight[T]], Coroutine[Any, Any, T]] | None = request
        self._left: Callable[[Flight[T]], None] | None = left
        self._task: asyncio.Task[T] | None = None

    def begin(self) -> None:
        """Start the request, if that has not been done, and somebody still wants it."""
        request, self._request = self._request, None
        if request is None:
            return
        self._task = task = asyncio.get_running_loop().create_task(request(self))
        task.add_done_callback(self._land)

    def remaining(self) -> float:
        """Seconds in which anybody still waits."""
        return self.deadline - monotonic()

    def cancel(self) -> None:
        """Cancel the request, whoever waits for it."""
        if self._task is not None:
            self._task.cancel()
        else:
            self._end(_closed())

    def join(self, waiter: "Waiter") -> None:
        """Let one more wait for what the request gives, which has not landed."""
        self.deadline = max(self.deadline, waiter.deadline)
        self._waiters.add(waiter)

    def leave(self, waiter: "Waiter") -> None:
        """Let one wait no more."""
        self._waiters.discard(waiter)
        if self._waiters or self.background:
            # It may be the one who was to begin it.
            self.begin()
        elif self._left is not None:
            self._close()
            if self._task is not None:
                self._task.cancel()

    def _land(self, task: asyncio.Task[T]) -> None:
        # A task holds its exception, which holds the frames that it went through; these hold the
        # flight. So what has landed would keep itself alive.
        self._task = None
        if task.cancelled():
            self._end(_closed())
        elif (error := task.exception()) is None:
            self._end(task.result())
        else:
            self._end(error.with_traceback(None) if isinstance(error, UpstreamError) else error)

    def _end(self, outcome: T | BaseException) -> None:
        self._close()
        self.outcome = outcome
        self.landed_at = monotonic()
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            waiter.land()

    def _close(self) -> None:
        self._request = None
        left, self._left = self._left, None
        if left is not None:
            left(self)


class Waiter:
    """One who waits for some flights, all at once and until a deadline; `leave` must follow.

    A task, a future and an alarm for each flight would cost as much as to read a small answer.
    """

    __slots__ = ("_alarm", "_flights", "_landed", "_under_way", "deadline")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._flights: set[Flight[Any]] = set()
        self._under_way = 0
        self._landed: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def join(self, flight: Flight[Any]) -> None:
        """Wait for this flight too."""
        if flight in self._flights:
            return
        flight.join(self)
        self._flights.add(flight)
        self._under_way += 1

    def landed(self) -> asyncio.Future[None]:
        """Done once each flight that was joined has landed, or the deadline has passed."""
        loop = asyncio.get_running_loop()
        self._landed = landed = loop.create_future()
        if self._under_way:
            self._alarm = loop.call_later(self.deadline - monotonic(), self._stop)
        else:
            landed.set_result(None)
        return landed

    def land(self) -> None:
        """Note that one of the flights has landed."""
        self._under_way -= 1
        if not self._under_way:
            self._stop()

    def leave(self) -> None:
        """Wait no more, for whatever is still under way."""
        if self._alarm is not None:
            self._alarm.cancel()
        if self._under_way:
            for flight in self._flights:
                flight.leave(self)

    def _stop(self) -> None:
        if self._landed is not None and not self._landed.done():
            self._landed.set_result(None)


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

    def open(
        self,
        key: Key,
        deadline: float,
        request: Callable[[Flight[T]], Coroutine[Any, Any, T]],
        *,
        background: bool = False,
    ) -> Flight[T]:
        """A new flight, which must be begun, and be waited for unless it is in the background."""
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


def _closed() -> Unavailable:
    return Unavailable("the client is closed")
