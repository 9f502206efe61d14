"""Hostile inputs: `python -m benchmarks.hostile` prints what each of them costs the server.

Each goes to a server in a process of its own, whose event loop carries a heartbeat: the longest
time between two beats is how long one request kept all others waiting. It is told in seconds of
the clock and of the CPU; where the machine is busy with other things only the latter says much.
"""

import argparse
import asyncio
import gc
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import uvicorn
from aiohttp import web

import sandbox
from resolvers.global_ids import global_id
from web.app import create_app
from web.malloc import keep_freed_memory
from web.serving import configuration
from web.settings import settings_from

from .children import free_port
from .contenders import ROOT
from .measuring import tell
from .report import figure, table

GOAL_MS: Final = 100
"""Milliseconds for which one request may hold the event loop."""

BEAT_SECONDS: Final = 0.001
MIB: Final = 1024 * 1024
OPTIONS: Final = (
    *("--log-requests", "false", "--deadline", "30", "--upstream-request-timeout", "20"),
)
PATIENCE: Final = aiohttp.ClientTimeout(total=60)

TRACK = (
    "id databaseId isrc title duration durationSeconds genres discNumber trackNumber explicit "
    "highBitrateUrl lowBitrateUrl streamable cover { smallUrl mediumUrl largeUrl }"
)
ALBUM = (
    "id databaseId icpn title genres releasedAt cover { smallUrl mediumUrl largeUrl } "
    f"artists {{ id databaseId name }} label {{ id databaseId name }} tracks {{ {TRACK} }}"
)
LARGEST = f"{{ albums(first: 500) {{ totalCount edges {{ cursor node {{ {ALBUM} }} }} }} }}"
TERRITORIES = "{ albums(first: 500) { nodes { tracks { availableTerritories } } } }"
EVERYTHING = LARGEST.replace("streamable", "streamable availableTerritories")


@dataclass(frozen=True)
class Hostile:
    """One request: as GraphQL, or as the bytes of a body; and what the REST API then says."""

    name: str
    query: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    upstream: Callable[[], tuple[bytes, dict[str, str]]] | None = None
    times: int = 1

    @property
    def sent(self) -> bytes:
        """The body that is sent."""
        if self.body is not None:
            return self.body
        return json.dumps({"query": self.query, "variables": self.variables}).encode()


@dataclass(frozen=True)
class Cost:
    """What one hostile request got, and what it cost the server."""

    name: str
    status: int
    codes: str
    seconds: float
    held_ms: float
    held_cpu_ms: float
    growth_mib: float
    answer_mib: float


# The server, in a process of its own.


@dataclass
class Heartbeat:
    """The longest pauses between two beats since it was last asked."""

    wall: float = 0.0
    cpu: float = 0.0

    async def beat(self) -> None:
        """Beat for ever."""
        wall, cpu = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now, used = time.perf_counter(), time.thread_time()
            self.wall = max(self.wall, now - wall - BEAT_SECONDS)
            self.cpu = max(self.cpu, used - cpu)
            wall, cpu = now, used

    def told(self) -> dict[str, float]:
        """The pauses and the memory; from here on it counts anew."""
        told = {"wall": self.wall, "cpu": self.cpu, "resident": _resident()}
        self.wall = self.cpu = 0.0
        return told


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


