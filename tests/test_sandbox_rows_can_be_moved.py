"""The sandbox's rows can be inserted, deleted and changed at any place of any list."""

import json
from datetime import date
from typing import Any, cast

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sandbox
from sandbox import database
from sandbox.database import Table

HEADERS = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}


@pytest.mark.parametrize("table", database.TABLES)
@pytest.mark.parametrize("position", [0, 1, 30, -1])
def test_a_row_goes_where_it_was_put_and_another_leaves(table: Table, position: int) -> None:
    rows = database.Database()
    here = sandbox.listing(table)
    before = rows.numbers(here)
    place = position % (len(before) + 1)
    made = rows.insert(here, position)
    assert made not in before
    assert rows.numbers(here) == [*before[:place], made, *before[place:]]
    assert rows.delete(here, position=place) == made
    assert rows.delete(here, number=before[5]) == before[5]
    assert rows.numbers(here) == [*before[:5], *before[6:]]
    rows.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 500)), max_size=30))
def test_any_moves_leave_what_the_same_moves_leave_in_a_list(moves: list[tuple[bool, int]]) -> None:
    rows = database.Database(today=date(2024, 3, 1))
    here = sandbox.listing("deliveries")
    expected = rows.numbers(here)
    for inserts, drawn in moves:
        if inserts:
            place = drawn % (len(expected) + 1)
            expected.insert(place, rows.insert(here, place))
        elif expected:
            place = drawn % len(expected)
            assert rows.delete(here, position=place) == expected.pop(place)
    assert rows.numbers(here) == expected
    rows.close()


def test_a_hundred_rows_fit_between_two() -> None:
    rows = database.Database()
    here = sandbox.listing("albums")
    first, second = rows.numbers(here)[:2]
    made = [rows.insert(here, 1) for _ in range(100)]
    assert rows.numbers(here)[:102] == [first, *reversed(made), second]
    titles = [json.loads(row)["title"] for row in rows.encoded(here, 1, 101)]
    assert set(titles[:100]) == {f"{titles[100]} (inserted)"}
    rows.close()


def test_a_list_of_a_day_can_be_emptied_and_filled_again() -> None:
    rows = database.Database()
    here = sandbox.listing("deliveries", since=date(2015, 2, 6), until=date(2015, 2, 6))
    rows.delete(here, position=0)
    rows.delete(here, position=0)
    assert rows.numbers(here) == []
    made = rows.insert(here, 0)
    assert rows.numbers(here) == [made]
    rows.close()


def test_of_a_list_that_is_empty_for_good_there_is_nothing_to_copy() -> None:
    rows = database.Database()
    with pytest.raises(sandbox.NoSuchRowError, match=r"no row of deliveries left to copy"):
        rows.insert(sandbox.listing("deliveries", sandbox.PARTNER), 0)
    rows.close()


def test_numbers_of_deleted_rows_are_not_given_again() -> None:
    rows = database.Database()
    here = sandbox.listing("albums")
    first = rows.insert(here, 0)
    rows.delete(here, number=first)
    assert rows.insert(here, 0) == first + 1
    assert rows.insert(here, 0, 77_777, {"title": "Chosen"}) == 77_777
    assert rows.rows(here)[0]["title"] == "Chosen"
    rows.close()


def test_whoever_sees_its_neighbour_sees_a_new_row() -> None:
    rows = database.Database()
    partners = sandbox.listing("albums", sandbox.PARTNER)
    made = rows.insert(partners, 2)
    assert rows.numbers(partners)[2] == made
    assert made in rows.numbers(sandbox.listing("albums"))
    artists = rows.rows(partners)[2]["artists"]
    assert artists == rows.rows(partners)[3]["artists"]
    rows.close()


def test_a_changed_name_shows_wherever_it_is_repeated() -> None:
    rows = database.Database()
    albums = sandbox.listing("albums")
    assert "Mahler" in str(rows.one("albums", 273))
    assert "Kubelik" in str(rows.encoded(albums))
    rows.change(sandbox.listing("artists"), {"name": "Other Artist"}, number=913)
    rows.change(sandbox.listing("labels"), {"name": "Other Label"}, number=212)
    rows.change(albums, {"title": "Other Title"}, number=273)
    album = json.loads(rows.one("albums", 273) or b"")
    assert album["title"] == "Other Title"
    assert album["label"]["name"] == "Other Label"
    assert album["artists"][1]["name"] == "Other Artist"
    rows.reset()
    assert "Mahler" in str(rows.one("albums", 273))
    assert "Kubelik" in str(rows.one("albums", 273))
    rows.close()


def test_what_one_sandbox_changes_no_other_shows() -> None:
    one, other = database.Database(), database.Database()
    here = sandbox.listing("albums")
    one.change(here, {"title": "Changed"}, position=0)
    assert b'"title":"Changed"' in one.encoded(here, 0, 1)[0]
    assert b'"title":"Neil Diamond\'s Christmas Classics"' in other.encoded(here, 0, 1)[0]
    one.close()
    other.close()


def test_with_an_album_go_its_tracks() -> None:
    rows = database.Database()
    rows.delete(sandbox.listing("albums"), number=273)
    assert rows.one("albums", 273) is None
    assert rows.one("tracks", 3272) is None
    rows.close()


