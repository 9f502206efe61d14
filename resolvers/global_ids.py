"""Global IDs, Relay style: the base64 of `TypeName:databaseId`, and the REST API's bare numbers.

Follows the Relay object identification specification; tests/contract.graphql fixes the form.
"""

import binascii
from base64 import b64decode
from binascii import b2a_base64
from collections.abc import Callable
from functools import lru_cache, partial

import strawberry

from .errors import BadUserInput

LARGEST_NUMBER = 2**31 - 1
"""The largest database number: what fits GraphQL's Int."""

LONGEST_ID = 64
"""Characters of the longest text that is looked at at all."""

_MOST_REMEMBERED = 16_384


def global_id(type_name: str, number: int) -> strawberry.ID:
    """The global ID of an object."""
    named = f"{type_name}:{number}".encode()
    return strawberry.ID(b2a_base64(named, newline=False).decode("ascii"))


def global_ids(type_name: str) -> Callable[[int], strawberry.ID]:
    """The global IDs of a type, by number; those that were shown last are remembered."""
    return lru_cache(_MOST_REMEMBERED)(partial(global_id, type_name))


def split_global_id(text: str) -> tuple[str, int]:
    """The type name and the number in a global ID; raises BadUserInput for any other text."""
    if len(text) > LONGEST_ID or not text.isascii():
        raise BadUserInput("This is no global ID.")
    try:
        type_name, _, digits = b64decode(text, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise BadUserInput("This is no global ID.") from None
    number = _number(digits)
    # base64 has several spellings of the same bytes; an ID has one
    if number is None or global_id(type_name, number) != text:
        raise BadUserInput("This is no global ID.")
    return type_name, number


@lru_cache(_MOST_REMEMBERED)
def number_in(text: str, type_name: str) -> int:
    """The number that a global ID of this type, or a bare number, names; raises BadUserInput."""
    number = _number(text)
    if number is not None:
        return number
    try:
        named_type, number = split_global_id(text)
    except BadUserInput:
        raise BadUserInput("This is neither a global ID nor a number of the REST API.") from None
    if named_type != type_name:
        raise BadUserInput(f"This is the global ID of another type, not of {type_name}.")
    return number


def _number(digits: str) -> int | None:
    """The number in canonical decimal digits, or None."""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST_NUMBER))):
        return None
    number = int(digits)
    return number if number <= LARGEST_NUMBER and str(number) == digits else None
