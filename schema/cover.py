"""Cover: the picture of an album or a track."""

import strawberry

from .scalars import URL


@strawberry.type(description="A cover picture, in three sizes.")
class Cover:
    small_url: URL | None = strawberry.field(description="The smallest size, for lists.")
    medium_url: URL | None = strawberry.field(description="The size in between.")
    large_url: URL | None = strawberry.field(description="The largest size, for a page of its own.")
