"""Delivery: an album that a distributor handed in, once it was processed."""

import datetime as dt
from typing import TYPE_CHECKING

import strawberry

from upstream import records

from .album import Album
from .federation import priced
from .node import id_field

if TYPE_CHECKING:
    DeliveryType = records.DeliveryType
else:
    DeliveryType = strawberry.enum(
        records.DeliveryType,
        name="DeliveryType",
        description="Whether a delivery made an album or changed one.",
    )
    for value, description in zip(
        DeliveryType.__strawberry_definition__.values,
        ("The delivery resulted in a new album.", "The delivery updated an existing album."),
        strict=True,
    ):
        value.description = description


@strawberry.type(
    description="One processed delivery of an album. It cannot be fetched again by its ID."
)
class Delivery:
    id: strawberry.ID = id_field("Delivery")
    database_id: int = strawberry.field(description="The REST API's number of the delivery.")
    created_at: dt.datetime | None = strawberry.field(description="When it came in.")
    updated_at: dt.datetime | None = strawberry.field(description="When it last changed.")
    finished_at: dt.datetime | None = strawberry.field(description="When it was processed.")
    type: DeliveryType | None = strawberry.field(description="What it did to the catalogue.")
    album: Album | None = strawberry.field(
        description="The album that was delivered.", directives=priced("Delivery.album")
    )
