"""Connections: uvicorn's HTTP connection, with bounds on how long and how slow a request may begin.

Uvicorn leaves a connection open for as long as its client takes to send the line and the headers
of a request, and holds whatever comes. Both are bounded here, and every refusal is JSON. It builds
on uvicorn's own classes, whose version is pinned.
"""

import asyncio
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from .answers import refusal
from .incoming import LONGEST_DISCARD_SECONDS, MOST_DISCARDED_BYTES
from .refusals import Refused
from .sending import answered
from .stalls import StallWatch

LAST_REQUEST_SECONDS: Final = 0.25

_MALFORMED: Final = Refused(400, "BAD_USER_INPUT", "This is no HTTP request.")
_NO_WEBSOCKET: Final = Refused(400, "BAD_USER_INPUT", "This is no request for a WebSocket.")
_OF_UPGRADES: Final = frozenset({b"upgrade", b"http2-settings"})
"""Headers, and options of Connection, by which a client offers another protocol (RFC 9110, 7.8)."""


class BoundedConnection(StallWatch, HttpToolsProtocol):
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
        self._refusal_due: Refused | None = None
        self._is_a_websocket = False
        self._data = b""

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
        self._data = data
        # Before they are parsed it is known whether they begin with a head or go on with a body.
        self._head_bytes_if_begun = len(data) if self._is_between else 0
        super().data_received(data)
        self._data = b""
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
        if not self._is_unwanted_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self._is_between = True
        if not self._is_unwanted_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, or refuse what has come in behind the last."""
        super().on_response_complete()
        if self._refusal_due is not None and not self._is_answering() and not self.pipeline:
            self._write(self._refusal_due)

    def _is_unwanted_upgrade(self) -> bool:
        return bool(self.parser.should_upgrade()) and not self._should_upgrade()

    def _unsupported_upgrade_warning(self) -> None:
        """Read the request anew, as one that offers no other protocol: an offer may be ignored.

        The parser has stopped behind its head; the body would be lost.
        """
        stopped = sys.exception()
        while isinstance(stopped, HttpParserUpgrade) and self.parser.get_method() != b"CONNECT":
            version = self.parser.get_http_version().encode()
            head = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
            head += [b"%b: %b" % pair for pair in _without_upgrades(self.headers)]
            self._data = b"\r\n".join([*head, b"", self._data[stopped.args[0] :]])
            self.parser = HttpRequestParser(self)
            try:
                self.parser.feed_data(self._data)
            except HttpParserUpgrade as again:
                if self._should_upgrade():
                    self.handle_websocket_upgrade()
                    return
                stopped = again  # of the next request, which came along
            except HttpParserError:
                break
            else:
                return
        self._refuse(self._refused)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(answered, app, cycle))

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket: there are no more heads to wait for."""
        self._is_a_websocket = True
        self._stop_watching()
        super().handle_websocket_upgrade()
        protocol: Any = self.transport.get_protocol()
        if not protocol.handshake_initiated:
            # What websockets can't read, a body for example, it leaves without an answer, and
            # without an end; and uvicorn fails over it when the server stops.
            protocol.handshake_complete = protocol.close_sent = True
            self._refuse(_NO_WEBSOCKET)
            self.transport.close()

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
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.disconnected

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
        """Refuse what has come in last, once what came before it has its answers.

        Whatever else comes in is forgotten, within bounds.
        """
        self._stop_waiting()
        self._refused_bytes = 0
        cycle = self.cycle
        if cycle is not None and cycle.more_body and not cycle.response_started:
            # It is that request's body which can't be read: who waits for the rest waits in vain,
            # and this is its answer.
            cycle.disconnected = True
            cycle.message_event.set()
        if self._is_answering() or self.pipeline:
            self._refusal_due = refused
        else:
            self._write(refused)

    def _write(self, refused: Refused) -> None:
        """Answer, and close when the client has: closing at once would reset what it still sends.

        A reset can overtake the answer.
        """
        answer = refusal(None, refused)
        headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
        lines = [b"%b: %b\r\n" % pair for pair in (*headers, (b"connection", b"close"))]
        self.transport.write(b"".join([STATUS_LINE[answer.status], *lines, b"\r\n", answer.body]))
        self.transport.write_eof()
        self._head_timer = self.loop.call_later(LONGEST_DISCARD_SECONDS, self.transport.close)


def _without_upgrades(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a request, with no offer of another protocol."""
    kept = []
    for name, value in headers:
        options = value
        if name == b"connection":
            all_of_them = [option.strip() for option in value.split(b",")]
            options = b", ".join(each for each in all_of_them if each.lower() not in _OF_UPGRADES)
        if options and name not in _OF_UPGRADES:
            kept.append((name, options))
    return kept


def bounded(header_limit: int, header_timeout: float) -> type[BoundedConnection]:
    """The class of connections with these bounds, as uvicorn wants it."""
    bounds = {"header_limit": header_limit, "header_timeout": header_timeout}
    return type("BoundedConnection", (BoundedConnection,), bounds)
