"""Values: which of them a compiled selection may let through, and what becomes of leaves."""

import datetime as dt
import decimal
import enum
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Final, NoReturn

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)
from graphql.pyutils import is_awaitable
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.scalar import identity

from .marks import Promise, is_by_class, kept_classes, promises_of


class UnexpectedValueError(Exception):
    """A value is not what the compiled selection was made for: graphql-core takes over."""


# Never awaitable, never an exception: values of exactly these classes go straight to a scalar.
QUIET_CLASSES: Final = frozenset(
    {
        *(str, int, float, bool, bytes, list, tuple, dict, set, frozenset),
        *(dt.date, dt.datetime, dt.time, dt.timedelta),
        *(decimal.Decimal, uuid.UUID),
    }
)
_UNCHANGED_BY_IDENTITY: Final = frozenset({str, int, float, bool})
_IDENTITIES: Final[tuple[object, ...]] = (GraphQLScalarType.serialize, identity)
# A class made anew for each request would otherwise be remembered for ever.
_MOST_CLASSES: Final = 1_000


def unexpected() -> NoReturn:
    """Give a selection up."""
    raise UnexpectedValueError


@dataclass(frozen=True, slots=True)
class Leaf:
    """How values of one leaf type are turned into what the answer shows."""

    condition: str
    """Source of a test of `{0}` (where the value is read) and `{1}` (the same, read before).

    `{2}` is a name that it may give to what it finds out.
    """
    becomes: str
    """Source of what a value that passes the test becomes, with the same names."""
    constants: dict[str, Any]
    """What the two sources name in braces, as `{names}`."""
    coerced: Callable[[Any], Any]
    """What any other value becomes; raises where graphql-core must take over."""
    takes_serialized: bool
    """Whether a list of its values may be `Serialized`."""
    unchanged: frozenset[type]
    """Classes of which every value is shown as it is; integers only of 32 bits."""

    def shows_unchanged(self, classes: frozenset[type], *, nullable: bool) -> bool:
        """Whether values of these classes are all shown as they are, in a place like this."""
        return classes <= (self.unchanged | {NoneType} if nullable else self.unchanged)


_IS_STRING: Final = "type({0}) is str"
_BUILT_IN_CONDITIONS: Final[dict[str, tuple[GraphQLScalarType, str]]] = {
    "String": (GraphQLString, _IS_STRING),
    "ID": (GraphQLID, _IS_STRING),
    "Boolean": (GraphQLBoolean, "type({0}) is bool"),
    # What Python keeps in one digit, of 30 bits, it compares faster; `coerced` looks at the others.
    "Int": (GraphQLInt, "type({0}) is int and -1073741823 <= {1} <= 1073741823"),
    # The largest float there is: infinities and NaN are not in between.
    "Float": (
        GraphQLFloat,
        "type({0}) is float and -1.7976931348623157e+308 <= {1} <= 1.7976931348623157e+308",
    ),
}


_BUILT_IN_UNCHANGED: Final[dict[str, frozenset[type]]] = {
    "String": frozenset({str}),
    "ID": frozenset({str}),
    "Boolean": frozenset({bool}),
    "Int": frozenset({int}),
}


def leaf_of(leaf_type: GraphQLLeafType) -> Leaf:
    """How values of a scalar or an enum are completed."""
    coerced = coercion(leaf_type)
    built_in, condition = _BUILT_IN_CONDITIONS.get(leaf_type.name, (None, ""))
    if leaf_type is built_in:
        takes_serialized = condition is _IS_STRING
        unchanged = _BUILT_IN_UNCHANGED.get(leaf_type.name, frozenset())
        return Leaf(condition, "{1}", {}, coerced, takes_serialized, unchanged)
    if type(leaf_type) is CustomGraphQLEnumType:
        return _enum_leaf(leaf_type)
    serialize = leaf_type.coerce_output_value
    kept = kept_classes(serialize)
    if any(serialize is each for each in _IDENTITIES):
        kept |= _UNCHANGED_BY_IDENTITY
    # Any leaf type but Strawberry's enums and the built-in scalars is somebody's own scalar.
    if kept == {str}:
        return Leaf(_IS_STRING, "{1}", {}, coerced, takes_serialized=True, unchanged=kept)
    if kept:
        condition = "type({0}) in {kept}"
        return Leaf(
            condition, "{1}", {"kept": kept}, coerced, takes_serialized=True, unchanged=kept
        )
    return Leaf(
        # What is no string may be null or awaitable: `coerced` looks at it.
        "type({0}) in {quiet} and type({2} := {serialize}({1})) is str",
        "{2}",
        {"quiet": QUIET_CLASSES, "serialize": serialize},
        coerced,
        takes_serialized=True,
        unchanged=frozenset(),
    )


