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


def linted(path: Path) -> list[dict[str, Any]]:
    """What the linter has to say."""
    messages: list[dict[str, Any]] = told(CLIENTS, "lint.mjs", str(path))
    return messages


def test_the_schema_passes_every_rule() -> None:
    assert linted(PRINTED) == []


@pytest.mark.parametrize(
    ("pattern", "replacement", "rule"),
    [
        (r'"""The album\'s title\."""\n', "", "require-description"),
        (r"\breleasedAt: Date", "released_at: Date", "naming-convention"),
        (r"CreateTokenInput", "CreateTokenWish", "naming-convention"),
        (r"hasNextPage: Boolean!", "hasNextPage: Boolean", "relay-page-info"),
        (r"edges: \[AlbumEdge!\]!", "edges: AlbumEdge!", "relay-connection-types"),
        (r"(type AlbumEdge \{(?s:.)*?)  node: Album!", r"\1  album: Album!", "relay-edge-types"),
        (r"\bafter: String", "behind: String", "relay-arguments"),
        (r"\bicpn: String", "albumIcpn: String", "no-typename-prefix"),
        (r"\Z", '"""Alone."""\ntype Lost {\n  """A."""\n  a: Int\n}\n', "no-unreachable-types"),
    ],
)
def test_each_rule_finds_what_it_is_there_for(
    tmp_path: Path, pattern: str, replacement: str, rule: str
) -> None:
    changed, count = re.subn(pattern, replacement, PRINTED.read_text())
    assert count >= 1
    path = tmp_path / "schema.graphql"
    path.write_text(changed)
    assert rule in {message["rule"] for message in linted(path)}


def built(sdl: str) -> GraphQLSchema:
    # the directives are federation's, which is not in the file
    return build_schema(sdl, assume_valid_sdl=True)


def keys(sdl: str) -> set[tuple[str, str]]:
    """The types that gateways fetch, each with the fields of one of its keys."""
    return {
        (definition.name.value, argument.value.value)
        for definition in parse(sdl).definitions
        if isinstance(definition, ObjectTypeDefinitionNode)
        for directive in definition.directives or ()
        if directive.name.value == "key"
        for argument in directive.arguments or ()
        if isinstance(argument.value, StringValueNode)
    }


def broken(released: str, now: str) -> list[str]:
    """What a caller or a gateway of the released schema would miss."""
    changes = [change.description for change in find_breaking_changes(built(released), built(now))]
    lost = keys(released) - keys(now)
    return changes + [f"{name} lost its key {fields}." for name, fields in sorted(lost)]


def test_nothing_that_was_released_is_broken() -> None:
    assert broken(RELEASED.read_text(), schema.as_str()) == []


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("  releasedAt: Date\n", "  released: Date\n", "Album.releasedAt was removed."),
        ("  icpn: String\n", "  icpn: Int\n", "Album.icpn changed type"),
        ("  genres: [String!]!\n", "  genres: [String!]\n", "Album.genres changed type"),
        ('type Album implements Node @key(fields: "id")', "type Album implements Node", "lost its"),
        ("  UPDATE\n", "  CHANGE\n", "Enum value DeliveryType.UPDATE was removed."),
    ],
)
def test_a_breaking_change_is_found(before: str, after: str, change: str) -> None:
    released = RELEASED.read_text()
    assert before in released
    assert any(change in told for told in broken(released, released.replace(before, after, 1)))