def test_an_album_that_was_deleted_can_be_put_back_elsewhere() -> None:
    rows = database.Database()
    here = sandbox.listing("albums")
    rows.delete(here, number=273)
    assert rows.insert(here, 4, 273) == 273
    assert rows.numbers(here)[4] == 273
    assert json.loads(rows.one("albums", 273) or b"")["tracks"] == []
    rows.close()


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        ({"position": 5_000}, sandbox.NoSuchRowError, "Position 5000 is outside"),
        ({"position": -5_000}, sandbox.NoSuchRowError, "is outside"),
        ({"number": 0}, sandbox.NoSuchRowError, "No row 0"),
        ({}, sandbox.ImpossibleRowError, "by its position or by its id"),
        ({"position": 0, "number": 1}, sandbox.ImpossibleRowError, "and not by both"),
    ],
)
def test_a_row_that_is_not_there_is_a_mistake(
    call: dict[str, int], error: type[Exception], sentence: str
) -> None:
    rows = database.Database()
    with pytest.raises(error, match=sentence):
        rows.delete(sandbox.listing("albums"), **cast("Any", call))
    rows.close()


def test_a_row_that_can_not_be_is_refused_and_changes_nothing() -> None:
    rows = database.Database()
    here = sandbox.listing("albums")
    before = rows.encoded(here)
    with pytest.raises(sandbox.ImpossibleRowError, match="UNIQUE"):
        rows.insert(here, 0, 273)
    with pytest.raises(sandbox.ImpossibleRowError, match="NOT NULL"):
        rows.change(here, {"title": None}, number=273)
    with pytest.raises(sandbox.ImpossibleRowError, match="rank can't be set in albums"):
        rows.change(here, {"rank": 1}, number=273)
    with pytest.raises(sandbox.ImpossibleRowError, match="Say what to change"):
        rows.change(here, {}, number=273)
    assert rows.encoded(here) == before
    rows.close()


async def test_rows_move_over_http() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        before = [row["id"] for row in upstream.rows("labels")]
        room = "/_sandbox/rows/labels"
        wanted = {"position": 1, "id": 9000, "values": {"name": "New"}}
        async with session.post(room, json=wanted) as response:
            assert (response.status, await response.json()) == (200, {"id": 9000})
        async with session.patch(room, json={"id": 9000, "values": {"name": "Newer"}}) as response:
            assert response.status == 200
        async with session.delete(room, json={"position": 0}) as response:
            assert await response.json() == {"id": before[0]}
        async with session.delete(f"{room}?id={before[4]}") as response:
            assert await response.json() == {"id": before[4]}
        async with session.get(room) as response:
            rows = (await response.json())["rows"]
        async with session.get("/api/v1/labels") as response:
            served = await response.json()
        async with session.get(f"{room}?user=partner@example.com") as response:
            partners = (await response.json())["rows"]
        async with session.post("/_sandbox/reset") as response:
            assert response.status == 200
        after = [row["id"] for row in upstream.rows("labels")]
    assert rows[:4] == [{"id": 9000, "name": "Newer"}, *rows[1:4]]
    assert [row["id"] for row in rows] == [9000, *before[1:4], *before[5:]]
    assert served == rows[:25]
    assert 20 < len(partners) < 50
    assert after == before


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "sentence"),
    [
        ("POST", "rows/albums", {}, 422, "Say at which position"),
        ("POST", "rows/albums", {"position": 9999}, 404, "outside"),
        ("POST", "rows/albums", {"position": 0, "values": {"rank": 1}}, 422, "can't be set"),
        ("POST", "rows/albums", {"position": 0, "id": 10**25}, 422, "too large"),
        ("POST", "rows/albums", {"position": 0, "id": 2**63 - 1}, 422, "too large"),
        ("POST", "rows/albums", {"position": "x"}, 422, "Expected `int"),
        ("POST", "rows/albums", {"position": 0, "user": "nobody"}, 422, "no user nobody"),
        ("POST", "rows/albums", {"place": 0}, 422, "unknown field"),
        ("DELETE", "rows/albums", {"id": 5000}, 404, "No row 5000"),
        ("DELETE", "rows/albums", {}, 422, "by its position or by its id"),
        ("GET", "rows/listenings", {"since": "x"}, 422, "Invalid"),
        ("PUT", "rows/albums", {}, 405, "does nothing"),
        ("POST", "rows/tracks", {"position": 0}, 404, "nothing at this address"),
        ("POST", "tokens", {"user": "nobody"}, 422, "no user nobody"),
        ("GET", "tokens", {}, 405, "does nothing"),
        ("GET", "reset", {}, 405, "does nothing"),
        ("POST", "requests", {}, 405, "does nothing"),
    ],
)
async def test_what_is_asked_wrongly_is_refused_with_a_sentence(
    method: str, target: str, body: dict[str, Any], status: int, sentence: str
) -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url) as session,
        session.request(method, f"/_sandbox/{target}", json=body) as response,
    ):
        assert response.status == status
        assert sentence in (await response.json())["error_description"]


async def test_tokens_are_given_out_over_http() -> None:
    async with sandbox.running() as upstream, aiohttp.ClientSession(upstream.url) as session:
        given_out = []
        for body in ({"user": "partner@example.com"}, {}):
            async with session.post("/_sandbox/tokens", json=body) as response:
                given_out.append((await response.json())["token"])
        users = []
        for token in given_out:
            account = upstream.database.account_of(token)
            assert account is not None
            users.append(account.username)
    assert users == ["partner@example.com", "listener@example.com"]
