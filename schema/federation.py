"""The subgraph's schema: Apollo Federation, with each representation answered on its own.

Strawberry's own `_entities` raises KeyError for an unknown `__typename`, which nulls the whole
answer, and changes the representations that it is given.

Gateways get a schema without `Query.node` and `Query.nodes`; who asks the facade directly has
both. Every subgraph that serves Relay clients has these two fields, and two subgraphs can't: as
they stand composition fails (INVALID_FIELD_SHARING), with @inaccessible too. @shareable would let
it pass and be a lie: Apollo's documentation allows it only where the field is resolved alike in
each subgraph ("Value types", the considerations for @shareable), so the query planner asks any of
them, and the facade knows nothing of another's objects (Apollo's maintainers say of `node` just
that in apollographql/federation#1917; for `node` itself federation has nothing, see #1067 there).
@override names the one subgraph that it takes a field from, so it helps beside one that is known.
To federation an object's identity is its @key. In a supergraph, `node` belongs to one subgraph
that finds the type in the global ID and leaves the rest to the keys: tests/gateways/nodes.js is
such a one, for all subgraphs whose IDs are made as Relay makes them.
"""

from functools import cached_property
from typing import Any, Final

from graphql import (
    REMOVE,
    SKIP,
    FieldDefinitionNode,
    ObjectTypeDefinitionNode,
    Visitor,
    VisitorAction,
    parse,
    print_ast,
    visit,
)
from strawberry.federation.schema import FederationAny, Schema
from strawberry.federation.schema_directives import Cost, ListSize

from resolvers.context import Info
from resolvers.costs import COSTS, WindowCost, weight
from resolvers.nodes import entity
from resolvers.turns import in_turn
from upstream.listing import DEFAULT_PAGE_SIZE

NOT_FOR_GATEWAYS: Final = frozenset({"node", "nodes"})
"""The fields of Query that a gateway's schema has from one subgraph alone."""


def priced(coordinate: str) -> list[object]:
    """The directives that tell a gateway what a field costs, from the one model of costs.

    The weight is in requests to the REST API, with the field's default arguments. @authenticated
    is not among them: a router grants it for tokens that it can verify, and those of the REST API
    mean nothing to anybody else, so it would refuse every caller. Nor is @cacheControl: it does
    not survive composition, and a gateway reads the Cache-Control of each answer.
    """
    cost = Cost(weight=weight(coordinate))
    if not isinstance(COSTS[coordinate], WindowCost):
        return [cost]
    size = ListSize(
        assumed_size=DEFAULT_PAGE_SIZE,
        slicing_arguments=["first", "last"],
        sized_fields=["edges", "nodes"],
        require_one_slicing_argument=False,
    )
    return [cost, size]


class _ForGateways(Visitor):
    """Takes the fields of Query away that are not for gateways."""

    def enter_object_type_definition(
        self, node: ObjectTypeDefinitionNode, *_: object
    ) -> VisitorAction:
        return None if node.name.value == "Query" else SKIP

    def enter_field_definition(self, node: FieldDefinitionNode, *_: object) -> VisitorAction:
        return REMOVE if node.name.value in NOT_FOR_GATEWAYS else None


class Subgraph(Schema):
    """A federation schema whose entities come from the loaders."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        service: Any = self._schema.type_map["_Service"]
        service.fields["sdl"].resolve = lambda *_: self.sdl_for_gateways

    @cached_property
    def sdl_for_gateways(self) -> str:
        """What `_service` shows: the printed schema without the fields that would collide."""
        return print_ast(visit(parse(self.as_str(), no_location=True), _ForGateways()))

    def entities_resolver(  # type: ignore[override] # Strawberry narrows Info by its own class
        self, info: Info, representations: list[FederationAny]
    ) -> list[FederationAny]:
        """An awaitable for each representation, so that each fails or succeeds alone."""
        awaitables: list[Any] = in_turn(
            [entity(info, item) for item in representations], info.context.turns
        )
        return awaitables
