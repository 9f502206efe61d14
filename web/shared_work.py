"""Shared work: what the first who wants an outcome does for all who ask for the same meanwhile."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedWork(Generic[T]):
    """Work that the first who wants its outcome does in its own task, while others wait for it.

    `began` is on the clock of time.monotonic; `is_left_to_others` says that the first has gone, and
    works on for them alone.
    """

    __slots__ = ("_leave", "_waiting", "began", "is_left_to_others")

    def __init__(self) -> None:
        self.began = monotonic()
        self.is_left_to_others = False
        self._waiting: set[asyncio.Future[T | None]] = set()
        self._leave: Callable[[], None] | None = None

    async def outcome(self) -> T | None:
        """What comes of the work; None where nothing does."""
        mine: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._waiting.add(mine)
        try:
            return await mine
        finally:
            self._waiting.discard(mine)
            if self._leave is not None and not self._waiting:
                self._leave()

    def stays_for_others(self, leave: Callable[[], None]) -> bool:
        """Whether anybody else waits; then `leave` is called once nobody does."""
        if not self._waiting:
            return False
        self._leave, self.is_left_to_others = leave, True
        return True

    def tell(self, outcome: T | None) -> None:
        """Give all who wait what has come of the work, or None."""
        # Nothing is under way any more that could be left.
        self._leave = None
        for each in self._waiting:
            if not each.done():
                each.set_result(outcome)
