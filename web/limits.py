"""The limits of one GraphQL request: what it may hold before it is parsed, validated or executed.

Three bounded passes, each linear in what was sent: `check_text` counts characters, tokens and
brackets before the parser (which is recursive) sees them; `check_document` walks the parsed
document once, and each fragment in it once, before validation (some of whose rules are quadratic);
`check_variables` walks the variables. What is too much is a RequestError with QUERY_TOO_COMPLEX
that says which limit, how much was found and how much is allowed.

A fragment counts as often as it is spread, but is walked once: the counts of what it holds are
kept and added, so fragments that multiply are found without being expanded. A fragment that
spreads itself adds nothing to itself; validation refuses it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
)

from .request_errors import RequestError, too_complex


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may hold; each is a setting.

    Together they keep parsing and validating below a tenth of a second: a token costs the parser
    about 5 µs, a selection costs validation about 25 µs (measured with graphql-core 3.3.2).
    """

    characters: int = 100_000
    """In a document, comments included."""
    tokens: int = 6_000
    """Names, values and signs in a document, as GraphQL counts them; not API tokens."""
    nesting: int = 40
    """Brackets of any kind inside one another; the parser recurses that deep."""
    definitions: int = 100
    """Operations and fragments in a document."""
    selections: int = 2_000
    """Fields, spreads and inline fragments, fragments expanded, over all operations."""
    root_fields: int = 100
    """In one operation, fragments expanded."""
    aliases: int = 200
    """Over all operations, fragments expanded."""
    directives: int = 200
    """Over all operations, fragments expanded."""
    directives_in_one_place: int = 8
    """On one field, fragment or definition."""
    depth: int = 20
    """Selection sets inside one another, through fragments."""
    values: int = 6_000_000
    """That an answer may hold, estimated: 500 albums with every field come to 2,700,000, most of
    them territory codes. One of introspection counts as 250."""
    list_items: int = 500
    """In one list, in the document or in the variables: `ids`, `representations`."""
    upstream_requests: int = 2_500
    """That an operation can cause at worst, by resolvers/costs.py: 500 listings with their tracks
    and albums come to 1,522 while the address of albums is unknown, 30 lists of 25 to 2,340."""
    variable_values: int = 10_000
    """Values of any kind in all variables, those inside lists and objects included."""
    variable_characters: int = 10_000
    """In one string among the variables."""


MOST_OBJECT_FIELDS = 50
"""In one object in the document: no input has nearly as many, and errors quote them all."""

MOST_ARGUMENTS = 50
"""Of one field or directive, likewise."""

LARGEST_COUNT = 10**9
"""Counts stop here: fragments that multiply would make numbers of thousands of digits."""

_SKIPPED = re.compile(
    r'''"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?:"""|\Z)'''  # a block string
    r"""|"(?:[^"\\\n\r]|\\.)*+"?"""  # a string; the parser complains where its end is missing
    r"|\#[^\n\r]*+"  # a comment
)
_TOKEN = re.compile(r"[_A-Za-z][_0-9A-Za-z]*+|-?[0-9][0-9.eE+-]*+|\.\.\.|[^\s,\ufeff]")
_BRACKET = re.compile(r"[][(){}]")

Spread: TypeAlias = tuple[str, int, bool]
"""A fragment's name, the level on which a definition spreads it, and whether that is its root."""


