"""Documents: GraphQL texts parsed, limited and validated once, and kept for the next request."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    ObjectFieldNode,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableNode,
    VisitorAction,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from upstream.recent import Recent

from .footprints import Footprints
from .limits import Limits, check_document, check_text
from .request_errors import RequestError
from .request_records import LONGEST_NAME

overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 15_000
"""Steps that comparing fields of one name may take in validation, which is quadratic.

graphql-core's own bound, a twentieth of its default: a step costs up to 3 µs, and 40 fragments
side by side with fields in common, as Relay writes them, take 16,000.
"""

MOST_ERRORS: Final = 5
"""Errors of one document that are shown; validation stops at the next one."""

LONG: Final = 3_000
"""Characters from which a text that is new may take so long that it is not worked on in passing."""

LONGEST_SENTENCE: Final = 400
"""Characters of an error that are shown: it may quote a name of any length."""

_NOTHING: Final = DocumentNode(definitions=())

_ABOUT_SCHEMA: Final = frozenset({"__typename", "__schema", "__type", "_service"})
"""The fields of Query that show the schema: GraphQL's own, and Apollo Federation's."""


class ChosenOperation:
    """One operation of a valid document, and what it can cause upstream (web/footprints.py).

    `is_about_schema` says that it asks for nothing but the schema, so that its answer is the same
    for everybody and as long as the process lives. `noted_name` is what logs, traces and kept
    answers have of its name.
    """

    __slots__ = (
        *("definition", "footprint", "is_about_schema"),
        *("kind", "kind_name", "name", "noted_name"),
    )

    def __init__(
        self, footprints: Footprints, document: DocumentNode, definition: OperationDefinitionNode
    ) -> None:
        self.definition = definition
        self.kind: OperationType = definition.operation
        self.kind_name: str = definition.operation.value
        self.name: str | None = definition.name.value if definition.name else None
        self.noted_name = self.name and self.name[:LONGEST_NAME]
        self.footprint = footprints.footprint(document, definition)
        self.is_about_schema = self.kind is OperationType.QUERY and _is_about_schema(
            document, definition
        )


class Prepared:
    """A text that was parsed, limited and validated: a document, or the errors in it.

    The document is an empty one where there are errors.
    """

    __slots__ = ("_footprints", "_operations", "document", "errors")

    def __init__(
        self, footprints: Footprints, document: DocumentNode, errors: tuple[RequestError, ...]
    ) -> None:
        self._footprints = footprints
        self._operations: dict[str | None, ChosenOperation] = {}
        self.document = document
        self.errors = errors

    def operation(self, name: str | None = None) -> ChosenOperation:
        """The operation with this name; without a name, the only one. Raises RequestError."""
        known = self._operations.get(name)
        if known is None:
            known = ChosenOperation(self._footprints, self.document, self._definition(name))
            self._operations[name] = known
        return known

    def _definition(self, name: str | None) -> OperationDefinitionNode:
        definitions = [
            definition
            for definition in self.document.definitions
            if isinstance(definition, OperationDefinitionNode)
        ]
        if name is not None:
            for definition in definitions:
                if definition.name is not None and definition.name.value == name:
                    return definition
            raise RequestError("BAD_USER_INPUT", "The document has no operation of this name.")
        if len(definitions) == 1:
            return definitions[0]
        raise RequestError(
            "BAD_USER_INPUT",
            "The document has several operations: say which one with operationName.",
        )


def _is_about_schema(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    selections = list(operation.selection_set.selections)
    while selections:
        selection = selections.pop()
        if isinstance(selection, FieldNode):
            if selection.name.value not in _ABOUT_SCHEMA:
                return False
        elif isinstance(selection, FragmentSpreadNode):
            # Each is looked at once, also where it is spread in many places.
            fragment = fragments.pop(selection.name.value, None)
            selections.extend(fragment.selection_set.selections if fragment else ())
        elif isinstance(selection, InlineFragmentNode):
            selections.extend(selection.selection_set.selections)
    return True


class Documents:
    """All documents that are kept for one schema.

    A document is kept for good, as long as it is used, from its second use on. Until then, and
    with errors for ever, it stands in a place of its own: whoever sends many that are used once
    can't push out those that others use.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits | None = None,
        *,
        introspection: bool = True,
        entries: int = 1_000,
        characters: int = 1_000_000,
    ) -> None:
        """`entries` and `characters` bound what is kept.

        Without introspection, no error suggests a name either.
        """
        self._schema = schema
        self._limits = limits or Limits()
        self._footprints = Footprints(schema, self._limits.values)
        self._suggestions = introspection
        self._rules = [
            _PlacedValues if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules
        ]
        if not introspection:
            self._rules.append(NoSchemaIntrospectionCustomRule)
        self._used = Recent[Prepared](entries, characters)
        self._new = Recent[Prepared](max(entries // 4, 1), characters // 4)
        self._refused = Recent[Prepared](max(entries // 4, 1), characters // 4)
        self._thread = ThreadPoolExecutor(1, "documents")
        self._under_way: dict[str, asyncio.Future[Prepared]] = {}

    def __len__(self) -> int:
        return len(self._used) + len(self._new) + len(self._refused)

    async def prepared(self, text: str, until: float) -> Prepared:
        """As `prepare`, without holding up the event loop for long.

        A long text that is new is worked on in a thread, one at a time; who sends the same text
        in the meantime waits for the same. Raises RequestError where it does not have its turn
        `until` then, on the clock of time.monotonic.
        """
        if len(text) < LONG:
            return self.prepare(text)
        found = self._known(text)
        if found is not None:
            return found
        under_way = self._under_way.get(text)
        if under_way is None:
            loop = asyncio.get_running_loop()
            under_way = loop.run_in_executor(self._thread, self._made, text)
            self._under_way[text] = under_way
            under_way.add_done_callback(lambda _: self._under_way.pop(text))
        try:
            async with asyncio.timeout(until - monotonic()):
                made = await asyncio.shield(under_way)
        except TimeoutError:
            raise RequestError("RATE_LIMITED", "Too many long documents came at once.") from None
        return self._known(text) or self._keep(text, made)

    def prepare(self, text: str) -> Prepared:
        """The document that a text is, or the errors in it; a text is worked on once."""
        return self._known(text) or self._keep(text, self._made(text))

    def _known(self, text: str) -> Prepared | None:
        found = self._used.get(text)
        if found is not None:
            return found
        found = self._new.take(text)
        if found is not None:
            self._used.put(text, found)
            return found
        return self._refused.get(text)

    def _keep(self, text: str, made: Prepared) -> Prepared:
        (self._refused if made.errors else self._new).put(text, made)
        return made

    def _made(self, text: str) -> Prepared:
        try:
            check_text(text, self._limits)
            document = parse(text)
            check_document(document, self._limits)
        except RequestError as error:
            return Prepared(self._footprints, _NOTHING, (error.with_traceback(None),))
        except GraphQLSyntaxError as error:
            return Prepared(self._footprints, _NOTHING, (_syntax_error(error),))
        found = validate(
            self._schema,
            document,
            self._rules,
            max_errors=MOST_ERRORS,
            hide_suggestions=not self._suggestions,
        )
        if found:
            errors = _validation_errors(found, suggestions=self._suggestions)
            return Prepared(self._footprints, _NOTHING, errors)
        return Prepared(self._footprints, document, ())


class _PlacedValues(ValuesOfCorrectTypeRule):
    """graphql-core's rule, which forgets where lists, objects and values of our scalars stand."""

    _node: ValueNode | None = None

    def is_valid_value_node(
        self, node: ValueNode, input_type: GraphQLInputType | None
    ) -> VisitorAction:
        self._node = node
        return super().is_valid_value_node(node, input_type)

    def report_error(self, error: GraphQLError) -> None:
        if not error.locations:
            error = GraphQLError(error.message, self._node, original_error=error.original_error)
        super().report_error(error)


_LITERAL = re.compile(r"\b(String|BlockString|Int|Float) '.*'", re.DOTALL)


def _syntax_error(error: GraphQLSyntaxError) -> RequestError:
    """A syntax error that quotes no literal: it may be a password in the wrong place."""
    sentence = _LITERAL.sub(r"\1", error.message)
    return RequestError("GRAPHQL_PARSE_FAILED", _shortened(sentence), at=error)


def _validation_errors(
    errors: list[GraphQLError], *, suggestions: bool
) -> tuple[RequestError, ...]:
    shown = [error for error in errors if not isinstance(error, ValidationAbortedError)]
    if not shown or (len(shown) < len(errors) and len(shown) < MOST_ERRORS):
        # graphql-core gave up comparing fields, and does not say how far it was
        return (
            RequestError(
                "QUERY_TOO_COMPLEX",
                "This request is too complex: too many fields and fragments share their names.",
                extensions={"what": "fields of one name"},
            ),
        )
    told = []
    for error in shown:
        sentence = _without_literal(error)
        if not suggestions:
            # one is made whatever graphql-core is told: of a selection set that is missing
            sentence = sentence.partition(" Did you mean ")[0]
        told.append(RequestError("GRAPHQL_VALIDATION_FAILED", _shortened(sentence), at=error))
    return tuple(told)


def _without_literal(error: GraphQLError) -> str:
    """An error's sentence without the literal that it is about: it may be a password."""
    node = error.nodes[0] if error.nodes else None
    if not isinstance(node, ValueNode | ObjectFieldNode) or isinstance(node, VariableNode):
        return error.message
    sentence = re.split(r": |,? found| Found|, but encountered error", error.message, maxsplit=1)[0]
    literal = getattr(node, "value", None)
    if isinstance(literal, str) and literal in sentence:
        return "This value is not of the type that is expected here."
    return sentence if sentence[-1] in ".?" else f"{sentence}."


def _shortened(sentence: str) -> str:
    return sentence if len(sentence) <= LONGEST_SENTENCE else f"{sentence[:LONGEST_SENTENCE]}..."
