"""Decoding: from a body's bytes to records, and what is wrong found on the way.

A body that is as documented is decoded in one go by msgspec. Only where that fails is it taken
apart, object by object and key by key, so that an `errors.BadResponse` stands in the place of
exactly what was wrong.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Final, Generic, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Raw, Struct
from msgspec.structs import fields

from . import records
from .errors import BadResponse
from .listing import Collection
from .territories import LONGEST, MOST, Folded

T_co = TypeVar("T_co", covariant=True)
Record = TypeVar("Record", records.Album, records.Artist, records.Label, records.Track)

LONGEST_TOKEN: Final = 4096
"""Characters; those of the REST API have 64."""

_ROWS: Final[dict[Collection, Any]] = {
    "albums": list[records.Album],
    "artists": list[records.Artist],
    "labels": list[records.Label],
    "listenings": list[records.Listening],
    "deliveries": list[records.Delivery],
}

_LATEST_INSTANT: Final = 253_402_300_799
"""The last Unix second that a calendar has a date for."""

_MOST_WRONG: Final = 15_000
"""Pieces of one body that are looked at singly because they can't be decoded as they are: each
takes some 5 µs. A hundred albums of 70 tracks, each with something wrong in it, are 14,100."""

_MOST_OBJECTS: Final = 10 * _MOST_WRONG
"""Objects in a body with something wrong in it; to take more apart would hold everybody up."""

_HIGH: Final = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW: Final = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALVES: Final = (
    # After a backslash that is itself escaped, there is an escape again.
    re.compile(rb"(?<!\\)((?:\\\\)*)" + _HIGH + rb"(?!" + _LOW + rb")"),
    re.compile(rb"(?<!" + _HIGH + rb")(?<!\\)((?:\\\\)*)" + _LOW),
)

_LONGEST_WITH_HALVES: Final = 4 * 1024 * 1024
"""Bytes of a body in which halves are looked for, twice a full page's: 0.1 µs each at worst."""

_OVERHEAD: Final = 1024
_BYTES_A_BYTE: Final = 3
"""What a record takes in memory for each byte of its JSON: small numbers and short strings."""

_BODY: Final = "the body"
_WRONG: Final = object()
_NOTHING_WRONG: Final[frozenset[str]] = frozenset()


class Decoded(Struct, Generic[T_co], frozen=True):
    """What a body says, and how many bytes that takes in memory, estimated.

    `wrong` names the keys in whose places a BadResponse stands.
    """

    value: T_co
    weight: int
    wrong: frozenset[str] = _NOTHING_WRONG


def one(body: Folded, kind: type[Record], number: int) -> Decoded[Record]:
    """The record that was asked for by its number.

    BadResponse where the body is no such object, or is another one than was asked for: nobody
    may get what belongs to somebody else.
    """
    found, wrong = _whole(body, kind)
    if not isinstance(found, kind):
        raise BadResponse("not the object that the REST documentation promises")
    if found.database_id != number:
        raise BadResponse("not the object that was asked for")
    return Decoded(found, _finished([found], body, wrong), wrong)


def rows(body: Folded, collection: Collection) -> Decoded[list[Any]]:
    """The rows of one page, with a BadResponse in the place of each that is none.

    BadResponse is raised where the body is no list, or one of other things: a page on which
    nothing is a row says nothing of its list, not even where that ends.
    """
    found, wrong = _whole(body, _ROWS[collection])
    if not isinstance(found, list) or (found and _holds_no_record(found)):
        raise BadResponse("not the list that the REST documentation promises")
    return Decoded(found, _finished(found, body, wrong), wrong)


def access_token(body: Folded) -> records.AccessToken:
    """The token that a login gave; BadResponse where it is none that could be used."""
    found, wrong = _whole(body, records.AccessToken)
    if not (
        isinstance(found, records.AccessToken)
        and not wrong
        and sendable(found.access_token)
        and 0 <= found.created_at <= _LATEST_INSTANT
    ):
        raise BadResponse("not the token that the REST documentation promises")
    return found


def sendable(token: str) -> bool:
    """Whether a token can stand in a header at all: printable ASCII of a sane length."""
    return 0 < len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable()


def territories(record: records.AlbumTrack) -> list[str]:
    """The territories of a track, decoded once for each distinct list: not to be changed.

    BadResponse where they are no list of strings.
    """
    raw = record.available_territories
    known = _codes.get(id(raw))
    if known is not None and known[0] is raw:
        return known[1]
    wrongs = _Wrongs()
    codes: Any = _repaired(raw, list[str], "available_territories", wrongs)
    if wrongs.places or not isinstance(codes, list):
        raise BadResponse("available_territories is no list of strings")
    if len(raw) > LONGEST:
        return codes  # no other track has the same one
    if len(_codes) >= MOST:
        _codes.clear()
    # What is kept here keeps its place in memory, so nothing else can have its id.
    _codes[id(raw)] = (raw, codes)
    return codes


