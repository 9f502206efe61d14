"""A WebSocket to a served application, spoken to as graphql-transport-ws has it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

import sandbox
from tests.served import Served

NUMBERS = "subscription { deliveryProcessed { databaseId } }"


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


class Socket:
    """A WebSocket to the facade, and what came over it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, kind: str, identifier: str | None = None, payload: Any = None) -> None:
        """Send a message."""
        message = {"type": kind, "id": identifier, "payload": payload}
        await self.socket.send_json({k: v for k, v in message.items() if v is not None})

    async def heard(self) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = await self.socket.receive_json(timeout=10)
        return message

    async def subscribe(self, identifier: str, query: str = NUMBERS) -> None:
        """Send a subscribe message."""
        await self.say("subscribe", identifier, {"query": query})

    async def told(self) -> int:
        """The number of the next delivery."""
        message = await self.heard()
        assert message["type"] == "next", message
        number: int = message["payload"]["data"]["deliveryProcessed"]["databaseId"]
        return number

    async def closed(self) -> int | None:
        """The code with which the server closes."""
        message = await self.socket.receive(timeout=10)
        assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}, message
        return self.socket.close_code


@asynccontextmanager
async def socket_to(
    here: Served,
    token: str | None = sandbox.LISTENER_TOKEN,
    *,
    headers: Mapping[str, str] | None = None,
    introduced: bool = True,
) -> AsyncIterator[Socket]:
    """A WebSocket whose client has introduced itself."""
    connecting = here.client.ws_connect(
        here.url, protocols=["graphql-transport-ws"], headers=headers, autoping=True
    )
    async with connecting as connection:
        socket = Socket(connection)
        if introduced:
            await socket.say("connection_init", payload=bearer(token))
            assert await socket.heard() == {"type": "connection_ack"}
        yield socket
