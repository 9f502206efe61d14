"""Plain Strawberry: the same facade as its documentation would have one write it.

Dataclasses, `response.json()`, parser and validation caches, DataLoaders made per request, behind
`strawberry.asgi` and uvicorn with uvloop and httptools. It is the part of our schema that the
scenarios ask for. `python -m benchmarks.plain_strawberry UPSTREAM PORT` runs it.
"""

import asyncio
import base64
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Generic, NewType, TypeAlias, TypeVar

import aiohttp
import strawberry
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

PAGE = 100
CONNECTIONS = 256

Row: TypeAlias = dict[str, Any]
NodeT = TypeVar("NodeT")

Date = NewType("Date", str)
Duration = NewType("Duration", str)


def _global_id(kind: str, number: int) -> strawberry.ID:
    return strawberry.ID(base64.b64encode(f"{kind}:{number}".encode()).decode())


@strawberry.type
class Artist:
    """An artist."""

    id: strawberry.ID
    database_id: int
    name: str

    @classmethod
    def of(cls, row: Row) -> "Artist":
        """The artist in a row."""
        return cls(id=_global_id("Artist", row["id"]), database_id=row["id"], name=row["name"])


@strawberry.type
class Label:
    """A label."""

    id: strawberry.ID
    database_id: int
    name: str

    @classmethod
    def of(cls, row: Row) -> "Label":
        """The label in a row."""
        return cls(id=_global_id("Label", row["id"]), database_id=row["id"], name=row["name"])


@strawberry.type
class Track:
    """A track."""

    id: strawberry.ID
    database_id: int
    isrc: str | None
    title: str
    duration: Duration | None
    genres: list[str]
    disc_number: int | None
    track_number: int | None
    explicit: bool | None

    @classmethod
    def of(cls, row: Row) -> "Track":
        """The track in a row."""
        return cls(
            id=_global_id("Track", row["id"]),
            database_id=row["id"],
            isrc=row["isrc"],
            title=row["title"],
            duration=row["duration"],
            genres=row["genres"],
            disc_number=row["disc_number"],
            track_number=row["track_number"],
            explicit=row["explicit"],
        )


@strawberry.type
class Album:
    """An album."""

    id: strawberry.ID
    database_id: int
    icpn: str | None
    title: str
    genres: list[str]
    released_at: Date | None
    artists: list[Artist]
    label: Label | None
    tracks: list[Track]

    @classmethod
    def of(cls, row: Row) -> "Album":
        """The album in a row."""
        return cls(
            id=_global_id("Album", row["id"]),
            database_id=row["id"],
            icpn=row["icpn"],
            title=row["title"],
            genres=row["genres"],
            released_at=row["released_at"],
            artists=[Artist.of(each) for each in row["artists"]],
            label=Label.of(row["label"]) if row["label"] else None,
            tracks=[Track.of(each) for each in row["tracks"]],
        )


