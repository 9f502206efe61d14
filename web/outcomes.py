"""The outcomes: one operation executed, once for all who ask the same with the same token.

Equal requests that come while one is being executed wait for what it brings (`share_operations`),
those that come while it is fresh are answered with what it brought (`keep_answers`); both before
anything of them is parsed. Each can be switched off, and no other part of the facade knows of it.
What is asked of the schema alone (by GraphiQL, code generators and gateways, again and again) has
one answer for everybody, which is kept for good.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from time import monotonic
from typing import Any, Final, TypeGuard, cast

from graphql import ExecutionResult, Executor, GraphQLError, OperationType
from msgspec import Struct
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution import CompiledExecutionContext
from upstream.errors import TimedOut
from upstream.recent import Recent

from . import answers
from .answers import Answer
from .documents import ChosenOperation, Prepared
from .incoming import Disconnected
from .kept_answers import KeptAnswer, request_key, seconds_of_freshness, weight_of
from .negotiation import answer_type
from .request_records import RequestRecord
from .service import Context, Service
from .settings import Settings
from .shared_work import SharedWork
from .shown_errors import not_executed, shown, variable_errors
from .visits import Visit
from .watching import watched

# An operation ends itself by its deadline; this much later it is ended from outside.
MOMENT_SECONDS: Final = 0.5
_ABOUT_COST: Final = frozenset({b"x-include", b"x-explain"})
_OWN_BOUNDS: Final = frozenset({b"x-deadline-ms", b"x-most-upstream-requests"})
_YOUNG: Final = 0.1
"""The part of its time that an execution may have spent for others still to join it."""

_MOST_ABOUT_SCHEMA: Final = 256
_BYTES_ABOUT_SCHEMA: Final = 4 * 1024 * 1024
"""The answers about the schema that are kept: all of it has 65 kB."""

# Strawberry's is quicker than graphql-core's for the values that have no awaitables in them.
_is_awaitable: Final = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)


class Outcome(Struct, frozen=True):
    """What came of one operation: the answer, and what of it others may have.

    `whole` says that nothing in it failed or was stale, so that it may be kept. `body` and
    `cache_control` are as good for whoever is asking the same with the same token, failures
    included: to ask again for each who waits would multiply an outage. `body` is None where time
    was up for a part of it, for others may have more.
    """

    record: RequestRecord
    answer: Answer
    whole: bool = False
    body: bytes | None = None
    cache_control: bytes = answers.NO_STORE


class Outcomes:
    """Executes operations on the schema, or finds what came of an equal one."""

    def __init__(self, settings: Settings, service: Service) -> None:
        self._settings = settings
        self._service = service
        self._graphql_schema = service.graphql_schema
        executor = service.schema.execution_context_class
        self._build: Callable[..., Executor[Any] | list[GraphQLError]] = (
            StrawberryGraphQLCoreExecutionContext.build
        )
        if settings.compiled:
            self._build = getattr(executor, "start", executor.build)
        self._keeps = settings.keep_answers
        # Answers about the schema hold nothing of the REST API, which this bound is for.
        self._keeps_data = self._keeps and settings.policy.cache_bytes > 0
        self._about_schema = Recent[KeptAnswer](_MOST_ABOUT_SCHEMA, _BYTES_ABOUT_SCHEMA)
        self._shared: dict[tuple[Hashable, str], SharedWork[Outcome]] = {}

    async def of_equal(self, visit: Visit, sent: bytes) -> Answer | None:
        """The answer to an equal request of the same token: kept, or still being worked out.

        What is about the schema alone may be anybody's. None where there is none to be had. Who
        asks what an operation costs wants it executed; who accepts no JSON may mean a subscription.
        """
        headers = visit.headers
        shares = self._settings.share_operations
        if (
            not (self._keeps or shares)
            or not _ABOUT_COST.isdisjoint(headers)
            or answer_type(headers.get(b"accept")) is None
        ):
            return None
        key = visit.key = request_key(visit.method, sent)
        settled = self._about_schema.get(key)
        if settled is not None:
            _note(visit, "query", settled.operation_name, trusted=settled.trusted)
            return answers.ready(visit.media_type, settled.body, answers.NO_STORE)
        keepsakes = visit.keepsakes = self._service.keepsakes(visit.caller)
        if keepsakes is None:
            return None
        if self._keeps_data:
            found = keepsakes.find(key, monotonic())
            if found is not None:
                kept, fresh_for = found
                _note(visit, "query", kept.operation_name, trusted=kept.trusted)
                return answers.ready(visit.media_type, kept.body, answers.private(fresh_for))
        # Who is bounded otherwise than others goes alone: theirs may come to less, or too late.
        visit.shares = shares and _OWN_BOUNDS.isdisjoint(headers)
        shared = self._shared.get((keepsakes.owner, key)) if visit.shares else None
        if shared is None or not self._is_young(shared):
            return None
        return await self._joined(visit, shared)

    def _is_young(self, shared: SharedWork[Outcome]) -> bool:
        """Whether an execution has nearly as much time left as one that would begin now.

        Where it is older, what it waits for might come too late for it alone: the requests to
        the REST API that it waits for can be joined as well.
        """
        age = monotonic() - shared.began
        return age <= self._settings.deadline * _YOUNG

    async def _joined(self, visit: Visit, shared: SharedWork[Outcome]) -> Answer | None:
        """The answer that an equal request is about to get; None where that is no use."""
        until = visit.caller.deadline + MOMENT_SECONDS
        try:
            outcome = await watched(shared.outcome(), visit.receive, until)
        except TimeoutError:
            outcome = None
        # The token may have died in the meantime.
        if outcome is None or outcome.body is None or self._service.keepsakes(visit.caller) is None:
            visit.shares = False
            return None
        about = outcome.record
        _note(visit, about.kind, about.name, trusted=about.trusted)
        visit.record.codes = about.codes
        return answers.ready(visit.media_type, outcome.body, outcome.cache_control)

    async def of(
        self,
        visit: Visit,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
    ) -> Answer:
        """The answer of one operation, which is executed for this request, and its equals."""
        visit.record.caller = visit.caller
        if chosen.kind is not OperationType.QUERY:
            visit.key = None
        key, keepsakes = visit.key, visit.keepsakes
        alone = not (visit.shares and visit.record.estimated_requests)
        if alone or key is None or keepsakes is None:
            return (await self._outcome(visit, prepared, chosen, variables, None)).answer
        shared_by = keepsakes.owner, key
        shared = self._shared[shared_by] = SharedWork()
        outcome = None
        try:
            outcome = await self._outcome(visit, prepared, chosen, variables, shared)
        finally:
            if self._shared.get(shared_by) is shared:
                del self._shared[shared_by]
            shared.tell(outcome)
        if shared.is_left_to_others:
            raise Disconnected
        return outcome.answer

    def assert_variables(
        self, prepared: Prepared, chosen: ChosenOperation, variables: dict[str, Any]
    ) -> None:
        """Raise RequestError where the variables do not fit the operation."""
        built = self._built(prepared, chosen, variables, None)
        if isinstance(built, list):
            raise variable_errors(built)[0]

    def shown(self, errors: Sequence[GraphQLError], record: RequestRecord) -> list[dict[str, Any]]:
        """The errors of an execution as the caller sees them."""
        return shown(errors, record, self._service.presented, self._settings.most_errors)

    def _built(
        self,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
        context: Context | None,
    ) -> Executor[Any] | list[GraphQLError]:
        return self._build(
            self._graphql_schema,
            prepared.document,
            None,
            context,
            variables,
            chosen.name,
            is_awaitable=_is_awaitable,
        )

    async def _outcome(
        self,
        visit: Visit,
        prepared: Prepared,
        chosen: ChosenOperation,
        variables: dict[str, Any],
        shared: SharedWork[Outcome] | None,
    ) -> Outcome:
        """What comes of executing an operation, while its client, or another, waits for it."""
        record, caller = visit.record, visit.caller
        context = self._service.open_context(caller)
        try:
            executor = self._built(prepared, chosen, variables, context)
            if isinstance(executor, list):
                return Outcome(record, not_executed(visit, variable_errors(executor)))
            if visit.large and isinstance(executor, CompiledExecutionContext):
                executor.compile_at_once = True
            result: Any = executor.execute_operation()
            if type(result) is not ExecutionResult:
                until = caller.deadline + MOMENT_SECONDS
                result = await watched(result, visit.receive, until, shared)
        except TimeoutError:
            result = _too_late()
        finally:
            context.close()
        outcome = self._executed(visit, result, context.stale)
        if self._keeps and visit.key is not None and outcome.whole:
            self._keep(visit, visit.key, outcome, is_about_schema=chosen.is_about_schema)
        return outcome

    def _keep(self, visit: Visit, key: str, outcome: Outcome, *, is_about_schema: bool) -> None:
        """Keep an answer while all of it is fresh."""
        assert outcome.body is not None  # noqa: S101 - there is nothing else to keep
        kept = KeptAnswer(outcome.body, outcome.record.name, outcome.record.trusted)
        weight = weight_of(outcome.body)
        if is_about_schema:
            self._about_schema.put(key, kept, weight)
        elif self._keeps_data and visit.keepsakes is not None:
            now = monotonic()
            fresh_for = seconds_of_freshness(visit.caller, now)
            visit.keepsakes.put(key, kept, weight=weight, fresh_for=fresh_for, now=now)

    def _executed(
        self,
        visit: Visit,
        result: ExecutionResult,
        stale: Sequence[tuple[list[str | int], float]],
    ) -> Outcome:
        """The outcome of an operation that was executed."""
        record = visit.record
        found = result.errors or ()
        errors = self.shown(found, record) if found else []
        extensions = answers.extensions(
            record, stale, len(found) - len(errors), visit.headers.get(b"x-include")
        )
        body = answers.executed(result.data, errors, extensions)
        whole = not errors and not stale and record.kind == "query"
        cache_control = answers.cache_control(record.caller, storable=whole)
        answer = answers.ready(visit.media_type, body, cache_control)
        good = whole or monotonic() < visit.caller.deadline
        return Outcome(record, answer, whole, body if good else None, cache_control)


def _note(visit: Visit, kind: str | None, name: str | None, *, trusted: bool) -> None:
    """Note in the record of a request what it was, where it took no execution of its own."""
    record = visit.record
    record.caller = visit.caller
    record.kind, record.name, record.trusted = kind, name, trusted


def _too_late() -> ExecutionResult:
    """What an operation comes to that had to be ended from outside."""
    late = GraphQLError("", original_error=TimedOut("the operation outlived its deadline"))
    return ExecutionResult(None, [late])
