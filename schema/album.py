"""Album: a product of the catalogue, with everything in it."""

import datetime as dt

import strawberry

from execution import instances_of
from upstream import records

from .artist import Artist
from .cover import Cover
from .label import Label
from .node import Node, id_field
from .promises import promises
from .track import Track


@strawberry.federation.type(
    keys=["id", "databaseId"], description="An album of the catalogue, with everything in it."
)
class Album(Node):
    id: strawberry.ID = id_field("Album")
    database_id: int = strawberry.field(description="The number the REST API knows the album by.")
    icpn: str | None = strawberry.field(
        description="International code of the product: an EAN/UPC barcode."
    )
    title: str = strawberry.field(description="The album's title.")
    genres: list[str] = strawberry.field(description="The genres, the broader before a colon.")
    released_at: dt.date | None = strawberry.field(description="The day of its release.")
    cover: Cover | None = strawberry.field(description="The album's cover.")
    artists: list[Artist] = strawberry.field(description="Who performs it.")
    label: Label | None = strawberry.field(description="Who published it.")
    tracks: list[Track] = strawberry.field(
        description="Its tracks, in the order that the REST API gives."
    )

    is_type_of = instances_of(
        *(records.Album, records.AlbumStub, records.AlbumReference),
        promises=promises(records.Album),
    )
