"""The batches: the many requests of one operation, begun after those of others and not among them.

Where several operations want dozens of answers each, all would get theirs at the same time, and
late: their requests take turns at the gate, while each waits in a task of its own, and what has
come for one operation is pushed out of the processor's caches by what comes for the others. So
batches wait undivided, one behind the other, until the gate has room. Single requests, and the few
that can be begun at once, wait for no batch; nor does a batch wait for long: after a while its
requests take their turns at the gate, whoever else is there.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any, Final

from .flights import Flight
from .gate import Gate
from .policy import Policy

_BEGUN_AT_ONCE: Final = 8
"""Requests that are begun in one round of the event loop: so the REST API is at work on the first
ones while the others are being made ready."""


class Batches:
    """Begins the requests of many operations, those of one token after those of another.

    `queued` is how many requests wait in batches that have not begun.
    """

    def __init__(self, gate: Gate, policy: Policy) -> None:
        self._gate = gate
        gate.on_room = self._admit
        self._policy = policy
        self._waiting: OrderedDict[bytes, deque[asyncio.Future[bool]]] = OrderedDict()
        self._is_one_beginning = False
        self.queued = 0

    async def begin(
        self, flights: Sequence[Flight[Any]], token_key: bytes, patience: float
    ) -> None:
        """Begin requests that belong together, with one token; returns once that is done.

        `patience` is how many seconds they may wait at most.
        """
        if len(flights) <= _BEGUN_AT_ONCE:
            for flight in flights:
                flight.begin()
            return
        in_turn = await self._turn(token_key, len(flights), patience)
        try:
            for begun, flight in enumerate(flights):
                if begun and begun % _BEGUN_AT_ONCE == 0:
                    await asyncio.sleep(0)
                flight.begin()
        finally:
            if in_turn:
                self._let_pass()

    def close(self) -> None:
        """Let none wait any longer."""
        for queue in self._waiting.values():
            for turn in queue:
                _go_along(turn)

    async def _turn(self, token_key: bytes, size: int, patience: float) -> bool:
        """Wait until a batch may begin; whether it is the one whose turn it is."""
        # None that waits could have what room there is: it would have been let in.
        if not self._is_one_beginning and self._gate.has_room(token_key):
            self._is_one_beginning = True
            return True
        longest = min(self._policy.batch_wait, patience)
        if longest <= 0 or self.queued + self._gate.queued + size > self._policy.longest_queue:
            return False  # the gate decides whose turn it is, and for whom there is no place
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        queue = self._waiting.setdefault(token_key, deque())
        queue.append(turn)
        self.queued += size
        alarm = loop.call_later(longest, _go_along, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self._let_pass()
            raise
        finally:
            alarm.cancel()
            self.queued -= size
            if turn in queue:
                self._unqueue(token_key, turn)

    def _let_pass(self) -> None:
        """Let the next one begin, once those that have just begun are at the gate."""
        asyncio.get_running_loop().call_soon(self._pass_on)

    def _pass_on(self) -> None:
        self._is_one_beginning = False
        self._admit()

    def _admit(self) -> None:
        """Let the next one begin, if there is one, and room for it."""
        while not self._is_one_beginning:
            following = next(filter(self._gate.has_room, self._waiting), None)
            if following is None:
                return
            turn = self._waiting[following][0]
            self._unqueue(following, turn)
            if following in self._waiting:
                self._waiting.move_to_end(following)
            if not turn.done():  # it may have been cancelled a moment ago
                self._is_one_beginning = True
                turn.set_result(True)

    def _unqueue(self, token_key: bytes, turn: asyncio.Future[bool]) -> None:
        queue = self._waiting[token_key]
        queue.remove(turn)
        if not queue:
            del self._waiting[token_key]


def _go_along(turn: asyncio.Future[bool]) -> None:
    if not turn.done():
        turn.set_result(False)
