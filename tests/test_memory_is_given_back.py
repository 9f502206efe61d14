"""What an operation held is given back when it is over, also where it failed."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

import sandbox
from resolvers.context import Context
from sandbox.effects import AnyEffect
from schema import track
from tests.facade import COLD, facade
from upstream import records
from upstream.flights import Flight
from upstream.transport import Answer


def held() -> int:
    """The contexts, flights and answers of operations that are still in memory."""
    return sum(1 for each in gc.get_objects() if type(each) in {Context, Flight, Answer})


async def test_operations_with_wrong_values_leave_nothing_behind() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, COLD) as here:
        upstream.orders.add(sandbox.Edit("icpn", 7), path="/api/v1/album*")
        gc.collect()
        before = held()
        for _ in range(30):
            answer = await here.ask("{ album(id: 273) { icpn title } albums { nodes { icpn } } }")
            assert set(answer.codes) == {"UPSTREAM_BAD_RESPONSE"}
        gc.collect()
        assert held() - before <= 1


async def test_operations_that_fail_leave_nothing_behind() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, COLD) as here:
        upstream.orders.add(sandbox.Status(500), path="/api/v1/album*")
        gc.collect()
        before = held()
        for _ in range(10):
            answer = await here.ask("{ a: album(id: 273) { title } b: album(id: 1) { title } }")
            assert len(answer.errors) == 2
        gc.collect()
        assert held() - before <= 1


async def test_errors_that_nobody_is_told_leave_nothing_behind_either() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, COLD) as here:
        upstream.orders.add(sandbox.Edit("title", 7), path="/api/v1/album*")
        upstream.orders.add(sandbox.Edit("genres", 7), path="/api/v1/album*")
        gc.collect()
        before = held()
        for _ in range(30):
            answer = await here.ask(
                "{ albums { nodes { title genres } edges { node { title genres } } } }"
            )
            assert answer.body["data"] is None
        gc.collect()
        assert held() - before <= 1


@contextmanager
def without_the_collector() -> Iterator[None]:
    """Within the block, what is in a cycle stays in memory."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


ARTISTS = " ".join(f"a{number}: artist(id: {number}) {{ name }}" for number in range(900, 930))


@pytest.mark.parametrize(
    "question",
    [
        "{ album(id: 273) { title label { name } artists { name } tracks { title } } }",
        "{ album(id: 99999999) { title } artist(id: 914) { name } track(id: 5) { title } }",
        "{ albums(first: 60) { totalCount nodes { id tracks { title } } } }",
        "{ albums(last: 30) { pageCursors { last { cursor } } nodes { title } } }",
        "{ listenings(first: 30) { nodes { album { title label { name } } track { title } } } }",
        "{ deliveries(first: 30) { nodes { album { title } } } }",
        f"{{ {ARTISTS} }}",
        '{ node(id: "QWxidW06Mjcz") { ... on Album { title } } _service { sdl } }',
        'mutation { revokeToken(input: { token: "of-nobody" }) { revoked } }',
    ],
)
async def test_what_an_operation_got_goes_with_its_answer(question: str) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, COLD) as here:
        for _ in range(4):
            await here.ask(question)
        with without_the_collector():
            before = held()
            answer = await here.ask(question)
            assert answer.data
            assert held() == before


@pytest.mark.parametrize(
    "effect",
    [
        sandbox.Edit("title", 7),
        sandbox.Status(403),
        sandbox.Status(404),
        sandbox.Status(500),
        sandbox.Cut(),
        sandbox.Reset(),
        sandbox.Latency(600),
    ],
    ids=lambda effect: type(effect).__name__,
)
async def test_what_an_operation_got_goes_with_its_errors_too(effect: AnyEffect) -> None:
    question = """{ albums(first: 30) { nodes { title } } album(id: 273) { title }
        wrong: node(id: "-") { id }
        listenings(first: 30) { nodes { album { title label { name } } } } }"""
    async with sandbox.running() as upstream, facade(upstream.url, COLD) as here:
        upstream.orders.add(effect, path="/api/v1/album*")
        for _ in range(4):
            await here.ask(question, headers={"X-Deadline-Ms": "400"})
        with without_the_collector():
            before = held()
            answer = await here.ask(question, headers={"X-Deadline-Ms": "400"})
            assert "BAD_USER_INPUT" in answer.codes
            assert len(set(answer.codes)) > 1
            # what is still under way ends by itself
            async with asyncio.timeout(10):
                while held() > before:  # noqa: ASYNC110 - there is no event to wait for
                    await asyncio.sleep(0.02)


def test_lists_of_territories_that_are_too_long_to_be_met_again_are_not_kept() -> None:
    raw = msgspec.Raw(msgspec.json.encode(["FR"] * 5_000))
    before = set(track._checked)
    for number in range(3):
        record = records.AlbumTrack(number, "Long", available_territories=raw)
        assert track.available_territories(record) == ["FR"] * 5_000
    assert set(track._checked) <= before
