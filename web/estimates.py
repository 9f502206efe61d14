"""Estimates: the most upstream requests that an operation can cause, and the plan of them.

`estimated` prices an operation's footprint (web/footprints.py) for one request's variables, which
takes microseconds; `explained` tells it to a person. What a place costs is resolvers/costs.py's.

A request for half a billion territory codes is refused like one for too many upstream requests.
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import ceil
from typing import Any, Final

from graphql import ValueNode, VariableNode, value_from_ast_untyped
from msgspec import Struct

from resolvers.costs import (
    PRICES,
    JoinCost,
    ObjectCost,
    WindowCost,
    joined_requests,
    numbers_of,
    numbers_represented,
    window_requests,
    window_size,
)
from resolvers.habits import Habits
from resolvers.loaders import SCANNABLE
from resolvers.scans import most_requests as scan_requests
from resolvers.windows import Sizes, pages_for
from upstream.listing import LARGEST_PAGE_SIZE

from .footprints import ALWAYS, Conditions, Footprint, Site
from .request_errors import too_complex

NOTHING_KNOWN: Final = Habits()

NOWHERE: Final = "(many objects by number)"
"""The path of requests that no single place of the answer causes."""

_SCANS: Final = {
    f"/api/v1/{listing.collection}/:id": f"/api/v1/{listing.collection}"
    for listing in SCANNABLE.values()
}
"""The lists that are read instead of many objects, by the objects' route."""


class Estimate(Struct, frozen=True):
    """The most upstream requests of one operation, and the response path that weighs most.

    `values` is about how many values the answer holds.
    """

    requests: int
    costliest: str | None
    values: int


def assert_affordable(estimate: Estimate, allowed: int) -> None:
    """Raise RequestError for an operation that may cause more upstream requests than allowed."""
    if estimate.requests > allowed:
        raise too_complex(
            "upstream requests", estimate.requests, allowed, costliest=estimate.costliest
        )


class Step(Struct, frozen=True):
    """Upstream requests of one kind that one place of an operation can cause."""

    path: str
    method: str
    route: str
    requests: int
    objects: int
    """For how many rows, or different objects, the requests are."""
    values: float = 0
    """Of the answer, at and below the place."""
    after: str | None = None
    """The path of the step whose answer they need."""
    parameters: Callable[[], dict[str, Any]] = dict
    """The pages, or the numbers, that are asked for, as far as they are known beforehand."""


def estimated(
    footprint: Footprint, variables: Mapping[str, Any], habits: Habits = NOTHING_KNOWN
) -> Estimate:
    """What an operation costs at most with these variables, which need not fit it.

    `habits` is what is known of the REST API's lists.
    Raises RequestError for an operation whose answer would hold too many values.
    """
    requests, most, costliest = 0, 0, None
    values = footprint.values
    for step in _steps(footprint, variables, habits):
        requests += step.requests
        values += step.values
        if step.requests > most and step.path is not NOWHERE:
            most, costliest = step.requests, step.path
    whole = ceil(values)
    if whole > footprint.most_values:
        raise too_complex("values in its answer", whole, footprint.most_values)
    return Estimate(requests, costliest, whole)


def explained(
    footprint: Footprint, variables: Mapping[str, Any], habits: Habits = NOTHING_KNOWN
) -> dict[str, Any]:
    """The plan of an operation's upstream requests, for `extensions.explain`; none is sent.

    Each step says where in the answer it is needed, its method, route and parameters, how many
    requests it takes at most, for how many rows or objects, and after which step. Raises
    RequestError as `estimated` does.
    """
    estimate = estimated(footprint, variables, habits)
    steps = [
        {
            "path": step.path,
            "method": step.method,
            "route": step.route,
            "parameters": step.parameters(),
            "requestsAtMost": step.requests,
            "objects": step.objects,
            "after": step.after,
        }
        for step in _steps(footprint, variables, habits)
        if step.requests
    ]
    return {"requestsAtMost": estimate.requests, "values": estimate.values, "steps": steps}


