"""The gate: how many requests are under way at once, and whose turn is next."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeAlias

from .errors import Overloaded
from .policy import Policy

_Queue: TypeAlias = OrderedDict[asyncio.Future[None], None]

_TRY_AGAIN: Final = 1.0
"""Seconds after which a caller that was turned away may try again."""


class Gate:
    """Bounds the requests under way, over all tokens and for each, and queues the others.

    Tokens take turns: one that asks for much waits behind itself, not others behind it. Where
    the queue is full, the newest request of the token that has the most in it is turned away.

    `on_room` is called whenever a turn is given back that nobody waits for.
    """

    def __init__(self, policy: Policy) -> None:
        self._free = policy.most_concurrent
        self._share = policy.most_concurrent_per_token
        self._longest_queue = policy.longest_queue
        self._under_way: dict[bytes, int] = {}
        self._queues: OrderedDict[bytes, _Queue] = OrderedDict()
        self.queued = 0
        self.on_room: Callable[[], None] = _nothing

    @property
    def under_way(self) -> int:
        """How many requests are under way."""
        return sum(self._under_way.values())

    def has_room(self, token_key: bytes) -> bool:
        """Whether a request could have a turn at once."""
        return self._free > 0 and self._may_enter(token_key)

    def try_enter(self, token_key: bytes) -> bool:
        """Take a turn where nobody need wait for one, which `leave` must give back."""
        under_way = self._under_way.get(token_key, 0)
        if self._free <= 0 or under_way >= self._share:
            return False
        self._free -= 1
        self._under_way[token_key] = under_way + 1
        return True

    async def enter(self, token_key: bytes) -> None:
        """Wait for a turn, which `leave` must give back; raises Overloaded where none is in sight.

        Cancelling the wait gives the place in the queue back.
        """
        if self.try_enter(token_key):
            return
        if self.queued >= self._longest_queue:
            self._make_room(token_key)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._queues.setdefault(token_key, OrderedDict())
        queue[turn] = None
        self.queued += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn in queue:
                self._unqueue(token_key, turn)
            elif not turn.cancelled() and turn.exception() is None:
                # The turn came in the same moment: it goes to the next.
                self.leave(token_key)
            raise

    def leave(self, token_key: bytes) -> None:
        """Give a turn back; whoever is next has it."""
        self._free += 1
        left = self._under_way[token_key] - 1
        if left:
            self._under_way[token_key] = left
        else:
            del self._under_way[token_key]
        while self._queues and self._free > 0:
            following = next(filter(self._may_enter, self._queues), None)
            if following is None:
                break
            turn = next(iter(self._queues[following]))
            self._unqueue(following, turn)
            if turn.done():
                continue  # cancelled a moment ago
            if following in self._queues:
                self._queues.move_to_end(following)
            self.try_enter(following)
            turn.set_result(None)
        if self._free > 0:
            self.on_room()

    def _may_enter(self, token_key: bytes) -> bool:
        return self._under_way.get(token_key, 0) < self._share

    def _unqueue(self, token_key: bytes, turn: asyncio.Future[None]) -> None:
        queue = self._queues[token_key]
        del queue[turn]
        if not queue:
            del self._queues[token_key]
        self.queued -= 1

    def _make_room(self, token_key: bytes) -> None:
        greediest = max(self._queues, key=lambda key: len(self._queues[key]), default=token_key)
        own = len(self._queues.get(token_key, ()))
        if own + 1 >= len(self._queues.get(greediest, ())):
            raise _turned_away()
        turn = next(reversed(self._queues[greediest]))
        self._unqueue(greediest, turn)
        if not turn.done():
            turn.set_exception(_turned_away())


def _turned_away() -> Overloaded:
    return Overloaded("the queue to the REST API is full", retry_after=_TRY_AGAIN)


def _nothing() -> None:
    """What is called where nobody wants to know."""
