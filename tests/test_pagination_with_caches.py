"""What a cache has kept of a list never makes a window, or a walk, miss rows or repeat them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import sandbox
from resolvers.cursors import cursor_of
from resolvers.listings import Arguments, checked
from tests.facade import Facade, facade
from tests.paged_list import ALBUMS

WARM = {"ONEDTOUCH_LOG_REQUESTS": "false"}
"""Settings under which all that may be kept is kept."""

ARTISTS = sandbox.listing("artists")
WINDOW = """
query Window($first: Int, $after: String, $last: Int, $before: String) {
  artists(first: $first, after: $after, last: $last, before: $before) {
    nodes { databaseId }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


@asynccontextmanager
async def warm(*effects: sandbox.Paging) -> AsyncIterator[tuple[Facade, sandbox.Running]]:
    """A facade that keeps what it may, and the sandbox behind it."""
    async with sandbox.running() as running, facade(running.url, WARM) as here:
        for effect in effects:
            running.orders.add(effect)
        yield here, running


def insert_in_front(running: sandbox.Running, count: int) -> None:
    """Rows come in front of all others."""
    for _ in range(count):
        running.database.insert(ARTISTS, 0)


def delete_in_front(running: sandbox.Running, count: int) -> None:
    """The first rows go."""
    for number in running.numbers("artists")[:count]:
        running.database.delete(ARTISTS, number=number)


async def shown(here: Facade, **variables: Any) -> tuple[list[int], Any]:
    """The numbers of a window, and its pageInfo."""
    window = (await here.data(WINDOW, variables))["artists"]
    return [node["databaseId"] for node in window["nodes"]], window["pageInfo"]


@pytest.mark.parametrize("change", [-10, 10])
async def test_pages_of_different_times_are_never_put_together(change: int) -> None:
    async with warm() as (here, running):
        await shown(here, first=100)
        if change > 0:
            insert_in_front(running, change)
        else:
            delete_in_front(running, -change)
        running.journal.clear()

        numbers, _ = await shown(here, first=200)

        assert numbers == running.numbers("artists")[:200]
        assert len(running.journal.matching("/api/v1/artists")) == 2


async def test_pages_of_one_time_are_served_again() -> None:
    async with warm() as (here, running):
        numbers, _ = await shown(here, first=200)
        insert_in_front(running, 10)
        running.journal.clear()

        again = await here.data("{ artists(first: 200) { nodes { name databaseId } } }")

        assert [node["databaseId"] for node in again["artists"]["nodes"]] == numbers
        assert running.journal.matching("/api/v1/artists") == []


@pytest.mark.parametrize("ignored", [True, False])
@pytest.mark.parametrize("backwards", [True, False])
@pytest.mark.parametrize("size", [4, 10])
async def test_a_walk_is_right_though_its_pages_are_kept(
    size: int, *, backwards: bool, ignored: bool
) -> None:
    async with warm(*[sandbox.Paging(ignored=True)] * ignored) as (here, running):
        delete_in_front(running, len(running.numbers("artists")) - 120)
        lived_through = running.numbers("artists")
        came, found = 0, list[int]()
        cursor = None
        for _ in range(100):
            if backwards:
                numbers, info = await shown(here, last=size, before=cursor)
                found, cursor = numbers + found, info["startCursor"]
            else:
                numbers, info = await shown(here, first=size, after=cursor)
                found, cursor = found + numbers, info["endCursor"]
            if not info["hasPreviousPage" if backwards else "hasNextPage"]:
                break
            # as many as never keep a walk from its end
            insert_in_front(running, 20 * (came < 200))
            came += 20

        assert len(found) == len(set(found))
        assert [number for number in found if number in set(lived_through)] == lived_through


@pytest.mark.parametrize("selection", ["nodes { databaseId }", "nodes { databaseId name }"])
async def test_a_row_that_moved_tells_that_what_is_kept_of_its_list_is_old(selection: str) -> None:
    async with warm() as (here, running):
        first = "{ artists(first: 25) { %s } }"
        _, info = await shown(here, first=25)
        await here.data(first % selection)
        insert_in_front(running, 10)

        await shown(here, first=25, after=info["endCursor"])
        again = (await here.data(first % "nodes { databaseId }"))["artists"]["nodes"]

        assert [node["databaseId"] for node in again] == running.numbers("artists")[:25]


async def test_where_no_row_moved_what_is_kept_of_a_list_is_served() -> None:
    async with warm() as (here, running):
        numbers, info = await shown(here, first=25)
        await shown(here, first=25, after=info["endCursor"])
        running.journal.clear()

        assert (await shown(here, first=25))[0] == numbers
        assert (await shown(here, first=25, after=info["endCursor"]))[0] != numbers
        assert running.journal.matching("/api/v1/artists") == []


def test_only_a_cursor_that_names_no_row_is_served_from_what_is_kept() -> None:
    for cursor, follows in [
        (cursor_of(ALBUMS, 5, None), False),
        (cursor_of(ALBUMS, 5, 6), True),
        (cursor_of(ALBUMS, 5, None, ((-1, 5),)), True),
    ]:
        assert checked(Arguments(after=cursor), ALBUMS).follows_rows is follows
        assert checked(Arguments(before=cursor), ALBUMS).follows_rows is follows
