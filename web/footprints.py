"""Footprints: the places of an operation that can cause upstream requests, found once.

A valid operation is walked when it is first asked for. web/estimates.py prices its footprint for
one request's variables. The same walk counts the values of the answer, since aliases multiply
them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    value_from_ast_untyped,
)

from resolvers.costs import ASSUMED_SIZES, COSTS, Cost, JoinCost

from .limits import LARGEST_COUNT

Condition: TypeAlias = tuple[tuple[str, bool], ...]
"""Boolean variables and the values that they must have: a chain of @skip and @include."""

Conditions: TypeAlias = set[Condition]
"""Conditions of which one must hold; an empty one always does."""

ALWAYS: Final[Condition] = ()

INTROSPECTION_WEIGHT: Final = 250
"""Values that one of introspection counts as: 5 µs, where one of a page takes about 20 ns."""

COUNTED: Final = frozenset({"totalCount", "pageCursors"})
"""Fields of a connection for which its list is counted."""


@dataclass(slots=True)
class Join:
    """A field that is fetched for each row of a window where one of the conditions holds."""

    path: str
    cost: JoinCost
    conditions: Conditions = field(default_factory=set)


@dataclass(slots=True)
class Site:
    """One place of an operation that can cause upstream requests, and what hangs on its rows.

    `path` is its response keys, joined by dots. `arguments` are values where they are constant,
    else nodes. `counted` says when the list is counted.
    """

    path: str
    cost: Cost
    arguments: Mapping[str, Any]
    conditions: Conditions = field(default_factory=set)
    counted: Conditions = field(default_factory=set)
    values: float = 0
    """Values of the answer for each of its rows or objects."""
    joins: dict[str, Join] = field(default_factory=dict)
    """By the type that is joined: two fields of one row that join it name the same object."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """All sites of one operation, and the default values of its variables.

    `values` are those of the answer that belong to no site, `most_values` what is allowed.
    """

    sites: tuple[Site, ...]
    defaults: Mapping[str, Any]
    values: float
    most_values: int


class Footprints:
    """The footprints of a schema's operations."""

    def __init__(self, schema: GraphQLSchema, most_values: int) -> None:
        """`most_values` is what an answer may hold."""
        self._schema = schema
        self._most_values = most_values
        self._sizes = {**ASSUMED_SIZES, **_introspection_sizes(schema)}

    def footprint(self, document: DocumentNode, operation: OperationDefinitionNode) -> Footprint:
        """The places of an operation that can cause requests; the document must be valid.

        Fragments are expanded: web.limits has bounded what that comes to.
        """
        return _Walk(self._schema, self._sizes, document).footprint(operation, self._most_values)