_codes: Final[dict[int, tuple[Raw, list[str]]]] = {}


@lru_cache(maxsize=128)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@lru_cache(maxsize=32)
def _parts(kind: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    return fields(kind)


def _decoded(raw: bytes | Raw, kind: Any) -> Any:
    """The value, or _WRONG where it is of another kind, or no JSON."""
    try:
        return _decoder(kind).decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _WRONG


def _whole(body: Folded, kind: Any) -> tuple[Any, frozenset[str]]:
    """What a body says, repaired if need be, and the keys in which it was wrong."""
    text = body.text
    try:
        # msgspec looks only at the text that it decodes; a body that is no text is no JSON. What
        # was taken out for its mark was text when it was met.
        if not text.isascii():
            text.decode()
    except UnicodeDecodeError:
        return _WRONG, _NOTHING_WRONG
    found = _decoded(text, kind)
    if found is _WRONG:
        wrongs = _Wrongs()
        found = _repaired(_without_halves(body.unfolded()), kind, _BODY, wrongs)
        return found, frozenset(wrongs.places)
    return found, _NOTHING_WRONG


def _without_halves(body: bytes) -> bytes:
    """The body with U+FFFD for each half of a surrogate pair that has lost the other.

    That is what is left of a character in the midst of which a text was cut. It is JSON (RFC 8259,
    section 8.2), but no text that could be sent on, and msgspec takes no body that has one.
    """
    suspects = body.count(b"\\ud") + body.count(b"\\uD")
    if 0 < suspects <= _MOST_WRONG and len(body) <= _LONGEST_WITH_HALVES:
        for half in _HALVES:
            body = half.sub(rb"\1\\ufffd", body)
    return body


class _Wrongs:
    """The places in which one body was wrong so far; `count` raises BadResponse beyond a bound."""

    def __init__(self) -> None:
        self.places: set[str] = set()
        self._left = _MOST_WRONG

    def count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise BadResponse("too much in it is not what the REST documentation promises")


def _repaired(raw: bytes | Raw, kind: Any, place: str, wrongs: _Wrongs) -> Any:
    """What is there, with BadResponse instances in the place of what is wrong in it."""
    found = _decoded(raw, kind)
    if found is not _WRONG:
        return found
    wrongs.count()
    if get_origin(kind) in {Union, UnionType}:
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
    sequence = get_origin(kind)
    if sequence is list or sequence is tuple:
        element = get_args(kind)[0]
        if isinstance(raw, bytes) and raw.count(b"{") > _MOST_OBJECTS:
            raise BadResponse("more in it than a page can have")
        elements = _decoded(raw, list[Raw] | None)
        if elements is None and place != _BODY:
            return sequence()
        if isinstance(elements, list):
            return sequence(_repaired(each, element, place, wrongs) for each in elements)
    elif isinstance(kind, type) and issubclass(kind, Struct):
        given = _decoded(raw, dict[str, Raw])
        if isinstance(given, dict):
            return _rebuilt(given, kind, wrongs)
    wrongs.places.add(place)
    return BadResponse(f"{place} is not what the REST documentation promises")


def _rebuilt(given: dict[str, Raw], kind: type[Struct], wrongs: _Wrongs) -> Struct:
    values: dict[str, Any] = {}
    for part in _parts(kind):
        raw = given.get(part.encode_name)
        if raw is not None:
            values[part.name] = _repaired(raw, part.type, part.encode_name, wrongs)
        elif part.default is NODEFAULT and part.default_factory is NODEFAULT:
            wrongs.places.add(part.encode_name)
            values[part.name] = BadResponse(f"{part.encode_name} is missing")
    return _collectable(kind)(**values)


@lru_cache(maxsize=32)
def _collectable(kind: type[Struct]) -> type[Struct]:
    """The same records, but in sight of the garbage collector: they may hold an exception.

    One that is raised holds a traceback, whose frames hold the record.
    """
    return msgspec.defstruct(kind.__name__, (), bases=(kind,), module=kind.__module__, gc=True)


def _holds_no_record(found: list[Any]) -> bool:
    return all(isinstance(row, BadResponse) for row in found)


def _finished(found: list[Any], body: Folded, wrong: frozenset[str]) -> int:
    """Complete the tracks of a body in place; the bytes that all of it takes, estimated."""
    tracks: list[records.AlbumTrack] = []
    for record in found:
        if isinstance(record, records.Album):
            own = _sound(record.tracks) if wrong else record.tracks
            cover = record.cover
            for track in own:
                if track.cover is None:
                    track.cover = cover
            tracks += own
        elif isinstance(record, records.Track):
            tracks.append(record)
    return _OVERHEAD + _BYTES_A_BYTE * (body.size - body.share(tracks))


def _sound(tracks: Any) -> Sequence[records.AlbumTrack]:
    """The tracks among what stands in their place: where it was wrong, that is a BadResponse."""
    if not isinstance(tracks, tuple):
        return ()
    return [track for track in tracks if isinstance(track, records.AlbumTrack)]
