"""`_entities` and `_service`, as the Apollo Federation subgraph specification has them."""

from typing import Any

import pytest
from graphql import build_schema, parse
from graphql.language import ObjectTypeDefinitionNode

import sandbox
from resolvers.costs import COSTS, weight
from resolvers.global_ids import global_id
from schema import schema
from tests.facade import facade

ENTITIES = """query ($of: [_Any!]!) { _entities(representations: $of) {
    __typename
    ... on Album { title } ... on Artist { name } ... on Label { name } ... on Track { isrc } } }"""

MAHLER = {"__typename": "Album", "title": "Mahler: Symphonie No. 5"}
WRONG: dict[str, Any] = {
    "no __typename": {"id": global_id("Album", 273)},
    "a __typename of another subgraph": {"__typename": "Review", "id": "1"},
    "a type that is no entity": {"__typename": "Delivery", "databaseId": 1},
    "a __typename that is no name": {"__typename": 5, "databaseId": 273},
    "no key": {"__typename": "Album"},
    "another field than a key": {"__typename": "Album", "title": "Mahler: Symphonie No. 5"},
    "a malformed id": {"__typename": "Album", "id": "!"},
    "an id of another type": {"__typename": "Album", "id": global_id("Artist", 914)},
    "an id that is no text": {"__typename": "Album", "id": 273},
    "a databaseId that is no integer": {"__typename": "Album", "databaseId": "273"},
    "a databaseId that is a truth": {"__typename": "Album", "databaseId": True},
    "a negative databaseId": {"__typename": "Album", "databaseId": -1},
    "a databaseId that no integer column holds": {"__typename": "Album", "databaseId": 2**60},
    "a databaseId that no machine word holds": {"__typename": "Album", "databaseId": 10**30},
    "keys of two objects": {
        "__typename": "Album",
        "id": global_id("Album", 273),
        "databaseId": 274,
    },
    "a text": "Album:273",
    "a list": [{"__typename": "Album", "databaseId": 273}],
    "a number": 273,
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_a_wrong_representation_is_an_error_at_its_own_index(wrong: Any) -> None:
    right = {"__typename": "Album", "databaseId": 273}
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        answer = await here.ask(ENTITIES, {"of": [right, wrong, right]})
        assert answer.body["data"] == {"_entities": [MAHLER, None, MAHLER]}
        (error,) = answer.errors
        assert error["path"] == ["_entities", 1]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert upstream.journal.targets == ["/api/v1/album/273"]


async def test_what_is_not_there_is_null_without_an_error() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        data = await here.data(
            ENTITIES,
            {
                "of": [
                    {"__typename": kind, "databaseId": 99_999_999}
                    for kind in ("Album", "Artist", "Label", "Track")
                ]
            },
        )
        assert data == {"_entities": [None, None, None, None]}


async def test_both_keys_of_one_album_are_one_request() -> None:
    keys: list[dict[str, Any]] = [{"id": global_id("Album", 273)}, {"databaseId": 273}]
    both = [*keys, {**keys[0], **keys[1]}]
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        data = await here.data(ENTITIES, {"of": [{"__typename": "Album", **key} for key in both]})
        assert data == {"_entities": [MAHLER, MAHLER, MAHLER]}
        assert upstream.journal.targets == ["/api/v1/album/273"]


async def test_entities_are_loaded_together() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        await here.data("{ album(id: 1) { id } }")
        upstream.journal.clear()
        upstream.orders.add(sandbox.Latency(200))
        numbers = upstream.numbers("albums")[:10]
        of = [{"__typename": "Album", "databaseId": number} for number in numbers * 3]
        data = await here.data(ENTITIES, {"of": of})
        assert len(data["_entities"]) == 30
        assert len(upstream.journal) == 10
        assert upstream.journal.high_water == 10


async def test_a_failing_entity_leaves_the_others_whole() -> None:
    of = [{"__typename": "Album", "databaseId": number} for number in (273, 2)]
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(sandbox.Status(500), path="/api/v1/album*/2")
        answer = await here.ask(ENTITIES, {"of": of})
        assert answer.body["data"] == {"_entities": [MAHLER, None]}
        assert [error["path"] for error in answer.errors] == [["_entities", 1]]
        assert answer.codes == ["UPSTREAM_UNAVAILABLE"]


async def test_representations_are_not_changed() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        data = await here.data(
            """query ($of: [_Any!]!) {
                 one: _entities(representations: $of) { ... on Album { title } }
                 two: _entities(representations: $of) { ... on Album { title } } }""",
            {"of": [{"__typename": "Album", "databaseId": 273}]},
        )
        assert data["one"] == data["two"] == [{"title": "Mahler: Symphonie No. 5"}]


async def test_without_a_token_each_entity_is_an_error() -> None:
    of = [{"__typename": "Album", "databaseId": 273}] * 2
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        answer = await here.ask(ENTITIES, {"of": of}, token=None)
        assert answer.body["data"] == {"_entities": [None, None]}
        assert answer.codes == ["UNAUTHENTICATED", "UNAUTHENTICATED"]


async def test_the_service_shows_the_schema_for_gateways_to_anybody() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        answer = await here.ask("{ _service { sdl } }", token=None)
        sdl = answer.data["_service"]["sdl"]
        assert sdl == schema.sdl_for_gateways
        assert len(upstream.journal) == 0
    assert "https://specs.apollo.dev/federation/v2.9" in sdl
    for name in ("Album", "Artist", "Label", "Track"):
        assert f'type {name} implements Node @key(fields: "id") @key(fields: "databaseId")' in sdl


def test_only_the_node_fields_are_missing_in_the_schema_for_gateways() -> None:
    def fields(sdl: str) -> set[str]:
        return {
            f"{definition.name.value}.{field.name.value}"
            for definition in parse(sdl).definitions
            if isinstance(definition, ObjectTypeDefinitionNode)
            for field in definition.fields or ()
        }

    whole = fields(schema.as_str())
    assert whole - fields(schema.sdl_for_gateways) == {"Query.node", "Query.nodes"}
    assert build_schema(schema.sdl_for_gateways, assume_valid_sdl=True).query_type is not None


def test_each_field_that_costs_requests_says_so_by_the_one_model() -> None:
    printed = " ".join(schema.as_str().split())
    prices = {"Query._entities": None}
    for coordinate in COSTS:
        type_name, _, field = coordinate.partition(".")
        if coordinate in prices:
            continue
        body = printed[printed.index(f"type {type_name} ") :]
        declared = body[body.index(f" {field}") :].partition("@cost(weight: ")[2]
        assert int(declared.partition(")")[0]) == weight(coordinate), coordinate
    assert printed.count("@cost(") == len(COSTS) - len(prices)
    assert printed.count("@listSize(") == 5
