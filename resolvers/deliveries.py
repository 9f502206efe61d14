"""Deliveries: a window of a range of days, joined with the albums that are selected."""

import datetime as dt
from typing import Any

from upstream import records
from upstream.records import number_of

from .connections import Connection, connection
from .context import Info
from .days import listing_of_days
from .joins import in_place_of, values_of, whole
from .listings import Arguments
from .selection import Selection

ALBUM_REFERENCE = frozenset({"id", "databaseId"})
"""The fields of an album that a delivery brings."""


class JoinedDelivery(records.Delivery, gc=True):
    """A delivery whose album is whole.

    It may be an exception, hence the collector: one that is raised holds what holds it.
    """


_values = values_of(records.Delivery)


async def deliveries(
    info: Info, since: dt.date | None, until: dt.date | None, arguments: Arguments
) -> Connection:
    """A window of the deliveries of a range of days."""
    listing = listing_of_days("deliveries", since, until)
    return await connection(info, listing, arguments, joined_deliveries)


async def joined_deliveries(info: Info, rows: list[Any], selection: Selection) -> list[Any]:
    """Deliveries with their albums, whole where more is selected than a delivery brings."""
    if selection.below("album").names <= ALBUM_REFERENCE:
        return rows
    wanted = {
        number
        for row in rows
        if isinstance(row, records.Delivery) and (number := number_of(row.album)) is not None
    }
    albums = await whole(info, info.context.loaders.albums, wanted)

    def joined(row: Any) -> Any:
        if not isinstance(row, records.Delivery):
            return row
        delivery = JoinedDelivery(*_values(row))
        delivery.album = in_place_of(row.album, albums)
        return delivery

    return [joined(row) for row in rows]
