"""Listening: one play of one track, with who listened and through whom it came."""

import strawberry

from .album import Album
from .artist import Artist
from .federation import priced
from .label import Label
from .node import id_field
from .track import Track


@strawberry.type(description="Who brought a recording to the service.")
class Distributor:
    id: strawberry.ID = id_field("Distributor")
    database_id: int = strawberry.field(description="The REST API's number of the distributor.")
    name: str = strawberry.field(description="The distributor's name.")


@strawberry.type(description="A library, or another place that users belong to.")
class Station:
    id: strawberry.ID = id_field("Station")
    database_id: int = strawberry.field(description="The REST API's number of the station.")
    name: str | None = strawberry.field(description="The station's name.")


@strawberry.type(description="Somebody who listens.")
class User:
    id: strawberry.ID = id_field("User")
    database_id: int = strawberry.field(description="The REST API's number of the user.")
    name: str | None = strawberry.field(description="The user's name.")
    station: Station | None = strawberry.field(description="Where the user belongs.")


@strawberry.type(
    description="One play of one track by one user. It cannot be fetched again by its ID."
)
class Listening:
    id: strawberry.ID = id_field("Listening")
    database_id: int = strawberry.field(description="The REST API's number of the listening.")
    track: Track | None = strawberry.field(
        description="What was played.", directives=priced("Listening.track")
    )
    track_isrc: str | None = strawberry.field(
        description="The International Standard Recording Code of what was played."
    )
    three_seconds: bool = strawberry.field(description="Whether three seconds were heard.")
    thirty_seconds: bool = strawberry.field(description="Whether thirty seconds were heard.")
    fifty_percents: bool = strawberry.field(description="Whether half of it was heard.")
    ninety_five_percents: bool = strawberry.field(description="Whether 95 % of it were heard.")
    distributor: Distributor | None = strawberry.field(description="Who brought the recording.")
    label: Label | None = strawberry.field(description="Who published it.")
    album: Album | None = strawberry.field(
        description="The album that it was played from.", directives=priced("Listening.album")
    )
    artists: list[Artist] = strawberry.field(description="Who performs it.")
    user: User | None = strawberry.field(description="Who listened.")