def check_text(text: str, limits: Limits) -> None:
    """Raise RequestError for a document that is too long, or too deep to be parsed."""
    if len(text) > limits.characters:
        raise too_complex("characters", len(text), limits.characters)
    # a string counts as one token, and so does a comment: the parser keeps it as one
    bare = _SKIPPED.sub(" s ", text)
    tokens = sum(1 for _ in _TOKEN.finditer(bare))
    if tokens > limits.tokens:
        raise too_complex("tokens", tokens, limits.tokens)
    nesting = deepest = 0
    for bracket in _BRACKET.finditer(bare):
        if bracket[0] in "([{":
            nesting += 1
            deepest = max(deepest, nesting)
        else:
            nesting -= 1
    if deepest > limits.nesting:
        raise too_complex("brackets inside one another", deepest, limits.nesting)


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Raise RequestError for a document that holds too much, fragments expanded.

    The document may be invalid: any that parses can be walked.
    """
    DocumentWalk(document, limits).check()


def check_variables(variables: Mapping[str, Any], limits: Limits) -> None:
    """Raise RequestError for variables that hold too much; stops at the first value over a limit.

    `variables` is what JSON can hold; its depth is no matter.
    """
    values = 0
    below: list[Any] = [variables]
    while below:
        value = below.pop()
        if isinstance(value, str):
            if len(value) > limits.variable_characters:
                raise too_complex(
                    "characters in a variable", len(value), limits.variable_characters
                )
            continue
        if isinstance(value, dict):
            items = list(value.values())
        elif isinstance(value, list):
            items = value
            if len(items) > limits.list_items:
                raise too_complex("items in a list", len(items), limits.list_items)
        else:
            continue
        values += len(items)
        if values > limits.variable_values:
            raise too_complex("values in variables", values, limits.variable_values)
        below += items


@dataclass(slots=True)
class Counts:
    """What a selection set holds, fragments expanded."""

    selections: int = 0
    root_fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0

    def add(self, other: "Counts", level: int, *, at_root: bool) -> None:
        """Add what a fragment holds that is spread in a selection set on this level."""
        self.selections = min(self.selections + other.selections, LARGEST_COUNT)
        self.aliases = min(self.aliases + other.aliases, LARGEST_COUNT)
        self.directives = min(self.directives + other.directives, LARGEST_COUNT)
        self.depth = min(max(self.depth, level - 1 + other.depth), LARGEST_COUNT)
        if at_root:
            self.root_fields = min(self.root_fields + other.root_fields, LARGEST_COUNT)


class DocumentWalk:
    """One walk over a document, each of its nodes visited once; `steps` counts them."""

    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self.steps = 0
        self._document = document
        self._limits = limits
        self._own: dict[str, tuple[Counts, list[Spread]]] = {}
        self._expanded: dict[str, Counts] = {}

    def check(self) -> None:
        """Raise RequestError where the document holds more than is allowed."""
        limits = self._limits
        definitions = self._document.definitions
        if len(definitions) > limits.definitions:
            raise too_complex("definitions", len(definitions), limits.definitions)
        operations: list[tuple[Counts, list[Spread]]] = []
        for definition in definitions:
            if isinstance(definition, FragmentDefinitionNode):
                # of two with one name, which validation refuses, the later one is spread
                self._own[definition.name.value] = self._counted(definition)
            elif isinstance(definition, OperationDefinitionNode):
                operations.append(self._counted(definition))
            else:
                # of no use, and no limit holds for what is in it
                raise RequestError(
                    "GRAPHQL_VALIDATION_FAILED",
                    "Only operations and fragments can be executed, no definitions of types.",
                )
        written = sum(own.selections for own, _ in [*operations, *self._own.values()])
        if written > limits.selections:
            raise too_complex("selections", written, limits.selections)
        total = self._total(operations)
        for what, estimated, allowed in (
            ("levels of selections", total.depth, limits.depth),
            ("root fields", total.root_fields, limits.root_fields),
            ("aliases", total.aliases, limits.aliases),
            ("directives", total.directives, limits.directives),
            ("selections with fragments expanded", total.selections, limits.selections),
        ):
            if estimated > allowed:
                raise too_complex(what, estimated, allowed)

    def _total(self, operations: list[tuple[Counts, list[Spread]]]) -> Counts:
        """What all operations hold together, but for root fields: the most that one has."""
        for name in self._own:
            if name not in self._expanded:
                self._expand(name)
        total = Counts()
        for own, spreads in operations:
            self._spread(own, spreads)
            total.add(own, 1, at_root=False)
            total.root_fields = max(total.root_fields, own.root_fields)
        return total

    def _counted(
        self, definition: FragmentDefinitionNode | OperationDefinitionNode
    ) -> tuple[Counts, list[Spread]]:
        """What a definition holds itself, and the fragments that it spreads."""
        counts = Counts(directives=self._directives(definition))
        for variable in definition.variable_definitions or ():
            counts.directives += self._directives(variable)
            if variable.default_value is not None:
                self._check_value(variable.default_value)
        spreads: list[Spread] = []
        below = [(definition.selection_set, 1, True)]
        while below:
            selection_set, level, at_root = below.pop()
            counts.depth = max(counts.depth, level)
            for selection in selection_set.selections:
                counts.selections += 1
                counts.directives += self._directives(selection)
                if isinstance(selection, FieldNode):
                    counts.root_fields += at_root
                    counts.aliases += selection.alias is not None
                    self._check_arguments(selection)
                    if selection.selection_set is not None:
                        below.append((selection.selection_set, level + 1, False))
                elif isinstance(selection, FragmentSpreadNode):
                    spreads.append((selection.name.value, level, at_root))
                elif isinstance(selection, InlineFragmentNode):
                    below.append((selection.selection_set, level + 1, at_root))
        return counts, spreads

    def _expand(self, name: str) -> None:
        """Count what a fragment holds with all that it spreads, the spread ones first.

        Not recursive: fragments may be chained deeper than Python's stack.
        """
        path = [(name, iter(self._own[name][1]))]
        on_path = {name}
        while path:
            current, spreads = path[-1]
            for spread, _, _ in spreads:
                self.steps += 1
                if spread in self._own and spread not in self._expanded and spread not in on_path:
                    path.append((spread, iter(self._own[spread][1])))
                    on_path.add(spread)
                    break
            else:
                own, spread_there = self._own[current]
                self._spread(own, spread_there)
                self._expanded[current] = own
                on_path.remove(current)
                path.pop()

    def _spread(self, own: Counts, spreads: list[Spread]) -> None:
        """Add what is spread to what stands there itself."""
        nothing = Counts()
        for name, level, at_root in spreads:
            self.steps += 1
            own.add(self._expanded.get(name, nothing), level, at_root=at_root)

    def _directives(self, node: Node) -> int:
        """How many directives a node has; raises RequestError for too many in one place."""
        self.steps += 1
        directives: tuple[DirectiveNode, ...] = getattr(node, "directives", None) or ()
        if len(directives) > self._limits.directives_in_one_place:
            raise too_complex(
                "directives in one place", len(directives), self._limits.directives_in_one_place
            )
        for directive in directives:
            self._check_arguments(directive)
        return len(directives)

    def _check_arguments(self, node: FieldNode | DirectiveNode) -> None:
        """Raise RequestError for too many arguments, and for a list that is too long in one."""
        arguments = node.arguments or ()
        if len(arguments) > MOST_ARGUMENTS:
            raise too_complex("arguments in one place", len(arguments), MOST_ARGUMENTS)
        for argument in arguments:
            self._check_value(argument.value)

    def _check_value(self, value: ValueNode) -> None:
        """Raise RequestError for a list that is too long, however deep in a value."""
        below = [value]
        while below:
            self.steps += 1
            inner = below.pop()
            if isinstance(inner, ListValueNode):
                if len(inner.values) > self._limits.list_items:
                    raise too_complex("items in a list", len(inner.values), self._limits.list_items)
                below += inner.values
            elif isinstance(inner, ObjectValueNode):
                if len(inner.fields) > MOST_OBJECT_FIELDS:
                    raise too_complex("fields in an object", len(inner.fields), MOST_OBJECT_FIELDS)
                below += [field.value for field in inner.fields]
