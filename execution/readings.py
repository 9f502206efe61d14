"""Readings: how the value of a field is got, where that takes neither `info` nor any waiting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from graphql import GraphQLField, get_named_type, is_leaf_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from .marks import Derived, derived_of, is_pure


@dataclass(frozen=True, slots=True)
class Attribute:
    """The field is an attribute of the record."""

    name: str


@dataclass(frozen=True, slots=True)
class PureCall:
    """The field is the value of a pure resolver."""

    function: Callable[..., Any]
    first_is_record: bool
    """Whether the record is the first positional argument (`self`)."""
    record_keywords: tuple[str, ...]
    """The names of the keyword arguments that are the record (`root`, or a Parent)."""
    field: StrawberryField
    takes_arguments: bool
    derived: Derived | None
    """What it comes to where an attribute is as it is promised to be."""


def _code_within(function: Any, name: str) -> CodeType:
    """The code of a function that another one defines, by which its copies are recognised."""
    for constant in function.__code__.co_consts:
        if isinstance(constant, CodeType) and constant.co_name == name:
            return constant
    raise ImportError(
        f"{function.__qualname__} defines no {name}: this is not the Strawberry that is pinned"
    )


_FROM_RESOLVER = GraphQLCoreConverter.from_resolver
_BASIC_RESULT: CodeType = _code_within(_FROM_RESOLVER, "_get_basic_result")
_RESOLVER: CodeType = _code_within(_FROM_RESOLVER, "_resolver")
ASYNC_RESOLVER: CodeType = _code_within(_FROM_RESOLVER, "_async_resolver")


def closure_of(function: FunctionType) -> Mapping[str, Any]:
    """What a function remembers of the one that made it."""
    cells = function.__closure__ or ()
    names = function.__code__.co_freevars
    return {name: cell.cell_contents for name, cell in zip(names, cells, strict=True)}


def reading_of(definition: GraphQLField) -> Attribute | PureCall | None:
    """How to read a field without `info`; None where only graphql-core may.

    An attribute is a basic field of Strawberry with the default resolver `getattr`: no resolver,
    permission, extension or exception handler. Everything is compared by identity with what the
    pinned Strawberry makes, so that a subclass that does more is never mistaken for it.
    """
    resolve = definition.resolve
    if not isinstance(resolve, FunctionType):
        return None
    if resolve.__code__ is _BASIC_RESULT:
        return _attribute(definition, closure_of(resolve)["field"])
    if resolve.__code__ is _RESOLVER:
        closure = closure_of(resolve)
        if closure["field_exception_handlers"]:
            return None
        return _pure_call(definition, closure_of(closure["_strawberry_info_from_graphql"])["field"])
    return None


def keeps_strawberrys_ways(field: StrawberryField) -> bool:
    """Whether a field gets its result as Strawberry's own class does."""
    return type(field).get_result is StrawberryField.get_result and not field.extensions


def _attribute(definition: GraphQLField, field: StrawberryField) -> Attribute | None:
    if (
        not keeps_strawberrys_ways(field)
        or field.base_resolver is not None
        or field.default_resolver is not getattr
        or definition.args
    ):
        return None
    return Attribute(field.python_name)


def _pure_call(definition: GraphQLField, field: StrawberryField) -> PureCall | None:
    resolver = field.base_resolver
    if (
        resolver is None
        or not keeps_strawberrys_ways(field)
        or type(resolver).__call__ is not StrawberryResolver.__call__
        or resolver.info_parameter is not None
        or not callable(resolver.wrapped_func)
        or not is_pure(resolver.wrapped_func)
        or not all(is_leaf_type(get_named_type(arg.type)) for arg in definition.args.values())
    ):
        return None
    parameters = (resolver.parent_parameter, resolver.root_parameter)
    return PureCall(
        function=resolver.wrapped_func,
        first_is_record=resolver.self_parameter is not None,
        record_keywords=tuple({each.name: None for each in parameters if each is not None}),
        field=field,
        takes_arguments=bool(definition.args),
        derived=None if definition.args else derived_of(resolver.wrapped_func),
    )
