"""A selection tells which fields are selected at a place: fragments followed, directives obeyed."""

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse
from graphql.language import FieldNode

from resolvers.selection import Selection


def selection(text: str, variables: dict[str, Any] | None = None) -> Selection:
    document = parse(text)
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    roots = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return Selection(roots, fragments, variables or {})


def test_names_are_the_fields_own_and_not_their_aliases() -> None:
    assert selection("{ a { b: title title __typename } }").names == {"title"}


def test_fields_that_are_selected_twice_are_merged() -> None:
    found = selection("{ a { x: album { id } y: album { title } } }")
    assert found.below("album").names == {"id", "title"}


def test_several_paths_are_merged() -> None:
    found = selection("{ a { nodes { id } edges { node { title } cursor } } }")
    assert found.below("nodes", "edges.node").names == {"id", "title"}
    assert found.below("edges").names == {"node", "cursor"}


def test_fragments_are_followed_wherever_they_are_spread() -> None:
    found = selection(
        """{ a { ...A ... { d } ... on B { e } } }
           fragment A on X { b ...B } fragment B on X { c }"""
    )
    assert found.names == {"b", "c", "d", "e"}


def test_fragments_that_spread_each_other_many_times_are_read_once() -> None:
    fragments = "".join(
        f"fragment F{i} on X {{ f{i} ...F{i + 1} ...F{i + 1} }} " for i in range(60)
    )
    found = selection("{ a { ...F0 } } " + fragments + "fragment F60 on X { end }")
    assert len(found.names) == 61


@pytest.mark.parametrize(
    ("directive", "variables", "selected"),
    [
        ("@skip(if: true)", {}, False),
        ("@skip(if: false)", {}, True),
        ("@include(if: true)", {}, True),
        ("@include(if: false)", {}, False),
        ("@skip(if: $on)", {"on": True}, False),
        ("@skip(if: $on)", {"on": False}, True),
        ("@include(if: $on)", {"on": True}, True),
        ("@include(if: $on)", {"on": False}, False),
        ("@include(if: true) @skip(if: true)", {}, False),
        ("@include(if: true) @skip(if: false)", {}, True),
        ("@other", {}, True),
    ],
)
@pytest.mark.parametrize("form", ["b %s", "...F %s", "... %s { b }", "... on X %s { b }"])
def test_skip_and_include_are_obeyed(
    form: str, directive: str, variables: dict[str, Any], *, selected: bool
) -> None:
    text = "{ a { c " + form % directive + " } } fragment F on X { b }"
    assert ("b" in selection(text, variables)) is selected


def test_nothing_is_selected_where_nothing_is() -> None:
    assert selection("{ a }").names == frozenset()
    assert selection("{ a { b } }").below("c.d").names == frozenset()
