"""The lane: large bodies come in one after the other, each until it has been made use of.

Where several are on their way at once, one would otherwise come in between the decoding of another
and the answer that is made of that: megabytes, which push what was decoded out of the processor's
caches. Apart from each other both take a fifth less. A body that does not come in quickly, from a
REST API far away or a slow one, keeps the others waiting for a moment only; what they bring is
received by the system meanwhile.
"""

import asyncio
from collections import deque
from typing import Final

_MOMENT: Final = 0.01
"""Seconds of a turn at most: twice what the largest page takes, from the first byte to the answer,
where it comes from the same machine."""

_ROUNDS: Final = 5
"""Rounds of the event loop from the end of a body to the answer made of it, and one to spare."""


class Turn:
    """A body's turn in a lane, in which its connection is read, and those that wait are not."""

    __slots__ = ("_lane", "transport")

    def __init__(self, lane: "Lane", transport: asyncio.Transport) -> None:
        self._lane = lane
        self.transport = transport

    def over(self) -> None:
        """End it: the body is here, or nobody wants it any more."""
        self._lane.leave(self)


class Lane:
    """The lane of one pool of connections; belongs to one event loop.

    `large` is the number of bytes from which a body has to have a turn.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, large: int) -> None:
        self.large = large
        self._loop = loop
        self._inside: Turn | None = None
        self._waiting: deque[Turn] = deque()

    def enter(self, transport: asyncio.Transport) -> Turn:
        """A turn for what comes in on a connection, which is not read until then."""
        turn = Turn(self, transport)
        if self._inside is None:
            self._begin(turn)
        else:
            transport.pause_reading()
            self._waiting.append(turn)
        return turn

    def leave(self, turn: Turn) -> None:
        """Let the next one in, some rounds after this one; one that still waits has none any more.

        The connection of that is read again: what comes in unasked must be seen before it is used.
        """
        if turn is self._inside:
            self._loop.call_soon(self._wait, turn, 1)
        elif turn in self._waiting:
            self._waiting.remove(turn)
            if not turn.transport.is_closing():
                turn.transport.resume_reading()

    def _begin(self, turn: Turn) -> None:
        self._inside = turn
        self._loop.call_later(_MOMENT, self._pass_on, turn)

    def _wait(self, turn: Turn, round_: int) -> None:
        if round_ < _ROUNDS:
            self._loop.call_soon(self._wait, turn, round_ + 1)
        else:
            self._pass_on(turn)

    def _pass_on(self, turn: Turn) -> None:
        if turn is not self._inside:
            return  # it has ended before: by its moment, or by itself
        self._inside = None
        while self._inside is None and self._waiting:
            following = self._waiting.popleft()
            if not following.transport.is_closing():
                self._begin(following)
                following.transport.resume_reading()
