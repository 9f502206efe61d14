"""Each operation in queries/ is answered whole by the facade in front of the sandbox.

A subscription there is told by tests/test_subscription_tells_each_delivery_once.py.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any, cast

import pytest
from graphql import parse, validate
from graphql.language import OperationDefinitionNode

import sandbox
from execution import CompiledExecutionContext
from schema import schema
from tests.facade import COLD, facade

QUERIES = sorted((Path(__file__).parent.parent / "queries").rglob("*.graphql"))


TEXTS = {path: path.read_text() for path in QUERIES}
ANSWERED = [path for path in QUERIES if "\nsubscription " not in TEXTS[path]]
"""All but subscriptions, which have no end."""


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def variables_of(path: Path) -> dict[str, Any]:
    beside = path.with_suffix(".variables.json")
    found: dict[str, Any] = json.loads(beside.read_text()) if beside.exists() else {}
    return found


def test_there_are_operations_for_each_kind_of_caller() -> None:
    assert {path.parent.name for path in QUERIES} == {"frontend", "playground", "gateway"}
    assert len(QUERIES) >= 15


@pytest.mark.parametrize("path", QUERIES, ids=named)
def test_an_operation_is_valid_and_named_as_its_file(path: Path) -> None:
    document = parse(TEXTS[path])
    assert validate(schema._schema, document) == []
    operations = [
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    ]
    (operation,) = operations
    assert operation.name is not None
    assert operation.name.value == path.stem
    assert TEXTS[path].startswith("# "), "the first line says what it is for"


@pytest.mark.parametrize("path", ANSWERED, ids=named)
async def test_an_operation_is_answered_without_an_error(path: Path) -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        variables = variables_of(path)
        token = upstream.token()
        if path.stem == "SignOut":
            variables = {"input": {"token": token}}
        answer = await here.ask(TEXTS[path], variables, token=token)
        data = answer.data
    assert answer.status == 200
    assert all(value not in (None, [], {}) for value in data.values())
    for name, value in data.items():
        if isinstance(value, dict) and "nodes" in value:
            assert value["nodes"], name
        if isinstance(value, dict) and "edges" in value:
            assert value["edges"], name


async def test_the_gateways_entities_are_the_ones_it_named() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        path = next(path for path in QUERIES if path.stem == "EntitiesByID")
        data = await here.data(TEXTS[path], variables_of(path))
    by_id, by_number, artist, label, track = data["_entities"]
    assert by_id == by_number
    assert by_id["title"] == "Mahler: Symphonie No. 5"
    assert artist["name"] == "Royal Concertgebouw Orchestra"
    assert label["name"] == "Les Indispensables de Diapason"
    assert track["durationSeconds"] == 883


async def test_a_page_of_browsing_goes_on_where_the_last_one_ended() -> None:
    path = next(path for path in QUERIES if path.stem == "BrowseAlbums")
    seen: list[str] = []
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        after = None
        for _ in range(3):
            data = await here.data(TEXTS[path], {"first": 25, "after": after})
            seen += [edge["node"]["title"] for edge in data["albums"]["edges"]]
            after = data["albums"]["pageInfo"]["endCursor"]
        assert seen == [row["title"] for row in upstream.rows("albums")[:75]]


FORGETFUL = COLD | {"ONEDTOUCH_KEEP_ANSWERS": "false"}


@pytest.mark.parametrize("path", ANSWERED, ids=named)
async def test_an_operation_takes_the_fast_path(path: Path) -> None:
    statistics = cast("type[CompiledExecutionContext]", schema.execution_context_class).statistics
    async with sandbox.running() as upstream, facade(upstream.url, FORGETFUL) as here:
        variables = variables_of(path)
        before = dataclasses.replace(statistics)
        for _ in range(4):
            if path.stem == "SignOut":
                variables = {"input": {"token": upstream.token()}}
            assert (await here.ask(TEXTS[path], variables)).errors == []
    assert statistics.executions - before.executions == 4
    assert statistics.fallbacks == before.fallbacks
    if path.stem == "ServiceSDL":
        assert statistics.runs == before.runs, "its one field is federation's own resolver"
    else:
        assert statistics.planned_executions > before.planned_executions
        assert statistics.runs > before.runs
