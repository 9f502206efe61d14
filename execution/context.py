"""The execution context: graphql-core's executor, which runs plans where it has them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeGuard, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
    GraphQLSchema,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.collect_fields import DeferUsage, FieldDetailsList, GroupedFieldSet
from graphql.execution.incremental.incremental_executor import DeliveryGroupMap
from graphql.execution.values import get_argument_values
from graphql.pyutils import AwaitableOrValue, Path, UndefinedType
from graphql.pyutils import is_awaitable as default_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.arguments import convert_arguments

from .plans import FieldPlan, PlanStore, Statistics, Variant
from .source import ArgumentPlace, Plan
from .starts import Starts
from .templates import Template

_NOTHING: Final = object()

KeywordArguments = list[Mapping[str, Any]]


class CompiledExecutionContext(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's execution context with compiled completion: see `compiled_execution`.

    The methods below are all that is overridden, and each ends in graphql-core's own, with what it
    still has to execute.
    """

    plan_store: ClassVar[PlanStore]
    starts: ClassVar[Starts]
    statistics: ClassVar[Statistics]

    compile_at_once: bool = False
    """Set on an executor whose answer will be so large that compiling pays in its first use."""

    # Set in each execution, on the executor that graphql-core makes for it.
    _variant: Variant | None = None
    _has_run_a_plan: bool = False
    _given_up: Any = _NOTHING
    """The record that is about to be completed without the plan that has just given it up."""
    _arguments: dict[int, KeywordArguments | None] | None = None

    @classmethod
    def start(  # noqa: PLR0913, PLR0917 - the first of graphql-core's `build`
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        raw_variable_values: dict[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        is_awaitable: Callable[[Any], TypeGuard[Awaitable[Any]]] | None = None,
    ) -> list[GraphQLError] | Executor[Any]:
        """An executor, or why there can be none: as `build` has it, without any other option."""
        values = None
        start = cls.starts.of(schema, document, operation_name)
        if start is not None:
            values = start.values(raw_variable_values or {})
        if start is None or values is None:
            return cls.build(
                schema,
                document,
                root_value,
                context_value,
                raw_variable_values,
                operation_name,
                is_awaitable=is_awaitable,
            )
        if start.template is None:
            made = cls(
                schema,
                start.fragment_definitions,
                start.fragments,
                root_value,
                context_value,
                start.operation,
                values,
                default_field_resolver,
                default_type_resolver,
                default_field_resolver,
                False,  # noqa: FBT003 - no early execution, which is graphql-core's default
                None,
                is_awaitable,
                None,
            )
            start.template = Template(made)
        executor: Executor[Any] = start.template.executor(
            {
                "root_value": root_value,
                "context_value": context_value,
                "variable_values": values,
                "is_awaitable": is_awaitable or default_is_awaitable,
            }
        )
        return executor

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """What a resolver's `info` has for awaitables of its own.

        Made for each that asks: kept here, as graphql-core does, they and the executor would hold
        one another, and with them all that an operation got, until the garbage collector comes.
        """
        return GraphQLResolveInfoHelpers(self.gather_async_work, self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, helpers: GraphQLResolveInfoHelpers) -> None:
        """Let go of what graphql-core would keep."""

    def execute_operation(
        self,
        serially: bool | None = None,  # noqa: FBT001 - graphql-core's signature
    ) -> Any:
        """Execute the operation; a query with plans without collecting anew what it selects."""
        variant = None
        if serially is None and self.hooks is None and self._completes_as_usual():
            variant = self.plan_store.known(self)
        if variant is None or variant.root_fields is None:
            return super().execute_operation(serially)
        self.statistics.executions += 1
        self._variant = variant
        self._relevant_sub_fields = variant.sub_fields
        query_type: Any = self.schema.query_type
        try:
            data: Any = self.execute_fields(
                query_type, self.root_value, None, variant.root_fields, None
            )
        except GraphQLError as error:
            return self._failed(error)
        return self._response(data) if self.is_awaitable(data) else self.build_response(data)

    async def _response(self, data: Awaitable[dict[str, Any]]) -> Any:
        try:
            found = await data
        except GraphQLError as error:
            return self._failed(error)
        return self.build_response(found)

    def _failed(self, error: GraphQLError) -> Any:
        """The response where an error has come up to the root."""
        self.collected_errors.add(error, None)
        return self.build_response(None)

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,  # noqa: FBT001 - graphql-core's signature
        new_defer_usages: Sequence[DeferUsage],
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Choose the plans of this execution, then execute the root fields."""
        self.statistics.executions += 1
        self._variant = None
        if not new_defer_usages and self._completes_as_usual():
            variant = self._variant = self.plan_store.variant(
                self, grouped_field_set, at_once=self.compile_at_once
            )
            if variant is not None and variant.root_fields is not None:
                # The same selections as in the variant's first execution, as the same objects:
                # graphql-core then finds those below in its own memo, which is shared too.
                grouped_field_set = variant.root_fields
                self._relevant_sub_fields = variant.sub_fields
        return super().execute_collected_root_fields(
            root_type, root_value, grouped_field_set, serially, new_defer_usages
        )

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: DeliveryGroupMap | None,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Build the plain fields with the plan, if there is one, and let the others be executed."""
        variant = self._variant
        if variant is not None:
            plan = variant.plan(self, parent_type, grouped_field_set)
            if source_value is self._given_up:
                self._given_up = _NOTHING
            elif plan is not None:
                answer = self._built(plan, source_value)
                if answer is not None:
                    if not plan.others:
                        return answer
                    rest = super().execute_fields(
                        parent_type, source_value, path, plan.others, position_context
                    )
                    if self.is_awaitable(rest):
                        return _filled(answer, rest)
                    answer.update(cast("dict[str, Any]", rest))
                    return answer
        # Whatever the plan met is met again here, by graphql-core, in its order and its words.
        return super().execute_fields(
            parent_type, source_value, path, grouped_field_set, position_context
        )

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: DeliveryGroupMap | None,
    ) -> AwaitableOrValue[Any] | UndefinedType:
        """Call the field's resolver as it is known to be called, or let it be executed."""
        variant = self._variant
        plan = None
        if variant is not None:
            plan = variant.field(self, parent_type, field_details_list)
        if plan is None:
            return super().execute_field(
                parent_type, source, field_details_list, path, position_context
            )
        info = self.build_resolve_info(plan.definition, plan.nodes.copy(), parent_type, path)
        try:
            arguments = plan.arguments.values(
                self.variable_values, hide_suggestions=self.hide_suggestions
            )
            value = plan.call.begin(source, info, arguments)
        except Exception as error:  # noqa: BLE001 - any at all, as graphql-core does
            self.handle_field_error(error, plan.definition.type, field_details_list, path)
            return None
        return self._completed(plan, value, field_details_list, info, path, position_context)

    async def _completed(  # noqa: PLR0913, PLR0917 - as graphql-core's complete_awaitable_value
        self,
        plan: FieldPlan,
        value: Awaitable[Any],
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        position_context: DeliveryGroupMap | None,
    ) -> Any:
        """The completed value of a field, once its resolver has brought it."""
        return_type = plan.definition.type
        try:
            brought = await value
            completed: Any = self._built_whole(plan, brought)
            if completed is None:
                self._given_up = _NOTHING if plan.plan is None else brought
                completed = self.complete_value(
                    return_type, field_details_list, info, path, brought, position_context
                )
                if self.is_awaitable(completed):
                    completed = await completed
        except Exception as error:  # noqa: BLE001 - any at all, as graphql-core does
            self.handle_field_error(error, return_type, field_details_list, path)
            return None
        return completed

    def _built_whole(self, plan: FieldPlan, record: Any) -> dict[str, Any] | None:
        """What the plan makes of a field's record; None where graphql-core has to complete it."""
        check = plan.check
        if check is None or plan.plan is None:
            return None
        if type(record) not in check.classes:
            try:
                check.checked(record)
            except Exception:  # noqa: BLE001 - graphql-core asks again, and reports
                return None
        return self._built(plan.plan, record)

    def build_response(self, data: dict[str, Any] | None) -> Any:
        """The response; where there are plans nothing of it comes later, and nobody is told."""
        if self._variant is None or self.hooks is not None:
            return super().build_response(data)
        return ExecutionResult(data, self.collected_errors.errors or None)

    def _completes_as_usual(self) -> bool:
        """Whether nothing of this execution asks for more than the plans know.

        Middleware wraps every resolver, plain attributes included; without error propagation
        nulls stand in other places; what can be aborted is not simply awaited.
        """
        middleware = self.middleware_manager
        return (
            self.error_propagation
            and (middleware is None or not middleware.middlewares)
            and self.abort_signal is None
        )

    def _built(self, plan: Plan, record: Any) -> dict[str, Any] | None:
        """What the plan makes of a record; None where it gives up."""
        statistics = self.statistics
        try:
            if plan.argument_places:
                arguments = self._arguments_of(plan)
                if arguments is None:
                    statistics.fallbacks += 1
                    return None
                answer = plan.build(record, arguments)
            else:
                answer = plan.build(record)
        except Exception as error:  # noqa: BLE001 - any at all: graphql-core does it over, and reports
            statistics.fallbacks += 1
            # The error may stand in the record, which the garbage collector may not look at: its
            # traceback would hold the record, and so itself, for ever.
            error.__traceback__ = None
            return None
        statistics.runs += 1
        if not self._has_run_a_plan:
            self._has_run_a_plan = True
            statistics.planned_executions += 1
        return answer

    def _arguments_of(self, plan: Plan) -> KeywordArguments | None:
        """The plan's arguments, coerced once an execution; None where one can't be coerced."""
        known = self._arguments
        if known is None:
            known = self._arguments = {}
        # All plans of one unit of source share one tuple of places.
        key = id(plan.argument_places)
        if key not in known:
            try:
                known[key] = [self._coerced(place) for place in plan.argument_places]
            except Exception:  # noqa: BLE001 - graphql-core reports it at each field
                known[key] = None
        return known[key]

    def _coerced(self, place: ArgumentPlace) -> Mapping[str, Any]:
        """The keyword arguments that Strawberry would give to a pure resolver."""
        converter = self.schema._strawberry_schema.schema_converter  # type: ignore[attr-defined] # noqa: SLF001 - Strawberry sets it
        return convert_arguments(
            get_argument_values(
                place.definition,
                place.node,
                self.variable_values,
                None,
                self.hide_suggestions,
            ),
            place.field.arguments,
            scalar_registry=converter.scalar_registry,
            config=converter.config,
        )


async def _filled(answer: dict[str, Any], rest: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """The answer with what graphql-core had to wait for, each at the place that was kept."""
    answer.update(await rest)
    return answer


def compiled_execution(
    *, compile_after: int = 2, most_plans: int = 500, shaped: bool = False
) -> type[CompiledExecutionContext]:
    """An execution context class with plans and statistics of its own.

    For `strawberry.Schema(execution_context_class=...)`, or `graphql.execute(executor_class=...)`.
    An operation is compiled in the execution after `compile_after` others of the same parsed
    document (and, where variables steer what is selected, of the same values of these); plans are
    kept for the `most_plans` operations used last, and no longer than their documents live.
    With `shaped` most objects of an answer that is compiled are Structs instead of dictionaries
    (see `shapes`): only for who gives its data to msgspec's encoder, as it is.

    Raises ValueError for a negative `compile_after` or a `most_plans` below 1.
    """
    if compile_after < 0 or most_plans < 1:
        raise ValueError("compile_after is 0 or more, most_plans 1 or more")
    store = PlanStore(compile_after=compile_after, most_plans=most_plans, shaped=shaped)

    class ExecutionContext(CompiledExecutionContext):
        plan_store = store
        starts = Starts()
        statistics = store.statistics

    return ExecutionContext
