"""Artist: who performs an album or a track."""

from typing import Any

import strawberry

from schema.node import Node, id_field
from upstream import records


@strawberry.federation.type(
    keys=["id", "databaseId"], description="Who performs an album or a track."
)
class Artist(Node):
    id: strawberry.ID = id_field("Artist")
    database_id: int = strawberry.field(description="The number the REST API knows the artist by.")
    name: str = strawberry.field(description="The artist's name.")

    @classmethod
    def is_type_of(cls, record: Any, _info: Any) -> bool:
        """Whether a record is one of a artist."""
        return isinstance(record, records.Artist)
