"""Label: who publishes an album."""

from typing import Any

import strawberry

from schema.node import Node, id_field
from upstream import records


@strawberry.federation.type(keys=["id", "databaseId"], description="Who publishes an album.")
class Label(Node):
    id: strawberry.ID = id_field("Label")
    database_id: int = strawberry.field(description="The number the REST API knows the label by.")
    name: str = strawberry.field(description="The label's name.")

    @classmethod
    def is_type_of(cls, record: Any, _info: Any) -> bool:
        """Whether a record is one of a label."""
        return isinstance(record, records.Label)
