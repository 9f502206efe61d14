"""The facade's schema composes beside other subgraphs, with each of the three composers."""

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import parse
from graphql.language import ObjectTypeDefinitionNode

from schema import schema
from tests.node_programs import GATEWAYS, HIVE, told

COMPOSERS = ("apollo", "guild", "wundergraph")


def subgraph(name: str, sdl: str | None = None, url: str = "http://127.0.0.1:9/") -> dict[str, str]:
    """A subgraph to compose; without SDL one of those in tests/gateways."""
    return {
        "name": name,
        "url": url,
        "sdl": sdl or (GATEWAYS / f"{name}.graphql").read_text(),
    }


def query_fields(supergraph: str) -> set[str]:
    (query,) = (
        definition
        for definition in parse(supergraph).definitions
        if isinstance(definition, ObjectTypeDefinitionNode) and definition.name.value == "Query"
    )
    return {field.name.value for field in query.fields or ()}


def composed(*subgraphs: dict[str, str]) -> dict[str, Any]:
    results: dict[str, Any] = told(GATEWAYS, "compose.js", given=list(subgraphs))
    assert tuple(results) == COMPOSERS
    return results


def test_it_composes_beside_subgraphs_that_extend_albums_by_either_key() -> None:
    results = composed(
        subgraph("catalogue", schema.sdl_for_gateways), subgraph("reviews"), subgraph("charts")
    )
    for composer in COMPOSERS:
        assert results[composer]["errors"] == []
        fields = query_fields(results[composer]["supergraph"])
        assert {"albums", "album", "newestReviews", "chart"} <= fields
        assert not fields & {"node", "nodes", "_entities", "_service"}


def test_the_node_fields_of_another_subgraph_are_the_supergraphs() -> None:
    results = composed(subgraph("catalogue", schema.sdl_for_gateways), subgraph("nodes"))
    for composer in COMPOSERS:
        assert results[composer]["errors"] == []
        assert {"node", "nodes", "album"} <= query_fields(results[composer]["supergraph"])


def inaccessible(sdl: str) -> str:
    """An SDL whose `node` and `nodes` are hidden from the supergraph's callers."""
    for field in ("node(id: ID!): Node", "nodes(ids: [ID!]!): [Node]!"):
        sdl = sdl.replace(field, f"{field} @inaccessible")
    return sdl.replace('"@key"', '"@inaccessible", "@key"')


@pytest.mark.parametrize("hide", [lambda sdl: sdl, inaccessible], ids=["open", "inaccessible"])
def test_two_subgraphs_with_node_fields_would_not_compose(hide: Any) -> None:
    node = (GATEWAYS / "nodes.graphql").read_text()
    results = composed(
        subgraph("nodes", hide(node)), subgraph("others", hide(node.replace("Review", "Shop")))
    )
    for composer in COMPOSERS:
        assert results[composer]["supergraph"] is None
    assert results["apollo"]["codes"].count("INVALID_FIELD_SHARING") == 2
    assert results["guild"]["codes"].count("INVALID_FIELD_SHARING") == 2
    assert '"node"' in results["wundergraph"]["errors"][0]


def test_prices_survive_composition() -> None:
    results = composed(subgraph("catalogue", schema.sdl_for_gateways), subgraph("reviews"))
    for composer in ("apollo", "guild"):
        supergraph = " ".join(results[composer]["supergraph"].split())
        assert "): AlbumConnection! @join__field(graph: CATALOGUE) @cost(weight: 3)" in supergraph
        assert 'slicingArguments: ["first", "last"]' in supergraph


def test_the_supergraph_of_the_deployment_is_fresh() -> None:
    results = composed(subgraph("catalogue", schema.sdl_for_gateways, "http://facade:8000/graphql"))
    committed = Path(HIVE / "supergraph.graphql")
    assert committed.read_text() == results["guild"]["supergraph"] + "\n", (
        "run deploy/compose-supergraph"
    )


def test_callers_who_ask_the_facade_itself_have_the_node_fields() -> None:
    query = schema._schema.query_type
    assert query is not None
    assert {"node", "nodes"} <= set(query.fields)


@pytest.mark.parametrize("folder", [GATEWAYS, HIVE], ids=["tests", "deploy"])
def test_the_locks_name_no_address(folder: Path) -> None:
    lock = (folder / "package-lock.json").read_text()
    assert "://" not in lock
    assert not any("resolved" in package for package in json.loads(lock)["packages"].values())
