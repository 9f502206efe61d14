"""Connections: uvicorn's HTTP connection, with bounds on how long and how slow a request may begin.

Uvicorn leaves a connection open for as long as its client takes to send the line and the headers
of a request, and holds whatever comes. Both are bounded here, and every refusal is JSON. It builds
on uvicorn's own classes, whose version is pinned.
"""

import asyncio
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from .answers import refusal
from .incoming import LONGEST_DISCARD_SECONDS, MOST_DISCARDED_BYTES
from .refusals import Refused
from .sending import answered

LAST_REQUEST_SECONDS: Final = 0.25
_MALFORMED: Final = Refused(400, "BAD_USER_INPUT", "This is no HTTP request.")


class BoundedConnection(HttpToolsProtocol):
    """One connection of a client; the bounds are set by `bounded`."""

    header_limit: int
    header_timeout: float

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = False
        self._head_bytes = 0
        self._is_between = True
        self._head_bytes_if_begun = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._refused = _MALFORMED
        self._refused_bytes: int | None = None
        self._is_a_websocket = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to wait for the first request."""
        super().connection_made(transport)  # type: ignore[arg-type] # it is always a Transport
        self._head_timer = self.loop.call_later(self.header_timeout, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came in, and look whether a request's head is overdue or too long."""
        if self._refused_bytes is not None:
            self._refused_bytes += len(data)
            if self._refused_bytes > MOST_DISCARDED_BYTES:
                self.transport.close()
            return
        self._head_bytes += len(data)
        # Before they are parsed it is known whether they begin with a head or go on with a body.
        self._head_bytes_if_begun = len(data) if self._is_between else 0
        super().data_received(data)
        if self.transport.is_closing() or self._refused_bytes is not None or self._is_a_websocket:
            return
        if self._in_head and self._head_bytes > self.header_limit:
            self._refuse(self._too_long())
        elif self._head_timer is None and (self._in_head or not self._is_answering()):
            self._head_timer = self.loop.call_later(self.header_timeout, self._too_slow)

    def on_message_begin(self) -> None:
        """Begin the head of a request."""
        super().on_message_begin()
        self._in_head = True
        self._is_between = False
        self._head_bytes, self._head_bytes_if_begun = self._head_bytes_if_begun, 0

    def on_headers_complete(self) -> None:
        """End the head of a request."""
        if self._head_bytes > self.header_limit:
            # Some of what came may belong to the body: now the head's own size is known.
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self.header_limit:
                self._refused = self._too_long()
                raise self._refused
        self._in_head = False
        self._head_bytes = 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self._is_between = True
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(answered, app, cycle))

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket: there are no more heads to wait for."""
        self._is_a_websocket = True
        super().handle_websocket_upgrade()

    def shutdown(self) -> None:
        """Close once what is under way has been answered; the server accepts nothing new.

        A request may be on its way here, or here in part. It is waited for a moment: a connection
        that is closed with unread bytes is reset, and that request would be lost.
        """
        if self.cycle is None or self._in_head:
            self.loop.call_later(LAST_REQUEST_SECONDS, self._shut_down_now)
        else:
            super().shutdown()

    def _shut_down_now(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser, or a bound, did not let through."""
        del msg
        self._refuse(self._refused)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        if self.transport.is_closing():
            return
        if not self._head_bytes:
            self.transport.close()
            return
        sentence = f"The request was not there within {self.header_timeout:g} seconds."
        self._refuse(Refused(408, "BAD_USER_INPUT", sentence))

    def _too_long(self) -> Refused:
        sentence = f"Line and headers have more than the {self.header_limit} bytes allowed."
        return Refused(431, "BAD_USER_INPUT", sentence)

    def _refuse(self, refused: Refused) -> None:
        """Answer, and close when the client has: closing at once would reset what it still sends.

        A reset can overtake the answer. What comes in the meantime is forgotten, within bounds.
        """
        self._stop_waiting()
        self._refused_bytes = 0
        answer = refusal(None, refused)
        headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
        lines = [b"%b: %b\r\n" % pair for pair in (*headers, (b"connection", b"close"))]
        self.transport.write(b"".join([STATUS_LINE[answer.status], *lines, b"\r\n", answer.body]))
        self.transport.write_eof()
        self._head_timer = self.loop.call_later(LONGEST_DISCARD_SECONDS, self.transport.close)


def bounded(header_limit: int, header_timeout: float) -> type[BoundedConnection]:
    """The class of connections with these bounds, as uvicorn wants it."""
    bounds = {"header_limit": header_limit, "header_timeout": header_timeout}
    return type("BoundedConnection", (BoundedConnection,), bounds)
