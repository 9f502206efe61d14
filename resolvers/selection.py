"""What an operation selects below a field: the names that decide which requests are worth sending.

Fragments are followed and @skip and @include are obeyed. Below most fields that are asked about
stands one concrete type, for which each type condition that validates holds; below the others it
has to be told which conditions do.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)


class Selection:
    """The fields selected at one place of an operation, by name; aliases are merged."""

    __slots__ = ("_fields", "_fragments", "_holds", "_variables")

    def __init__(
        self,
        nodes: Iterable[FieldNode],
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
        holds: Callable[[str], bool] | None = None,
    ) -> None:
        """`nodes` are the fields below which to look.

        `holds` tells whether a type condition does, by its type's name; without it each one does.
        """
        self._fragments = fragments
        self._variables = variables
        self._holds = holds
        self._fields: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for node in nodes:
            if node.selection_set is not None:
                self._collect(node.selection_set, visited)

    @property
    def names(self) -> frozenset[str]:
        """The names of the fields, __typename left out: it never costs anything."""
        return frozenset(name for name in self._fields if name != "__typename")

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def below(self, *paths: str) -> "Selection":
        """What is selected below any of these dotted paths ("nodes", "edges.node"), merged."""
        nodes: list[FieldNode] = []
        for path in paths:
            selection = self
            *parents, name = path.split(".")
            for parent in parents:
                selection = selection._below_fields(selection._fields.get(parent, []))
            nodes += selection._fields.get(name, [])
        return self._below_fields(nodes)

    def _below_fields(self, nodes: Iterable[FieldNode]) -> "Selection":
        return Selection(nodes, self._fragments, self._variables)

    def _collect(self, selection_set: SelectionSetNode, visited: set[str]) -> None:
        for node in selection_set.selections:
            if node.directives and not self._included(node):
                continue
            if isinstance(node, FieldNode):
                self._fields.setdefault(node.name.value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                self._follow(node, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                self._follow(self._fragments[node.name.value], visited)

    def _follow(
        self, fragment: InlineFragmentNode | FragmentDefinitionNode, visited: set[str]
    ) -> None:
        on = fragment.type_condition
        if self._holds is None or on is None or self._holds(on.name.value):
            self._collect(fragment.selection_set, visited)

    def _included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            if directive.name.value in {"skip", "include"}:
                # validation has seen to it that there is one argument, a Boolean! named `if`
                (argument,) = directive.arguments or ()
                condition = argument.value
                holds = (
                    self._variables[condition.name.value]
                    if isinstance(condition, VariableNode)
                    else cast("BooleanValueNode", condition).value
                )
                if holds is (directive.name.value == "skip"):
                    return False
        return True
