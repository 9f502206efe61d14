"""Connection: a window of a list, as the Relay cursor connections specification has it.

Strawberry's own relay module hides `databaseId`, slices in memory, and has a PageInfo that two
subgraphs can't share; these few types are what the REST API's pages need.
"""

from typing import Annotated, Any, Generic, TypeVar

import strawberry

from resolvers.connections import Connection as Window
from resolvers.context import Info
from resolvers.listings import Arguments

from .federation import priced

NodeT = TypeVar("NodeT")


@strawberry.federation.type(
    shareable=True,
    description="A page of a connection, as the Relay cursor connections specification has it.",
)
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether rows follow: a fact both ways.")
    has_previous_page: bool = strawberry.field(description="Whether rows precede: likewise.")
    start_cursor: str | None = strawberry.field(description="The first row's cursor.")
    end_cursor: str | None = strawberry.field(description="The last row's cursor.")


@strawberry.federation.type(
    shareable=True, description="A numbered page, for those who show links to pages."
)
class PageCursor:
    page: int = strawberry.field(description="The page's number, from 1.")
    cursor: str = strawberry.field(
        description="As `after`, with the same `first`, it brings that page."
    )
    is_current: bool = strawberry.field(description="Whether it is the page that is shown.")


@strawberry.federation.type(
    shareable=True, description="The numbered pages around the one that is shown."
)
class PageCursors:
    first: PageCursor | None = strawberry.field(
        description="The first page; null where the list is empty."
    )
    previous: PageCursor | None = strawberry.field(description="The page before.")
    next: PageCursor | None = strawberry.field(description="The page after.")
    last: PageCursor | None = strawberry.field(
        description="The last page; null where the list is empty."
    )
    around: list[PageCursor] = strawberry.field(
        description="The page that is shown, and up to four before and after it."
    )


@strawberry.type(description="One row of a connection.")
class Edge(Generic[NodeT]):
    cursor: str = strawberry.field(description="Names the row's place, for `after` and `before`.")
    node: NodeT = strawberry.field(description="The row itself.")


@strawberry.type(description="A window of a list.")
class Connection(Generic[NodeT]):
    edges: list[Edge[NodeT]] = strawberry.field(description="The rows, with their cursors.")
    nodes: list[NodeT] = strawberry.field(description="The rows alone.")
    page_info: PageInfo = strawberry.field(description="What lies before and after the window.")
    total_count: int | None = strawberry.field(
        description="The rows of the whole list; null only where the REST API can't tell. It may "
        "cost a request."
    )
    page_cursors: PageCursors | None = strawberry.field(
        description="Numbered pages; null where the REST API can't tell. They cost what "
        "`totalCount` costs."
    )


First = Annotated[
    int | None,
    strawberry.argument(description="How many rows from the start, or after `after`: 0 to 500."),
]
After = Annotated[
    str | None, strawberry.argument(description="The cursor after which the window starts.")
]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many rows from the end, or before `before`: 0 to 500."),
]
Before = Annotated[
    str | None, strawberry.argument(description="The cursor before which the window ends.")
]


def arguments(first: Any, after: Any, last: Any, before: Any) -> Arguments:
    """The pagination arguments of a field; one that is null is one that was not given."""
    given = (first, after, last, before)
    return Arguments(*(None if value is strawberry.UNSET else value for value in given))


def connection_field(coordinate: str, node: type, resolver: Any, description: str) -> Any:
    """A field that shows a window of a list of such nodes, priced by its coordinate."""
    listed = Connection[node]  # type: ignore[valid-type] # a type that is chosen at run time

    async def connection(
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Window:
        window: Window = await resolver(info, arguments(first, after, last, before))
        return window

    return strawberry.field(
        resolver=connection,
        graphql_type=listed,
        description=description,
        directives=priced(coordinate),
    )