async def serve(port: int, upstream: str, rest: Sequence[str]) -> None:
    """Serve the facade at a port, and at /_heartbeat what it was like."""
    settings = settings_from(["--port", str(port), "--upstream", upstream, *rest], {})
    keep_freed_memory(settings.malloc_threshold)
    app = create_app(settings)
    heart = Heartbeat()

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/_heartbeat":
            await app(scope, receive, send)
            return
        if not gc.get_freeze_count():
            # As web.serving does once it has started.
            gc.collect()
            gc.freeze()
        # The beat that comes after what is to be measured must have been.
        await asyncio.sleep(3 * BEAT_SECONDS)
        body = json.dumps(heart.told()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    configured = configuration(app)
    configured.app = watched
    configured.port = port
    beating = asyncio.create_task(heart.beat())
    await uvicorn.Server(configured).serve()
    beating.cancel()


# The inputs.


def _field_often() -> str:
    return f"{{ albums(first: 1) {{ nodes {{ {'title ' * 1990} }} }} }}"


def _fragments(count: int) -> str:
    names = [f"F{number}" for number in range(count)]
    spread = " ".join(f"...{name}" for name in names)
    body = "id databaseId title genres releasedAt icpn label { id name } artists { id name }"
    fragments = " ".join(f"fragment {name} on Album {{ {body} }}" for name in names)
    return f"{{ albums(first: 1) {{ nodes {{ {spread} }} }} }} {fragments}"


def _multiplying() -> str:
    levels = " ".join(
        f"fragment F{level} on Album {{ ...F{level + 1} ...F{level + 1} }}" for level in range(30)
    )
    return f"{{ album(id: 1) {{ ...F0 }} }} {levels} fragment F30 on Album {{ id }}"


def _aliases(count: int, field_: str) -> str:
    return f"{{ {' '.join(f'a{number}: {field_}' for number in range(count))} }}"


def _unknown_fields() -> str:
    names = " ".join(f"titl{number}" for number in range(1900))
    return f"{{ album(id: 1) {{ {names} }} }}"


def _unknown_arguments() -> str:
    given = ", ".join(f"firs{number}: 1" for number in range(1400))
    return f"{{ albums({given}) {{ nodes {{ id }} }} }}"


def _conflicts() -> str:
    fields = " ".join(f"x: {name}" for name in ["title", "icpn", "id"] * 60)
    return f"{{ album(id: 1) {{ {fields} }} }}"


def _introspection(depth: int) -> str:
    inner = "name"
    for _ in range(depth):
        inner = f"name fields {{ name type {{ {inner} }} }}"
    return f"{{ __schema {{ types {{ {inner} }} }} }}"


NODES = [global_id("Track", number) for number in range(1, 501)]
ENTITIES = [{"__typename": "Album", "databaseId": number} for number in range(1, 501)]
GZIP: Final = {"Accept-Encoding": "gzip"}

REQUESTS: Final = [
    Hostile("nothing hostile", "{ __typename }"),
    Hostile("one field 1,990 times", _field_often()),
    Hostile("40 fragments side by side", _fragments(40)),
    Hostile("90 fragments side by side", _fragments(90)),
    Hostile("fragments that multiply, 30 levels", _multiplying()),
    Hostile("500 aliased lists", _aliases(500, "albums(first: 1) { nodes { id } }")),
    Hostile("100 aliased objects", _aliases(100, "album(id: 1) { id title }")),
    Hostile(
        "30 aliased lists of 100 with everything", _aliases(30, f"albums {{ nodes {{ {ALBUM} }} }}")
    ),
    Hostile("180 fields that conflict", _conflicts()),
    Hostile("1,900 unknown fields", _unknown_fields()),
    Hostile("1,400 unknown arguments", _unknown_arguments()),
    Hostile("a comment of 99 KB", "{ __typename } #" + "x" * 99_000),
    Hostile("a string of 99 KB", '{ album(id: "' + "x" * 99_000 + '") { id } }'),
    Hostile("a string of 99 KB that never ends", '{ album(id: "' + "x" * 99_000),
    Hostile("5,900 brackets", "{ a(b: " + "[" * 5_900),
    Hostile("99 KB of white space", " " * 99_000 + "{ __typename }"),
    Hostile("a megabyte of document", "{ " + "a " * 500_000 + "}"),
    Hostile("introspection of three levels", _introspection(3)),
    Hostile("introspection of six levels", _introspection(6)),
    Hostile("a name of 90 KB", "query " + "q" * 90_000 + " { __typename }"),
    Hostile(
        "10,000 values among the variables",
        "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
        {"r": [{"__typename": "Album", "id": [1] * 9_000}]},
    ),
    Hostile(
        "5,000 representations",
        "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
        {"r": ENTITIES * 10},
    ),
    Hostile("100,000 levels of JSON", body=b'{"query":"{a}","variables":' + b"[" * 100_000),
    Hostile("10,000 digits", body=b'{"query":"{a}","variables":{"v":' + b"9" * 10_000 + b"}}"),
    Hostile("a megabyte of JSON strings", body=b"[" + b'"x",' * 260_000 + b'"x"]'),
    Hostile("a megabyte of keys", body=b'{"a":1' + b',"a":1' * 170_000 + b"}"),
    Hostile("20 MB of body", body=b"[" * 20_000_000),
    Hostile("a megabyte of invalid UTF-8", body=b'{"query":"' + b"\xc3\xa9" * 500_000 + b'\xff"}'),
]
HONEST_BUT_LARGE: Final = [
    Hostile("500 albums with everything but territories", LARGEST),
    Hostile("500 albums with everything but territories, compressed", LARGEST, headers=GZIP),
    Hostile("500 albums with everything but territories, once known", LARGEST, times=3),
    Hostile("500 albums' territories, 1.5 million codes", TERRITORIES),
    Hostile("500 albums' territories, 1.5 million codes, compressed", TERRITORIES, headers=GZIP),
    Hostile("500 albums' territories, 1.5 million codes, once known", TERRITORIES, times=3),
    Hostile("500 albums with everything", EVERYTHING),
    Hostile("500 albums with everything, compressed", EVERYTHING, headers=GZIP),
    Hostile(
        "500 nodes",
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Track { title } } }",
        {"ids": NODES},
    ),
    Hostile(
        "500 representations",
        "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Album {"
        f" {ALBUM} "
        "} } }",
        {"r": ENTITIES},
    ),
    Hostile(
        "500 listenings with tracks and albums",
        f"{{ listenings(first: 500) {{ nodes {{ id track {{ {TRACK} }} "
        "album { title label { name } } } } }",
    ),
]

