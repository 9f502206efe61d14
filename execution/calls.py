"""Calls: how a field's async resolver is called, found out once instead of each time.

Whenever a field is resolved, Strawberry looks anew for what its resolver takes, puts each
argument's name into camel case, and goes through a dozen functions that extensions could have
changed. Where there are none, and no argument is changed on its way, what all of it comes to is
one call with an `Info` and the arguments as graphql-core has coerced them.
"""

import datetime as dt
import decimal
import inspect
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import FunctionType, NoneType
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLResolveInfo,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    VariableNode,
    is_leaf_type,
    is_non_null_type,
    is_required_argument,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.utilities import coerce_input_literal
from graphql.utilities.coerce_input_value import coerce_default_value
from strawberry.types.arguments import convert_argument
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from .readings import ASYNC_RESOLVER, closure_of, keeps_strawberrys_ways

# A literal of one of these may be coerced once for all executions: nobody can change its value.
_UNCHANGEABLE: Final = frozenset(
    {
        *(NoneType, str, int, float, bool, decimal.Decimal, uuid.UUID),
        *(dt.date, dt.datetime, dt.time, dt.timedelta),
    }
)


@dataclass(frozen=True, slots=True)
class ResolverCall:
    """An async resolver, and what it takes."""

    function: Callable[..., Coroutine[Any, Any, Any]]
    field: StrawberryField
    info_class: Callable[..., Any]
    info_keyword: str | None
    first_is_source: bool
    """Whether the source is the first positional argument (`self`)."""
    source_keywords: tuple[str, ...]
    """The names of the keyword arguments that are the source (`root`, or a Parent)."""
    names: dict[str, str]
    """The resolver's names of the arguments, by those in the schema."""

    def begin(
        self, source: Any, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]
    ) -> Coroutine[Any, Any, Any]:
        """What is to be awaited for the field's value; takes the arguments over."""
        for keyword in self.source_keywords:
            arguments[keyword] = source
        if self.info_keyword is not None:
            arguments[self.info_keyword] = self.info_class(_raw_info=info, _field=self.field)
        if self.first_is_source:
            return self.function(source, **arguments)
        return self.function(**arguments)


def call_of(definition: GraphQLField) -> ResolverCall | None:
    """How a field is resolved; None where only Strawberry knows."""
    resolve = definition.resolve
    if not isinstance(resolve, FunctionType) or resolve.__code__ is not ASYNC_RESOLVER:
        return None
    closure = closure_of(resolve)
    made_by = closure_of(closure["_strawberry_info_from_graphql"])
    field, converter = made_by["field"], made_by["self"]
    resolver = field.base_resolver
    if (
        closure["field_exception_handlers"]
        or resolver is None
        or not keeps_strawberrys_ways(field)
        or type(resolver).__call__ is not StrawberryResolver.__call__
        or not inspect.iscoroutinefunction(resolver.wrapped_func)
    ):
        return None
    names: dict[str, str] = {}
    for argument in field.arguments:
        name = converter.config.name_converter.from_argument(argument)
        defined = definition.args.get(name)
        if defined is None or not _stays_as_it_is(argument, defined.type, converter):
            return None
        names[name] = argument.python_name
    info, parents = resolver.info_parameter, (resolver.parent_parameter, resolver.root_parameter)
    return ResolverCall(
        function=resolver.wrapped_func,
        field=field,
        info_class=converter.config.info_class,
        info_keyword=None if info is None else info.name,
        first_is_source=resolver.self_parameter is not None,
        source_keywords=tuple({each.name: None for each in parents if each is not None}),
        names=names,
    )


def _stays_as_it_is(argument: Any, input_type: Any, converter: Any) -> bool:
    """Whether Strawberry gives a resolver the very value that graphql-core has coerced."""
    if not is_leaf_type(input_type.of_type if is_non_null_type(input_type) else input_type):
        return False
    try:
        return all(
            convert_argument(value, argument.type, converter.scalar_registry, converter.config)
            is value
            for value in (object(), None)
        )
    except Exception:  # noqa: BLE001 - so it looks at the value
        return False


@dataclass(frozen=True, slots=True)
class Arguments:
    """Where the arguments at one place in a query come from."""

    names: dict[str, str]
    definition: GraphQLField
    node: FieldNode
    literals: dict[str, Any] | None
    """Those that are the same in each execution; None where graphql-core has to look each time."""
    variables: tuple[tuple[str, str, bool], ...]
    """The others: the resolver's name, the variable's, and whether it may be null or left out."""

    def values(self, variable_values: VariableValues, *, hide_suggestions: bool) -> dict[str, Any]:
        """The resolver's arguments; raises what graphql-core raises where one can't be coerced."""
        if self.literals is not None:
            arguments = self.literals.copy()
            coerced = variable_values.coerced
            for name, variable, nullable in self.variables:
                value = coerced.get(variable, Undefined)
                if value is not Undefined and (nullable or value is not None):
                    arguments[name] = value
                elif not nullable:
                    break  # graphql-core says what is wrong
            else:
                return arguments
        found = get_argument_values(
            self.definition, self.node, variable_values, None, hide_suggestions
        )
        return {self.names[name]: value for name, value in found.items()}


def arguments_of(names: dict[str, str], definition: GraphQLField, node: FieldNode) -> Arguments:
    """Where the arguments of a field come from; `names` are the resolver's, by the schema's."""
    given = {each.name.value: each.value for each in node.arguments or ()}
    literals: dict[str, Any] = {}
    variables: list[tuple[str, str, bool]] = []
    for name, argument in definition.args.items():
        value_node = given.get(name)
        if isinstance(value_node, VariableNode):
            if _default_of(argument) is not Undefined:
                return Arguments(names, definition, node, None, ())
            nullable = not is_non_null_type(argument.type)
            variables.append((names[name], value_node.name.value, nullable))
            continue
        if value_node is None:
            value = _default_of(argument)
            if value is Undefined and not is_required_argument(argument):
                continue
        elif isinstance(value_node, ListValueNode | ObjectValueNode):
            value = Undefined  # a scalar of somebody's own, and there may be variables in it
        else:
            value = coerce_input_literal(value_node, argument.type)
        if type(value) not in _UNCHANGEABLE:
            return Arguments(names, definition, node, None, ())
        literals[names[name]] = value
    return Arguments(names, definition, node, literals, tuple(variables))


def _default_of(argument: GraphQLArgument) -> Any:
    """The value of an argument that is left out; an exception where that is wrong."""
    try:
        return coerce_default_value(argument)
    except Exception as error:  # noqa: BLE001 - graphql-core meets it again, in each execution
        return error
