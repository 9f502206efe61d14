"""Templates: an executor as graphql-core makes it for a document, copied for each execution of it.

To make one takes graphql-core some thirty steps, and only what is asked with differs between two of
the same operation. graphql-core itself copies executors in this way, for the events of a
subscription and for what is deferred.
"""

from collections.abc import Mapping
from typing import Any, Final

from graphql import Executor
from graphql.execution.executor import CollectedErrors
from graphql.pyutils import RefMap

ASKED_WITH: Final = frozenset({"root_value", "context_value", "variable_values", "is_awaitable"})
"""What an execution brings along."""

_GIVEN: Final = frozenset({"fragment_definitions", "fragments"})
_COLLECTS: Final = (list, set, dict, RefMap, CollectedErrors)


class Template:
    """What executors of one operation have in common; it holds nothing of an execution."""

    __slots__ = ("_class", "_collecting", "_common")

    def __init__(self, executor: Executor[Any]) -> None:
        """`executor` has not executed anything yet."""
        self._class = type(executor)
        attributes = {
            name: value for name, value in vars(executor).items() if name not in ASKED_WITH
        }
        self._collecting = tuple(
            (name, type(value))
            for name, value in attributes.items()
            if isinstance(value, _COLLECTS) and name not in _GIVEN
        )
        self._common = attributes

    def executor(self, asked_with: Mapping[str, Any]) -> Any:
        """An executor that has collected nothing; ASKED_WITH names what is asked with."""
        executor = self._class.__new__(self._class)
        attributes = executor.__dict__
        attributes.update(self._common)
        attributes.update(asked_with)
        for name, kind in self._collecting:
            attributes[name] = kind()
        # Resolvers see these, and may keep or change them.
        attributes["fragment_definitions"] = self._common["fragment_definitions"].copy()
        return executor