def _steps(footprint: Footprint, variables: Mapping[str, Any], habits: Habits) -> list[Step]:
    values = _Values(footprint, variables)
    steps: list[Step] = []
    wanted: dict[str, int] = {}
    for site in footprint.sites:
        if not values.hold(site.conditions):
            continue
        cost = site.cost
        if isinstance(cost, ObjectCost):
            for step in _objects(site, cost, values):
                steps.append(step)
                if step.route in _SCANS:
                    wanted[step.route] = wanted.get(step.route, 0) + step.objects
        elif isinstance(cost, WindowCost):
            steps.append(_window(site, cost, values, habits))
            steps += _joined(site, steps[-1].objects, values)
        elif isinstance(cost, JoinCost):
            steps += _joined(site, 1, values)
        else:
            steps.append(Step(site.path, "POST", cost.route, 1, 1, site.values))
    for route, count in wanted.items():
        requests = scan_requests(count)
        if requests:
            steps.append(Step(NOWHERE, "GET", _SCANS[route], requests, 0, parameters=_scanned))
    return steps


def _scanned() -> dict[str, Any]:
    return {"per_page": LARGEST_PAGE_SIZE}


def _window(site: Site, cost: WindowCost, values: "_Values", habits: Habits) -> Step:
    first, last, after, before = (
        values.argument(site, name) for name in ("first", "last", "after", "before")
    )
    rows = window_size(first, last)
    anchored = after is not None or before is not None
    backwards = last is not None or (first is None and after is None and before is not None)
    requests = window_requests(
        rows,
        backwards=backwards,
        anchored=anchored,
        counted=values.hold(site.counted),
        unlinked=habits.is_unlinked(cost.collection),
    )
    parameters = dict if anchored or backwards else partial(_first_pages, rows)
    return Step(
        site.path, "GET", cost.route, requests, rows, rows * site.values, parameters=parameters
    )


def _first_pages(rows: int) -> dict[str, Any]:
    pages = pages_for(0, rows, Sizes())
    return {"page": [ask.page for ask in pages], "per_page": pages[0].per_page if pages else 1}


def _objects(site: Site, cost: ObjectCost, values: "_Values") -> list[Step]:
    given = values.argument(site, cost.argument)
    # GraphQL takes one item for a list of it
    items = given if isinstance(given, list) else [given]
    if cost.argument == "representations":
        named = numbers_represented(items)
    else:
        named = numbers_of(items, cost.type_name)
    # an object that is named twice is fetched once and shown twice
    shown = len(items) * site.values
    steps: list[Step] = []
    for type_name, numbers in named.items():
        price, count = PRICES[type_name], len(numbers)
        parameters = partial(_numbered, numbers)
        requests = count * price.requests
        steps.append(
            Step(site.path, "GET", price.route, requests, count, shown, parameters=parameters)
        )
        shown = 0
    return steps


def _numbered(numbers: set[int]) -> dict[str, Any]:
    return {"id": sorted(numbers)}


def _joined(site: Site, rows: int, values: "_Values") -> list[Step]:
    joins = [join for join in site.joins.values() if values.hold(join.conditions)]
    type_names = [join.cost.type_name for join in joins]
    return [
        Step(
            join.path,
            "GET",
            PRICES[type_name].route,
            joined_requests(rows, type_name, type_names),
            rows,
            after=None if join.path == site.path else site.path,
        )
        for join, type_name in zip(joins, type_names, strict=True)
    ]


class _Values:
    """The values of arguments and conditions with one request's variables."""

    __slots__ = ("_variables",)

    def __init__(self, footprint: Footprint, variables: Mapping[str, Any]) -> None:
        defaults = footprint.defaults
        self._variables = {**defaults, **variables} if defaults else variables

    def hold(self, conditions: Conditions) -> bool:
        """Whether one of the conditions holds."""
        if ALWAYS in conditions:
            return True
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
            return value_from_ast_untyped(value, dict(self._variables))
        return value
