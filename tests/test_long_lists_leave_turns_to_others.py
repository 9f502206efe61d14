"""Long lists are completed a piece at a time: no answer keeps all other callers waiting."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

import sandbox
from resolvers.turns import LONG, PIECE, Pieces, Turns, in_pieces, in_turn
from tests.facade import COLD, facade


class Rounds:
    """Counts the rounds of the event loop."""

    def __init__(self) -> None:
        self.count = 0

    def begin(self) -> None:
        """Count from now on."""
        self.count += 1
        self.next = asyncio.get_running_loop().call_soon(self.begin)


@pytest.fixture
def rounds() -> Rounds:
    return Rounds()


async def test_a_turn_that_nobody_else_wants_is_had_at_once(rounds: Rounds) -> None:
    rounds.begin()
    before = rounds.count
    await Turns().turn(LONG)
    assert rounds.count == before


@pytest.mark.parametrize(
    ("rows", "each_round"), [(LONG, 1), (PIECE, 1), (PIECE // 2, 2), (1, PIECE)]
)
async def test_a_round_has_rows_for_one_piece(rounds: Rounds, rows: int, each_round: int) -> None:
    turns = Turns()
    had: list[int] = []

    async def one() -> None:
        await turns.turn(rows)
        had.append(rounds.count)

    rounds.begin()
    await asyncio.gather(*(one() for _ in range(3 * each_round)))
    assert max(map(had.count, had)) <= each_round
    assert len(set(had)) <= 4


async def test_turns_are_had_in_the_order_in_which_they_were_asked_for() -> None:
    turns = Turns()
    had: list[int] = []

    async def one(number: int) -> None:
        await turns.turn(LONG if number % 3 else 1)
        had.append(number)

    await asyncio.gather(*map(one, range(20)))
    assert had == list(range(20))


async def test_a_turn_that_was_given_up_is_nobodys() -> None:
    turns = Turns()
    await turns.turn(LONG)
    given_up = [asyncio.create_task(turns.turn(LONG)) for _ in range(3)]
    kept = asyncio.create_task(turns.turn(LONG))
    await asyncio.sleep(0)
    for each in given_up:
        each.cancel()
    async with asyncio.timeout(5):
        await kept
        await turns.turn(LONG)


async def test_a_list_in_pieces_holds_the_same_rows(rounds: Rounds) -> None:
    rows = list(range(5 * LONG + 1))
    pieces = in_pieces(rows, Turns())
    assert isinstance(pieces, Pieces)
    rounds.begin()
    assert [row async for row in pieces] == rows
    assert rounds.count >= 5
    assert in_pieces(rows[:LONG], Turns()) == rows[:LONG]


async def test_many_objects_that_come_at_once_are_completed_one_after_the_other(
    rounds: Rounds,
) -> None:
    async def found(number: int) -> tuple[int, int]:
        return number, rounds.count

    def objects(count: int) -> list[Awaitable[tuple[int, int]]]:
        return [found(number) for number in range(count)]

    async def completed(awaitable: Awaitable[tuple[int, int]]) -> tuple[int, int]:
        number, _ = await awaitable
        return number, rounds.count

    rounds.begin()
    many = await asyncio.gather(*map(completed, in_turn(objects(5 * LONG), Turns())))
    assert [number for number, _ in many] == list(range(5 * LONG))
    assert len({when for _, when in many}) >= 5
    few = await asyncio.gather(*map(completed, in_turn(objects(PIECE), Turns())))
    assert len({when for _, when in few}) == 1


TITLES = "nodes { id title tracks { title isrc } }"
ONE_LONG = f"{{ albums(first: 500) {{ {TITLES} edges {{ cursor node {{ databaseId }} }} }} }}"
MANY = (
    "{ " + " ".join(f"a{number}: albums(first: 100) {{ {TITLES} }}" for number in range(8)) + " }"
)
OBJECTS = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Track { title } } }"
ENTITIES = """query ($of: [_Any!]!) { _entities(representations: $of) {
    ... on Artist { id name } } }"""


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (ONE_LONG, {}),
        (MANY, {}),
        (OBJECTS, {"ids": [f"VHJhY2s6{number}" for number in ("MQ==", "Mg==", "Mw==")] * 166}),
        (
            ENTITIES,
            {"of": [{"__typename": "Artist", "databaseId": each} for each in range(1, 500)]},
        ),
    ],
    ids=["one long list", "many lists", "objects by ID", "entities"],
)
@pytest.mark.parametrize("compiled", ["true", "false"])
async def test_an_answer_is_the_same_whoever_else_has_a_turn(
    query: str, variables: dict[str, Any], compiled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    for at_once in (False, True):
        if at_once:
            monkeypatch.setattr("resolvers.turns.LONG", 10_000)
            monkeypatch.setattr("resolvers.turns.PIECE", 10_000)
        settings = {**COLD, "ONEDTOUCH_COMPILED": compiled}
        async with sandbox.running() as upstream, facade(upstream.url, settings) as asked:
            answers.append(await asked.data(query, variables))
    assert answers[0] == answers[1]
