"""The committed schema passes @graphql-eslint's rules, and breaks nothing that was released."""

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, find_breaking_changes, parse
from graphql.language import ObjectTypeDefinitionNode, StringValueNode

from schema import schema
from tests.node_programs import CLIENTS, ROOT, told

PRINTED = ROOT / "schema" / "schema.graphql"
RELEASED = ROOT / "schema" / "released.graphql"
"""The schema of the last release: replaced by the printed one when a release is made."""


CHANGES = {
    "require-description": (r'"""The album\'s title\."""\n', ""),
    "naming-convention": (r"\breleasedAt: Date", "released_at: Date"),
    "relay-page-info": (r"hasNextPage: Boolean!", "hasNextPage: Boolean"),
    "relay-connection-types": (r"edges: \[AlbumEdge!\]!", "edges: AlbumEdge!"),
    "relay-edge-types": (r"(type AlbumEdge \{(?s:.)*?)  node: Album!", r"\1  album: Album!"),
    "relay-arguments": (r"\bafter: String", "behind: String"),
    "no-typename-prefix": (r"\bicpn: String", "albumIcpn: String"),
    "no-unreachable-types": (r"\Z", '"""Alone."""\ntype Lost {\n  """A."""\n  a: Int\n}\n'),
}
"""For each rule a change to the schema that it is there to find."""


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, list[dict[str, Any]]]:
    """What the linter says of the printed schema (under None), and after each of the changes."""
    folder = tmp_path_factory.mktemp("changed")
    files: dict[str | None, Path] = {None: PRINTED}
    for rule, (pattern, replacement) in CHANGES.items():
        changed, count = re.subn(pattern, replacement, PRINTED.read_text())
        assert count >= 1, rule
        files[rule] = folder / f"{rule}.graphql"
        files[rule].write_text(changed)
    messages = told(CLIENTS, "lint.mjs", *map(str, files.values()))
    return dict(zip(files, messages, strict=True))


def test_the_schema_passes_every_rule(
    linted: dict[str | None, list[dict[str, Any]]],
) -> None:
    assert linted[None] == []


@pytest.mark.parametrize("rule", CHANGES)
def test_each_rule_finds_what_it_is_there_for(
    linted: dict[str | None, list[dict[str, Any]]], rule: str
) -> None:
    assert rule in {message["rule"] for message in linted[rule]}


def built(sdl: str) -> GraphQLSchema:
    # the directives are federation's, which is not in the file
    return build_schema(sdl, assume_valid_sdl=True)


def promises(sdl: str) -> set[str]:
    """What gateways build on: the types that they fetch, by each key, and those that are shared."""
    found = set()
    for definition in parse(sdl).definitions:
        if not isinstance(definition, ObjectTypeDefinitionNode):
            continue
        for directive in definition.directives or ():
            if directive.name.value == "shareable":
                found.add(f"{definition.name.value} is shareable")
            if directive.name.value == "key":
                (fields, *_) = directive.arguments or ()
                assert isinstance(fields.value, StringValueNode)
                found.add(f"{definition.name.value} has the key {fields.value.value}")
    return found


def broken(released: str, now: str) -> list[str]:
    """What a caller or a gateway of the released schema would miss."""
    changes = [change.description for change in find_breaking_changes(built(released), built(now))]
    return changes + sorted(f"No longer: {each}." for each in promises(released) - promises(now))


def test_nothing_that_was_released_is_broken() -> None:
    assert broken(RELEASED.read_text(), schema.as_str()) == []


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("  releasedAt: Date\n", "  released: Date\n", "Album.releasedAt was removed."),
        ("  icpn: String\n", "  icpn: Int\n", "Album.icpn changed type"),
        ("  genres: [String!]!\n", "  genres: [String!]\n", "Album.genres changed type"),
        (
            'type Album implements Node @key(fields: "id")',
            "type Album implements Node",
            "has the key id",
        ),
        ("type PageInfo @shareable", "type PageInfo", "PageInfo is shareable"),
        ("type PageCursors @shareable", "type PageCursors", "PageCursors is shareable"),
        ("    after: String\n", "    after: String!\n", "has changed type"),
        ("  UPDATE\n", "  CHANGE\n", "Enum value DeliveryType.UPDATE was removed."),
    ],
)
def test_a_breaking_change_is_found(before: str, after: str, change: str) -> None:
    released = RELEASED.read_text()
    assert before in released
    assert any(change in told for told in broken(released, released.replace(before, after, 1)))