def _introspection_sizes(schema: GraphQLSchema) -> dict[str, float]:
    """About how many items introspection's own lists have, each counted by its weight."""
    types = schema.type_map.values()
    fields = [each for one in types for each in getattr(one, "fields", {}).values()]
    fields_of_a_type = -(-len(fields) // len(types))
    return {
        "Query.__schema": INTROSPECTION_WEIGHT,
        "Query.__type": INTROSPECTION_WEIGHT,
        "__Schema.types": len(types),
        "__Schema.directives": len(schema.directives),
        "__Type.fields": fields_of_a_type,
        "__Type.inputFields": fields_of_a_type,
        "__Type.interfaces": 1,
        "__Type.possibleTypes": 1,
        "__Type.enumValues": 1,
        # half of all types are wrapped in another, and half of those again
        "__Type.ofType": 0.5,
        "__Field.args": 1,
        "__Directive.args": 2,
    }


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk is: a type at a response path, seen `times` for each row of a site.

    `site` is the one whose rows or objects are around it, `window` the window whose connection
    it is or that it is a row of.
    """

    type_name: str
    path: str
    condition: Condition
    times: float = 1
    site: Site | None = None
    window: Site | None = None


class _Walk:
    """One walk over an operation, with the sites that were found so far, by response path."""

    def __init__(
        self, schema: GraphQLSchema, sizes: Mapping[str, float], document: DocumentNode
    ) -> None:
        self._schema = schema
        self._sizes = sizes
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._sites: dict[str, Site] = {}
        self._values = 0.0

    def footprint(self, operation: OperationDefinitionNode, most_values: int) -> Footprint:
        root = self._schema.get_root_type(operation.operation)
        assert root is not None, "a valid operation has a root type"  # noqa: S101
        self._look(operation.selection_set, _Place(root.name, "", ALWAYS))
        defaults = {
            variable.variable.name.value: value_from_ast_untyped(variable.default_value)
            for variable in operation.variable_definitions or ()
            if variable.default_value is not None
        }
        return Footprint(tuple(self._sites.values()), defaults, self._values, most_values)

    def _look(self, selection_set: SelectionSetNode, place: _Place) -> None:
        for node, parent, holds in self._fields(selection_set, place.type_name, place.condition):
            name = node.name.value
            key = node.alias.value if node.alias else name
            path = f"{place.path}.{key}" if place.path else key
            coordinate = f"{parent}.{name}"
            cost = COSTS.get(coordinate)
            site, window = place.site, place.window
            if window is not None and window.path == place.path and name in COUNTED:
                window.counted.add(holds)
            if isinstance(cost, JoinCost):
                self._join(node, cost, path, holds, window)
            elif cost is not None:
                site = window = self._site(path, cost, node)
                site.conditions.add(holds)
            times = place.times * self._sizes.get(coordinate, 1)
            if site is None:
                self._values = min(self._values + times, LARGEST_COUNT)
            else:
                site.values = min(site.values + times, LARGEST_COUNT)
            if node.selection_set is not None:
                below = _Place(self._returned(parent, name), path, holds, times, site, window)
                self._look(node.selection_set, below)

    def _site(self, path: str, cost: Cost, node: FieldNode) -> Site:
        site = self._sites.get(path)
        if site is None:
            arguments = {each.name.value: _constant(each.value) for each in node.arguments or ()}
            site = self._sites[path] = Site(path, cost, arguments)
        return site

    def _join(
        self,
        node: FieldNode,
        cost: JoinCost,
        path: str,
        condition: Condition,
        window: Site | None,
    ) -> None:
        """Note when more is selected of a joined object than the row brings."""
        assert node.selection_set is not None, "a valid join has selections"  # noqa: S101
        conditions = {
            holds
            for below, _, holds in self._fields(node.selection_set, cost.type_name, condition)
            if below.name.value != "__typename" and below.name.value not in cost.brought
        }
        if not conditions:
            return
        if window is None:
            # no window around it: a subscription's event
            window = self._site(path, cost, node)
            window.conditions.add(ALWAYS)
        join = window.joins.setdefault(cost.type_name, Join(path, cost))
        join.conditions |= conditions

    def _fields(
        self, selection_set: SelectionSetNode, type_name: str, condition: Condition
    ) -> Iterator[tuple[FieldNode, str, Condition]]:
        """The fields of a selection set with their parent type, fragments expanded."""
        for selection in selection_set.selections:
            holds = _narrowed(condition, selection)
            if holds is None:
                continue
            if isinstance(selection, FieldNode):
                yield selection, type_name, holds
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments[selection.name.value]
                on = fragment.type_condition.name.value
                yield from self._fields(fragment.selection_set, on, holds)
            elif isinstance(selection, InlineFragmentNode):
                narrower = selection.type_condition
                on = narrower.name.value if narrower else type_name
                yield from self._fields(selection.selection_set, on, holds)

    def _returned(self, type_name: str, field_name: str) -> str:
        """The name of the type that a field shows."""
        parent = self._schema.get_type(type_name)
        assert is_composite_type(parent), "a valid selection stands on a type with fields"  # noqa: S101
        definition = self._schema.get_field(parent, field_name)
        assert definition is not None, "a valid selection is of a field that exists"  # noqa: S101
        return get_named_type(definition.type).name


def _constant(node: ValueNode) -> Any:
    """The value of a literal, or its node where a variable stands in it."""
    below = [node]
    while below:
        inner = below.pop()
        if isinstance(inner, VariableNode):
            return node
        if isinstance(inner, ListValueNode):
            below += inner.values
        elif isinstance(inner, ObjectValueNode):
            below += [each.value for each in inner.fields]
    return value_from_ast_untyped(node)


def _narrowed(condition: Condition, selection: SelectionNode) -> Condition | None:
    """The condition with the selection's own @skip and @include; None where it never holds."""
    for directive in selection.directives or ():
        name = directive.name.value
        if name not in {"skip", "include"} or not directive.arguments:
            continue
        value = directive.arguments[0].value
        if isinstance(value, VariableNode):
            condition = (*condition, (value.name.value, name == "include"))
        elif isinstance(value, BooleanValueNode) and value.value is (name == "skip"):
            return None
    return condition
