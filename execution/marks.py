"""Marks: what a schema says of its own functions and values, so that they may be compiled."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
ItemT = TypeVar("ItemT")

PURE: Final = "__execution_pure__"
BY_CLASS: Final = "__execution_by_class__"
KEPT_CLASSES: Final = "__execution_kept_classes__"
PROMISES: Final = "__execution_promises__"
DERIVED: Final = "__execution_derived__"

Promise: TypeAlias = Mapping[str, frozenset[type]]
"""What is known of the attributes of a record: each is of exactly one of the classes.

An `int` among them fits GraphQL's Int, and NoneType stands for null.
"""


class Serialized(list[ItemT]):
    """A list of strings that are, as they stand, what the answer shows: it is not walked.

    Only for items that are exact `str` and that their scalar would return unchanged, and only
    while nobody changes the list: the answer holds the list itself, not a copy. The fast path
    takes one where the items are String, ID or a custom scalar; graphql-core walks it like any
    list, with an equal result.
    """

    __slots__ = ()


def _function_beneath(marked: Any) -> Any:
    """The function itself, where a classmethod or staticmethod stands around it."""
    return getattr(marked, "__func__", marked)


def pure(resolver: FunctionT) -> FunctionT:
    """Mark a resolver whose value depends on its source and arguments alone.

    It may be called with the same source more than once (when a selection falls back to
    graphql-core), must not change its arguments, and is never given `info`. Usable beneath
    `strawberry.field`, as a decorator or in `resolver=pure(...)`. Its arguments may be scalars
    and enums, and lists of them; they are coerced once an execution.

    Raises TypeError for an async function and for one that asks for `info`.
    """
    function = _function_beneath(resolver)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{function!r} is async: what a pure resolver returns is the value itself")
    if "info" in inspect.signature(function).parameters:
        raise TypeError(f"{function!r} takes info, which the compiled path does not make")
    setattr(function, PURE, True)
    return resolver


def is_pure(resolver: object) -> bool:
    """Whether a resolver was marked with `pure`."""
    return bool(getattr(resolver, PURE, False))


class Derived(NamedTuple):
    """What a pure resolver does where an attribute of its source is of one of these classes."""

    attribute: str
    classes: frozenset[type]
    function: Callable[[Any], Any]


def derived(
    attribute: str, *classes: type, by: Callable[[Any], Any]
) -> Callable[[FunctionT], FunctionT]:
    """Mark a pure resolver that gives `by(source.attribute)` where that is of one of the classes.

    So where a promise says that it is, the resolver itself need not be called.
    """

    def mark(resolver: FunctionT) -> FunctionT:
        what = Derived(attribute, frozenset(classes), by)
        setattr(_function_beneath(resolver), DERIVED, what)
        return resolver

    return mark


def derived_of(resolver: object) -> Derived | None:
    """What a resolver was marked with by `derived`."""
    found: Derived | None = getattr(resolver, DERIVED, None)
    return found


def by_class(predicate: FunctionT) -> FunctionT:
    """Mark an `is_type_of` that looks at nothing but the class of the value.

    It is then asked once a class, with None in the place of `info`.
    """
    setattr(_function_beneath(predicate), BY_CLASS, True)
    return predicate


def is_by_class(predicate: object) -> bool:
    """Whether an `is_type_of` was marked with `by_class`."""
    return bool(getattr(predicate, BY_CLASS, False))


def instances_of(
    *classes: type, promises: Mapping[type, Promise] | None = None
) -> Callable[[object, object], bool]:
    """A predicate for `is_type_of` that is true of the instances of the classes given.

    `promises` are for instances of exactly these classes, as whoever makes them has checked: what
    is promised is not looked at again. The class of one of which it is not true must be another.
    """

    @by_class
    def is_type_of(value: object, _info: object) -> bool:
        return isinstance(value, classes)

    setattr(is_type_of, PROMISES, dict(promises or {}))
    return is_type_of


def promises_of(predicate: object) -> Mapping[type, Promise]:
    """What is promised of the records that a predicate is true of."""
    found: Mapping[type, Promise] = getattr(predicate, PROMISES, {})
    return found


def keeps(*classes: type) -> Callable[[FunctionT], FunctionT]:
    """Mark a scalar's serialize that returns every value of exactly these classes unchanged.

    Only classes whose values are never awaitable, as `str`.
    """

    def mark(serialize: FunctionT) -> FunctionT:
        setattr(_function_beneath(serialize), KEPT_CLASSES, frozenset(classes))
        return serialize

    return mark


def kept_classes(serialize: object) -> frozenset[type]:
    """The classes that a serialize was marked to keep; none where it has no mark."""
    marked: frozenset[type] = getattr(serialize, KEPT_CLASSES, frozenset())
    return marked
