"""Real clients against the facade: Apollo Client, urql, Relay, and typed documents."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import sandbox
from resolvers.global_ids import global_id
from tests.node_programs import CLIENTS, Served, complaints, facade_served, installed, printed, told

RELAY = "node_modules/relay-compiler/cli.js"
CODEGEN = "node_modules/@graphql-codegen/cli/cjs/bin.js"
TSC = "node_modules/typescript/bin/tsc"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A facade that each test's client asks."""
    installed(CLIENTS)
    with facade_served() as here:
        yield here


def asked(served: Served) -> Mapping[str, str]:
    """The environment of a client: whom it asks, and as whom."""
    return {"FACADE_URL": served.url, "TOKEN": sandbox.LISTENER_TOKEN}


def ids(served: Served, table: Any, type_name: str) -> list[str]:
    """The global IDs of all rows of a list, in its order."""
    return [global_id(type_name, number) for number in served.upstream.numbers(table)]


def test_apollo_client_walks_whole_collections_with_persisted_queries(served: Served) -> None:
    told_by_it = told(CLIENTS, "apollo-walk.mjs", environment=asked(served))
    for field, type_name in (("albums", "Album"), ("artists", "Artist")):
        assert told_by_it["walked"][field] == ids(served, field, type_name)
    # three pages of albums and two of artists, and each text once, when its hash was not known
    assert told_by_it["sent"] == {
        "methods": ["POST"],
        "requests": 7,
        "withText": 2,
        "accept": ["application/graphql-response+json,application/json;q=0.9"],
    }
    # one that fails throws nothing away
    assert told_by_it["partly"]["data"]["artist"]["name"] == "1902"
    assert told_by_it["partly"]["data"]["album"] is None
    assert told_by_it["partly"]["code"] == "BAD_USER_INPUT"


def test_urql_walks_a_whole_collection_by_get(served: Served) -> None:
    told_by_it = told(CLIENTS, "urql-walk.mjs", environment=asked(served))
    assert told_by_it["ids"] == ids(served, "artists", "Artist")
    assert told_by_it["sent"]["methods"] == ["GET"]
    # this is what lets it pass where a foreign page's GET is refused
    assert told_by_it["sent"]["accept"][0].startswith("application/graphql-response+json")


def test_relay_walks_a_whole_collection_with_a_pagination_fragment(served: Served) -> None:
    (CLIENTS / "relay" / "generated").mkdir(exist_ok=True)
    assert "Done." in printed(CLIENTS, RELAY, "relay.config.json")
    told_by_it = told(CLIENTS, "relay-walk.mjs", environment=asked(served))
    assert told_by_it["ids"] == ids(served, "albums", "Album")
    assert told_by_it["refetched"] == {
        "title": "Neil Diamond's Christmas Classics",
        "releasedAt": "2017-03-10",
    }


def test_documents_are_typed_by_the_committed_schema(served: Served) -> None:
    printed(CLIENTS, CODEGEN, "--config", "codegen.json")
    printed(CLIENTS, TSC, "--project", "tsconfig.json")
    told_by_it = told(CLIENTS, "generated/compiled/typed.mjs", environment=asked(served))
    assert told_by_it == {
        "titles": ["Neil Diamond's Christmas Classics", "Fragments \u2013 Acte II"],
        "dates": ["2017-03-10", "1964-11-23"],
    }


def test_a_document_that_does_not_fit_the_schema_is_not_compiled(tmp_path: Path) -> None:
    config = json.loads((installed(CLIENTS) / "codegen.json").read_text())
    config["schema"] = str(CLIENTS / config["schema"])
    config["documents"] = "query Wrong { albums(first: 1) { nodes { price } } }"
    config["generates"] = {f"{tmp_path}/": next(iter(config["generates"].values()))}
    written = tmp_path / "codegen.json"
    written.write_text(json.dumps(config))
    assert 'Cannot query field "price" on type "Album"' in complaints(
        CLIENTS, CODEGEN, "--config", str(written)
    )


def test_the_lock_names_no_address() -> None:
    lock = (CLIENTS / "package-lock.json").read_text()
    assert "://" not in lock
    assert not any("resolved" in package for package in json.loads(lock)["packages"].values())
