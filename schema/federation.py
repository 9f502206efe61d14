"""The subgraph's schema: Apollo Federation, with each representation answered on its own.

Strawberry's own `_entities` raises KeyError for an unknown `__typename`, which nulls the whole
answer, and changes the representations that it is given.
"""

from typing import Any

from strawberry.federation.schema import FederationAny, Schema

from resolvers.context import Info
from resolvers.nodes import entity


class Subgraph(Schema):
    """A federation schema whose entities come from the loaders."""

    def entities_resolver(  # type: ignore[override] # Strawberry narrows Info by its own class
        self, info: Info, representations: list[FederationAny]
    ) -> list[FederationAny]:
        """An awaitable for each representation, so that each fails or succeeds alone."""
        awaitables: list[Any] = [entity(info, item) for item in representations]
        return awaitables
