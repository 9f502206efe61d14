"""Subscriptions: over WebSockets (graphql-transport-ws) and as server-sent events.

The WebSocket protocol is Strawberry's own; what it executes goes the way of every other document:
through the limits, the persisted operations, the estimate and the presentation of errors. Events
follow the distinct connections mode of "GraphQL over Server-Sent Events": one POST, one
subscription. Ordinary operations are not taken over a WebSocket.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from inspect import isawaitable
from time import monotonic, perf_counter
from typing import Any, Final, cast

import msgspec
from graphql import ExecutionResult as Result
from graphql import GraphQLError, OperationType, subscribe
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.unset import UNSET

from resolvers.live import Live
from upstream.caller import Caller
from web import answers, request_headers
from web.answers import NO_STORE, Answer, Send, encode, executed
from web.documents import Operation as ChosenOperation
from web.documents import Prepared
from web.drain import Drain
from web.estimates import assert_affordable, estimated
from web.graphql import NOT_ACCEPTABLE, Endpoint
from web.incoming import Receive
from web.limits import check_variables
from web.negotiation import JSON, answer_type
from web.operations import Operation
from web.refusals import Refused
from web.request_errors import RequestError
from web.service import Service
from web.settings import Settings
from web.shown_errors import code_of
from web.visits import Visit

SUBPROTOCOL: Final = "graphql-transport-ws"
EVENTS: Final = b"text/event-stream"
HEARTBEAT_SECONDS: Final = 10.0
"""So often an event stream says something, so that nobody on the way takes it for dead."""
LOOK_SECONDS: Final = 0.5
"""So soon after the server is asked to stop, event streams end."""

_NO_SUBPROTOCOL: Final = 4406
_TOO_MANY: Final = 4429
_MALFORMED: Final = 4400
_NOTHING: Final = b":\n\n"
_LAST: Final = b"event: complete\ndata:\n\n"
_EVENT_HEADERS: Final = ((b"content-type", EVENTS), (b"cache-control", NO_STORE))


class LiveEndpoint(Endpoint):
    """POST and GET /graphql, and subscriptions beside them."""

    def __init__(self, settings: Settings, service: Service, live: Live, drain: Drain) -> None:
        """`live` feeds the subscriptions; they end when `drain` begins."""
        super().__init__(settings, service)
        self._schema = service.schema._schema  # noqa: SLF001 - no public name
        self._live = live
        self._drain = drain
        self.subscriptions = 0
        self.sockets = 0

    async def websocket(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one WebSocket until it is closed."""
        socket = _Socket(receive, send)
        await receive()
        if SUBPROTOCOL not in scope["subprotocols"]:
            await socket.close(_NO_SUBPROTOCOL, "Subprotocol not acceptable")
            return
        if self.sockets >= self._settings.live_sockets or self._drain.begun:
            await socket.close(_TOO_MANY, "Too many connections")
            return
        self.sockets += 1
        try:
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            headers = request_headers.headers_of(scope["headers"])
            connection = _Connection(request_headers.bearer_token(headers), scope.get("client"))
            await BaseGraphQLTransportWSHandler[Any, None](
                view=cast("Any", _Greeting()),
                websocket=cast("Any", socket),
                context=connection,
                root_value=None,
                schema=cast("Any", _Streams(self)),
                connection_init_wait_timeout=timedelta(seconds=self._settings.live_init_timeout),
            ).handle()
        finally:
            self.sockets -= 1

    async def stream(
        self, text: str, name: str | None, variables: dict[str, Any], connection: "_Connection"
    ) -> AsyncGenerator[ExecutionResult | PreExecutionError]:
        """What a subscription over a WebSocket brings, or why there is none."""
        began = perf_counter()
        operation = Operation(request_headers.request_id({}).decode("ascii"), status=200)
        try:
            prepared = await self._admitted(text, connection)
            if prepared.errors:
                operation.codes = tuple(dict.fromkeys(map(code_of, prepared.errors)))
                yield _refused(list(prepared.errors))
                return
            chosen = self._affordable(prepared, name, variables)
            operation.kind, operation.name = chosen.kind_name, chosen.name
            most = self._settings.live_subscriptions_per_socket
            with self.counted(), connection.counted(most):
                results = self._results(prepared, chosen, variables, connection.bearer, operation)
                async with aclosing(results):
                    async for result in results:
                        yield result
        except RequestError as error:
            operation.codes = (code_of(error),)
            yield _refused([error])
        except Refused as refused:
            operation.codes = (refused.code,)
            yield _refused([RequestError(refused.code, refused.sentence)])
        finally:
            self._finished(operation, perf_counter() - began)

    async def _admitted(self, text: str, connection: "_Connection") -> Prepared:
        """The document of one more subscription; raises RequestError or Refused for none."""
        if self._service.admit is not None:
            await self._service.admit(connection.bearer, connection.address)
        resolved = await self._service.persisted.resolve(text, None, None)
        until = monotonic() + self._settings.deadline
        return await self._service.documents.prepared(resolved.text, until)

    def _affordable(
        self, prepared: Prepared, name: str | None, variables: dict[str, Any]
    ) -> ChosenOperation:
        """The subscription that is asked for; raises RequestError where it can't be executed."""
        limits = self._settings.limits
        chosen = prepared.operation(name)
        if chosen.kind is not OperationType.SUBSCRIPTION:
            raise RequestError(
                "BAD_USER_INPUT", "Over a WebSocket there are subscriptions only: use POST."
            )
        if variables:
            check_variables(variables, limits)
        estimate = estimated(chosen.footprint, variables, self._service.habits)
        assert_affordable(estimate, limits.upstream_requests)
        self._outcomes.assert_variables(prepared, chosen, variables)
        return chosen

    async def _answer(self, visit: Visit) -> Answer:
        answer = await super()._answer(visit)
        if (
            answer_type(visit.headers.get(b"accept")) is not None
            or not _takes_events(visit)
            or isinstance(answer, _Events)
            or answer.status != HTTPStatus.OK
        ):
            return answer
        # Why it was not executed: who takes nothing but events would not look into JSON.
        return Answer(200, _event(answer.body) + _LAST, list(_EVENT_HEADERS))

    async def _sent(self, visit: Visit) -> bytes:
        if visit.media_type is None and _takes_events(visit):
            visit.media_type = JSON
        return await super()._sent(visit)

    async def _operation_answer(
        self,
        visit: Visit,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
    ) -> Answer:
        if chosen.kind is not OperationType.SUBSCRIPTION:
            if answer_type(visit.headers.get(b"accept")) is None:
                raise Refused(406, "BAD_USER_INPUT", NOT_ACCEPTABLE)
            return await super()._operation_answer(visit, prepared, chosen, variables)
        if not _takes_events(visit):
            raise RequestError(
                "BAD_USER_INPUT",
                "A subscription is answered as text/event-stream, or over a WebSocket.",
            )
        self._outcomes.assert_variables(prepared, chosen, variables)
        self._assert_room()
        bearer = request_headers.bearer_token(visit.headers)
        subscription = (prepared, chosen, variables, bearer, visit.operation)
        return _Events(200, b"", list(_EVENT_HEADERS), self, subscription)

    async def events(
        self,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
        bearer: str | None,
        operation: Operation,
    ) -> AsyncGenerator[bytes]:
        """What a subscription brings, as server-sent events, with a heartbeat in between."""
        results = self._results(prepared, chosen, variables, bearer, operation)
        coming: asyncio.Task[Any] | None = None
        try:
            silent = 0.0
            yield _NOTHING
            while not self._drain.begun:
                coming = coming or asyncio.ensure_future(anext(results, None))
                done, _ = await asyncio.wait([coming], timeout=LOOK_SECONDS)
                if not done:
                    silent += LOOK_SECONDS
                    if silent >= HEARTBEAT_SECONDS:
                        silent = 0.0
                        yield _NOTHING
                    continue
                result, coming, silent = coming.result(), None, 0.0
                if result is None:
                    break
                errors = [error.formatted for error in result.errors or ()]
                yield _event(executed(result.data, errors, result.extensions or {}))
            yield _LAST
        finally:
            if coming is not None:
                coming.cancel()
                with suppress(BaseException):
                    await coming
            await results.aclose()

    async def _results(
        self,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
        bearer: str | None,
        operation: Operation,
    ) -> AsyncGenerator[ExecutionResult]:
        """What is shown of each event; what ends it all is the last one's error."""
        context = self._service.open_context(Caller(bearer, math.inf))
        source: Any = None
        try:
            source = subscribe(
                self._schema,
                prepared.document,
                root_value=self._live,
                context_value=context,
                variable_values=variables,
                operation_name=chosen.name,
            )
            if isawaitable(source):
                source = await source
            if isinstance(source, Result):
                yield self._shown(source, operation)
                return
            async for result in cast("AsyncIterator[Result]", source):
                yield self._shown(result, operation)
        except Exception as error:  # noqa: BLE001 - whatever ends it is presented
            ended = Result(None, [GraphQLError("", original_error=error)])
            yield self._shown(ended, operation)
        finally:
            if hasattr(source, "aclose"):
                await source.aclose()
            context.close()

    def _shown(self, result: Result, operation: Operation) -> ExecutionResult:
        found = result.errors or []
        errors = [
            GraphQLError(
                shown["message"], path=shown.get("path"), extensions=shown.get("extensions")
            )
            for shown in self._outcomes.shown(found, operation)
        ]
        extensions = answers.extensions(operation, (), len(found) - len(errors), None)
        return ExecutionResult(result.data, errors or None, extensions or None)

    def _assert_room(self) -> None:
        if self.subscriptions >= self._settings.live_subscriptions:
            raise RequestError("RATE_LIMITED", "There are too many subscriptions. Try later.")

    @contextmanager
    def counted(self) -> Any:
        """One more subscription while the block lasts; raises RequestError where it has no room."""
        self._assert_room()
        self.subscriptions += 1
        try:
            yield
        finally:
            self.subscriptions -= 1


