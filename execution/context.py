"""The execution context: graphql-core's executor, which runs plans where it has them."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, ClassVar, cast

from graphql import GraphQLObjectType
from graphql.execution.collect_fields import DeferUsage, GroupedFieldSet
from graphql.execution.incremental.incremental_executor import DeliveryGroupMap
from graphql.execution.values import get_argument_values
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.arguments import convert_arguments

from .plans import PlanStore, Statistics, Variant
from .source import ArgumentPlace, Plan

KeywordArguments = list[Mapping[str, Any]]


class CompiledExecutionContext(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's execution context with compiled completion: see `compiled_execution`.

    The two methods below are all that is overridden, and both end in graphql-core's own, with
    the fields that it still has to execute.
    """

    plan_store: ClassVar[PlanStore | None] = None
    statistics: ClassVar[Statistics] = Statistics()

    compile_at_once: bool = False
    """Set on an executor whose answer will be so large that compiling pays in its first use."""

    # Set in each execution, on the executor that graphql-core makes for it.
    _variant: Variant | None = None
    _has_run_a_plan: bool = False
    _arguments: dict[int, KeywordArguments | None] | None = None

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
        store = self.plan_store
        if store is not None and not new_defer_usages and self._completes_as_usual():
            variant = self._variant = store.variant(
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
            if plan is not None:
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

    def _completes_as_usual(self) -> bool:
        """Whether nothing of this execution asks for more than the plans know.

        Middleware wraps every resolver, plain attributes included; without error propagation
        nulls stand in other places.
        """
        middleware = self.middleware_manager
        return self.error_propagation and (middleware is None or not middleware.middlewares)

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
    *, enabled: bool = True, compile_after: int = 2, most_plans: int = 500
) -> type[CompiledExecutionContext]:
    """An execution context class with plans and statistics of its own.

    For `strawberry.Schema(execution_context_class=...)`, or `graphql.execute(executor_class=...)`.
    An operation is compiled in the execution after `compile_after` others of the same parsed
    document (and, where variables steer what is selected, of the same values of these); plans are
    kept for the `most_plans` operations used last, and no longer than their documents live.
    With `enabled=False` every execution is graphql-core's alone.

    Raises ValueError for a negative `compile_after` or a `most_plans` below 1.
    """
    if compile_after < 0 or most_plans < 1:
        raise ValueError("compile_after is 0 or more, most_plans 1 or more")
    store = PlanStore(compile_after=compile_after, most_plans=most_plans) if enabled else None

    class ExecutionContext(CompiledExecutionContext):
        plan_store = store
        statistics = Statistics() if store is None else store.statistics

    return ExecutionContext
