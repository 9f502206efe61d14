"""Joins: whole records in the place of the stubs in a list, all loaded at once.

A join is made before the answer is completed, so that completing it needs no request and no task
for each row; a record that failed is an exception in its place, raised at its own path.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from msgspec import Struct

from .context import Info
from .loaders import Failure, Loader


async def whole(info: Info, loader: Loader[int, Any], numbers: Iterable[int]) -> dict[int, Any]:
    """Records by number: None where there is none, an exception where it could not be had."""
    outcomes = await loader.load_each(sorted(set(numbers)))
    path, context = info.path, info.context
    return {
        number: outcome.raisable()
        if isinstance(outcome, Failure)
        else context.unpack(outcome, path)
        for number, outcome in outcomes.items()
    }


def values_of(kind: type[Struct]) -> Callable[[Any], tuple[Any, ...]]:
    """A function from a record to its values: for a copy, which an operation may fill in.

    The copy's kind extends the record's; the fields that it adds take their defaults.
    """
    return attrgetter(*kind.__struct_fields__)


def in_place_of(stub: Any, records: dict[int, Any]) -> Any:
    """What a stub becomes in a join: its record, None where there is none, or why it can't be had.

    A stub whose number the REST API got wrong names no record: the error about its number stands
    for all of it.
    """
    number = getattr(stub, "database_id", stub)
    return records[number] if isinstance(number, int) else number
