"""Query: where every question starts."""

import datetime as dt
from typing import Annotated, Any

import strawberry

from resolvers import albums, artists, deliveries, labels, listenings, nodes, tracks
from resolvers.connections import Connection as Window
from resolvers.context import Info
from resolvers.turns import in_turn

from .album import Album
from .artist import Artist
from .connection import (
    After,
    Before,
    Connection,
    First,
    Last,
    arguments,
    connection_field,
)
from .delivery import Delivery
from .federation import priced
from .label import Label
from .listening import Listening
from .node import Node
from .track import Track

Identifier = Annotated[
    strawberry.ID, strawberry.argument(description="A global ID, or the REST API's number.")
]
GlobalID = Annotated[strawberry.ID, strawberry.argument(description="A global ID.")]
Since = Annotated[
    dt.date | None,
    strawberry.argument(description="The first day; goes with `until`."),
]
Until = Annotated[
    dt.date | None,
    strawberry.argument(description="The last day; goes with `since`, and does not precede it."),
]


def _object_field(coordinate: str, node: type, resolver: Any, description: str) -> Any:
    """A field that shows one object, or null where there is none."""

    async def one(info: Info, id: Identifier) -> Any:  # noqa: A002 - the argument's public name
        return await resolver(info, id)

    return strawberry.field(
        resolver=one,
        graphql_type=node | None,
        description=description,
        directives=priced(coordinate),
    )


def _report_field(coordinate: str, node: type, resolver: Any, description: str) -> Any:
    """A field that shows a window of the reports of a range of days."""
    listed = Connection[node]  # type: ignore[valid-type] # a type that is chosen at run time

    async def report(  # noqa: PLR0913 - the field's public arguments
        info: Info,
        *,
        since: Since = strawberry.UNSET,
        until: Until = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Window:
        window: Window = await resolver(
            info, since or None, until or None, arguments(first, after, last, before)
        )
        return window

    return strawberry.field(
        resolver=report,
        graphql_type=listed,
        description=description,
        directives=priced(coordinate),
    )


@strawberry.type(description="Where every question starts.")
class Query:
    album = _object_field("Query.album", Album, albums.one_album, "One album.")
    artist = _object_field("Query.artist", Artist, artists.one_artist, "One artist.")
    label = _object_field("Query.label", Label, labels.one_label, "One label.")
    track = _object_field("Query.track", Track, tracks.one_track, "One track.")

    albums = connection_field(
        "Query.albums", Album, albums.albums, "All albums, 25 unless asked otherwise."
    )
    artists = connection_field(
        "Query.artists", Artist, artists.artists, "All artists, 25 unless asked otherwise."
    )
    labels = connection_field(
        "Query.labels", Label, labels.labels, "All labels, 25 unless asked otherwise."
    )
    listenings = _report_field(
        "Query.listenings",
        Listening,
        listenings.listenings,
        "The listenings of a range of days, both included; without one, of the range that the "
        "REST API chooses.",
    )
    deliveries = _report_field(
        "Query.deliveries",
        Delivery,
        deliveries.deliveries,
        "The deliveries processed in a range of days, both included; without one, of yesterday.",
    )

    @strawberry.field(
        description="The object that a global ID names.",
        graphql_type=Node | None,
        directives=priced("Query.node"),
    )
    async def node(self, info: Info, id: GlobalID) -> Any:  # noqa: A002 - the public name
        return await nodes.node(info, id)

    @strawberry.field(
        description="The objects that global IDs name, each in its place: one that can't be had "
        "is null, with an error of its own where it is more than missing.",
        graphql_type=list[Node | None],
        directives=priced("Query.nodes"),
    )
    def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Global IDs, 500 at most.")
        ],
    ) -> Any:
        # an awaitable for each: a bad ID is an error at its own index
        return in_turn([nodes.node(info, each) for each in ids], info.context.turns)
