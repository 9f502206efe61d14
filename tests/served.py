"""A served application: any App behind the server that `python server.py` uses, on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any

import aiohttp
import uvicorn
from strawberry import Schema

from upstream.caller import Caller
from web.app import App, create_app
from web.service import Context
from web.serving import configuration
from web.settings import settings_from

NOWHERE = "http://127.0.0.1:9"
"""The address of a REST API that is never asked, or is down."""

QUIET = {"ONEDTOUCH_LOG_REQUESTS": "false"}


@dataclass(frozen=True)
class Served:
    """An application at a port of 127.0.0.1, and a client for it."""

    app: App
    port: int
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """Where GraphQL is served."""
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def base(self) -> str:
        """Where everything else is."""
        return f"http://127.0.0.1:{self.port}"

    async def post(
        self, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], Any]:
        """Status, headers and body of the answer to a GraphQL request."""
        async with self.client.post(self.url, json=body, headers=headers) as response:
            return response.status, response.headers, await response.json(content_type=None)

    async def raw(self, sent: bytes, *, more_after: bytes = b"", pause: float = 0.0) -> bytes:
        """All that comes back on a connection of its own, until it is closed or 5 s are over."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(sent)
            if more_after:
                await asyncio.sleep(pause)
                writer.write(more_after)
            async with asyncio.timeout(5):
                return await reader.read()
        finally:
            writer.close()


class NoContext:
    """A context for schemas that ask nothing upstream."""

    def __init__(self) -> None:
        self.stale: list[tuple[list[str | int], float]] = []
        self.closed = False

    def close(self) -> None:
        """Note that the operation is over."""
        self.closed = True


@asynccontextmanager
async def served(app: App) -> AsyncIterator[Served]:
    """The application behind uvicorn in the current event loop, until the block ends."""
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        config = configuration(app)
        config.load()
        # The parts of uvicorn's own `serve`, without its signals and its pauses.
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup([listening])
        await server.on_tick(0)
        try:
            async with aiohttp.ClientSession() as client:
                yield Served(app, listening.getsockname()[1], client)
        finally:
            for listener in server.servers:
                listener.close()
            for connection in list(server.server_state.connections):
                connection.shutdown()
            await asyncio.gather(*server.server_state.tasks)
            await server.lifespan.shutdown()


def application(
    environment: Mapping[str, str] | None = None,
    *,
    upstream: str = NOWHERE,
    schema: Schema | None = None,
    open_context: Callable[[Caller], Context] | None = None,
) -> App:
    """The application with settings from an environment."""
    settings = settings_from(["--upstream", upstream], {**QUIET, **(environment or {})})
    return create_app(settings, schema=schema, open_context=open_context)