class Context:
    """One caller's access to the REST API, for one operation."""

    def __init__(self, session: aiohttp.ClientSession, upstream: str, authorization: str) -> None:
        self._session = session
        self._upstream = upstream
        self._headers = {"Authorization": authorization} if authorization else {}
        self.albums: DataLoader[int, Album | None] = DataLoader(self._each("album", Album.of))
        self.tracks: DataLoader[int, Track | None] = DataLoader(self._each("tracks", Track.of))

    def _each(
        self, kind: str, made: Callable[[Row], NodeT]
    ) -> Callable[[list[int]], Awaitable[list[NodeT | None]]]:
        async def one(number: int) -> NodeT | None:
            url = f"{self._upstream}/api/v1/{kind}/{number}"
            async with self._session.get(url, headers=self._headers) as response:
                if response.status == 404:  # noqa: PLR2004 - not found
                    return None
                response.raise_for_status()
                return made(await response.json())

        async def each(numbers: list[int]) -> list[NodeT | None]:
            return await asyncio.gather(*map(one, numbers))

        return each

    async def rows(self, kind: str, first: int) -> tuple[list[Row], bool]:
        """The first rows of a list, and whether there are more."""
        size = min(first, PAGE)
        pages = range(1, -(-first // PAGE) + 1)
        answers = await asyncio.gather(*(self._page(kind, page, size) for page in pages))
        rows = [row for page_rows, _ in answers for row in page_rows]
        return rows[:first], len(rows) > first or answers[-1][1]

    async def _page(self, kind: str, page: int, size: int) -> tuple[list[Row], bool]:
        url = f"{self._upstream}/api/v1/{kind}?page={page}&per_page={size}"
        async with self._session.get(url, headers=self._headers) as response:
            response.raise_for_status()
            return await response.json(), 'rel="next"' in response.headers.get("Link", "")


@strawberry.type
class Listening:
    """A play."""

    id: strawberry.ID
    database_id: int
    track_isrc: str | None
    album_number: strawberry.Private[int]
    track_number: strawberry.Private[int]

    @strawberry.field
    async def track(self, info: Info[Context, None]) -> Track | None:
        """The track that was played."""
        return await info.context.tracks.load(self.track_number)

    @strawberry.field
    async def album(self, info: Info[Context, None]) -> Album | None:
        """The album it is on."""
        return await info.context.albums.load(self.album_number)

    @classmethod
    def of(cls, row: Row) -> "Listening":
        """The listening in a row."""
        return cls(
            id=_global_id("Listening", row["id"]),
            database_id=row["id"],
            track_isrc=row["track_isrc"],
            album_number=row["album"]["id"],
            track_number=row["track_id"],
        )


@strawberry.type
class PageInfo:
    """Where a page stands."""

    has_next_page: bool


@strawberry.type
class Connection(Generic[NodeT]):
    """A page of a collection."""

    nodes: list[NodeT]
    page_info: PageInfo


@strawberry.type
class Query:
    """The root fields that the scenarios ask for."""

    @strawberry.field
    async def album(self, info: Info[Context, None], id: strawberry.ID) -> Album | None:  # noqa: A002 - the schema's name
        """One album."""
        number = id if id.isdecimal() else base64.b64decode(id).decode().partition(":")[2]
        return await info.context.albums.load(int(number))

    @strawberry.field
    async def albums(self, info: Info[Context, None], first: int = 25) -> Connection[Album]:
        """The albums."""
        rows, more = await info.context.rows("albums", first)
        return Connection(
            nodes=[Album.of(row) for row in rows], page_info=PageInfo(has_next_page=more)
        )

    @strawberry.field
    async def listenings(self, info: Info[Context, None], first: int = 25) -> Connection[Listening]:
        """The listenings."""
        rows, more = await info.context.rows("listenings", first)
        return Connection(
            nodes=[Listening.of(row) for row in rows], page_info=PageInfo(has_next_page=more)
        )


schema = strawberry.Schema(
    Query,
    extensions=[lambda: ParserCache(maxsize=256), lambda: ValidationCache(maxsize=256)],
    config=StrawberryConfig(
        scalar_map={
            Date: strawberry.scalar(name="Date", serialize=str),
            Duration: strawberry.scalar(name="Duration", serialize=str),
        }
    ),
)


class App(GraphQL[Context, None]):
    """The view, with a context of one request's loaders over one shared session."""

    def __init__(self, session: aiohttp.ClientSession, upstream: str) -> None:
        super().__init__(schema, graphql_ide=None)
        self._session = session
        self._upstream = upstream

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """A fresh context."""
        del response
        return Context(self._session, self._upstream, request.headers.get("authorization", ""))


async def _serve(upstream: str, port: int) -> None:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:
        config = uvicorn.Config(
            App(session, upstream),
            port=port,
            log_level="warning",
            access_log=False,
            timeout_keep_alive=75,
            backlog=16_384,
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(sys.argv[1], int(sys.argv[2])))
