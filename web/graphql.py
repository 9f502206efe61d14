"""The GraphQL endpoint: one bare ASGI application from HTTP request to HTTP answer."""

import asyncio
from time import monotonic, perf_counter
from typing import Any, Final

from graphql import OperationType
from starlette.middleware.gzip import GZipResponder

from schema.errors import INTERNAL
from upstream.caller import Caller

from . import answers, request_headers
from .answers import Answer, Send
from .documents import ChosenOperation, Prepared
from .estimates import assert_affordable, estimated, explained
from .incoming import Body, Disconnected, Receive, Request, request_in_body, request_in_url
from .limits import check_variables
from .negotiation import accepts_gzip, answer_type, assert_json_body, wants_html
from .outcomes import Outcomes
from .refusals import Refused, malformed
from .request_errors import RequestError
from .request_records import RequestRecord
from .service import Application, Scope, Service
from .settings import Settings
from .shown_errors import log_internal, not_executed
from .visits import Visit

ALLOW: Final = (b"allow", b"GET, POST")
ALLOW_POST: Final = (b"allow", b"POST")
VARY: Final = (b"vary", b"Authorization, Accept")
VARY_BY_ENCODING: Final = (b"vary", b"Authorization, Accept, Accept-Encoding")
NOT_ACCEPTABLE: Final = "Answers are application/graphql-response+json or application/json."
LARGE: Final = 1_000
"""Values in an answer, estimated, from which compiling its selections pays at once."""
CLIENT_GONE: Final = 499


class Endpoint:
    """POST and GET /graphql."""

    def __init__(self, settings: Settings, service: Service) -> None:
        """An endpoint for one process; it keeps nothing of an operation."""
        self._settings = settings
        self._service = service
        self._outcomes = Outcomes(settings, service)
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
        record = RequestRecord(named.decode("ascii"))
        traceparent = headers.get(b"traceparent")
        if traceparent is not None:
            record.traceparent = traceparent.decode("latin-1")
        visit = Visit(
            method,
            scope["query_string"],
            headers,
            receive,
            Body(receive),
            answer_type(accept),
            record,
            (scope.get("client") or ("",))[0],
        )
        self.under_way += 1
        try:
            answer = await self._answer(visit)
        except Disconnected:
            record.status = CLIENT_GONE
            self._finished(record, perf_counter() - began)
            return
        finally:
            self.under_way -= 1
        record.status = answer.status
        record.answered_bytes = len(answer.body)
        seconds = perf_counter() - began
        minimum = self._settings.compression_minimum
        # Who doesn't ask for it, or for little, doesn't pay for the layer.
        compressed = len(answer.body) >= minimum > 0 and accepts_gzip(
            headers.get(b"accept-encoding", b"")
        )
        answer.headers += visit.rate_headers
        answer.headers += (
            # The layer that compresses adds Accept-Encoding too, which would stand there twice.
            VARY if compressed or minimum == 0 else VARY_BY_ENCODING,
            (b"x-request-id", named),
            (b"server-timing", answers.server_timing(record.caller, seconds)),
            (b"x-content-type-options", b"nosniff"),
        )
        sending: Application = answer
        if compressed:
            sending = GZipResponder(answer, minimum, self._settings.compression_level)
        await sending(scope, receive, send)
        self._finished(record, seconds)

    def _finished(self, record: RequestRecord, seconds: float) -> None:
        record.seconds = seconds
        for observe in self._service.observers:
            observe(record)

    async def _answer(self, visit: Visit) -> Answer:
        """The answer, whatever happens; raises Disconnected where nobody waits for it."""
        record = visit.record
        try:
            visit.caller = self._caller(visit.headers)
            sent = await self._sent(visit)
            answer = await self._outcomes.of_equal(visit, sent)
            if answer is None:
                answer = await self._operated(visit, self._request(visit, sent))
        except RequestError as error:
            return not_executed(visit, [error])
        except Refused as refused:
            record.codes = (refused.code,)
            if not visit.body.ended and visit.headers.get(b"expect") is None:
                await visit.body.discard()
            return answers.refusal(visit.media_type, refused)
        except Disconnected:
            raise
        except asyncio.CancelledError:
            # The server's patience is over: its last word is JSON too.
            stopping = Refused(503, INTERNAL[0], "The server is stopping: ask again.")
            record.codes = (stopping.code,)
            return answers.refusal(visit.media_type, stopping)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets JSON
            log_internal(record.request_id, error)
            broken = Refused(500, "INTERNAL_SERVER_ERROR", INTERNAL[1])
            record.codes = (broken.code,)
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

    def _caller(self, headers: dict[bytes, bytes]) -> Caller:
        """Who asks; raises Refused where the headers that bound the request are malformed."""
        seconds = request_headers.deadline_seconds(headers, self._settings.deadline)
        return Caller(
            request_headers.bearer_token(headers),
            monotonic() + seconds,
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
        visit.record.trusted = resolved.trusted
        prepared = await self._service.documents.prepared(resolved.text, visit.caller.deadline)
        if prepared.errors:
            return not_executed(visit, prepared.errors)
        if resolved.register is not None:
            await persisted.keep(resolved)
        chosen = prepared.operation(request.operationName or None)
        visit.record.kind = chosen.kind_name
        visit.record.name = chosen.noted_name
        if visit.method == "GET" and chosen.kind is not OperationType.QUERY:
            raise Refused(
                405, "BAD_USER_INPUT", "A GET is for queries only: use POST.", [ALLOW_POST]
            )
        variables = request.variables or {}
        self._estimate(visit, chosen, variables)
        if b"x-explain" in visit.headers:
            self._outcomes.assert_variables(prepared, chosen, variables)
            plan = explained(chosen.footprint, variables, self._service.habits)
            return answers.explained(visit.media_type, plan)
        return await self._operation_answer(visit, prepared, chosen, variables)

    def _estimate(self, visit: Visit, chosen: ChosenOperation, variables: dict[str, Any]) -> None:
        """Note what an operation may cost; raises RequestError where that is too much."""
        limits = self._settings.limits
        if variables:
            check_variables(variables, limits)
        estimate = estimated(chosen.footprint, variables, self._service.habits)
        assert_affordable(estimate, limits.upstream_requests)
        visit.record.estimated_requests = estimate.requests
        visit.large = estimate.values >= LARGE

    async def _operation_answer(
        self,
        visit: Visit,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
    ) -> Answer:
        """The answer of an operation that may be executed."""
        return await self._outcomes.of(visit, prepared, chosen, variables)


def _not_modified_or(answer: Answer, headers: dict[bytes, bytes]) -> Answer:
    if any(value == answers.NO_STORE for _, value in answer.headers):
        return answer
    etag = answers.weak_etag(answer.body)
    answer.headers.append((b"etag", etag))
    if not answers.is_known(etag, headers.get(b"if-none-match")):
        return answer
    kept = [pair for pair in answer.headers if pair[0] != b"content-type"]
    return Answer(304, b"", kept)
