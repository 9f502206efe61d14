"""Starts: what graphql-core finds out before each execution of a document, found out once.

That is the operation, the fragments, and of each variable the type. What remains is to coerce the
values: those of leaf types here, by the type's own function; whatever else there is (a list, an
input object, a value that is wrong) makes graphql-core do it all.
"""

import weakref
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLLeafType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    assert_valid_schema,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValues, VariableValueSource

from .templates import Template

_MOST_STARTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Variable:
    """A variable of a leaf type."""

    signature: GraphQLVariableSignature
    leaf: GraphQLLeafType
    may_be_left_out: bool
    """Whether nothing stands for it then."""
    may_be_null: bool


@dataclass(slots=True)
class Start:
    """One operation of a document, as an executor is made for it.

    `template` is kept here once there has been one.
    """

    operation: OperationDefinitionNode
    fragment_definitions: dict[str, FragmentDefinitionNode]
    fragments: dict[str, FragmentDetails]
    variables: tuple[_Variable, ...]
    template: Template | None = None

    def values(self, given: dict[str, Any]) -> VariableValues | None:
        """The coerced variables; None where graphql-core has to look at what is given."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for variable in self.variables:
            signature = variable.signature
            name = signature.name
            value = given.get(name, Undefined)
            sources[name] = VariableValueSource(signature, value)
            if value is Undefined:
                if not variable.may_be_left_out:
                    return None
                continue
            if value is None:
                if not variable.may_be_null:
                    return None
                coerced[name] = None
                continue
            try:
                found = variable.leaf.coerce_input_value(value)
            except Exception:  # noqa: BLE001 - graphql-core says what is wrong
                return None
            if found is Undefined:
                return None
            coerced[name] = found
        return VariableValues(sources, coerced)


class Starts:
    """The starts of documents: each goes with its document, or when there are too many."""

    def __init__(self) -> None:
        self._starts: OrderedDict[
            tuple[int, str | None], tuple[weakref.ref[DocumentNode], GraphQLSchema, Start | None]
        ] = OrderedDict()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._starts)

    def of(self, schema: GraphQLSchema, document: DocumentNode, name: str | None) -> Start | None:
        """The start of an operation; None where only graphql-core can make it."""
        key = id(document), name
        found = self._starts.get(key)
        if found is not None and found[0]() is document and found[1] is schema:
            self._starts.move_to_end(key)
            return found[2]
        starts = weakref.ref(self)

        def forget(_: object) -> None:
            # Python may be going down, or all starts may have gone first.
            if (remembered := starts()) is not None:
                remembered._starts.pop(key, None)  # noqa: SLF001 - its own

        start = _start(schema, document, name)
        self._starts[key] = weakref.ref(document, forget), schema, start
        if len(self._starts) > _MOST_STARTS:
            self._starts.popitem(last=False)
        return start


def _start(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> Start | None:
    assert_valid_schema(schema)
    operations: list[OperationDefinitionNode] = []
    fragments: dict[str, FragmentDefinitionNode] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            if name is None or (definition.name and definition.name.value == name):
                operations.append(definition)
        elif isinstance(definition, FragmentDefinitionNode):
            if definition.variable_definitions:
                return None
            fragments[definition.name.value] = definition
    if len(operations) != 1:
        return None
    variables: list[_Variable] = []
    for variable in operations[0].variable_definitions or ():
        signature = get_variable_signature(schema, variable)
        if isinstance(signature, GraphQLError):
            return None
        input_type: Any = signature.type
        nullable = not is_non_null_type(input_type)
        leaf = input_type if nullable else input_type.of_type
        if not is_leaf_type(leaf):
            return None
        left_out = nullable and variable.default_value is None
        variables.append(_Variable(signature, leaf, left_out, nullable))
    details = {each: FragmentDetails(fragment, None) for each, fragment in fragments.items()}
    return Start(operations[0], fragments, details, tuple(variables))
