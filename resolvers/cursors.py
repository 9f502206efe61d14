"""Cursors: short, opaque, URL-safe names of a row, by which it is found again where it moved.

A cursor names the list (collection, since and until), the row's place, its number and those of
up to two rows beside it, so that the place can be told even after the row itself was deleted.
It carries a check sum of two bytes: against slips and half-copied texts, not against forgers,
who could ask for any row anyway. Only the one spelling that `cursor_of` gives is accepted.
"""

import binascii
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Final, TypeAlias, get_args

from msgspec import Struct

from upstream.listing import Collection, Listing

from .errors import BadUserInput

Beside: TypeAlias = tuple[tuple[int, int], ...]
"""Rows beside a row: how many places away (-1 is the row before it), and their numbers."""

LONGEST_CURSOR: Final = 56
"""More characters than the longest cursor that `cursor_of` can give."""

_COLLECTIONS: Final = get_args(Collection)
_OFFSETS: Final[tuple[tuple[int, ...], ...]] = ((), (-1,), (1,), (-1, 1), (-1, -2), (1, 2))
_LARGEST_PLACE: Final = 2**31 - 1
_CHECK_SEED: Final = 0x1D70
_CHECK_BYTES: Final = 2


class Cursor(Struct, frozen=True):
    """What a cursor says.

    `place` is where the row stood, -1 for the place before the first row, which has neither number
    nor rows beside it. `number` is None where only the place counts. `beside` holds offsets of one
    of these shapes, in this order: -1; 1; -1 and 1; -1 and -2; 1 and 2.
    """

    place: int
    number: int | None = None
    beside: Beside = ()


def cursor_of(listing: Listing, place: int, number: int | None, beside: Beside = ()) -> str:
    """The cursor of the row at a place of a list; its number is None where it has none."""
    heads, days = _list_named(listing)
    shape = _OFFSETS.index(tuple([offset for offset, _ in beside]))
    if number is None:
        parts = [heads[shape], days, _written(place + 1)]
        origin = 0
    else:
        parts = [heads[shape + len(_OFFSETS)], days, _written(place + 1), _written(number)]
        origin = number
    parts += [_written(_folded(neighbour - origin)) for _, neighbour in beside]
    said = b"".join(parts)
    said += binascii.crc_hqx(said, _CHECK_SEED).to_bytes(_CHECK_BYTES, "big")
    return urlsafe_b64encode(said).rstrip(b"=").decode("ascii")


def read_cursor(text: str, listing: Listing) -> Cursor:
    """What a cursor of this list says; BadUserInput for any other text."""
    if len(text) <= LONGEST_CURSOR and text.isascii():
        cursor = _read(text, listing)
        # Spelling it again compares the list, the check sum and the canonical form at once.
        if cursor is not None and cursor_of(listing, *_parts(cursor)) == text:
            return cursor
    raise BadUserInput(
        "A cursor must be one that this same list gave, unchanged and with the same since and "
        "until; leave the cursor out to start anew."
    )


_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")


def _parts(cursor: Cursor) -> tuple[int, int | None, Beside]:
    return cursor.place, cursor.number, cursor.beside


@lru_cache(maxsize=256)
def _list_named(listing: Listing) -> tuple[list[bytes], bytes]:
    """The first byte, by shape without and then with a number, and the days."""
    head = _COLLECTIONS.index(listing.collection)
    days = b""
    if listing.since is not None and listing.until is not None:
        head |= 1 << 3
        since = listing.since.toordinal()
        days = _written(since) + _written(_folded(listing.until.toordinal() - since))
    shapes = range(len(_OFFSETS))
    return [bytes((head | numbered << 4 | at << 5,)) for numbered in (0, 1) for at in shapes], days


def _read(text: str, listing: Listing) -> Cursor | None:
    try:
        said = binascii.a2b_base64(text.encode().translate(_FROM_URL) + b"=" * (-len(text) % 4))
    except binascii.Error:
        return None
    if not said:
        return None
    numbers = _Numbers(said[:-_CHECK_BYTES])
    shape = said[0] >> 5
    try:
        _ = [numbers.take() for _ in range(2) if listing.since is not None]
        place = numbers.take() - 1
        number = numbers.take() if said[0] & 1 << 4 else None
        origin = number or 0
        beside = tuple([(at, origin + _unfolded(numbers.take())) for at in _OFFSETS[shape]])
    except IndexError:
        return None
    is_row = place >= 0 or (number is None and not beside)
    return Cursor(place, number, beside) if is_row and place <= _LARGEST_PLACE else None


class _Numbers:
    """The integers after a cursor's first byte; IndexError where they end too soon."""

    def __init__(self, said: bytes) -> None:
        self._said = said
        self._at = 1

    def take(self) -> int:
        value = shift = 0
        while True:
            byte = self._said[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 -- the eighth bit says that more follows
                return value


@lru_cache(maxsize=4096)  # neighbouring rows have most of their bytes in common
def _written(value: int) -> bytes:
    said = bytearray()
    while value > 0x7F:  # noqa: PLR2004 -- seven bits to a byte
        said.append(value & 0x7F | 0x80)
        value >>= 7
    said.append(value)
    return bytes(said)


def _folded(difference: int) -> int:
    return difference << 1 if difference >= 0 else -difference << 1 | 1


def _unfolded(folded: int) -> int:
    return -(folded >> 1) if folded & 1 else folded >> 1
