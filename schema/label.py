"""Label: who publishes an album."""

import strawberry

from execution import instances_of
from upstream import records

from .node import Node, id_field
from .promises import promises


@strawberry.federation.type(keys=["id", "databaseId"], description="Who publishes an album.")
class Label(Node):
    id: strawberry.ID = id_field("Label")
    database_id: int = strawberry.field(description="The number the REST API knows the label by.")
    name: str = strawberry.field(description="The label's name.")

    is_type_of = instances_of(records.Label, promises=promises(records.Label))