ONE_LIST = "{ albums(first: 100) { nodes { title tracks { title } } } }"
ONE = "{ artist(id: 1) { name } }"


def _json(value: Any) -> tuple[bytes, dict[str, str]]:
    return json.dumps(value).encode(), {}


def _albums(tracks: int) -> tuple[bytes, dict[str, str]]:
    track = {"id": 1, "title": "x" * 20, "isrc": "y" * 12, "available_territories": ["FR"] * 20}
    album = {"id": 1, "title": "x", "genres": [], "artists": [], "tracks": [track] * tracks}
    return _json([{**album, "id": number} for number in range(1, 101)])


def _wrong_albums(count: int) -> tuple[bytes, dict[str, str]]:
    return _json([{"id": number, "title": 7, "icpn": {}} for number in range(count)])


def _zipped(size: int, inside: bytes) -> tuple[bytes, dict[str, str]]:
    body = b"[" + inside * (size // len(inside)) + b"]"
    return gzip.compress(body, 9), {"Content-Encoding": "gzip"}


UPSTREAM_BODIES: Final = [
    Hostile("100 albums, 2 MiB", ONE_LIST, upstream=lambda: _albums(80)),
    Hostile("100 albums, 30 MiB of tracks", ONE_LIST, upstream=lambda: _albums(1_300)),
    Hostile(
        "3 million empty rows", ONE_LIST, upstream=lambda: (b"[" + b"{}," * 3_000_000 + b"{}]", {})
    ),
    Hostile("600,000 wrong rows", ONE_LIST, upstream=lambda: _wrong_albums(600_000)),
    Hostile(
        "a list of 10 million numbers",
        ONE_LIST,
        upstream=lambda: (b"[" + b"1," * 10_000_000 + b"1]", {}),
    ),
    Hostile("30 MiB of spaces", ONE_LIST, upstream=lambda: (b"[" + b" " * 30 * MIB + b"]", {})),
    Hostile("a name of 30 MiB", ONE, upstream=lambda: _json({"id": 1, "name": "x" * 30 * MIB})),
    Hostile(
        "an unknown key of 30 MiB",
        ONE,
        upstream=lambda: _json({"id": 1, "name": "x", "y": [0] * 10_000_000}),
    ),
    Hostile("30 million brackets", ONE, upstream=lambda: (b"[" * 30_000_000, {})),
    Hostile("a bomb of 30 MiB of spaces", ONE_LIST, upstream=lambda: _zipped(30 * MIB, b" ")),
    Hostile("a bomb of 1 GiB", ONE_LIST, upstream=lambda: _zipped(1024 * MIB, b" " * 1024)),
    Hostile("a body over the bound", ONE_LIST, upstream=lambda: (b" " * 33 * MIB, {})),
    Hostile(
        "a page in Latin-1",
        ONE,
        upstream=lambda: (b'{"id":1,"name":"\xe9' + b"x" * 10 * MIB + b'"}', {}),
    ),
]
"""Each is what the REST API answers to everything."""


# Asking.


class Scripted:
    """A REST API that answers everything with one body."""

    def __init__(self) -> None:
        self.body = b""
        self.headers: dict[str, str] = {}

    async def answer(self, _: web.Request) -> web.Response:
        """What it is told to say."""
        return web.Response(body=self.body, headers=self.headers)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """It answers at this address until the block ends."""
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


@asynccontextmanager
async def server(upstream: str, *rest: str) -> AsyncIterator[str]:
    """The facade in a process of its own, at this address until the block ends."""
    port = free_port()
    process = subprocess.Popen(  # noqa: ASYNC220, S603 - this program itself
        [sys.executable, "-m", "benchmarks.hostile", "--serve", str(port), upstream, *rest],
        cwd=ROOT,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{base}/healthz"):
                        break
                except aiohttp.ClientConnectionError:
                    if process.poll() is not None:
                        raise SystemExit("the server did not start") from None
                    await asyncio.sleep(0.1)
        yield base
        if process.poll() is not None:
            raise SystemExit("the server did not live through it")
    finally:
        process.terminate()
        process.wait()


async def cost_of(base: str, session: aiohttp.ClientSession, hostile: Hostile) -> Cost:
    """Send one request, as often as it is to be sent; the last time counts."""
    before = await _heartbeat(base, session)
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/graphql-response+json",
        "Authorization": f"Bearer {sandbox.LISTENER_TOKEN}",
        "Accept-Encoding": "identity",
        **hostile.headers,
    }
    for _ in range(hostile.times):
        await _heartbeat(base, session)
        began = time.perf_counter()
        async with session.post(f"{base}/graphql", data=hostile.sent, headers=headers) as response:
            answer = await response.read()
        seconds = time.perf_counter() - began
    after = await _heartbeat(base, session)
    if response.headers.get("Content-Encoding") == "gzip":
        told = json.loads(gzip.decompress(answer))
    else:
        told = json.loads(answer)
    codes = {error["extensions"]["code"] for error in told.get("errors", ())}
    return Cost(
        hostile.name,
        response.status,
        ", ".join(sorted(codes)),
        seconds,
        after["wall"] * 1000,
        after["cpu"] * 1000,
        after["resident"] - before["resident"],
        len(answer) / MIB,
    )


async def _heartbeat(base: str, session: aiohttp.ClientSession) -> dict[str, float]:
    async with session.get(f"{base}/_heartbeat") as response:
        told: dict[str, float] = json.loads(await response.read())
        return told


async def measured(chosen: str, rest: Sequence[str]) -> list[Cost]:
    """All costs, in the order in which the inputs stand here; `rest` are settings of the server."""
    costs = []
    options = (*OPTIONS, *rest)
    async with aiohttp.ClientSession(timeout=PATIENCE, auto_decompress=False) as session:
        with sandbox.start_child() as child:
            async with server(child.url, *options) as base:
                for hostile in [*REQUESTS, *HONEST_BUT_LARGE]:
                    if chosen in hostile.name:
                        costs.append(await cost_of(base, session, hostile))
                        tell(f"{costs[-1]}\n")
        scripted = Scripted()
        async with scripted.listening() as url, server(url, *options, "--cache-bytes", "0") as base:
            for hostile in UPSTREAM_BODIES:
                if chosen in hostile.name and hostile.upstream is not None:
                    scripted.body, scripted.headers = hostile.upstream()
                    costs.append(await cost_of(base, session, hostile))
                    tell(f"{costs[-1]}\n")
    return costs


def report(costs: Sequence[Cost]) -> str:
    """The costs as a table in Markdown; what holds the loop too long is bold."""
    head = [
        "input",
        "status",
        "code",
        "s",
        "loop held, ms",
        "of it CPU, ms",
        "memory, MiB",
        "answer, MiB",
    ]
    rows = [
        [
            each.name,
            str(each.status),
            each.codes,
            f"{each.seconds:.2f}",
            figure(each.held_ms),
            f"**{figure(each.held_cpu_ms)}**"
            if each.held_cpu_ms > GOAL_MS
            else figure(each.held_cpu_ms),
            f"{each.growth_mib:+.0f}",
            figure(each.answer_mib),
        ]
        for each in costs
    ]
    return table(head, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hostile",
        description="What hostile inputs cost the server; other options are settings of it.",
    )
    parser.add_argument("--only", default="", help="inputs whose names hold this")
    parser.add_argument("--serve", nargs="+", help=argparse.SUPPRESS)
    chosen, rest = parser.parse_known_args(arguments)
    if chosen.serve:
        port, upstream = chosen.serve
        asyncio.run(serve(int(port), upstream, rest))
        return 0
    sys.stdout.write(report(asyncio.run(measured(chosen.only, rest))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