@dataclass(slots=True)
class _Connection:
    """One WebSocket: whose it is, and how many subscriptions it has."""

    bearer: str | None = field(repr=False)
    client: Any
    subscriptions: int = 0
    connection_params: dict[str, Any] | None = None

    @property
    def address(self) -> str:
        """Where its client is."""
        return str(self.client[0]) if self.client else ""

    @contextmanager
    def counted(self, most: int) -> Any:
        """Count one subscription; raises RequestError where there are so many already."""
        if self.subscriptions >= most:
            raise RequestError("RATE_LIMITED", "This connection has too many subscriptions.")
        self.subscriptions += 1
        try:
            yield
        finally:
            self.subscriptions -= 1


class _Greeting:
    """What Strawberry's handler asks when a client introduces itself."""

    async def on_ws_connect(self, connection: _Connection) -> object:
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
    """What Strawberry's handler executes: the endpoint's streams in the place of a schema."""

    def __init__(self, endpoint: LiveEndpoint) -> None:
        self._endpoint = endpoint

    async def stream(
        self,
        query: str,
        *,
        variable_values: dict[str, Any] | None,
        context_value: _Connection,
        root_value: None,
        operation_name: str | None,
    ) -> AsyncGenerator[ExecutionResult | PreExecutionError]:
        """The results of one subscription."""
        del root_value
        return self._endpoint.stream(
            query, operation_name or None, variable_values or {}, context_value
        )


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


