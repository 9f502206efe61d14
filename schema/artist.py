"""Artist: who performs an album or a track."""

import strawberry

from execution import instances_of
from upstream import records

from .node import Node, id_field
from .promises import promises


@strawberry.federation.type(
    keys=["id", "databaseId"], description="Who performs an album or a track."
)
class Artist(Node):
    id: strawberry.ID = id_field("Artist")
    database_id: int = strawberry.field(description="The number the REST API knows the artist by.")
    name: str = strawberry.field(description="The artist's name.")

    is_type_of = instances_of(records.Artist, promises=promises(records.Artist))
