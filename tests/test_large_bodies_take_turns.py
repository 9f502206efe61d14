"""Large bodies come in one after the other, and none keeps the others waiting for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from itertools import groupby
from typing import Any

import pytest

from benchmarks.children import Cores, static_upstream
from benchmarks.contenders import LOGS
from benchmarks.scenarios import ALBUMS
from tests.facade import COLD, facade
from upstream import lane
from upstream.errors import TimedOut
from upstream.policy import Policy
from upstream.territories import Folding
from upstream.transport import Transport
from web.sending import Sending

LONG = 20.0
"""Seconds for what does come, on a machine that is busy with other things as well."""

SIZE = 4 * Policy().large_body_bytes
CALLERS = 4

ANSWER = "an answer"


class Bodies:
    """A server that answers /a with a body of many a, /b with one of many b, and so on.

    /A has only half of its body; /1 has a single byte.
    """

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[bytes] = []
        self.over = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while True:
                letter = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1][1:]
                size = 1 if letter.isdigit() else SIZE
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                writer.write(letter * (size // 2 if letter.isupper() else size))
                self.asked.append(letter)
                if letter.isupper():
                    await self.over.wait()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    async def until_asked(self, count: int) -> None:
        """Wait for so many requests, and until what can be read of their answers was."""
        async with asyncio.timeout(LONG):
            while len(self.asked) < count:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)


@asynccontextmanager
async def bodies(**policy: Any) -> AsyncIterator[tuple[Bodies, Transport]]:
    """Such a server, and a transport to it."""
    server = Bodies()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        async with Transport(f"http://127.0.0.1:{server.port}", Policy(**policy)) as transport:
            yield server, transport
    finally:
        server.over.set()
        listening.close()


async def got(transport: Transport, letter: str, seconds: float = LONG) -> bytes:
    answer = await transport.send("GET", f"/{letter}", timeout=seconds)
    return answer.body.unfolded()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn lasts as long as it takes, however busy the machine is."""
    monkeypatch.setattr(lane, "_MOMENT", LONG)


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The bodies of which the next piece has come in, in their order."""
    taken: list[Any] = []
    feed = Folding.feed

    def noted(self: Folding, piece: bytes) -> None:
        taken.append(self)
        feed(self, piece)

    monkeypatch.setattr(Folding, "feed", noted)
    return taken


def later_ones(pieces: list[Any]) -> list[Any]:
    """The pieces of bodies without each one's first, and the answers.

    What came in together with a head was there before it could be left waiting.
    """
    begun: set[Any] = {ANSWER}
    later = []
    for each in pieces:
        if each in begun:
            later.append(each)
        begun.add(each)
    return later


@pytest.mark.usefixtures("patient")
async def test_of_two_large_bodies_one_waits_for_the_other(pieces: list[Any]) -> None:
    async with bodies() as (_, transport):
        found = [*await asyncio.gather(got(transport, "a"), got(transport, "b"))]

    assert found == [b"a" * SIZE, b"b" * SIZE]
    assert len([body for body, _ in groupby(later_ones(pieces))]) == 2


@pytest.mark.usefixtures("patient")
async def test_a_small_body_waits_for_nobody() -> None:
    async with bodies() as (server, transport):
        stuck = asyncio.create_task(got(transport, "A"))
        await server.until_asked(1)
        assert await got(transport, "1") == b"1"
        assert not stuck.done()
        stuck.cancel()
        await asyncio.wait([stuck])


@pytest.mark.usefixtures("patient")
async def test_where_there_are_no_turns_nobody_waits() -> None:
    async with bodies(large_body_bytes=0) as (server, transport):
        stuck = asyncio.create_task(got(transport, "A"))
        await server.until_asked(1)
        assert await got(transport, "b") == b"b" * SIZE
        stuck.cancel()
        await asyncio.wait([stuck])


async def test_a_body_that_does_not_come_keeps_the_others_waiting_for_a_moment() -> None:
    async with bodies() as (server, transport):
        stuck = asyncio.create_task(got(transport, "A"))
        await server.until_asked(1)
        found = [*await asyncio.gather(got(transport, "b"), got(transport, "c"))]
        assert found == [b"b" * SIZE, b"c" * SIZE]
        assert not stuck.done()
        stuck.cancel()
        await asyncio.wait([stuck])


@pytest.mark.usefixtures("patient")
async def test_who_waits_for_a_turn_and_gives_up_is_passed_over() -> None:
    async with bodies() as (server, transport):
        stuck = asyncio.create_task(got(transport, "A"))
        await server.until_asked(1)
        leaving = asyncio.create_task(got(transport, "b"))
        with pytest.raises(TimedOut):
            await got(transport, "c", seconds=0.3)
        await server.until_asked(3)
        staying = asyncio.create_task(got(transport, "d"))
        await server.until_asked(4)
        leaving.cancel()
        stuck.cancel()
        await asyncio.wait([leaving, stuck])
        assert await staying == b"d" * SIZE


@pytest.mark.usefixtures("patient")
async def test_what_follows_a_body_that_waits_for_its_turn_is_the_answer_to_nothing() -> None:
    body = b"y" * 5_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body) + 1, body)
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while True:
                letter = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1][1:]
                if letter == b"S":
                    writer.write(answer)
                    await over.wait()
                writer.write(answer + letter)
                if letter == b"a":
                    await asyncio.sleep(0.002)
                    writer.write(answer + b"!")

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with Transport(address, Policy(large_body_bytes=4_000)) as transport:
        await got(transport, "1")
        stalling = asyncio.create_task(got(transport, "S"))
        await asyncio.sleep(0.001)
        assert await got(transport, "a") == body + b"a"
        await asyncio.sleep(0.004)
        assert await got(transport, "b") == body + b"b"
        over.set()
        await stalling
    listening.close()


async def test_turns_end_with_the_connections() -> None:
    async with asyncio.timeout(LONG), bodies() as (server, transport):
        asking = [asyncio.create_task(got(transport, letter)) for letter in "Abc"]
        await server.until_asked(3)
        for each in asking:
            each.cancel()
        await asyncio.wait(asking)
        assert await got(transport, "d") == b"d" * SIZE


@pytest.mark.usefixtures("patient")
async def test_a_body_is_made_use_of_before_the_next_one_comes_in(
    pieces: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Sending.whole

    def noted(self: Sending, *parts: Any) -> bool:
        pieces.append(ANSWER)
        return whole(self, *parts)

    monkeypatch.setattr(Sending, "whole", noted)
    with static_upstream(Cores.of_this_machine().upstream, LOGS / "turns upstream.txt") as url:
        async with facade(url, {**COLD, "ONEDTOUCH_READINGS_BYTES": "0"}) as served:

            async def albums(token: int) -> int:
                plain = {"Accept-Encoding": "identity"}
                answer = await served.ask(
                    ALBUMS.query, ALBUMS.variables, token=str(token), headers=plain
                )
                return len(answer.data["albums"]["nodes"])

            for token in range(CALLERS):
                await albums(token)  # until it is compiled, and its answer made in few rounds
            pieces.clear()
            nodes = await asyncio.gather(*(albums(token) for token in range(CALLERS)))
    assert nodes == [100] * CALLERS
    in_turn = [each for each, _ in groupby(later_ones(pieces))]
    assert in_turn[1::2] == [ANSWER] * CALLERS
    assert len(set(in_turn[::2])) == CALLERS
