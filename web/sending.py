"""Sending: an answer that is all there goes out in one piece.

Uvicorn looks through each header twice, and writes head and body by themselves, which the system,
the network and the client pay for as well.
"""

from collections.abc import Awaitable
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from .answers import Send
from .incoming import Message, Receive
from .refusals import Headers
from .service import Application, Scope

_CLOSE: Final = b"connection: close\r\n"
_WITHOUT_BODY: Final = frozenset({204, 304})


class Sending:
    """What an application sends with: ASGI's `send`, and `whole` beside it."""

    __slots__ = ("_cycle", "_send")

    def __init__(self, cycle: RequestResponseCycle, send: Send) -> None:
        self._cycle = cycle
        self._send = send

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send one message."""
        return self._send(message)

    def whole(self, status: int, headers: Headers, body: bytes) -> bool:
        """Send an answer with its length in one piece; False where it must go the usual way.

        That is while the client does not read, where there is no body to be sent, or where
        something is wrong with the headers.
        """
        cycle = self._cycle
        if (
            cycle.disconnected
            or cycle.response_started
            or cycle.flow.write_paused
            or status in _WITHOUT_BODY
            or cycle.scope["method"] == "HEAD"
        ):
            return False
        lines = [STATUS_LINE[status]]
        for name, value in cycle.default_headers:
            lines += name, b": ", value, b"\r\n"
        for name, value in headers:
            if name == b"connection":
                return False
            lines += name, b": ", value, b"\r\n"
        if not cycle.keep_alive:
            lines.append(_CLOSE)
        lines.append(b"\r\n")
        head = b"".join(lines)
        ends = len(cycle.default_headers) + len(headers) + (not cycle.keep_alive) + 2
        if head.count(b"\n") != ends or head.count(b"\r") != ends:
            return False
        cycle.waiting_for_100_continue = False
        cycle.response_started = cycle.response_complete = True
        cycle.transport.writelines([head, body])
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


def answered(
    app: Application, cycle: RequestResponseCycle, scope: Scope, receive: Receive, send: Send
) -> Awaitable[None]:
    """What the application does with one request, where it can send in one piece."""
    return app(scope, receive, Sending(cycle, send))
