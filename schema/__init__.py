"""What callers see: the schema, assembled from one module a type.

Its printed form is committed as schema/schema.graphql; what callers were promised of it stands in
tests/contract.graphql.
"""

from typing import Final

from strawberry.schema.config import StrawberryConfig

from execution import compiled_execution
from resolvers.context import Info

from .artist import Artist
from .federation import Subgraph
from .label import Label
from .mutation import Mutation
from .query import Query
from .scalars import SCALARS
from .subscription import Subscription
from .track import Track

FEDERATION_VERSION: Final = "2.9"
"""The highest version of Apollo Federation that every composer takes."""

schema = Subgraph(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Artist, Label, Track],
    federation_version=FEDERATION_VERSION,
    # What is answered goes to msgspec's encoder as it is; in Python, it has Structs in it.
    execution_context_class=compiled_execution(shaped=True),
    config=StrawberryConfig(info_class=Info, scalar_map=SCALARS),
)

__all__ = ["schema"]
