"""Connections: a simple REST API, with room for few that it has not accepted, is not run over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.upstream_asked import COLD, Client, caller, client

MOST_OPENED = 6
BODY = b'{"id": 544, "name": "1902"}'
ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


@dataclass
class Simple:
    """A server that closes a connection with its answer, and how many it has and had open."""

    url: str = ""
    opened: int = 0
    open: int = 0
    most_open: int = 0


@asynccontextmanager
async def simple(*, seconds: float = 0.0) -> AsyncIterator[Simple]:
    """Such a server, which takes its time for each answer."""
    server = Simple()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.opened += 1
        server.open += 1
        server.most_open = max(server.most_open, server.open)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(seconds)
            writer.write(ANSWER)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # nobody waits any more
        finally:
            server.open -= 1
            writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server


async def ask_for_many(upstream: Client) -> list[object]:
    """What comes of forty requests at the same time, each with a token of its own."""
    return await asyncio.gather(
        *(upstream.artist(caller(f"token-{number}"), 544) for number in range(40)),
        return_exceptions=True,
    )


async def test_few_connections_wait_for_their_first_answer() -> None:
    async with simple(seconds=0.001) as server, client(server.url, **COLD) as upstream:
        outcomes = await ask_for_many(upstream)
    assert not [each for each in outcomes if isinstance(each, BaseException)]
    assert server.opened == 40
    assert server.most_open <= 2 * MOST_OPENED  # one may be answered, and not yet closed


async def test_connections_without_an_answer_keep_nobody_waiting_for_long() -> None:
    policy = {**COLD, "request_timeout": 1.5, "most_retries": 0}
    async with simple(seconds=60) as server, client(server.url, **policy) as upstream:
        asking = asyncio.create_task(ask_for_many(upstream))
        await asyncio.sleep(1)
        assert server.opened == 40
        outcomes = await asking
    assert {type(each).__name__ for each in outcomes} == {"TimedOut"}


async def test_connections_that_come_to_nothing_leave_room_for_others() -> None:
    policy = {**COLD, "most_retries": 0, "breaker_failures": 0}
    async with client("http://127.0.0.1:1", **policy) as upstream:
        async with asyncio.timeout(2):
            outcomes = await ask_for_many(upstream)
    assert {type(each).__name__ for each in outcomes} == {"Unavailable"}
