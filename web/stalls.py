"""Stalls: who takes nothing of what it is sent is left, be it over HTTP or over a WebSocket.

Uvicorn holds for ever what a client does not take. It closes a WebSocket that does not answer its
pings, but only once all has been taken that was to be sent before.
"""

import asyncio
import sys
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LONGEST_STALL_SECONDS: Final = 60.0
"""For so long a client may take nothing of an answer, which has to be held for it."""


class StallWatch(asyncio.Protocol):
    """What watches the client of one of uvicorn's connections; it comes before that in a class."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching: there is nobody any more."""
        self._stop_watching()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Watch whether the client takes what is too much to be sent at once."""
        super().pause_writing()
        self._watch(sys.maxsize)

    def resume_writing(self) -> None:
        """Stop watching: it has taken most of it."""
        self._stop_watching()
        super().resume_writing()

    def _watch(self, unsent_before: int) -> None:
        """Look now and then; a client that took nothing in between is left: it may never."""
        unsent = self.transport.get_write_buffer_size()
        if unsent < unsent_before:
            self._stall_timer = self.loop.call_later(LONGEST_STALL_SECONDS, self._watch, unsent)
        else:
            self.transport.abort()

    def _stop_watching(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


class WatchedWebSocket(StallWatch, WebSocketsSansIOProtocol):
    """Uvicorn's WebSocket, whose client is left where it takes nothing."""
