"""The Node interface: what every object that can be fetched again has."""

from collections.abc import Callable
from typing import Any

import strawberry

from execution import derived, pure
from resolvers.global_ids import global_ids

ID_DESCRIPTION = "Opaque, globally unique (Relay style: the base64 of TypeName:databaseId)."


@strawberry.interface(description="An object that can be fetched again by its global ID.")
class Node:
    id: strawberry.ID = strawberry.field(description=ID_DESCRIPTION)


def id_field(type_name: str) -> Any:
    """The field `id` of a type: its record's number as a global ID."""
    return strawberry.field(resolver=_id_resolver(type_name), description=ID_DESCRIPTION)


def _id_resolver(type_name: str) -> Callable[[Any], strawberry.ID]:
    id_of = global_ids(type_name)

    @pure
    @derived("database_id", int, by=id_of)
    def global_id_of(root: Any) -> strawberry.ID:
        number = root.database_id
        if type(number) is int:
            return id_of(number)
        # in the place of a number that the REST API got wrong stands the error
        raise number

    return global_id_of
