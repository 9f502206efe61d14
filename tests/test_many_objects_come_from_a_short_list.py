"""Many artists or labels by number: the pages of a short list take fewer requests than each own."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

import sandbox
from resolvers.global_ids import global_id
from resolvers.scans import most_requests
from tests.facade import COLD, facade
from tests.upstream_asked import scripted

ENTITIES = """query ($representations: [_Any!]!) {
    _entities(representations: $representations) { ... on Label { databaseId name } } }"""
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Label { databaseId name } } }"


def representations(numbers: list[int]) -> dict[str, Any]:
    return {"representations": [{"__typename": "Label", "databaseId": n} for n in numbers]}


async def test_eighty_of_the_labels_cost_the_pages_of_their_list() -> None:
    async with (
        sandbox.running(per_page_ignored=()) as upstream,
        facade(upstream.url) as here,
    ):
        rows = upstream.rows("labels")
        wanted = rows[::2][:80]
        numbers = [row["id"] for row in wanted]
        data = await here.data(ENTITIES, representations(numbers))
        assert [entity["name"] for entity in data["_entities"]] == [row["name"] for row in wanted]
        assert sorted(upstream.journal.targets) == [
            "/api/v1/labels?page=1&per_page=100",
            "/api/v1/labels?page=2&per_page=100",
        ]
        upstream.journal.clear()
        data = await here.data(NODES, {"ids": [global_id("Label", n) for n in numbers]})
        assert [node["name"] for node in data["nodes"]] == [row["name"] for row in wanted]
        assert len(upstream.journal) == 2


async def test_what_the_list_does_not_show_is_asked_for_by_its_number() -> None:
    async with (
        sandbox.running(per_page_ignored=()) as upstream,
        facade(upstream.url) as here,
    ):
        numbers = [row["id"] for row in upstream.rows("labels")[:30]]
        data = await here.data(ENTITIES, representations([*numbers, 99999999]))
        assert [entity and entity["databaseId"] for entity in data["_entities"]] == [*numbers, None]
        assert upstream.journal.targets[-1] == "/api/v1/labels/99999999"
        assert len(upstream.journal) == 2


async def test_a_long_list_is_not_read_for_a_few_of_it() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        rows = upstream.rows("artists")
        numbers = [row["id"] for row in rows[-25:]]
        ids = [global_id("Artist", number) for number in numbers]
        query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Artist { databaseId } } }"
        data = await here.data(query, {"ids": ids})
        assert [node["databaseId"] for node in data["nodes"]] == numbers
        assert len(upstream.journal.matching("/api/v1/artists")) <= 1 + 25 // 4


@pytest.mark.parametrize("count", [1, 19])
async def test_a_few_objects_are_asked_for_each_by_itself(count: int) -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        numbers = [row["id"] for row in upstream.rows("labels")[:count]]
        await here.data(ENTITIES, representations(numbers))
        assert len(upstream.journal) == count
        assert upstream.journal.matching("/api/v1/labels") == []


async def test_a_list_that_fails_costs_nobody_an_object() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(sandbox.Status(500), path="/api/v1/labels")
        numbers = [row["id"] for row in upstream.rows("labels")[:30]]
        data = await here.data(ENTITIES, representations(numbers))
        assert [entity["databaseId"] for entity in data["_entities"]] == numbers


@pytest.mark.parametrize("relations", ["", "next", "first, prev, next"])
async def test_a_list_that_does_not_tell_its_last_page_is_read_while_that_helps(
    relations: str,
) -> None:
    labels = [{"id": number, "name": f"Label {number}"} for number in range(1, 151)]

    async def answer(request: web.BaseRequest) -> web.Response:
        if "page" not in request.query:
            return web.json_response(status=404)
        page = int(request.query["page"])
        links = {"first": 1, "prev": page - 1, "next": page + 1 if page == 1 else 0}
        told = ", ".join(
            f'<http://elsewhere/api/v1/labels?page={number}&per_page=100>; rel="{relation}"'
            for relation, number in links.items()
            if number and relation in relations
        )
        rows = labels[100 * (page - 1) : 100 * page]
        return web.json_response(rows, headers={"Link": told} if told else {})

    async with scripted(answer) as api, facade(api.url) as here:
        numbers = [*range(1, 151, 2), 998, 999, 1000, 1001]
        data = await here.data(ENTITIES, representations(numbers))
        assert [entity and entity["databaseId"] for entity in data["_entities"]] == [
            *range(1, 151, 2),
            *[None] * 4,
        ]
        assert sorted(api.paths) == [
            "/api/v1/labels/1000",
            "/api/v1/labels/1001",
            "/api/v1/labels/998",
            "/api/v1/labels/999",
            "/api/v1/labels?page=1&per_page=100",
            "/api/v1/labels?page=2&per_page=100",
        ]


async def test_a_long_list_that_does_not_tell_its_end_is_not_read_on() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        number = int(request.path.rpartition("/")[2]) if "page" not in request.query else 0
        row = {"id": number, "name": f"Label {number}"}
        others = [{"id": each, "name": "another"} for each in range(10_000, 10_100)]
        return web.json_response(row if number else others)

    async with scripted(answer) as api, facade(api.url) as here:
        data = await here.data(ENTITIES, representations([*range(1, 81)]))
        assert [entity["name"] for entity in data["_entities"]] == [
            f"Label {number}" for number in range(1, 81)
        ]
        assert len(api.paths) == 81


async def test_a_list_that_hangs_takes_no_object_along() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        if "page" in request.query:
            await asyncio.sleep(60)
        number = int(request.path.rpartition("/")[2])
        return web.json_response({"id": number, "name": f"Label {number}"})

    environment = {"ONEDTOUCH_DEADLINE": "2"}
    async with scripted(answer) as api, facade(api.url, environment) as here:
        data = await here.data(ENTITIES, representations([*range(1, 31)]))
        assert [entity["databaseId"] for entity in data["_entities"]] == [*range(1, 31)]


async def test_objects_from_an_old_page_say_that_they_are_old() -> None:
    environment = {"ONEDTOUCH_FRESH_CATALOGUE": "0", "ONEDTOUCH_BREAKER_FAILURES": "0"}
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        numbers = [row["id"] for row in upstream.rows("labels")[:20]]
        data = await here.data(ENTITIES, representations(numbers))
        upstream.orders.add(sandbox.Status(503))
        answer = await here.ask(ENTITIES, representations(numbers))
        assert answer.data == data
        (stale,) = answer.body["extensions"]["stale"]
        assert stale["path"] == ["_entities"]
        assert stale["age"] > 0
        assert answer.headers["Cache-Control"] == "no-store"


async def test_the_switch_turns_it_off() -> None:
    environment = COLD | {"ONEDTOUCH_SCANS": "false"}
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        numbers = [row["id"] for row in upstream.rows("labels")[:30]]
        await here.data(ENTITIES, representations(numbers))
        assert upstream.journal.matching("/api/v1/labels") == []
        assert len(upstream.journal) == 30


def test_a_scan_costs_a_quarter_of_the_requests_more_at_most() -> None:
    assert [most_requests(wanted) for wanted in (1, 19, 20, 80, 500)] == [0, 0, 6, 21, 126]
