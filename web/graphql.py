"""The GraphQL endpoint: one bare ASGI application from HTTP request to HTTP answer."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final, Protocol, TypeGuard, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationType,
    VariableDefinitionNode,
    print_ast,
)
from starlette.middleware.gzip import GZipResponder
from strawberry import Schema
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution import CompiledExecutionContext
from schema.errors import INTERNAL
from upstream.caller import Caller
from upstream.errors import TimedOut
from upstream.keepsakes import Keepsakes
from web import answers, request_headers
from web.answers import Answer, Send
from web.documents import Documents, Prepared
from web.documents import Operation as ChosenOperation
from web.estimates import assert_affordable, estimated, explained
from web.incoming import (
    Body,
    Disconnected,
    Message,
    Receive,
    Request,
    request_in_body,
    request_in_url,
)
from web.kept_answers import answer_key, seconds_of_freshness, weight_of
from web.limits import check_variables
from web.negotiation import accepts_gzip, answer_type, assert_json_body, wants_html
from web.operations import Operation
from web.persisted import Persisted
from web.refusals import Headers, Refused, malformed
from web.request_errors import RequestError
from web.settings import Settings
from web.watching import watched

Scope = Message
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Presented = Callable[[GraphQLError], GraphQLError]
Admit = Callable[[str | None, str], Awaitable[Headers]]

ALLOW: Final = (b"allow", b"GET, POST")
ALLOW_POST: Final = (b"allow", b"POST")
NOT_ACCEPTABLE: Final = "Answers are application/graphql-response+json or application/json."
# An operation ends itself by its deadline; this much later it is ended from outside.
MOMENT_SECONDS: Final = 0.5
LARGE: Final = 10_000
"""Values in an answer, estimated, from which compiling its selections pays at once."""
CLIENT_GONE: Final = 499

# Strawberry's is quicker than graphql-core's for the values that have no awaitables in them.
_is_awaitable: Final = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)

logger = logging.getLogger(__name__)


class Context(Protocol):
    """What the resolvers of one operation share; see resolvers.context."""

    stale: list[tuple[list[str | int], float]]

    def close(self) -> None:
        """End what the operation still has under way."""


@dataclass(frozen=True)
class Service:
    """What the endpoint serves: a schema, and how an operation on it is begun and its errors told.

    `presented` makes any error one that a caller may see. `admit` gets a token and an address,
    counts, and returns headers for the answer or raises Refused. `keepsakes` is where a caller's
    whole answers may be kept, None where its token is none. `observers` are called with the
    record of each request when it is over.
    """

    schema: Schema
    documents: Documents
    persisted: Persisted
    open_context: Callable[[Caller], Context]
    presented: Presented
    page: Application
    admit: Admit | None = None
    keepsakes: Callable[[Caller], Keepsakes | None] | None = None
    observers: Sequence[Callable[[Operation], None]] = ()


@dataclass(slots=True)
class Visit:
    """One request while it is being answered."""

    method: str
    query_string: bytes
    headers: dict[bytes, bytes]
    receive: Receive
    body: Body
    media_type: bytes | None
    operation: Operation
    address: str
    rate_headers: Headers = field(default_factory=list)
    large: bool = False


class Endpoint:
    """POST and GET /graphql."""

    def __init__(self, settings: Settings, service: Service) -> None:
        """An endpoint for one process; it keeps nothing of an operation."""
        self._settings = settings
        self._service = service
        self._graphql_schema = service.schema._schema  # noqa: SLF001 - no public name
        executor = service.schema.execution_context_class
        if not settings.compiled:
            executor = StrawberryGraphQLCoreExecutionContext
        self._build = executor.build
        self._keepsakes = service.keepsakes if settings.keep_answers else None
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; only a cancellation by the server comes out of it."""
        began = perf_counter()
        headers = request_headers.headers_of(scope["headers"])
        accept = headers.get(b"accept")
        method = scope["method"]
        if method == "GET" and wants_html(accept):
            await self._service.page(scope, receive, send)
            return
        named = request_headers.request_id(headers)
        operation = Operation(named.decode("ascii"))
        traceparent = headers.get(b"traceparent")
        if traceparent is not None:
            operation.traceparent = traceparent.decode("latin-1")
        visit = Visit(
            method,
            scope["query_string"],
            headers,
            receive,
            Body(receive),
            answer_type(accept),
            operation,
            (scope.get("client") or ("",))[0],
        )
        self.under_way += 1
        try:
            answer = await self._answer(visit)
        except Disconnected:
            operation.status = CLIENT_GONE
            self._finished(operation, perf_counter() - began)
            return
        finally:
            self.under_way -= 1
        operation.status = answer.status
        operation.answered_bytes = len(answer.body)
        seconds = perf_counter() - began
        answer.headers += visit.rate_headers
        answer.headers += (
            (b"vary", b"Authorization, Accept"),
            (b"x-request-id", named),
            (b"server-timing", answers.server_timing(operation.caller, seconds)),
            (b"x-content-type-options", b"nosniff"),
        )
        sending: Application = answer
        minimum = self._settings.compression_minimum
        if len(answer.body) >= minimum > 0 and accepts_gzip(headers.get(b"accept-encoding", b"")):
            # Who doesn't ask for it, or for little, doesn't pay for the layer.
            sending = GZipResponder(answer, minimum, self._settings.compression_level)
        await sending(scope, receive, send)
        self._finished(operation, seconds)

    def _finished(self, operation: Operation, seconds: float) -> None:
        operation.seconds = seconds
        for observe in self._service.observers:
            observe(operation)

    async def _answer(self, visit: Visit) -> Answer:
        """The answer, whatever happens; raises Disconnected where nobody waits for it."""
        operation = visit.operation
        try:
            request = await self._request(visit)
            answer = await self._operated(visit, request)
        except RequestError as error:
            return _not_executed(visit, [error])
        except Refused as refused:
            operation.codes = (refused.code,)
            if not visit.body.ended and visit.headers.get(b"expect") is None:
                await visit.body.discard()
            return answers.refusal(visit.media_type, refused)
        except Disconnected:
            raise
        except asyncio.CancelledError:
            # The server's patience is over: its last word is JSON too.
            stopping = Refused(503, INTERNAL[0], "The server is stopping: ask again.")
            operation.codes = (stopping.code,)
            return answers.refusal(visit.media_type, stopping)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets JSON
            log_internal(operation.request_id, error)
            broken = Refused(500, "INTERNAL_SERVER_ERROR", INTERNAL[1])
            operation.codes = (broken.code,)
            return answers.refusal(visit.media_type, broken)
        return _not_modified_or(answer, visit.headers) if visit.method == "GET" else answer

    async def _request(self, visit: Visit) -> Request:
        """The GraphQL request that came in; raises Refused where there is none."""
        settings = self._settings
        headers = visit.headers
        admit = self._service.admit
        if admit is not None:
            token = request_headers.bearer_token(headers)
            visit.rate_headers = await admit(token, visit.address)
        by_post = visit.method == "POST"
        if not by_post and visit.method != "GET":
            raise Refused(405, "BAD_USER_INPUT", "Use POST, or GET for queries.", [ALLOW])
        if visit.media_type is None:
            raise Refused(406, "BAD_USER_INPUT", NOT_ACCEPTABLE)
        if by_post:
            assert_json_body(headers.get(b"content-type"), headers.get(b"content-encoding"))
        else:
            request_headers.assert_not_from_a_foreign_page(headers)
        body = await visit.body.read(
            headers.get(b"content-length"), settings.body_limit, settings.body_timeout
        )
        if by_post:
            return request_in_body(body, settings.variables_limit)
        return request_in_url(visit.query_string, settings.variables_limit)

    async def _operated(self, visit: Visit, request: Request) -> Answer:
        """The answer of the operation that is asked for; raises RequestError for none."""
        document_id = request.documentId or request.id
        if not (request.query or document_id or "persistedQuery" in (request.extensions or ())):
            raise malformed("There is no GraphQL document: `query` is missing or empty.")
        persisted = self._service.persisted
        resolved = await persisted.resolve(request.query, document_id, request.extensions)
        visit.operation.trusted = resolved.trusted
        prepared = self._service.documents.prepare(resolved.text)
        if prepared.errors:
            return _not_executed(visit, prepared.errors)
        if resolved.register is not None:
            await persisted.keep(resolved)
        chosen = prepared.operation(request.operationName or None)
        visit.operation.kind = chosen.kind.value
        visit.operation.name = chosen.name
        if visit.method == "GET" and chosen.kind is not OperationType.QUERY:
            raise Refused(
                405, "BAD_USER_INPUT", "A GET is for queries only: use POST.", [ALLOW_POST]
            )
        variables = request.variables or {}
        limits = self._settings.limits
        if variables:
            check_variables(variables, limits)
        estimate = estimated(chosen.footprint, variables)
        assert_affordable(estimate, limits.upstream_requests)
        visit.operation.estimated_requests = estimate.requests
        if b"x-explain" in visit.headers:
            return answers.explained(visit.media_type, explained(chosen.footprint, variables))
        visit.large = estimate.values >= LARGE
        return await self._operation_answer(visit, resolved.text, prepared, chosen, variables)

    async def _operation_answer(
        self,
        visit: Visit,
        text: str,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
    ) -> Answer:
        """The answer of one operation: one that is kept, or one that is worked out now."""
        loop = asyncio.get_running_loop()
        seconds = request_headers.deadline_seconds(visit.headers, self._settings.deadline)
        caller = visit.operation.caller = Caller(
            request_headers.bearer_token(visit.headers),
            loop.time() + seconds,
            request_headers.most_upstream_requests(visit.headers),
        )
        kept = self._kept_answers(visit, caller)
        key = answer_key(text, chosen.name, variables) if kept else ""
        found = kept.find(key, loop.time()) if kept else None
        if found is not None:
            return answers.kept(visit.media_type, *found)
        context = self._service.open_context(caller)
        try:
            executor = self._build(
                self._graphql_schema,
                prepared.document,
                None,
                context,
                variables,
                chosen.name,
                is_awaitable=_is_awaitable,
            )
            if isinstance(executor, list):
                return _not_executed(visit, variable_errors(executor))
            if visit.large and isinstance(executor, CompiledExecutionContext):
                executor.compile_at_once = True
            result: Any = executor.execute_operation()
            if type(result) is not ExecutionResult:
                result = await watched(result, visit.receive, caller.deadline + MOMENT_SECONDS)
        except TimeoutError:
            late = GraphQLError("", original_error=TimedOut("the operation outlived its deadline"))
            result = ExecutionResult(None, [late])
        finally:
            context.close()
        answer, storable = self._executed(visit, result, context)
        if kept and storable:
            now = loop.time()
            fresh_for = seconds_of_freshness(caller, now)
            kept.put(key, answer.body, weight=weight_of(answer.body), fresh_for=fresh_for, now=now)
        return answer

    def _kept_answers(self, visit: Visit, caller: Caller) -> Keepsakes | None:
        """Where this operation's answer may be kept, None where it may not.

        Who asks for what an operation cost wants it executed.
        """
        if (
            self._keepsakes is None
            or visit.operation.kind != OperationType.QUERY.value
            or b"x-include" in visit.headers
        ):
            return None
        return self._keepsakes(caller)

    def _executed(
        self, visit: Visit, result: ExecutionResult, context: Context
    ) -> tuple[Answer, bool]:
        """The answer, and whether anybody may keep it."""
        operation = visit.operation
        errors = self._presented(result.errors or (), operation)
        extensions = answers.extensions(operation, context.stale, visit.headers.get(b"x-include"))
        answer = answers.executed(visit.media_type, result.data, errors, extensions)
        storable = not errors and not context.stale and operation.kind == "query"
        answer.headers.append(
            (b"cache-control", answers.cache_control(operation.caller, storable=storable))
        )
        return answer, storable

    def _presented(
        self, errors: Sequence[GraphQLError], operation: Operation
    ) -> list[dict[str, Any]]:
        """The errors as the caller sees them, the first few; all of their codes are noted."""
        presented = []
        for error in errors:
            public = self._service.presented(error)
            if code_of(public) == "INTERNAL_SERVER_ERROR":
                log_internal(operation.request_id, error.original_error or error)
            presented.append(public)
        operation.codes = tuple(dict.fromkeys(map(code_of, presented)))
        return [_formatted(error) for error in presented[: self._settings.most_errors]]