class _Socket:
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
        """Send one message; raises WebSocketDisconnected where nobody is there any more."""
        if self._closed:
            raise WebSocketDisconnected
        await self._send({"type": "websocket.send", "text": encode(message).decode()})

    async def close(self, code: int, reason: str) -> None:
        """Close the connection; nothing happens the second time."""
        if not self._closed:
            self._closed = True
            await self._send({"type": "websocket.close", "code": code, "reason": reason})


@dataclass(slots=True)
class _Events(Answer):
    """The answer that goes on: it ends with its subscription, its client or the server."""

    endpoint: LiveEndpoint | None = None
    subscription: tuple[Any, ...] = ()

    async def __call__(self, _scope: Any, receive: Receive, send: Send) -> None:
        """Send events as they come."""
        assert self.endpoint is not None  # noqa: S101 - it is made with one
        # There was room when this answer was made, and nothing has been awaited since.
        with self.endpoint.counted():
            streaming = asyncio.ensure_future(self._stream(self.endpoint, send))
            leaving = asyncio.ensure_future(_left(receive))
            try:
                await asyncio.wait([streaming, leaving], return_when=asyncio.FIRST_COMPLETED)
            finally:
                leaving.cancel()
                streaming.cancel()
                with suppress(asyncio.CancelledError):
                    await streaming

    async def _stream(self, endpoint: LiveEndpoint, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        async with aclosing(endpoint.events(*self.subscription)) as events:
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(result: bytes) -> bytes:
    return b"event: next\ndata: " + result + b"\n\n"


def _takes_events(visit: Visit) -> bool:
    return EVENTS in visit.headers.get(b"accept", b"").lower()


def _refused(errors: list[Any]) -> PreExecutionError:
    return PreExecutionError(data=None, errors=errors)
