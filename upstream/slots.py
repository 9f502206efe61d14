"""The slots: few connections are opened at once, and each holds up the others for a moment at most.

A simple server has room for five connections that it has not accepted yet (Python's http.server,
say); the system keeps the others waiting for seconds. So one that was opened counts until it is
given back, or for a moment where that takes longer: what hangs must not hold up the others.
"""

import asyncio
from typing import Final

MOST_OPENED_AT_ONCE: Final = 6

_MOMENT: Final = 0.02
"""Seconds for which a connection that was opened keeps others from being opened, at most."""


class Slot:
    """A slot among the connections that are being opened: left once, and after a moment anyway."""

    def __init__(self, room: asyncio.Semaphore) -> None:
        """`room` has a place for each slot; this one has taken its."""
        self._room: asyncio.Semaphore | None = room
        self._timer = asyncio.get_running_loop().call_later(_MOMENT, self.leave)

    def leave(self) -> None:
        """Make room for the next."""
        room, self._room = self._room, None
        if room is not None:
            self._timer.cancel()
            room.release()
