"""Estimates: the most upstream requests that an operation can cause, and the plan of them.

`footprint` walks a valid operation once, when it is first asked for, and finds the places that
can cause a request; `estimated` prices these places for one request's variables, which takes
microseconds; `explained` tells them to a person. What a place costs is resolvers/costs.py's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

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

from resolvers.costs import (
    COSTS,
    PRICES,
    Cost,
    JoinCost,
    ObjectCost,
    WindowCost,
    joined_requests,
    numbers_of,
    numbers_represented,
    window_requests,
    window_size,
)
from resolvers.windows import Sizes, pages_for
from web.request_errors import too_complex

Condition: TypeAlias = tuple[tuple[str, bool], ...]
"""Boolean variables and the values that they must have: a chain of @skip and @include."""

Conditions: TypeAlias = set[Condition]
"""Conditions of which one must hold; an empty one always does."""

ALWAYS: Final[Condition] = ()

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
    joins: dict[str, Join] = field(default_factory=dict)
    """By the type that is joined: two fields of one row that join it name the same object."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """All sites of one operation, and the default values of its variables."""

    sites: tuple[Site, ...]
    defaults: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most upstream requests of one operation, and the response path that weighs most."""

    requests: int
    costliest: str | None = None


def assert_affordable(estimate: Estimate, allowed: int) -> None:
    """Raise RequestError for an operation that may cause more upstream requests than allowed."""
    if estimate.requests > allowed:
        raise too_complex(
            "upstream requests", estimate.requests, allowed, costliest=estimate.costliest
        )


class Step(NamedTuple):
    """Upstream requests of one kind that one place of an operation can cause."""

    path: str
    method: str
    route: str
    parameters: Mapping[str, Any]
    """The pages, or the numbers, that are asked for, as far as they are known beforehand."""
    requests: int
    objects: int
    """For how many rows, or different objects, the requests are."""
    after: str | None = None
    """The path of the step whose answer they need."""


def estimated(footprint: Footprint, variables: Mapping[str, Any]) -> Estimate:
    """What an operation costs at most with these variables, which need not fit it."""
    requests, most, costliest = 0, 0, None
    for step in _steps(footprint, variables):
        requests += step.requests
        if step.requests > most:
            most, costliest = step.requests, step.path
    return Estimate(requests, costliest)


