"""Turns: long lists are completed a piece at a time, and what else there is to do comes between.

graphql-core completes a list in one go, which for the largest that an answer may hold would keep
every other caller waiting for tenths of a second. In few rows there is nothing to divide: a list
of up to LONG rows is completed in one piece, once it has its turn.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, Final, Generic, TypeVar

RowT = TypeVar("RowT")

LONG: Final = 100
"""Rows beyond which a list is completed in pieces: no page of the REST API has more."""
PIECE: Final = 25
"""Rows of one piece, and of all that is completed in one round of the event loop."""


class Turns:
    """The turns of all operations of a process, in the order in which they are asked for.

    In one round of the event loop there is one, or as many as have no more than PIECE rows
    together: whoever else waits needs a few rounds. Belongs to one event loop.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._counts = False
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def turn(self, rows: int) -> None:
        """Return when it is time to complete so many rows, before anything else is awaited."""
        loop = asyncio.get_running_loop()
        if self._waiting or not self._fits(rows):
            waiter = loop.create_future()
            self._waiting.append((rows, waiter))
            await waiter
            return
        self._rows += rows
        if not self._counts:
            self._counts = True
            loop.call_soon(self._next_round)

    def _fits(self, rows: int) -> bool:
        return self._rows == 0 or self._rows + rows <= PIECE

    def _next_round(self) -> None:
        self._rows = 0
        while self._waiting and self._fits(self._waiting[0][0]):
            rows, waiter = self._waiting.popleft()
            # One that is done was given up by its operation.
            if not waiter.done():
                self._rows += rows
                waiter.set_result(None)
        self._counts = self._rows > 0
        if self._counts:
            asyncio.get_running_loop().call_soon(self._next_round)

    async def of(self, awaitable: Awaitable[RowT]) -> RowT:
        """What an awaitable comes to, when it is time to complete this one object."""
        found = await awaitable
        await self.turn(1)
        return found


class Pieces(Generic[RowT]):
    """A long list that is completed in pieces: to graphql-core an asynchronous iterable."""

    def __init__(self, rows: Sequence[RowT], turns: Turns) -> None:
        self._rows = rows
        self._turns = turns

    async def __aiter__(self) -> AsyncIterator[RowT]:
        rows = self._rows
        for start in range(0, len(rows), PIECE):
            piece = rows[start : start + PIECE]
            await self._turns.turn(len(piece))
            for row in piece:
                yield row


def in_pieces(rows: Sequence[RowT], turns: Turns) -> Any:
    """The rows as they are or, where they are many, in pieces."""
    return Pieces(rows, turns) if len(rows) > LONG else rows


def in_turn(objects: list[Awaitable[RowT]], turns: Turns) -> list[Awaitable[RowT]]:
    """The awaitables as they are or, where they are many, each with a turn of its own."""
    return [turns.of(each) for each in objects] if len(objects) > PIECE else objects
