"""Objects by global ID alone, or by a gateway's representation, whatever their type."""

from collections.abc import Awaitable, Callable
from typing import Any

from .albums import album_numbered
from .artists import artist_numbered
from .context import Info
from .errors import BadUserInput
from .global_ids import LARGEST_NUMBER, split_global_id
from .labels import label_numbered
from .tracks import track_numbered

BY_NUMBER: dict[str, Callable[[Info, int], Awaitable[Any]]] = {
    "Album": album_numbered,
    "Artist": artist_numbered,
    "Label": label_numbered,
    "Track": track_numbered,
}
"""The types whose objects can be fetched again, and how."""


async def node(info: Info, identifier: str) -> Any:
    """The object that a global ID names; None where there is none.

    Raises BadUserInput for a malformed ID, and for one of a type that can't be fetched again.
    """
    type_name, number = split_global_id(identifier)
    fetch = BY_NUMBER.get(type_name)
    if fetch is None:
        raise BadUserInput("Objects of this type can't be fetched by their ID.")
    return await fetch(info, number)


async def entity(info: Info, representation: object) -> Any:
    """The object that a gateway's representation names; None where there is none.

    Follows the Apollo Federation subgraph specification: `__typename` and the fields of one
    @key, here `id` or `databaseId`. Raises BadUserInput for anything else.
    """
    if not isinstance(representation, dict):
        raise BadUserInput("A representation is an object.")
    type_name = representation.get("__typename")
    fetch = BY_NUMBER.get(type_name) if isinstance(type_name, str) else None
    if fetch is None or not isinstance(type_name, str):
        raise BadUserInput("A representation's __typename is Album, Artist, Label or Track.")
    return await fetch(info, _key(representation, type_name))


def _key(representation: dict[str, Any], type_name: str) -> int:
    database_id = representation.get("databaseId")
    identifier = representation.get("id")
    if isinstance(identifier, str):
        type_named, number = split_global_id(identifier)
        if type_named != type_name:
            raise BadUserInput("A representation's id is of another type than its __typename.")
        if database_id is not None and database_id != number:
            raise BadUserInput("A representation's id and databaseId name different objects.")
        return number
    if identifier is None and type(database_id) is int and 0 <= database_id <= LARGEST_NUMBER:
        return database_id
    raise BadUserInput("A representation's key is an id or a databaseId.")
