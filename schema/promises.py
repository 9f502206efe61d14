"""Promises: what decoding has checked of a record need not be looked at again when it is shown.

A record of exactly one of these classes was decoded by msgspec, field by field as it is declared.
One in which something was wrong is of another class (upstream/decoding.py), and is looked at.
"""

from types import NoneType
from typing import Final

from msgspec import Struct, inspect

from execution import Promise
from upstream import records

_INT: Final = range(-(2**31), 2**31)
"""GraphQL's Int."""


def _promised(kind: type[Struct]) -> Promise:
    """The classes that each field of a record is declared to have, where they are all known."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)  # noqa: S101 - it describes a Struct
    found = {each.name: _classes(each.type) for each in described.fields}
    return {name: classes for name, classes in found.items() if classes is not None}


def _classes(declared: inspect.Type) -> frozenset[type] | None:
    """The classes of all values that are decoded so; None where it takes more than classes."""
    match declared:
        case inspect.UnionType(types=types):
            each = [_classes(one) for one in types]
            known = [classes for classes in each if classes is not None]
            return frozenset().union(*known) if len(known) == len(each) else None
        case inspect.IntType(ge=int(least), le=int(most)) if least in _INT and most in _INT:
            return frozenset({int})
        case inspect.StrType():
            return frozenset({str})
        case inspect.BoolType():
            return frozenset({bool})
        case inspect.NoneType():
            return frozenset({NoneType})
    return None


PROMISES: Final[dict[type[Struct], Promise]] = {
    kind: _promised(kind)
    for kind in (records.Album, records.AlbumTrack, records.Artist, records.Label, records.Track)
}
"""By the class of a record."""


def promises(*kinds: type[Struct]) -> dict[type, Promise]:
    """Those of some classes."""
    return {kind: PROMISES[kind] for kind in kinds}
