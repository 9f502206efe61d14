"""The sandbox pages as documented: 25 items, at most 100, and a Link header with absolute URLs."""

import re
from typing import Any

import aiohttp
import pytest

import sandbox

HEADERS = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}


async def _page(session: aiohttp.ClientSession, target: str) -> tuple[list[Any], str | None]:
    async with session.get(target) as response:
        assert response.status == 200
        return await response.json(), response.headers.get("Link")


def _relations(link: str | None) -> dict[str, str]:
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', link or "")
    return {relation: address for address, relation in found}


async def test_a_page_holds_25_items_unless_another_size_up_to_100_is_asked() -> None:
    async with sandbox.running() as upstream:
        numbers = [row["id"] for row in upstream.rows("artists")]
        async with aiohttp.ClientSession(upstream.url, headers=HEADERS) as session:
            sizes = {}
            for query in (
                "",
                "?per_page=7",
                "?per_page=100",
                "?per_page=101",
                "?per_page=99999999999999999999",
                "?per_page=x",
            ):
                items, _ = await _page(session, f"/api/v1/artists{query}")
                sizes[query] = len(items)
                assert [item["id"] for item in items] == numbers[: len(items)]
    assert sizes == {
        "": 25,
        "?per_page=7": 7,
        "?per_page=100": 100,
        "?per_page=101": 100,
        "?per_page=99999999999999999999": 100,
        "?per_page=x": 25,
    }


async def test_head_is_answered_as_get_without_the_body() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        for target in ("/api/v1/artists", "/api/v1/album/273", "/api/v1/album/999999"):
            async with session.get(target) as whole, session.head(target) as head:
                assert head.status == whole.status
                for name in ("Content-Type", "Content-Length", "Link"):
                    assert head.headers.get(name) == whole.headers.get(name)
                assert await head.read() == b""


@pytest.mark.parametrize("table", ["albums", "artists", "labels", "listenings", "deliveries"])
async def test_the_pages_of_a_list_hold_every_row_once_and_in_order(table: Any) -> None:
    async with sandbox.running() as upstream:
        rows = upstream.rows(table)
        walked: list[Any] = []
        async with aiohttp.ClientSession(headers=HEADERS) as session:
            address = f"{upstream.url}/api/v1/{table}?per_page=50"
            while address:
                items, link = await _page(session, address)
                walked += items
                address = _relations(link).get("next", "")
    assert walked == rows


async def test_link_names_the_first_previous_next_and_last_page() -> None:
    async with sandbox.running() as upstream:
        last = -(-len(upstream.rows("albums")) // 100)
        base = f"{upstream.url}/api/v1/albums?page="
        async with aiohttp.ClientSession(upstream.url, headers=HEADERS) as session:
            links = {
                page: (await _page(session, f"/api/v1/albums?per_page=100&page={page}"))[1]
                for page in (1, 5, last, last + 1)
            }
    assert last == 13
    assert links == {
        1: f'<{base}2&per_page=100>; rel="next", <{base}13&per_page=100>; rel="last"',
        5: f'<{base}1&per_page=100>; rel="first", <{base}4&per_page=100>; rel="prev",'
        f' <{base}6&per_page=100>; rel="next", <{base}13&per_page=100>; rel="last"',
        13: f'<{base}1&per_page=100>; rel="first", <{base}12&per_page=100>; rel="prev"',
        14: f'<{base}1&per_page=100>; rel="first", <{base}13&per_page=100>; rel="prev"',
    }


async def test_a_list_of_a_single_page_has_no_link() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        items, link = await _page(session, "/api/v1/listenings?since=2015-01-26&until=2015-01-27")
    assert len(items) == 2
    assert link is None


async def test_a_page_behind_the_last_is_an_empty_list() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        for page in ("1000", "9" * 18, "9" * 20, "9" * 6000):
            items, _ = await _page(session, f"/api/v1/labels?page={page}")
            assert items == []


async def test_pages_that_are_no_numbers_count_as_the_first() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        first, _ = await _page(session, "/api/v1/artists")
        for page in ("0", "-1", "x", "", "1.5"):
            assert (await _page(session, f"/api/v1/artists?page={page}"))[0] == first


async def test_labels_and_deliveries_ignore_per_page_and_say_so_in_link() -> None:
    async with sandbox.running() as upstream:
        count = len(upstream.rows("labels"))
        async with aiohttp.ClientSession(upstream.url, headers=HEADERS) as session:
            labels, link = await _page(session, "/api/v1/labels?per_page=100")
            deliveries, _ = await _page(session, "/api/v1/deliveries?per_page=7")
    assert count == 174
    assert len(labels) == len(deliveries) == 25
    assert _relations(link)["last"].endswith("/api/v1/labels?page=7&per_page=100")


async def test_which_lists_ignore_per_page_and_the_largest_page_are_options() -> None:
    async with (
        sandbox.running(per_page_ignored={"albums"}, largest_page=40) as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        albums, _ = await _page(session, "/api/v1/albums?per_page=40")
        labels, _ = await _page(session, "/api/v1/labels?per_page=100")
    assert len(albums) == 25
    assert len(labels) == 40


async def test_link_keeps_the_days_that_were_asked_for() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        _, link = await _page(session, "/api/v1/deliveries?since=2015-01-01&until=2099-01-01")
    assert _relations(link)["next"] == (
        f"{upstream.url}/api/v1/deliveries?page=2&since=2015-01-01&until=2099-01-01"
    )


@pytest.mark.parametrize(
    "days",
    [
        "since=2015-01-26",
        "until=2015-01-26",
        "since=2015-01-27&until=2015-01-26",
        "since=2015-02-30&until=2015-03-01",
        "since=20150126&until=20150127",
        "since=&until=",
        "since=yesterday&until=today",
    ],
)
async def test_days_that_can_not_be_meant_are_refused(days: str) -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        for table in ("listenings", "deliveries"):
            async with session.get(f"/api/v1/{table}?{days}") as response:
                assert response.status == 422
                assert (await response.json())["error"] == "unprocessable_entity"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/albums/",
        "/api/v1/album/abc",
        "/api/v1/album/-1",
        "/api/v1/album/999999999999999999",
        "/api/v1/album/99999999999999999999",
        "/api/v1/artists/0",
        "/api/v1/labels/100000",
        "/api/v1/tracks",
        "/api/v1/nothing",
        "/elsewhere",
    ],
)
async def test_what_does_not_exist_is_not_found(path: str) -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
        session.get(path) as response,
    ):
        assert response.status == 404
        assert (await response.json())["error"] == "not_found"
