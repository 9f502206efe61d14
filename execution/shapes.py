"""Shapes: objects of an answer as Structs, where the answer goes straight to msgspec's encoder.

A dictionary has a table of its own, for seven keys five times as large as what it holds. A Struct
holds the values alone, and its class the keys: so it is sooner made, written and taken away.
"""

from functools import lru_cache
from typing import Final, cast

from msgspec import Struct, defstruct

MOST_SHAPES: Final = 32
"""Of one selection, with all within it: each takes some 20 µs to be made, and 4 kB."""

_MOST_KEPT: Final = 1_000


class Shape(Struct, gc=False):
    """An object of an answer. There is one class for each order of response keys."""


@lru_cache(maxsize=_MOST_KEPT)
def shape_of(keys: tuple[str, ...]) -> type[Shape]:
    """The class of the objects with these response keys; it takes their values in that order."""
    names = {f"value_{position}": key for position, key in enumerate(keys)}
    return cast("type[Shape]", defstruct("Shape", names, bases=(Shape,), rename=names, gc=False))
