"""Plans: which operations are compiled, how the compiled ones are found again, and for how long."""

import weakref
from collections import OrderedDict
from dataclasses import dataclass, field
from operator import is_
from typing import Any, Final

from graphql import (
    DirectiveNode,
    Executor,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLDeferDirective,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLStreamDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    VariableNode,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, GroupedFieldSet

from .calls import Arguments, ResolverCall, arguments_of
from .source import Plan, SchemaKnowledge, Writer
from .values import RecordCheck

# How many operations are remembered for each that may be compiled: the others only count uses.
_OPERATIONS_A_PLAN: Final = 8
# Combinations of Boolean variables that are remembered of one operation.
_MOST_VARIANTS: Final = 32
# Selections planned in one variant; each is a place in the query with one type of object.
_MOST_SELECTIONS: Final = 1_000

_STEERING: Final = {GraphQLSkipDirective.name, GraphQLIncludeDirective.name}
_INCREMENTAL: Final = {GraphQLDeferDirective.name, GraphQLStreamDirective.name}

SteeringValues = tuple[Any, ...]


@dataclass(slots=True)
class Statistics:
    """What the compiled path has done since the process started."""

    executions: int = 0
    """Operations executed, by whichever path."""
    planned_executions: int = 0
    """Operations for which plans were at hand."""
    plans_compiled: int = 0
    """Selections compiled, those within others not counted."""
    plans_dropped: int = 0
    """Variants of operations whose plans were dropped for newer ones."""
    runs: int = 0
    """Objects that a plan built, each with all that is plain beneath it."""
    fallbacks: int = 0
    """Objects that a plan gave up, so that graphql-core completed them."""


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """What is known beforehand of a field whose resolver has to be awaited."""

    definition: GraphQLField
    nodes: list[FieldNode]
    call: ResolverCall
    arguments: Arguments
    check: RecordCheck | None
    """Whether what comes is of the field's type; None without a plan."""
    plan: Plan | None
    """How it is completed, where that is an object of which nothing else has to be resolved."""


class Variant:
    """One operation with one combination of the Boolean variables that steer its selections.

    It keeps what graphql-core collects anew in each execution (which fields are selected), so
    that a selection is the same object each time and its plan is found by identity.
    """

    __slots__ = (
        "__weakref__",
        "_fields",
        "_knowledge",
        "_plans",
        "_shaped",
        "_statistics",
        "root_fields",
        "sub_fields",
        "uses",
    )

    def __init__(self, knowledge: SchemaKnowledge, statistics: Statistics, *, shaped: bool) -> None:
        self.uses = 0
        self.root_fields: GroupedFieldSet | None = None
        self.sub_fields: dict[
            tuple[GraphQLObjectType, int], tuple[FieldDetailsList, CollectedFields]
        ] = {}
        self._knowledge = knowledge
        self._statistics = statistics
        self._shaped = shaped
        # The selection stands beside its plan so that its id stays its own.
        self._plans: dict[int, tuple[GroupedFieldSet, Plan | None]] = {}
        self._fields: dict[int, tuple[FieldDetailsList, FieldPlan | None]] = {}

    def plan(
        self, executor: Executor[Any], object_type: GraphQLObjectType, selection: GroupedFieldSet
    ) -> Plan | None:
        """The plan for a selection, compiled when first asked for; None where there can be none."""
        found = self._plans.get(id(selection))
        if found is None:
            return self._compiled(executor, object_type, selection)
        return found[1]

    def field(
        self, executor: Executor[Any], object_type: GraphQLObjectType, details: FieldDetailsList
    ) -> FieldPlan | None:
        """The plan for a field that waits, made when first asked for; None where there is none."""
        found = self._fields.get(id(details))
        if found is None:
            if len(self._fields) >= _MOST_SELECTIONS:
                return None
            found = self._fields[id(details)] = (
                details,
                self._planned_field(executor, object_type, details),
            )
        return found[1]

    def _planned_field(
        self, executor: Executor[Any], object_type: GraphQLObjectType, details: FieldDetailsList
    ) -> FieldPlan | None:
        node = details[0].node
        definition = self._knowledge.schema.get_field(object_type, node.name.value)
        call = None if definition is None else self._knowledge.call(definition)
        if definition is None or call is None or details[0].fragment_variable_values is not None:
            return None
        output_type = definition.type
        if is_non_null_type(output_type):
            output_type = output_type.of_type
        check = plan = None
        if is_object_type(output_type):
            check = self._knowledge.check(output_type)
            try:
                selection = executor.collect_subfields(output_type, details).grouped_field_set
            except Exception:  # noqa: BLE001 - graphql-core meets it at its own place
                check = None
            if check is not None:
                plan = self.plan(executor, output_type, selection)
        if plan is None or plan.others:
            check = plan = None
        return FieldPlan(
            definition,
            [each.node for each in details],
            call,
            arguments_of(call.names, definition, node),
            check,
            plan,
        )

    def _compiled(
        self, executor: Executor[Any], object_type: GraphQLObjectType, selection: GroupedFieldSet
    ) -> Plan | None:
        if len(self._plans) >= _MOST_SELECTIONS:
            return None
        self._plans[id(selection)] = (selection, None)
        try:
            writer = Writer(self._knowledge, executor.collect_subfields, shaped=self._shaped)
            plans = writer.plans(object_type, selection)
        except (RecursionError, SyntaxError, MemoryError):  # more than Python compiles
            return None
        if not plans:
            return None
        self._statistics.plans_compiled += 1
        for each, plan in plans:
            self._plans[id(each)] = (each, plan)
        return plans[0][1]


@dataclass(slots=True)
class _Operation:
    """An operation that was executed: how often, and what is compiled of it."""

    schema: GraphQLSchema
    reference: "weakref.ref[OperationDefinitionNode]"
    """The document's node itself is not kept: when the document goes, so does all of this."""
    fragments: tuple[FragmentDefinitionNode, ...]
    uses: int = 0
    steering: tuple[str, ...] | None = None
    """The names of the variables of @skip and @include; None before they were looked for."""
    plannable: bool = True
    variants: dict[SteeringValues, Variant] = field(default_factory=dict)

    def is_of(self, executor: Executor[Any]) -> bool:
        """Whether an execution is of this very operation, with the same fragments and schema."""
        fragments = executor.fragment_definitions
        return (
            self.reference() is executor.operation
            and self.schema is executor.schema
            and len(fragments) == len(self.fragments)
            and all(map(is_, fragments.values(), self.fragments))
        )


class PlanStore:
    """The plans of all operations, least recently used first; bounded."""

    def __init__(self, *, compile_after: int, most_plans: int, shaped: bool) -> None:
        self.statistics = Statistics()
        self._shaped = shaped
        self._compile_after = compile_after
        self._most_plans = most_plans
        self._operations: OrderedDict[int, _Operation] = OrderedDict()
        self._variants: OrderedDict[Variant, tuple[_Operation, SteeringValues]] = OrderedDict()
        self._knowledge: dict[GraphQLSchema, SchemaKnowledge] = {}

    def __len__(self) -> int:
        """How many variants of operations hold plans."""
        return len(self._variants)

    def variant(
        self, executor: Executor[Any], root_fields: GroupedFieldSet, *, at_once: bool = False
    ) -> Variant | None:
        """The plans for an execution; None while its operation is too new, or can't have any.

        With `at_once` no operation is too new.
        """
        operation = self._operation(executor)
        if not operation.plannable:
            return None
        if operation.steering is None:
            operation.uses += 1
            if operation.uses <= self._compile_after and not at_once:
                return None
            operation.steering = steering_variables(executor)
            if operation.steering is None:
                operation.plannable = False
                return None
        values = self._steering_values(executor, operation.steering)
        if values is None:
            return None
        variant = operation.variants.get(values)
        if variant is None:
            if len(operation.variants) >= _MOST_VARIANTS:
                return None
            variant = Variant(
                self._knowledge_of(executor.schema), self.statistics, shaped=self._shaped
            )
            operation.variants[values] = variant
            # Without steering variables the operation's own uses were the variant's.
            variant.uses = 0 if values else self._compile_after
        if variant.root_fields is not None:
            self._variants.move_to_end(variant)
            return variant
        variant.uses += 1
        if variant.uses <= self._compile_after and not at_once:
            return None
        variant.root_fields = root_fields
        self._keep(variant, operation, values)
        return variant

    def known(self, executor: Executor[Any]) -> Variant | None:
        """The plans for an execution of a query, where there are any already."""
        operation = self._operations.get(id(executor.operation))
        if (
            operation is None
            or operation.steering is None
            or not operation.is_of(executor)
            or executor.operation.operation is not OperationType.QUERY
        ):
            return None
        values = self._steering_values(executor, operation.steering)
        variant = None if values is None else operation.variants.get(values)
        if variant is None or variant.root_fields is None:
            return None
        self._operations.move_to_end(id(executor.operation))
        self._variants.move_to_end(variant)
        return variant

    def _operation(self, executor: Executor[Any]) -> _Operation:
        key = id(executor.operation)
        operation = self._operations.get(key)
        if operation is not None:
            if operation.is_of(executor):
                self._operations.move_to_end(key)
                return operation
            self._forget(key)
        store = weakref.ref(self)

        def forget(_: object) -> None:
            # Python may be going down, or the store may have gone first.
            if (remembered := store()) is not None:
                remembered._forget(key)  # noqa: SLF001 - its own method

        operation = _Operation(
            executor.schema,
            weakref.ref(executor.operation, forget),
            tuple(executor.fragment_definitions.values()),
            plannable=executor.operation.operation is not OperationType.SUBSCRIPTION,
        )
        self._operations[key] = operation
        if len(self._operations) > _OPERATIONS_A_PLAN * self._most_plans:
            self._forget(next(iter(self._operations)))
        return operation

    @staticmethod
    def _steering_values(
        executor: Executor[Any], steering: tuple[str, ...]
    ) -> SteeringValues | None:
        """The values of the steering variables, as a key; None where one is no Boolean."""
        if not steering:
            return ()
        coerced = executor.variable_values.coerced
        values = tuple(coerced.get(name, Undefined) for name in steering)
        # Anything but a Boolean is an error that graphql-core reports; 1 would pass for True.
        return values if all(type(value) is bool for value in values) else None

    def _knowledge_of(self, schema: GraphQLSchema) -> SchemaKnowledge:
        knowledge = self._knowledge.get(schema)
        if knowledge is None:
            knowledge = self._knowledge[schema] = SchemaKnowledge(schema)
        return knowledge

    def _keep(self, variant: Variant, operation: _Operation, values: SteeringValues) -> None:
        self._variants[variant] = (operation, values)
        if len(self._variants) > self._most_plans:
            _, (oldest, oldest_values) = self._variants.popitem(last=False)
            oldest.variants.pop(oldest_values, None)
            self.statistics.plans_dropped += 1

    def _forget(self, key: int) -> None:
        operation = self._operations.pop(key, None)
        if operation is not None:
            for variant in operation.variants.values():
                self._variants.pop(variant, None)


def steering_variables(executor: Executor[Any]) -> tuple[str, ...] | None:
    """The names of the variables that decide what is selected; None where that can't be planned.

    Only @skip and @include decide. Incremental delivery and arguments of fragments are left to
    graphql-core altogether.
    """
    names: dict[str, None] = {}
    spread: set[str] = set()
    selection_sets = [executor.operation.selection_set]
    while selection_sets:
        for selection in selection_sets.pop().selections:
            for directive in selection.directives or ():
                if directive.name.value in _INCREMENTAL:
                    return None
                if directive.name.value in _STEERING:
                    names.update(dict.fromkeys(_variables_of(directive)))
            if isinstance(selection, FragmentSpreadNode):
                fragment = executor.fragment_definitions.get(selection.name.value)
                if fragment is None or selection.name.value in spread:
                    continue
                if fragment.variable_definitions:
                    return None
                spread.add(selection.name.value)
                selection_sets.append(fragment.selection_set)
            elif isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                selection_sets.append(selection.selection_set)
    return tuple(names)


def _variables_of(directive: DirectiveNode) -> list[str]:
    return [
        argument.value.name.value
        for argument in directive.arguments or ()
        if isinstance(argument.value, VariableNode)
    ]
