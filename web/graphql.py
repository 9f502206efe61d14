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
from upstream.flights import Flight, Flights
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
from web.kept_answers import KeptAnswer, request_key, seconds_of_freshness, weight_of
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
_ABOUT_COST: Final = frozenset({b"x-include", b"x-explain"})
_OWN_BOUNDS: Final = frozenset({b"x-deadline-ms", b"x-most-upstream-requests"})
_YOUNG: Final = 0.1
"""The part of its time that an execution may have spent for others still to join it."""

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
    keepsakes: Callable[[Caller], Keepsakes | None]
    admit: Admit | None = None
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
    caller: Caller = field(init=False)
    rate_headers: Headers = field(default_factory=list)
    large: bool = False
    equals: "Equals | None" = None
    shares: bool = False


@dataclass(slots=True, frozen=True)
class Equals:
    """Where the answers to a request's equals are: those of its token, by what was sent."""

    keepsakes: Keepsakes
    key: str

    @property
    def flight_key(self) -> tuple[bytes, str]:
        """The name of an execution for it that is under way."""
        return self.keepsakes.token_key, self.key


@dataclass(slots=True, frozen=True)
class Outcome:
    """What came of one operation: the answer, and what of it others may have.

    `whole` says that nothing in it failed or was stale, so that it may be kept. `body` and
    `cache_control` are as good for whoever is asking the same with the same token, failures
    included: to ask again for each who waits would multiply an outage. `body` is None where time
    was up for a part of it, for others may have more.
    """

    operation: Operation
    answer: Answer
    whole: bool = False
    body: bytes | None = None
    cache_control: bytes = answers.NO_STORE


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
        self._keeps = settings.keep_answers and settings.policy.cache_bytes > 0
        self._flights: Flights[Outcome] = Flights()
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
            visit.caller = self._caller(visit.headers)
            sent = await self._sent(visit)
            answer = await self._equals_answer(visit, sent)
            if answer is None:
                answer = await self._operated(visit, self._request(visit, sent))
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

    async def _sent(self, visit: Visit) -> bytes:
        """What was sent, in the body or in the URL; raises Refused for what can be no request."""
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
        return body if by_post else visit.query_string

    async def _equals_answer(self, visit: Visit, sent: bytes) -> Answer | None:
        """The answer to an equal request of the same token: kept, or still being worked out.

        None where there is none that may be had. Who asks what an operation costs wants it
        executed; who accepts no JSON may mean a subscription.
        """
        headers = visit.headers
        shares = self._settings.share_operations
        if (
            not (self._keeps or shares)
            or not _ABOUT_COST.isdisjoint(headers)
            or answer_type(headers.get(b"accept")) is None
        ):
            return None
        keepsakes = self._service.keepsakes(visit.caller)
        if keepsakes is None:
            return None
        equals = visit.equals = Equals(keepsakes, request_key(visit.method, sent))
        if self._keeps:
            found = keepsakes.find(equals.key, asyncio.get_running_loop().time())
            if found is not None:
                kept, fresh_for = found
                _note(visit, "query", kept.operation_name, trusted=kept.trusted)
                return answers.ready(visit.media_type, kept.body, answers.private(fresh_for))
        # Who is bounded otherwise than others goes alone: theirs may come to less, or too late.
        visit.shares = shares and _OWN_BOUNDS.isdisjoint(headers)
        flight = self._flights.find(equals.flight_key) if visit.shares else None
        if flight is None or not self._is_young(flight):
            return None
        return await self._joined(visit, flight)

    def _is_young(self, flight: Flight[Outcome]) -> bool:
        """Whether an execution has nearly as much time left as one that would begin now.

        Where it is older, what it waits for might come too late for it alone: the requests to
        the REST API that it waits for can be joined as well.
        """
        age = asyncio.get_running_loop().time() - flight.started
        return age <= self._settings.deadline * _YOUNG

    async def _joined(self, visit: Visit, flight: Flight[Outcome]) -> Answer | None:
        """The answer that an equal request is about to get; None where that is no use."""
        outcome = await self._landed(visit, flight)
        # The token may have died in the meantime.
        if outcome is None or outcome.body is None or self._service.keepsakes(visit.caller) is None:
            visit.shares = False
            return None
        about = outcome.operation
        _note(visit, about.kind, about.name, trusted=about.trusted)
        visit.operation.codes = about.codes
        return answers.ready(visit.media_type, outcome.body, outcome.cache_control)

    def _caller(self, headers: dict[bytes, bytes]) -> Caller:
        """Who asks; raises Refused where the headers that bound the request are malformed."""
        seconds = request_headers.deadline_seconds(headers, self._settings.deadline)
        return Caller(
            request_headers.bearer_token(headers),
            asyncio.get_running_loop().time() + seconds,
            request_headers.most_upstream_requests(headers),
        )

    def _request(self, visit: Visit, sent: bytes) -> Request:
        """The GraphQL request in what was sent; raises Refused where there is none."""
        limit = self._settings.variables_limit
        if visit.method == "POST":
            return request_in_body(sent, limit)
        return request_in_url(sent, limit)

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
        return await self._operation_answer(visit, prepared, chosen, variables)

    async def _operation_answer(
        self,
        visit: Visit,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
    ) -> Answer:
        """The answer of one operation, which is executed for this request, and its equals."""
        visit.operation.caller = visit.caller
        if chosen.kind is not OperationType.QUERY:
            visit.equals = None
        equals = visit.equals
        if equals is None or not visit.shares or not visit.operation.estimated_requests:
            outcome = await self._outcome(visit, prepared, chosen, variables, visit.receive)
            return outcome.answer
        flight = self._flights.start(
            equals.flight_key,
            visit.caller.deadline,
            lambda _: self._outcome(visit, prepared, chosen, variables, None),
        )
        landed = await self._landed(visit, flight)
        return self._executed(visit, _too_late(), []).answer if landed is None else landed.answer

    async def _landed(self, visit: Visit, flight: Flight[Outcome]) -> Outcome | None:
        """The outcome of an execution; None where it takes longer than this request may."""
        # The execution ends by itself before that.
        until = visit.caller.deadline + 2 * MOMENT_SECONDS
        try:
            return await watched(flight.landing(until), visit.receive, until)
        except (TimeoutError, TimedOut):
            return None

    async def _outcome(
        self,
        visit: Visit,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
        receive: Receive | None,
    ) -> Outcome:
        """What comes of executing an operation; it ends when the client goes, with `receive`."""
        operation, caller = visit.operation, visit.caller
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
                return Outcome(operation, _not_executed(visit, variable_errors(executor)))
            if visit.large and isinstance(executor, CompiledExecutionContext):
                executor.compile_at_once = True
            result: Any = executor.execute_operation()
            if type(result) is not ExecutionResult:
                result = await watched(result, receive, caller.deadline + MOMENT_SECONDS)
        except TimeoutError:
            result = _too_late()
        finally:
            context.close()
        outcome = self._executed(visit, result, context.stale)
        if self._keeps and visit.equals is not None and outcome.whole:
            self._keep(visit.equals, outcome, caller)
        return outcome

    def _keep(self, equals: Equals, outcome: Outcome, caller: Caller) -> None:
        """Keep an answer while all of it is fresh."""
        assert outcome.body is not None  # noqa: S101 - there is nothing else to keep
        now = asyncio.get_running_loop().time()
        fresh_for = seconds_of_freshness(caller, now)
        kept = KeptAnswer(outcome.body, outcome.operation.name, outcome.operation.trusted)
        weight = weight_of(outcome.body)
        equals.keepsakes.put(equals.key, kept, weight=weight, fresh_for=fresh_for, now=now)

    def _executed(
        self,
        visit: Visit,
        result: ExecutionResult,
        stale: Sequence[tuple[list[str | int], float]],
    ) -> Outcome:
        """The outcome of an operation that was executed."""
        operation = visit.operation
        errors = self._presented(result.errors or (), operation)
        extensions = answers.extensions(operation, stale, visit.headers.get(b"x-include"))
        body = answers.executed(result.data, errors, extensions)
        whole = not errors and not stale and operation.kind == "query"
        cache_control = answers.cache_control(operation.caller, storable=whole)
        answer = answers.ready(visit.media_type, body, cache_control)
        good = whole or asyncio.get_running_loop().time() < visit.caller.deadline
        return Outcome(operation, answer, whole, body if good else None, cache_control)

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


def _note(visit: Visit, kind: str | None, name: str | None, *, trusted: bool) -> None:
    """Note in the record of a request what it was, where it took no execution of its own."""
    operation = visit.operation
    operation.caller = visit.caller
    operation.kind, operation.name, operation.trusted = kind, name, trusted


def _too_late() -> ExecutionResult:
    """What an operation comes to that had to be ended from outside."""
    late = GraphQLError("", original_error=TimedOut("the operation outlived its deadline"))
    return ExecutionResult(None, [late])


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
