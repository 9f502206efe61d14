"""The service: what the endpoint serves, and what it needs for that."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from graphql import GraphQLError, GraphQLSchema
from strawberry import Schema

from resolvers.habits import Habits
from upstream.caller import Caller
from upstream.keepsakes import Keepsakes

from .answers import Send
from .documents import Documents
from .incoming import Message, Receive
from .persisted import Persisted
from .refusals import Headers
from .request_records import RequestRecord

Scope = Message
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Presented = Callable[[GraphQLError], GraphQLError]
Admit = Callable[[str | None, str], Awaitable[Headers]]


class Context(Protocol):
    """What the resolvers of one operation share; see resolvers.context."""

    stale: list[tuple[list[str | int], float]]

    def close(self) -> None:
        """End what the operation still has under way."""


@dataclass(frozen=True)
class Service:
    """What the endpoint serves: a schema, and how an operation on it is begun and its errors told.

    `presented` makes any error one that a caller may see. `admit` gets a token and an address,
    counts, and returns headers for the answer or raises Refused. `keepsakes` is where a caller's
    whole answers may be kept, None where its token is none. `habits` is what is known of the lists
    that operations are made of. `observers` are called with the record of each request when it is
    over.
    """

    schema: Schema
    documents: Documents
    persisted: Persisted
    open_context: Callable[[Caller], Context]
    presented: Presented
    page: Application
    keepsakes: Callable[[Caller], Keepsakes | None]
    habits: Habits
    admit: Admit | None
    observers: Sequence[Callable[[RequestRecord], None]]

    @property
    def graphql_schema(self) -> GraphQLSchema:
        """The schema as graphql-core knows it."""
        return graphql_schema(self.schema)


def graphql_schema(schema: Schema) -> GraphQLSchema:
    """A schema of Strawberry's as graphql-core knows it."""
    return schema._schema  # noqa: SLF001 - it has no public name
