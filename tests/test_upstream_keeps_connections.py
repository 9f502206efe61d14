"""Connections to the REST API are kept while they are of use, and no longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

import sandbox
from tests.upstream_asked import caller, client
from upstream.policy import Policy
from upstream.transport import Transport

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Server:
    """A server that says what it is told to on each connection, and which of them are open."""

    answer: bytes = ANSWER
    port: int = 0
    connections: int = 0
    open: set[int] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    held: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until its end."""
        number = self.connections
        self.connections += 1
        self.open.add(number)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.asked.append(number)
                await self.held.wait()
                writer.write(self.answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.discard(number)
            writer.close()


@asynccontextmanager
async def served(answer: bytes = ANSWER) -> AsyncIterator[Server]:
    server = Server(answer)
    server.held.set()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def transport(server: Server, keepalive: float) -> Transport:
    return Transport(f"http://127.0.0.1:{server.port}", Policy(keepalive=keepalive))


async def get(client: Transport) -> int:
    return (await client.send("GET", "/", timeout=20)).status


async def until_open(server: Server, *numbers: int) -> None:
    async with asyncio.timeout(20):
        while server.open != set(numbers):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def opened(client: Transport, server: Server, count: int) -> None:
    """Ask so much at once that so many connections are opened."""
    server.held.clear()
    asking = [asyncio.create_task(get(client)) for _ in range(count)]
    async with asyncio.timeout(20):
        while len(server.asked) < count:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
    server.held.set()
    assert await asyncio.gather(*asking) == [200] * count


async def test_one_that_was_used_last_is_used_next_and_the_others_grow_old() -> None:
    async with served() as server, transport(server, 0.6) as client:
        await opened(client, server, 3)
        assert len(server.open) == 3
        last = None
        for _ in range(8):
            await asyncio.sleep(0.1)
            await get(client)
            assert last in {None, server.asked[-1]}
            last = server.asked[-1]
        assert last is not None
        await until_open(server, last)
        await until_open(server)


async def test_one_that_is_too_old_is_not_used_again() -> None:
    async with served() as server, transport(server, 0.2) as client:
        await get(client)
        await asyncio.sleep(0.5)
        await get(client)
        assert server.asked == [0, 1]


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        b"HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\nnot all",
    ],
)
async def test_one_that_is_not_done_or_has_said_that_it_ends_is_not_used_again(
    answer: bytes,
) -> None:
    async with served(answer) as server, transport(server, 30) as client:
        await get(client)
        await asyncio.sleep(0.05)
        await get(client)
        assert server.asked == [0, 1]


async def test_one_with_an_errors_body_is_used_again() -> None:
    async with served(b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone") as server:
        async with transport(server, 30) as client:
            assert [await get(client) for _ in range(3)] == [404] * 3
        assert server.asked == [0, 0, 0]


async def test_all_are_closed_with_the_client() -> None:
    async with served() as server:
        async with transport(server, 30) as client:
            await opened(client, server, 3)
        await until_open(server)


async def test_with_no_time_to_live_none_is_kept() -> None:
    async with served() as server, transport(server, 0) as client:
        await get(client)
        await until_open(server)
        await get(client)
        assert server.asked == [0, 1]


async def test_a_connection_that_is_used_again_has_all_of_its_time() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, request_timeout=0.6, cache_bytes=0, most_retries=0) as upstream,
    ):
        await upstream.artist(caller(), 399)
        await asyncio.sleep(0.4)
        api.orders.add(sandbox.Latency(400), path="/api/v1/artists/544")
        assert (await upstream.artist(caller(), 544)).value is not None
