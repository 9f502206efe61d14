"""The source of a compiled selection: one Python function for each object it selects.

For `{ title cover { small } genres }` on a record, roughly this is written:

    def object_1(record):
        return {
            'small': a if type(a := record.small) is str else None if a is None else leaf_0(a),
        }

    def object_0(record):
        return {
            'title': b if type(b := record.title) is str else leaf_1(b),
            'cover': None if (c := record.cover) is None else object_1(
                c if type(c) in classes_2 else checked_3(c)
            ),
            'genres': [d if type(d) is str else leaf_1(d) for d in e]
            if type(e := record.genres) is list or type(e) is tuple else unexpected(),
        }

`leaf_N` serializes what is not of the one expected class, `checked_N` looks at a record of a class
not seen before, and both raise where graphql-core has to decide: nothing is ever answered that it
would not answer. No text of the query gets into the source but response keys, as constants.

Where the answer may have shapes, `object_1` returns `shape_3(...)` of the same values in the same
order, for each object but the outermost, to which graphql-core may have to add what it resolves.

Where a schema promises what the records of a class hold, a second function is written for them,
with `'small': record.small` alone; it is called in the place of the first one for them only.
"""

import keyword
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetailsList, GroupedFieldSet
from strawberry.types.field import StrawberryField

from .calls import ResolverCall, call_of
from .marks import Promise, Serialized
from .readings import Attribute, PureCall, reading_of
from .shapes import MOST_SHAPES, shape_of
from .values import Leaf, RecordCheck, leaf_of, record_check, unexpected

# A selection beyond these stays with graphql-core: more would only cost memory and stack.
MOST_FIELDS: Final = 2_000
MOST_DEPTH: Final = 30

NOTHING_PROMISED: Final = frozenset({object})
"""The classes of a value of which nothing is known."""

# Stands in the source where `, arguments` may have to be; no name and no constant has it.
_MORE_PARAMETERS: Final = "\0"

CollectSubfields = Callable[[GraphQLObjectType, FieldDetailsList], CollectedFields]
Build = Callable[..., dict[str, Any]]


class NotPlainError(Exception):
    """A field needs graphql-core: it waits, wants `info`, is abstract, or is too much."""


class ArgumentPlace(NamedTuple):
    """A field whose arguments a compiled selection takes: coerced once an execution."""

    definition: GraphQLField
    node: FieldNode
    field: StrawberryField


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compiled of one selection of one object type."""

    build: Build
    """Gives the answer's dictionary for a record, with None in the places of `others`.

    For an object within another it may be a shape, which stands for a dictionary.
    Where there are argument places it takes the list of their keyword arguments too. It raises
    any exception where graphql-core has to complete the object.
    """
    others: GroupedFieldSet
    """The fields that graphql-core still has to execute."""
    argument_places: tuple[ArgumentPlace, ...]


class SchemaKnowledge:
    """What has been found out of a schema: the same for every plan, found out once."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        # By identity: a field compares by value, and lives as long as its schema.
        self._readings: dict[int, Attribute | PureCall | None] = {}
        self._leaves: dict[GraphQLLeafType, Leaf] = {}
        self._checks: dict[GraphQLObjectType, RecordCheck | None] = {}
        self._calls: dict[int, ResolverCall | None] = {}

    def reading(self, definition: GraphQLField) -> Attribute | PureCall | None:
        """How a field is read, or None."""
        key = id(definition)
        if key not in self._readings:
            self._readings[key] = reading_of(definition)
        return self._readings[key]

    def call(self, definition: GraphQLField) -> ResolverCall | None:
        """How a field's async resolver is called, or None."""
        key = id(definition)
        if key not in self._calls:
            self._calls[key] = call_of(definition)
        return self._calls[key]

    def leaf(self, leaf_type: GraphQLLeafType) -> Leaf:
        """How a leaf is completed."""
        if leaf_type not in self._leaves:
            self._leaves[leaf_type] = leaf_of(leaf_type)
        return self._leaves[leaf_type]

    def check(self, object_type: GraphQLObjectType) -> RecordCheck | None:
        """How a record is known to be of a type, or None."""
        if object_type not in self._checks:
            self._checks[object_type] = record_check(object_type)
        return self._checks[object_type]


