"""The context of one operation: who asks, and what has been got for them so far."""

from typing import TypeVar

import strawberry
from graphql import is_abstract_type, is_object_type
from graphql.pyutils import Path

from upstream.caller import Caller, Reply
from upstream.client import Upstream

from .arrivals import Arrivals
from .habits import Habits
from .loaders import Loaders
from .selection import Selection
from .turns import Turns

ValueT = TypeVar("ValueT")


class Context:
    """What the resolvers of one operation share; nothing in it outlives the operation."""

    def __init__(
        self,
        caller: Caller,
        upstream: Upstream,
        habits: Habits,
        turns: Turns,
        *,
        scans: bool = True,
    ) -> None:
        """`habits` is what the process has learned of the REST API's lists; it knows no data.

        `turns` are those of all operations in the event loop. `scans` allows to read a short list
        where many of its objects are wanted by number.
        """
        self.caller = caller
        self.upstream = upstream
        self.habits = habits
        self.turns = turns
        self.arrivals = Arrivals()
        self.loaders = Loaders(upstream, caller, self.arrivals, scans=scans)
        self.stale: list[tuple[list[str | int], float]] = []
        """Response paths that were served beyond their time, with their age in seconds."""

    def unpack(self, reply: Reply[ValueT], path: Path) -> ValueT:
        """What was asked for; where it is stale, the place in the answer is noted."""
        if reply.stale_age is not None:
            self.stale.append((path.as_list(), reply.stale_age))
        return reply.value

    def close(self) -> None:
        """End what the operation still has under way."""
        self.loaders.close()


class Info(strawberry.Info[Context, None]):
    """What Strawberry tells a resolver, and the selection below its field."""

    @property
    def selection(self) -> Selection:
        """What is selected below the field that is being resolved."""
        info = self._raw_info
        return Selection(info.field_nodes, info.fragments, self.variable_values)

    def selection_on(self, type_name: str) -> Selection:
        """What is selected below the field of an object of this type, where it shows others too."""
        info = self._raw_info
        shown = info.schema.type_map[type_name]

        def holds(condition: str) -> bool:
            named = info.schema.type_map[condition]
            return named is shown or (
                is_abstract_type(named)
                and is_object_type(shown)
                and info.schema.is_sub_type(named, shown)
            )

        return Selection(info.field_nodes, info.fragments, self.variable_values, holds)