def _enum_leaf(enum_type: CustomGraphQLEnumType) -> Leaf:
    members: Any = enum_type.wrapped_cls
    names: dict[enum.Enum, str] = {}
    for member in members:
        try:
            names[member] = enum_type.coerce_output_value(member)
        except Exception:  # noqa: BLE001, S112 - a member that cannot be shown is graphql-core's
            continue
    constants = {"members": members, "names": names}
    return Leaf(
        "type({0}) is {members}",
        "{names}[{1}]",
        constants,
        coercion(enum_type),
        takes_serialized=False,
        unchanged=frozenset(),
    )


def coercion(leaf_type: GraphQLLeafType) -> Callable[[Any], Any]:
    """A function that serializes any value of a leaf type as graphql-core does, or raises."""
    serialize = leaf_type.coerce_output_value

    def coerced(value: Any) -> Any:
        if type(value) not in QUIET_CLASSES:
            _refuse_what_is_no_value(value)
        answer = serialize(value)
        if type(answer) is not str:
            _refuse_what_is_no_value(answer)
        return answer

    return coerced


def _refuse_what_is_no_value(value: Any) -> None:
    """Raise where graphql-core would not take a value as it is."""
    if value is None or value is Undefined or isinstance(value, Exception) or is_awaitable(value):
        raise UnexpectedValueError


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """Which records may stand where an object type is wanted."""

    classes: set[type]
    """The classes whose every instance may: they are learned."""
    checked: Callable[[Any], Any]
    """A record of another class, when it may stand here; raises where it may not."""
    promises: list[tuple[Promise, frozenset[type]]]
    """What need not be looked at, and the classes of exactly whose records it need not."""


_IS_TYPE_OF_NAME: Final = (
    f"{GraphQLCoreConverter.from_object.__qualname__}.<locals>._get_is_type_of.<locals>.is_type_of"
)


def record_check(object_type: GraphQLObjectType) -> RecordCheck | None:
    """The check for an object type; None where its `is_type_of` is not known to be pure.

    Known are those marked with `by_class` and the one that Strawberry itself gives to a type
    with interfaces, which ignores `info` too.
    """
    is_type_of = object_type.is_type_of
    if is_type_of is not None and not (
        is_by_class(is_type_of)
        or (
            getattr(is_type_of, "__qualname__", "") == _IS_TYPE_OF_NAME
            and getattr(is_type_of, "__module__", "") == GraphQLCoreConverter.__module__
        )
    ):
        return None

    classes: set[type] = set()

    def checked(record: Any) -> Any:
        _refuse_what_is_no_value(record)
        if is_type_of is not None:
            answer: object = is_type_of(record, None)  # type: ignore[arg-type] # it ignores info
            if answer is not True and (not answer or is_awaitable(answer)):
                raise UnexpectedValueError
        record_class = type(record)
        if len(classes) < _MOST_CLASSES and is_settled_by_class(record_class):
            classes.add(record_class)
        return record

    return RecordCheck(classes, checked, _by_promise(promises_of(is_type_of)))


def _by_promise(promises: Mapping[type, Promise]) -> list[tuple[Promise, frozenset[type]]]:
    """The promises that differ, each with the classes of which it is made."""
    return [
        (promise, frozenset(kind for kind, each in promises.items() if each == promise))
        for position, promise in enumerate(promises.values())
        if promise not in list(promises.values())[:position]
    ]


def is_settled_by_class(record_class: Any) -> bool:
    """Whether no instance can be awaitable, or of another type, when one was not.

    An instance with a dictionary may bring an `__await__`, or Strawberry's mark of another type,
    of its own; so may one whose class answers for attributes, or for `__class__`, in code.
    """
    return (
        not record_class.__dictoffset__
        and not hasattr(record_class, "__await__")
        and record_class.__getattribute__ is object.__getattribute__
        and not hasattr(record_class, "__getattr__")
        and not hasattr(record_class, "__as_strawberry_type__")
        and all("__class__" not in vars(base) for base in record_class.__mro__[:-1])
    )