@dataclass(slots=True)
class _Written:
    """What has been written so far; a prefix of each list survives a field that is given up."""

    functions: list[str] = field(default_factory=list)
    selections: list[tuple[GroupedFieldSet, str]] = field(default_factory=list)
    argument_places: list[ArgumentPlace] = field(default_factory=list)
    fields: int = 0

    def mark(self) -> tuple[int, int, int, int]:
        """Where to go back to."""
        return (
            len(self.functions),
            len(self.selections),
            len(self.argument_places),
            self.fields,
        )

    def go_back(self, mark: tuple[int, int, int, int]) -> None:
        """Forget what was written after a mark."""
        functions, selections, argument_places, self.fields = mark
        del self.functions[functions:]
        del self.selections[selections:]
        del self.argument_places[argument_places:]


class Writer:
    """The writer of one unit of source: a selection and the plain ones within it."""

    def __init__(
        self, knowledge: SchemaKnowledge, collect_subfields: CollectSubfields, *, shaped: bool
    ) -> None:
        """`shaped` says that objects may be shapes."""
        self._knowledge = knowledge
        self._collect_subfields = collect_subfields
        self._shaped = shaped
        self._shapes: dict[tuple[str, ...], str] = {}
        self._written = _Written()
        self._names = 0
        self._constants: dict[tuple[str, int], str] = {}
        self._namespace: dict[str, Any] = {
            "__builtins__": {},
            **{each.__name__: each for each in (type, str, int, float, bool, list, tuple)},
            "Serialized": Serialized,
            "unexpected": unexpected,
        }

    def plans(
        self, object_type: GraphQLObjectType, selection: GroupedFieldSet
    ) -> list[tuple[GroupedFieldSet, Plan]]:
        """The plan of a selection, first, and those of the selections that are plain within it.

        Empty where not one field is plain.
        """
        plain: dict[str, str] = {}
        others: GroupedFieldSet = {}
        for key, details in selection.items():
            mark = self._written.mark()
            try:
                value = self._field(object_type, details, MOST_DEPTH)
            except NotPlainError:
                self._written.go_back(mark)
                others[key] = details
                # Its place is kept: what graphql-core answers for it goes there.
                value = "None"
            if value is not None:
                plain[key] = value
        if len(others) == len(plain) and selection:
            return []
        self._written.selections.append((selection, self._write_function(plain, outermost=True)))
        return self._compiled(others)

    def source(self) -> str:
        """The whole source."""
        more = ", arguments" if self._written.argument_places else ""
        return "\n\n".join(self._written.functions).replace(_MORE_PARAMETERS, more)

    def _compiled(self, others: GroupedFieldSet) -> list[tuple[GroupedFieldSet, Plan]]:
        namespace = self._namespace
        code = compile(self.source(), "<compiled selection>", "exec")
        exec(code, namespace)  # noqa: S102 - what the source may hold is said above
        places = tuple(self._written.argument_places)
        *within, (selection, name) = self._written.selections
        return [
            (selection, Plan(namespace[name], others, places)),
            *((each, Plan(namespace[each_name], {}, places)) for each, each_name in within),
        ]

    def _name(self, stem: str) -> str:
        """A name that nothing else has."""
        self._names += 1
        return f"{stem}_{self._names}"

    def _constant(self, stem: str, value: Any) -> str:
        """The name by which the source refers to an object."""
        key = (stem, id(value))
        if key not in self._constants:
            name = self._name(stem)
            # The namespace keeps the object alive, and with it the meaning of its id.
            self._namespace[name] = value
            self._constants[key] = name
        return self._constants[key]

    def _write_function(self, fields: dict[str, str], *, outermost: bool = False) -> str:
        """Write what builds an object of these keys; the function's name."""
        name = self._name("object")
        shape = None if outermost else self._shape(tuple(fields))
        if shape is None:
            start, end = "{", "}"
            lines = [f"{key!r}: {value}" for key, value in fields.items()]
        else:
            start, end = f"{shape}(", ")"
            lines = list(fields.values())
        body = "".join(f"        {line},\n" for line in lines)
        self._written.functions.append(
            f"def {name}(record{_MORE_PARAMETERS}):\n    return {start}\n{body}    {end}\n"
        )
        return name

    def _shape(self, keys: tuple[str, ...]) -> str | None:
        """The name of the class of objects with these keys; None where they are dictionaries."""
        if self._shaped and keys not in self._shapes and len(self._shapes) < MOST_SHAPES:
            self._shapes[keys] = self._constant("shape", shape_of(keys))
        return self._shapes.get(keys)

    def _field(
        self, object_type: GraphQLObjectType, details: FieldDetailsList, depth: int
    ) -> str | None:
        """The source of the completed value of a field; None for a field that does not exist."""
        self._written.fields += 1
        if self._written.fields > MOST_FIELDS or depth == 0:
            raise NotPlainError
        node = details[0].node
        field_name = node.name.value
        if field_name == "__typename":
            return repr(object_type.name)
        definition = self._knowledge.schema.get_field(object_type, field_name)
        if definition is None:
            return None
        reading = self._knowledge.reading(definition)
        if reading is None:
            raise NotPlainError
        value = self._name("value")
        read = f"({value} := {self._read(reading, definition, node)})"
        return self._completed(definition.type, read, value, details, depth)

    def _read(
        self, reading: Attribute | PureCall, definition: GraphQLField, node: FieldNode
    ) -> str:
        """The source that reads a field of `record`."""
        if isinstance(reading, Attribute):
            return self._attribute(reading.name)
        parameters = ["record"] if reading.first_is_record else []
        parameters.extend(f"{each}=record" for each in reading.record_keywords)
        if reading.takes_arguments:
            # The place is taken here and now: what is compiled within takes places as well.
            place = self._argument_place_taken(definition, node, reading)
            parameters.append(f"**arguments[{place}]")
        return f"{self._constant('resolver', reading.function)}({', '.join(parameters)})"

    def _attribute(self, name: str) -> str:
        # Python takes other than ASCII names in a normal form, which getattr does not.
        if name.isidentifier() and name.isascii() and not keyword.iskeyword(name):
            return f"record.{name}"
        return f"{self._constant('getattr', getattr)}(record, {name!r})"

    def _argument_place_taken(
        self, definition: GraphQLField, node: FieldNode, reading: PureCall
    ) -> int:
        places = self._written.argument_places
        places.append(ArgumentPlace(definition, node, reading.field))
        return len(places) - 1

    def _completed(
        self,
        output_type: GraphQLOutputType,
        read: str,
        value: str,
        details: FieldDetailsList,
        depth: int,
    ) -> str:
        """The source that completes a value, read by `read` and from then on named `value`."""
        # With null allowed, it is asked for only after what is more likely.
        otherwise = f"None if {value} is None else "
        if is_non_null_type(output_type):
            output_type = output_type.of_type
            otherwise = ""
        if is_leaf_type(output_type):
            return self._completed_leaf(output_type, read, value, otherwise)
        if is_list_type(output_type):
            return self._completed_list(output_type.of_type, read, value, otherwise, details, depth)
        if is_object_type(output_type):
            return self._completed_object(output_type, read, value, otherwise, details, depth)
        raise NotPlainError

    def _completed_leaf(
        self, leaf_type: GraphQLLeafType, read: str, value: str, otherwise: str
    ) -> str:
        leaf = self._knowledge.leaf(leaf_type)
        coerced = self._constant("leaf", leaf.coerced)
        names = {stem: self._constant(stem, each) for stem, each in leaf.constants.items()}
        found = self._name("found")
        becomes = leaf.becomes.format(read, value, found, **names)
        condition = leaf.condition.format(read, value, found, **names)
        return f"{becomes} if {condition} else {otherwise}{coerced}({value})"

    def _completed_list(  # noqa: PLR0913, PLR0917 - as _completed, with the item's type
        self,
        item_type: GraphQLOutputType,
        read: str,
        value: str,
        otherwise: str,
        details: FieldDetailsList,
        depth: int,
    ) -> str:
        item = self._name("item")
        completed = self._completed(item_type, item, item, details, depth)
        if self._takes_serialized(item_type):
            otherwise = f"{value} if type({value}) is Serialized else {otherwise}"
        return (
            f"[{completed} for {item} in {value}]"
            f" if type({read}) is list or type({value}) is tuple else {otherwise}unexpected()"
        )

    def _takes_serialized(self, item_type: GraphQLOutputType) -> bool:
        leaf_type = item_type.of_type if is_non_null_type(item_type) else item_type
        return is_leaf_type(leaf_type) and self._knowledge.leaf(leaf_type).takes_serialized

    def _completed_object(  # noqa: PLR0913, PLR0917 - as _completed
        self,
        object_type: GraphQLObjectType,
        read: str,
        value: str,
        otherwise: str,
        details: FieldDetailsList,
        depth: int,
    ) -> str:
        check = self._knowledge.check(object_type)
        if check is None:
            raise NotPlainError
        try:
            selection = self._collect_subfields(object_type, details).grouped_field_set
        except Exception as error:  # whatever it is, graphql-core meets it at its own place
            raise NotPlainError from error
        fields = {
            key: completed
            for key, each in selection.items()
            if (completed := self._field(object_type, each, depth - 1)) is not None
        }
        function = self._write_function(fields)
        self._written.selections.append((selection, function))
        if otherwise:
            start = f"None if {read} is None else "
            read = value
        else:
            start = ""
        for promise, exact in check.promises:
            promised = {
                key: self._promised(object_type, selection[key], promise) or each
                for key, each in fields.items()
            }
            if promised == fields:
                continue
            trusting = self._write_function(promised)
            exactly = self._constant("exactly", exact)
            start += f"{trusting}({value}{_MORE_PARAMETERS}) if type({read}) in {exactly} else "
            read = value
        classes = self._constant("classes", check.classes)
        checked = self._constant("checked", check.checked)
        return (
            f"{start}{function}({value} if type({read}) in {classes}"
            f" else {checked}({value}){_MORE_PARAMETERS})"
        )

    def _promised(
        self, object_type: GraphQLObjectType, details: FieldDetailsList, promise: Promise
    ) -> str | None:
        """The source of a field that need not be looked at; None where nothing is promised of it.

        Fields that are no leaves are the same as ever, and so is what is within.
        """
        node = details[0].node
        definition = self._knowledge.schema.get_field(object_type, node.name.value)
        reading = None if definition is None else self._knowledge.reading(definition)
        if definition is None or reading is None:
            return None
        leaf_type: GraphQLOutputType = definition.type
        nullable = not is_non_null_type(leaf_type)
        if is_non_null_type(leaf_type):
            leaf_type = leaf_type.of_type
        if not is_leaf_type(leaf_type):
            return None
        if isinstance(reading, Attribute):
            classes = promise.get(reading.name, NOTHING_PROMISED)
            if self._knowledge.leaf(leaf_type).shows_unchanged(classes, nullable=nullable):
                return self._read(reading, definition, node)
            return None
        derived = reading.derived
        if derived is None or not (
            promise.get(derived.attribute, NOTHING_PROMISED) <= derived.classes
        ):
            return None
        value = self._name("value")
        attribute = self._attribute(derived.attribute)
        read = f"({value} := {self._constant('resolver', derived.function)}({attribute}))"
        return self._completed(definition.type, read, value, details, MOST_DEPTH)
