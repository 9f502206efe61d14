"""A drain loses no request, with everything on: kept connections, rate limits, Redis, questions."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import uvicorn

import sandbox
from tests.redis_server import RedisServer
from tests.served import application
from web.serving import Server, listening_socket

ROOT = Path(__file__).parent.parent
QUERY = (
    "query ($id: ID!) { artist(id: $id) { name } listenings(first: 2) { nodes { databaseId } } }"
)


@asynccontextmanager
async def server(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """`python server.py` and its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "server.py", "--port", "0", *arguments),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            first = (await process.stdout.readline()).decode()
            while b"Ctrl-C" not in await process.stdout.readline():
                pass
        yield process, first.split()[-1]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_drain_loses_no_request_with_rates_and_redis_and_kept_connections(
    redis: RedisServer,
) -> None:
    answered: list[int] = []
    busy, leaving = asyncio.Event(), asyncio.Event()
    async with (
        sandbox.running() as upstream,
        server(
            *("--upstream", upstream.url, "--redis-url", redis.url, "--cache-secret", "shared"),
            *("--rate-limit", "1000000", "--drain-pause", "1.5"),
        ) as (process, url),
        aiohttp.ClientSession() as kept,
    ):
        upstream.orders.add(sandbox.Latency(30))

        async def client(token: str) -> None:
            # As behind a load balancer: it sends until /readyz says that this one is leaving.
            number = 0
            while not leaving.is_set():
                number += 1
                body = {"query": QUERY, "variables": {"id": str(1 + number % 50)}}
                headers = {"Authorization": f"Bearer {token}"}
                async with kept.post(url, json=body, headers=headers) as response:
                    told = await response.json()
                    assert "errors" not in told, told
                    assert "RateLimit" in response.headers
                    answered.append(response.status)
                if len(answered) >= 60:
                    busy.set()

        tokens = [sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN] * 4
        clients = [asyncio.create_task(client(token)) for token in tokens]
        async with asyncio.timeout(30):
            await busy.wait()
            process.send_signal(signal.SIGTERM)
            while not leaving.is_set():
                async with kept.get(url.replace("/graphql", "/readyz")) as response:
                    if response.status == 503:
                        leaving.set()
            await asyncio.gather(*clients)
            assert await process.wait() == 0
    assert set(answered) == {200}
    assert len(answered) >= 60


async def test_who_has_connected_before_the_end_of_listening_is_answered() -> None:
    app = application()
    server = Server(app, lambda: None)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    with ExitStack() as open_sockets:
        listening = open_sockets.enter_context(listening_socket("127.0.0.1", 0))
        await uvicorn.Server.startup(server, [listening])
        # The system takes connections while the server is busy, here with this loop.
        clients = [
            open_sockets.enter_context(socket.create_connection(listening.getsockname(), 5))
            for _ in range(5)
        ]
        for each in clients:
            each.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        app.drain.begin()
        await server.shutdown([listening])
        for each in clients:
            assert each.recv(1_000).startswith(b"HTTP/1.1 200 ")