def code_of(error: GraphQLError) -> str:
    """The contract's code of an error."""
    return str((error.extensions or {}).get("code"))


def log_internal(request_id: str, error: BaseException) -> None:
    """Log where an exception came from; not what it says, which may hold a caller's values."""
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    logger.error(
        "%s in request %s\n%s",
        type(error).__name__,
        request_id,
        frames,
        extra={"fields": {"request_id": request_id}},
    )


def _not_executed(visit: Visit, errors: Sequence[RequestError]) -> Answer:
    visit.operation.codes = tuple(dict.fromkeys(map(code_of, errors)))
    return answers.not_executed(visit.media_type, [_formatted(error) for error in errors])


def _formatted(error: GraphQLError) -> dict[str, Any]:
    return cast("dict[str, Any]", error.formatted)


def variable_errors(errors: Sequence[GraphQLError]) -> list[RequestError]:
    """The errors of variables in words without their values, which graphql-core's repeat."""
    told: dict[str, RequestError] = {}
    for error in errors:
        definition = error.nodes[0] if error.nodes else None
        if isinstance(definition, VariableDefinitionNode):
            name = definition.variable.name.value
            sentence = f"The variable ${name} must be of type {print_ast(definition.type)}."
        else:
            name, sentence = "", "The variables do not fit the operation."
        if name not in told:
            told[name] = RequestError("BAD_USER_INPUT", sentence, at=error)
    return list(told.values())


def _not_modified_or(answer: Answer, headers: dict[bytes, bytes]) -> Answer:
    if any(value == answers.NO_STORE for _, value in answer.headers):
        return answer
    etag = answers.weak_etag(answer.body)
    answer.headers.append((b"etag", etag))
    if not answers.is_known(etag, headers.get(b"if-none-match")):
        return answer
    kept = [pair for pair in answer.headers if pair[0] != b"content-type"]
    return Answer(304, b"", kept)