def explained(footprint: Footprint, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The plan of an operation's upstream requests, for `extensions.explain`; none is sent.

    Each step says where in the answer it is needed, its method, route and parameters, how many
    requests it takes at most, for how many rows or objects, and after which step.
    """
    steps = [
        {
            "path": step.path,
            "method": step.method,
            "route": step.route,
            "parameters": step.parameters,
            "requestsAtMost": step.requests,
            "objects": step.objects,
            "after": step.after,
        }
        for step in _steps(footprint, variables)
    ]
    return {"requestsAtMost": estimated(footprint, variables).requests, "steps": steps}


def _steps(footprint: Footprint, variables: Mapping[str, Any]) -> Iterator[Step]:
    values = _Values(footprint, variables)
    for site in footprint.sites:
        if not values.hold(site.conditions):
            continue
        cost = site.cost
        if isinstance(cost, WindowCost):
            yield from _window(site, cost, values)
        elif isinstance(cost, JoinCost):
            yield from _joined(site, 1, values)
        elif isinstance(cost, ObjectCost):
            yield from _objects(site, cost, values)
        else:
            yield Step(site.path, "POST", cost.route, {}, 1, 1)


def _window(site: Site, cost: WindowCost, values: "_Values") -> Iterator[Step]:
    first, last, after, before = (
        values.argument(site, name) for name in ("first", "last", "after", "before")
    )
    rows = window_size(first, last)
    anchored = after is not None or before is not None
    backwards = last is not None or (first is None and after is None and before is not None)
    parameters = {}
    if not anchored and not backwards:
        pages = pages_for(0, rows, Sizes())
        parameters = {
            "page": [ask.page for ask in pages],
            "per_page": pages[0].per_page if pages else 1,
        }
    requests = window_requests(
        rows, backwards=backwards, anchored=anchored, counted=values.hold(site.counted)
    )
    yield Step(site.path, "GET", cost.route, parameters, requests, rows)
    yield from _joined(site, rows, values)


def _objects(site: Site, cost: ObjectCost, values: "_Values") -> Iterator[Step]:
    given = values.argument(site, cost.argument)
    # GraphQL takes one item for a list of it
    items = given if isinstance(given, list) else [given]
    if cost.argument == "representations":
        named = numbers_represented(items)
    else:
        named = numbers_of(items, cost.type_name)
    for type_name, numbers in named.items():
        price, count = PRICES[type_name], len(numbers)
        parameters = {"id": sorted(numbers)}
        yield Step(site.path, "GET", price.route, parameters, count * price.requests, count)


def _joined(site: Site, rows: int, values: "_Values") -> Iterator[Step]:
    joins = [join for join in site.joins.values() if values.hold(join.conditions)]
    type_names = [join.cost.type_name for join in joins]
    for join, type_name in zip(joins, type_names, strict=True):
        requests = joined_requests(rows, type_name, type_names)
        after = None if join.path == site.path else site.path
        yield Step(join.path, "GET", PRICES[type_name].route, {}, requests, rows, after)


class _Values:
    """The values of arguments and conditions with one request's variables."""

    __slots__ = ("_variables",)

    def __init__(self, footprint: Footprint, variables: Mapping[str, Any]) -> None:
        self._variables = {**footprint.defaults, **variables}

    def hold(self, conditions: Conditions) -> bool:
        """Whether one of the conditions holds."""
        variables = self._variables
        return any(
            all(variables.get(name) is wanted for name, wanted in condition)
            for condition in conditions
        )

    def argument(self, site: Site, name: str) -> Any:
        """The value of an argument; None where it is null, or not given."""
        value = site.arguments.get(name)
        if isinstance(value, VariableNode):
            return self._variables.get(value.name.value)
        if isinstance(value, ValueNode):
            return value_from_ast_untyped(value, self._variables)
        return value


def footprint(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Footprint:
    """The places of an operation that can cause requests; the document must be valid.

    Fragments are expanded: web.limits has bounded what that comes to.
    """
    return _Walk(schema, document).footprint(operation)


class _Walk:
    """One walk over an operation, with the sites that were found so far, by response path."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._sites: dict[str, Site] = {}

    def footprint(self, operation: OperationDefinitionNode) -> Footprint:
        root = self._schema.get_root_type(operation.operation)
        assert root is not None, "a valid operation has a root type"  # noqa: S101
        self._look(operation.selection_set, root.name, "", ALWAYS, None)
        defaults = {
            variable.variable.name.value: value_from_ast_untyped(variable.default_value)
            for variable in operation.variable_definitions or ()
            if variable.default_value is not None
        }
        return Footprint(tuple(self._sites.values()), defaults)

    def _look(
        self,
        selection_set: SelectionSetNode,
        type_name: str,
        path: str,
        condition: Condition,
        window: Site | None,
    ) -> None:
        for field_node, parent, holds in self._fields(selection_set, type_name, condition):
            name = field_node.name.value
            key = field_node.alias.value if field_node.alias else name
            below_path = f"{path}.{key}" if path else key
            cost = COSTS.get(f"{parent}.{name}")
            if window is not None and name in COUNTED and window.path == path:
                window.counted.add(holds)
            below = window
            if isinstance(cost, JoinCost):
                self._join(field_node, cost, below_path, holds, window)
            elif cost is not None:
                below = self._site(below_path, cost, field_node)
                below.conditions.add(holds)
            if field_node.selection_set is not None:
                returned = self._returned(parent, name)
                self._look(field_node.selection_set, returned, below_path, holds, below)

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
