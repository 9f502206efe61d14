"""Operations: generated documents, and the executions that the compiled path must answer alike."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    execute,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    parse,
)
from graphql.pyutils import is_awaitable
from hypothesis import strategies as st
from msgspec.structs import fields
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution.shapes import Shape
from tests.compiled_worlds import World, schema

SCHEMA: GraphQLSchema = schema._schema


@dataclass(frozen=True)
class Execution:
    """One execution of a document."""

    operation_name: str | None
    variables: dict[str, Any]
    world: int


@dataclass(frozen=True)
class Example:
    """A document and its executions, one after the other."""

    source: str
    executions: list[Execution]
    compile_after: int = 0
    most_plans: int = 500
    with_middleware: bool = False
    shaped: bool = False
    is_awaitable: Callable[[Any], bool] = optimized_is_awaitable


@dataclass
class _Writer:
    """The writer of one document."""

    random: random.Random
    variables: dict[str, tuple[str, str | None, GraphQLInputType | None]] = field(
        default_factory=dict
    )
    fragments: dict[str, tuple[GraphQLNamedType, str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def count(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    # --- selections

    def selection_set(self, parent: GraphQLNamedType, depth: int) -> str:
        count = self.count(2, 5) if depth > 1 else self.count(1, 3)
        selections = " ".join(self.selection(parent, depth) for _ in range(count))
        return "{ " + selections + " }"

    def selection(self, parent: GraphQLNamedType, depth: int) -> str:
        kind = self.count(0, 19)
        if kind < 2:
            return self.aliased("__typename") + self.directives()
        if kind < 4 and depth > 0:
            condition = self.overlapping(parent) if self.chance(0.8) else None
            on = f"... on {condition.name}" if condition else "..."
            within = self.selection_set(condition or parent, depth - 1)
            return f"{on}{self.directives()} {within}"
        if kind < 7 and depth > 0:
            return f"...{self.fragment(parent, depth)}{self.directives()}"
        if isinstance(parent, GraphQLUnionType):
            condition = self.one(*parent.types)
            return f"... on {condition.name} {self.selection_set(condition, depth - 1)}"
        if kind < 11:
            # Leaves cost little, and most of what can go wrong goes wrong in them.
            return " ".join(self.field(parent, 0) for _ in range(self.count(4, 9)))
        return self.field(parent, depth)

    def overlapping(self, parent: GraphQLNamedType) -> GraphQLNamedType:
        """A type whose fragments can apply to a parent."""
        if isinstance(parent, GraphQLObjectType):
            unions = [
                each
                for each in SCHEMA.type_map.values()
                if isinstance(each, GraphQLUnionType) and parent in each.types
            ]
            choices: list[Any] = [parent, *parent.interfaces, *unions]
        else:
            choices = [parent, *SCHEMA.get_possible_types(parent)]  # type: ignore[arg-type] # abstract
        return self.one(*choices)  # type: ignore[no-any-return] # one of these

    def fragment(self, parent: GraphQLNamedType, depth: int) -> str:
        known = [name for name, (on, _) in self.fragments.items() if on is parent]
        if known and self.chance(0.6):
            return str(self.one(*known))
        condition = self.overlapping(parent)
        # Written before it is named: it can't spread itself.
        within = self.selection_set(condition, depth - 1)
        name = f"F{len(self.fragments)}"
        self.fragments[name] = (condition, f"fragment {name} on {condition.name} {within}")
        return name

    def field(self, parent: Any, depth: int) -> str:
        fields: dict[str, GraphQLField] = parent.fields
        choices = [
            name
            for name, each in fields.items()
            if depth > 0 or not is_composite_type(get_named_type(each.type))
        ]
        # Fields that lead further down are rare among the others, and matter most.
        deep = [name for name in choices if is_composite_type(get_named_type(fields[name].type))]
        if deep and self.chance(0.9 if parent is SCHEMA.query_type else 0.45):
            choices = deep
        if not choices:
            return self.aliased("__typename")
        name = self.one(*choices)
        definition = fields[name]
        named = get_named_type(definition.type)
        written = self.aliased(name, self.arguments(definition)) + self.directives()
        if is_composite_type(named):
            written += " " + self.selection_set(named, depth - 1)
        return written

    def aliased(self, name: str, arguments: str = "") -> str:
        """The field with a key that no other arguments have, so that equal keys can be merged."""
        key = self.names.setdefault(f"{name}{arguments}", f"{name}_{len(self.names)}")
        if arguments or self.chance(0.2):
            return f"{key}: {name}{arguments}"
        return name

    # --- directives, arguments and variables

    def directives(self) -> str:
        return "".join(
            f" @{name}(if: {self.steering()})" for name in ("skip", "include") if self.chance(0.07)
        )

    def steering(self) -> str:
        if self.chance(0.3):
            return str(self.one("true", "false"))
        name, default = self.one(("b0", None), ("b1", None), ("b2", "true"))
        self.variables[name] = ("Boolean" if default else "Boolean!", default, None)
        return f"${name}"

    def arguments(self, definition: GraphQLField) -> str:
        given = []
        for name, argument in definition.args.items():
            required = is_non_null_type(argument.type) and argument.default_value is Undefined
            if self.chance(0.99 if required else 0.6):
                given.append(f"{name}: {self.argument(argument)}")
        return f"({', '.join(given)})" if given else ""

    def argument(self, argument: GraphQLArgument) -> str:
        if self.chance(0.01):
            return '{wrong: "literal"}'
        if self.chance(0.4):
            return self.literal(argument.type)
        type_ = argument.type
        if is_non_null_type(type_) and argument.default_value is not Undefined:
            # Allowed by the default; a null that is given then is an error of the field.
            type_ = self.one(type_, type_.of_type)
        elif is_non_null_type(type_) and self.chance(0.3):
            # So it is by the variable's own.
            return self.defaulted(type_.of_type)
        known = [name for name, each in self.variables.items() if each[2] and each[0] == str(type_)]
        if known and self.chance(0.5):
            return f"${self.one(*known)}"
        name = f"v{len(self.variables)}"
        default = self.literal(type_) if self.chance(0.3) else None
        self.variables[name] = (str(type_), default, type_)
        return f"${name}"

    def defaulted(self, type_: Any) -> str:
        """A variable that may be null but, with its default, stands where none may."""
        name = f"v{len(self.variables)}"
        self.variables[name] = (str(type_), self.literal(GraphQLNonNull(type_)), type_)
        return f"${name}"

    def literal(self, type_: GraphQLInputType) -> str:
        if not is_non_null_type(type_) and self.chance(0.2):
            return "null"
        if is_non_null_type(type_):
            type_ = type_.of_type
        if is_list_type(type_):
            items = [self.literal(type_.of_type) for _ in range(self.count(0, 2))]
            return f"[{', '.join(items)}]"
        if isinstance(type_, GraphQLEnumType):
            return str(self.one(*type_.values))
        return json.dumps(self.value(type_))

    def value(self, type_: GraphQLInputType) -> Any:
        """A value for a variable."""
        if is_non_null_type(type_):
            return self.value(type_.of_type)
        if is_list_type(type_):
            return [self.value(type_.of_type) for _ in range(self.count(0, 2))]
        if isinstance(type_, GraphQLEnumType):
            return self.one(*type_.values)
        named = get_named_type(type_).name
        if named == "Int":
            return self.one(0, 1, 2, 3, -1)
        if named == "Boolean":
            return self.chance(0.5)
        return self.one("a", "bb", "four")

    def variable_values(self) -> dict[str, Any]:
        """Values for all variables; now and then one is missing, null or wrong."""
        values: dict[str, Any] = {}
        for name, (_, default, type_) in self.variables.items():
            optional = type_ is not None and not is_non_null_type(type_)
            if self.chance(0.3 if default is not None or optional else 0.01):
                continue
            if self.chance(0.04):
                values[name] = self.one(None, {"wrong": "value"})
            elif type_ is None:
                values[name] = self.chance(0.5)
            elif not is_non_null_type(type_) and self.chance(0.3):
                values[name] = None
            else:
                values[name] = self.value(type_)
        return values

    def operation(self, name: str) -> str:
        kind, root = self.one(
            *[("query", SCHEMA.query_type)] * 9, ("mutation", SCHEMA.mutation_type)
        )
        within = self.selection_set(root, 4)
        return f"{kind} {name}%s {within}"

    def document(self) -> tuple[str, list[str]]:
        """The source, and the names of its operations."""
        names = ["A", "B"] if self.chance(0.3) else ["A"]
        operations = [self.operation(name) for name in names]
        declared = ", ".join(
            f"${name}: {type_}" + (f" = {default}" if default is not None else "")
            for name, (type_, default, _) in self.variables.items()
        )
        head = f"({declared})" if declared else ""
        parts = [operation % head for operation in operations]
        parts.extend(text for _, text in self.fragments.values())
        return "\n".join(parts), names


def example_of(number: int) -> Example:
    """A generated document, executed several times with values that flip."""
    writer = _Writer(random.Random(number))  # noqa: S311 - an example, no secret
    source, names = writer.document()
    values = [writer.variable_values() for _ in range(writer.count(1, 3))]
    return Example(
        source,
        [
            Execution(writer.one(*names), writer.one(*values), writer.count(0, 1_000_000))
            for _ in range(writer.count(3, 5))
        ],
        compile_after=writer.one(0, 0, 1),
        most_plans=writer.one(500, 500, 1),
        with_middleware=writer.chance(0.05),
        is_awaitable=writer.one(optimized_is_awaitable, is_awaitable),
        shaped=writer.chance(0.5),
    )


def examples() -> st.SearchStrategy[Example]:
    """Any example: all of it follows from one number, so that it is quick to make."""
    return st.integers(0, 2**48).map(example_of)


# --- what an execution answers


def _shouting(next_: Callable[..., Any], root: Any, info: Any, **named: Any) -> Any:
    """Middleware that changes what resolvers say."""
    value = next_(root, info, **named)
    return value.upper() if isinstance(value, str) else value


def _unshaped(data: Any) -> Any:
    """The same with dictionaries in the places of shapes."""
    if isinstance(data, Shape):
        return {each.encode_name: _unshaped(getattr(data, each.name)) for each in fields(data)}
    # Only what completion builds: a scalar may answer with a list of its own.
    if type(data) is dict:
        return {key: _unshaped(value) for key, value in data.items()}
    return [_unshaped(each) for each in data] if type(data) is list else data


def _shown(result: ExecutionResult) -> str:
    """All that a caller can see, in its order."""
    return repr((_unshaped(result.data), [error.formatted for error in result.errors or ()]))


async def answered(
    example: Example, document: DocumentNode, execution: Execution, executor_class: type[Any]
) -> tuple[bool, str]:
    """Whether it had to be awaited, and what was answered."""
    world = World(execution.world)
    asked = (
        *(SCHEMA, document, world.root(), world),
        *(dict(execution.variables), execution.operation_name),
    )
    awaitable: Any = example.is_awaitable
    result: Any
    if hasattr(executor_class, "start") and not example.with_middleware:
        started = executor_class.start(*asked, is_awaitable=awaitable)
        result = ExecutionResult(None, started)
        if not isinstance(started, list):
            result = started.execute_operation()
    else:
        result = execute(
            *asked,
            middleware=[_shouting] if example.with_middleware else None,
            is_awaitable=awaitable,
            executor_class=executor_class,
        )
    if is_awaitable(result):
        return True, _shown(await result)
    return False, _shown(result)


async def _difference(example: Example, executor_class: type[Any]) -> str | None:
    document = parse(example.source)
    for execution in example.executions:
        core = await answered(example, document, execution, StrawberryGraphQLCoreExecutionContext)
        ours = await answered(example, document, execution, executor_class)
        if ours != core:
            return f"{example.source}\n{execution}\ncore {core}\nours {ours}"
    return None


def difference(example: Example, executor_class: type[Any]) -> str | None:
    """The first execution that the class does not answer as graphql-core does, or None."""
    return asyncio.run(_difference(example, executor_class))
