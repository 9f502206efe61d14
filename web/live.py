"""Subscriptions, and where they are spoken: WebSockets (graphql-transport-ws) and events (SSE).

What comes that way goes the way of every other document: through the limits, the persisted
operations, the estimate and the presentation of errors. Queries and mutations are taken there as
well, as both protocols have it: a client may have no other transport.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from http import HTTPStatus
from inspect import isawaitable
from time import monotonic, perf_counter
from typing import Any, Final, cast

from graphql import ExecutionResult as Result
from graphql import GraphQLError, OperationType, subscribe
from strawberry.types.execution import ExecutionResult, PreExecutionError

from resolvers.live import Live
from schema.errors import INTERNAL
from upstream.caller import Caller

from . import answers, request_headers
from .answers import Answer, Send
from .documents import ChosenOperation, Prepared
from .drain import Drain
from .events import HEADERS, LAST, EventStream, event, events
from .graphql import CLIENT_GONE, Endpoint
from .incoming import Body, Receive
from .negotiation import JSON, answer_type, names_events
from .refusals import Refused
from .request_errors import RequestError
from .request_records import RequestRecord
from .service import Service
from .settings import Settings
from .shown_errors import code_of, log_internal
from .sockets import SUBPROTOCOL, Connection, Results, ShownError, Socket, handled, result_in
from .visits import Visit

_NO_SUBPROTOCOL: Final = 4406
_TOO_MANY: Final = 4429


class LiveEndpoint(Endpoint):
    """POST and GET /graphql, and subscriptions beside them."""

    def __init__(self, settings: Settings, service: Service, live: Live, drain: Drain) -> None:
        """`live` feeds the subscriptions; they end when `drain` begins."""
        super().__init__(settings, service)
        self._schema = service.graphql_schema
        self._live = live
        self._drain = drain
        self.subscriptions = 0
        self.sockets = 0

    async def websocket(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one WebSocket until it is closed."""
        socket = Socket(receive, send)
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
            connection = Connection(request_headers.bearer_token(headers), scope.get("client"))
            await handled(socket, connection, self.stream, self._settings.live_init_timeout)
        finally:
            self.sockets -= 1

    async def stream(
        self, text: str, name: str | None, variables: dict[str, Any], connection: Connection
    ) -> Results:
        """What an operation over a WebSocket brings, or why there is nothing."""
        began = perf_counter()
        record = RequestRecord(request_headers.request_id({}).decode("ascii"), status=200)
        visit = Visit("POST", b"", {}, _endless, Body(_endless), JSON, record, connection.address)
        visit.caller = Caller(connection.bearer, monotonic() + self._settings.deadline)
        try:
            with connection.counted(self._settings.live_operations_per_socket):
                async with aclosing(self._each(visit, text, name, variables)) as results:
                    async for result in results:
                        yield result
        except RequestError as error:
            record.codes = (code_of(error),)
            yield _refused([error])
        except Refused as refused:
            record.codes = (refused.code,)
            yield _refused([RequestError(refused.code, refused.sentence)])
        except asyncio.CancelledError:
            if record.kind != "subscription":
                record.status = CLIENT_GONE
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an error
            log_internal(record.request_id, error)
            record.codes = (INTERNAL[0],)
            yield _refused([RequestError(*INTERNAL)])
        finally:
            self._finished(record, perf_counter() - began)

    async def _each(
        self, visit: Visit, text: str, name: str | None, variables: dict[str, Any]
    ) -> Results:
        """The results of one operation; raises RequestError or Refused where it is not executed."""
        service, bearer, record = self._service, visit.caller.bearer, visit.record
        if service.admit is not None:
            await service.admit(bearer, visit.address)
        resolved = await service.persisted.resolve(text, None, None)
        record.trusted = resolved.trusted
        prepared = await service.documents.prepared(resolved.text, visit.caller.deadline)
        if prepared.errors:
            record.codes = tuple(dict.fromkeys(map(code_of, prepared.errors)))
            yield _refused(list(prepared.errors))
            return
        chosen = prepared.operation(name)
        record.kind, record.name = chosen.kind_name, chosen.noted_name
        self._estimate(visit, chosen, variables)
        if chosen.kind is not OperationType.SUBSCRIPTION:
            answer = await self._outcomes.of(visit, prepared, chosen, variables)
            record.answered_bytes = len(answer.body)
            yield result_in(answer.body)
            return
        self._outcomes.assert_variables(prepared, chosen, variables)
        with self.counted():
            results = self._results(prepared, chosen, variables, bearer, record)
            async with aclosing(results):
                async for result in results:
                    yield result

    async def _answer(self, visit: Visit) -> Answer:
        answer = await super()._answer(visit)
        accept = visit.headers.get(b"accept")
        if (
            answer_type(accept) is not None
            or not names_events(accept)
            or isinstance(answer, EventStream)
            or answer.status != HTTPStatus.OK
        ):
            return answer
        # Who takes nothing but events would not look into JSON.
        return Answer(200, event(answer.body) + LAST, list(HEADERS))

    async def _sent(self, visit: Visit) -> bytes:
        if visit.media_type is None and names_events(visit.headers.get(b"accept")):
            visit.media_type = JSON
            visit.headers.pop(b"if-none-match", None)  # events have no ETag: it is another answer's
        return await super()._sent(visit)

    async def _operation_answer(
        self,
        visit: Visit,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
    ) -> Answer:
        if chosen.kind is not OperationType.SUBSCRIPTION:
            return await super()._operation_answer(visit, prepared, chosen, variables)
        if not names_events(visit.headers.get(b"accept")):
            raise RequestError(
                "BAD_USER_INPUT",
                "A subscription is answered as text/event-stream, or over a WebSocket.",
            )
        self._outcomes.assert_variables(prepared, chosen, variables)
        self._assert_room()
        bearer = request_headers.bearer_token(visit.headers)

        def begun() -> AsyncGenerator[bytes]:
            results = self._results(prepared, chosen, variables, bearer, visit.record)
            return events(results, self._drain)

        return EventStream(200, b"", list(HEADERS), begun=begun, room=self.counted)

    async def _results(
        self,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
        bearer: str | None,
        record: RequestRecord,
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
                yield self._shown(source, record)
                return
            async for result in cast("AsyncIterator[Result]", source):
                yield self._shown(result, record)
        except Exception as error:  # noqa: BLE001 - whatever ends it is presented
            ended = Result(None, [GraphQLError("", original_error=error)])
            yield self._shown(ended, record)
        finally:
            if hasattr(source, "aclose"):
                await source.aclose()
            context.close()

    def _shown(self, result: Result, record: RequestRecord) -> ExecutionResult:
        found = result.errors or []
        errors = [ShownError(each) for each in self._outcomes.shown(found, record)]
        extensions = answers.extensions(record, (), len(found) - len(errors), None)
        return ExecutionResult(result.data, list(errors) or None, extensions or None)

    def _assert_room(self) -> None:
        if self.subscriptions >= self._settings.live_subscriptions:
            raise RequestError("RATE_LIMITED", "There are too many subscriptions. Try later.")

    @contextmanager
    def counted(self) -> Iterator[None]:
        """One more subscription while the block lasts; raises RequestError where it has no room."""
        self._assert_room()
        self.subscriptions += 1
        try:
            yield
        finally:
            self.subscriptions -= 1


async def _endless() -> Any:
    """What comes after a request of which nothing more comes: its end is told otherwise."""
    await asyncio.Event().wait()


def _refused(errors: list[Any]) -> PreExecutionError:
    return PreExecutionError(data=None, errors=errors)
