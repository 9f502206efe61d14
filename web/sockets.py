"""WebSockets: what Strawberry's handler of graphql-transport-ws needs to know of one.

The protocol is the handler's; whose a connection is, its messages and how many operations it has
under way are told here.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeAlias, cast

import msgspec
from graphql import GraphQLError, GraphQLFormattedError
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.unset import UNSET

from . import request_headers
from .answers import Send, encode
from .incoming import Receive
from .request_errors import RequestError

SUBPROTOCOL: Final = "graphql-transport-ws"

_MALFORMED: Final = 4400

Results: TypeAlias = AsyncGenerator[ExecutionResult | PreExecutionError]
"""What an operation brings, or why there is nothing."""


@dataclass(slots=True)
class Connection:
    """One WebSocket: whose it is, and how many operations it has under way."""

    bearer: str | None = field(repr=False)
    client: Any
    operations: int = 0
    connection_params: dict[str, Any] | None = None

    @property
    def address(self) -> str:
        """Where its client is."""
        return str(self.client[0]) if self.client else ""

    @contextmanager
    def counted(self, most: int) -> Iterator[None]:
        """Count one operation; raises RequestError where there are so many already."""
        if self.operations >= most:
            raise RequestError("RATE_LIMITED", "This connection has too many operations under way.")
        self.operations += 1
        try:
            yield
        finally:
            self.operations -= 1


Stream: TypeAlias = Callable[[str, str | None, dict[str, Any], Connection], Results]
"""The results of one operation: of a text, an operation name and variables."""


class ShownError(GraphQLError):
    """An error that is formatted already, as the caller sees it."""

    def __init__(self, formatted: dict[str, Any]) -> None:
        super().__init__(formatted["message"])
        self._formatted = formatted

    @property
    def formatted(self) -> GraphQLFormattedError:
        """The error as the answer has it."""
        return cast("GraphQLFormattedError", self._formatted)


class _Result(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()
    errors: list[dict[str, Any]] = []
    extensions: msgspec.Raw = msgspec.Raw()


_decode_result: Final = msgspec.json.Decoder(_Result).decode


def result_in(body: bytes) -> ExecutionResult | PreExecutionError:
    """The result that the answer to a query or a mutation holds.

    Its data stay encoded: they may be megabytes, and go into the message as they are.
    """
    result = _decode_result(body)
    errors: list[GraphQLError] = [ShownError(each) for each in result.errors]
    if not result.data:
        return PreExecutionError(data=None, errors=errors)
    extensions = cast("dict[str, Any]", result.extensions) if result.extensions else None
    return ExecutionResult(cast("dict[str, Any]", result.data), errors or None, extensions)


async def handled(
    socket: "Socket", connection: Connection, stream: Stream, init_timeout: float
) -> None:
    """Speak the protocol until the connection is closed.

    `init_timeout` is how many seconds the client may take to introduce itself.
    """
    await BaseGraphQLTransportWSHandler[Any, None](
        view=cast("Any", _Greeting()),
        websocket=cast("Any", socket),
        context=connection,
        root_value=None,
        schema=cast("Any", _Streams(stream)),
        connection_init_wait_timeout=timedelta(seconds=init_timeout),
    ).handle()


class _Greeting:
    """What Strawberry's handler asks when a client introduces itself."""

    async def on_ws_connect(self, connection: Connection) -> object:
        """Take the token of connection_init, `{"Authorization": "Bearer ..."}`, where it has one.

        It wins over the header's: a browser can't set headers on a WebSocket.
        """
        given = connection.connection_params or {}
        for name, value in given.items():
            if name.lower() == "authorization" and value is not None:
                try:
                    bearer = request_headers.bearer_token({b"authorization": value.encode()})
                except (AttributeError, UnicodeEncodeError):
                    bearer = None
                if bearer is None:
                    raise ConnectionRejectionError
                connection.bearer = bearer
        return UNSET


class _Streams:
    """What Strawberry's handler executes, in the place of a schema."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def stream(
        self,
        query: str,
        *,
        variable_values: dict[str, Any] | None,
        context_value: Connection,
        root_value: None,
        operation_name: str | None,
    ) -> Results:
        """The results of one operation."""
        del root_value
        return self._stream(query, operation_name or None, variable_values or {}, context_value)


class _Payload(msgspec.Struct):
    """A request, as a subscribe message carries it."""

    query: str
    operationName: str | None = None  # noqa: N815 - the name that GraphQL gives it
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


class _Subscribe(msgspec.Struct):
    id: str
    payload: _Payload


_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Socket:
    """A WebSocket of the ASGI server, as Strawberry's handler wants one.

    The server bounds a message's size as it bounds a body's.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._closed = False

    async def iter_json(self) -> AsyncGenerator[dict[str, Any]]:
        """The messages that come in, until the connection is closed or one is none."""
        while not self._closed:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                self._closed = True
                return
            text = event.get("text")
            if text is None:
                await self.close(_MALFORMED, "WebSocket message type must be text")
                return
            try:
                message = _decode(text)
                if message.get("type") == "subscribe":
                    msgspec.convert(message, _Subscribe)
                elif not isinstance(message.get("id", ""), str):
                    raise msgspec.ValidationError
                elif message.get("payload", ...) is None:
                    # some clients write null for what is not there
                    del message["payload"]
            except (msgspec.DecodeError, RecursionError):
                await self.close(_MALFORMED, "Failed to parse message")
                return
            yield message

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send one message; where nobody is there any more, `iter_json` ends everything."""
        if not self._closed:
            with suppress(OSError):  # as ASGI has it
                await self._send({"type": "websocket.send", "text": encode(message).decode()})

    async def close(self, code: int, reason: str) -> None:
        """Close the connection; nothing happens the second time."""
        if not self._closed:
            self._closed = True
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
