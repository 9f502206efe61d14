"""Decoding: from a body's bytes to records, and what is wrong found on the way.

A body that is as documented is decoded in one go by msgspec. Only where that fails is it taken
apart, object by object and key by key, so that an `errors.BadResponse` stands in the place of
exactly what was wrong.
"""

from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Final, Generic, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Raw, Struct
from msgspec.structs import fields

from upstream import records
from upstream.errors import BadResponse
from upstream.listing import Collection

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

_MOST_LISTS: Final = 2048
_LONGEST_LIST: Final = 4096
"""Bytes of a territory list that is kept: all ISO 3166-1 codes take less than half of it."""

_LATEST_INSTANT: Final = 253_402_300_799
"""The last Unix second that a calendar has a date for."""

_OVERHEAD: Final = 1024
_BYTES_A_BYTE: Final = 3
"""What a record takes in memory for each byte of its JSON: small numbers and short strings."""

_WRONG: Final = object()


class Decoded(NamedTuple, Generic[T_co]):
    """What a body says, and how many bytes that takes in memory, estimated."""

    value: T_co
    weight: int


def one(body: bytes, kind: type[Record], number: int) -> Decoded[Record]:
    """The record that was asked for by its number.

    BadResponse where the body is no such object, or is another one than was asked for: nobody
    may get what belongs to somebody else.
    """
    found = _whole(body, kind)
    if not isinstance(found, kind):
        raise BadResponse("not the object that the REST documentation promises")
    if found.database_id != number:
        raise BadResponse("not the object that was asked for")
    return Decoded(found, _finished([found], body))


def rows(body: bytes, collection: Collection) -> Decoded[list[Any]]:
    """The rows of one page, with a BadResponse in the place of each that is none.

    BadResponse is raised where the body is no list.
    """
    found = _whole(body, _ROWS[collection])
    if not isinstance(found, list):
        raise BadResponse("not the list that the REST documentation promises")
    return Decoded(found, _finished(found, body))


def access_token(body: bytes) -> records.AccessToken:
    """The token that a login gave; BadResponse where it is none that could be used."""
    found = _whole(body, records.AccessToken)
    if not (
        isinstance(found, records.AccessToken)
        and isinstance(found.access_token, str)
        and isinstance(found.token_type, str)
        and isinstance(found.created_at, int)
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
    # A repaired record holds whatever stood there.
    raw: Any = record.available_territories
    known = _codes.get(id(raw))
    if known is not None and known[0] is raw:
        return known[1]
    codes = _repaired(raw, list[str], "available_territories") if isinstance(raw, Raw) else _WRONG
    if not isinstance(codes, list) or any(isinstance(code, BadResponse) for code in codes):
        raise BadResponse("available_territories is no list of strings")
    if len(_codes) >= _MOST_LISTS:
        _codes.clear()
    # What is kept here keeps its place in memory, so nothing else can have its id.
    _codes[id(raw)] = (raw, codes)
    return codes


_codes: Final[dict[int, tuple[Raw, list[str]]]] = {}
_lists: Final[dict[bytes, Raw]] = {}


@lru_cache(maxsize=128)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@lru_cache(maxsize=32)
def _parts(kind: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    return fields(kind)


def _decoded(raw: bytes | Raw, kind: Any) -> Any:
    """The value, or _WRONG; UnicodeDecodeError where a string is no UTF-8."""
    try:
        return _decoder(kind).decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _WRONG


def _whole(body: bytes, kind: Any) -> Any:
    try:
        found = _decoded(body, kind)
        # Text that is none makes the whole body untrustworthy, so nothing of it is repaired.
        return _taken_apart(body, kind, "the body") if found is _WRONG else found
    except UnicodeDecodeError:
        return _WRONG


def _repaired(raw: bytes | Raw, kind: Any, place: str) -> Any:
    """What is there, with BadResponse instances in the place of what is wrong in it."""
    found = _decoded(raw, kind)
    return _taken_apart(raw, kind, place) if found is _WRONG else found


def _taken_apart(raw: bytes | Raw, kind: Any, place: str) -> Any:
    """What is repaired of something that did not decode in one go."""
    if get_origin(kind) in {Union, UnionType}:
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
    if get_origin(kind) is list:
        (element,) = get_args(kind)
        elements = _decoded(raw, list[Raw] | None)
        if elements is None and place != "the body":
            return []
        if isinstance(elements, list):
            return [_repaired(each, element, place) for each in elements]
    elif isinstance(kind, type) and issubclass(kind, Struct):
        given = _decoded(raw, dict[str, Raw])
        if isinstance(given, dict):
            return _rebuilt(given, kind)
    return BadResponse(f"{place} is not what the REST documentation promises")


def _rebuilt(given: dict[str, Raw], kind: type[Struct]) -> Struct:
    values: dict[str, Any] = {}
    for part in _parts(kind):
        raw = given.get(part.encode_name)
        if raw is not None:
            values[part.name] = _repaired(raw, part.type, part.encode_name)
        elif part.default is NODEFAULT and part.default_factory is NODEFAULT:
            values[part.name] = BadResponse(f"{part.encode_name} is missing")
    return kind(**values)


def _finished(found: list[Any], body: bytes) -> int:
    """Complete the records of a body in place; the bytes that they take, estimated."""
    undecoded = 0
    for record in found:
        if isinstance(record, records.Album):
            undecoded += _completed(record)
        elif isinstance(record, records.Track):
            undecoded += _let_go(record)
    return _OVERHEAD + _BYTES_A_BYTE * (len(body) - undecoded)


def _completed(album: records.Album) -> int:
    """Give the tracks their album's cover, and let go of the body that they came in.

    Returns the bytes of all territory lists. Most tracks of an album, and of its neighbours,
    have the same list: comparing it with the one before costs a tenth of looking it up.
    """
    # Where it was wrong, the list or one of its tracks is a BadResponse.
    tracks: Any = album.tracks
    if not isinstance(tracks, list):
        return 0
    cover = album.cover
    before = _EMPTY
    undecoded = 0
    for track in tracks:
        if not isinstance(track, records.AlbumTrack):
            continue
        if track.cover is None:
            track.cover = cover
        raw = track.available_territories
        if raw == before:
            track.available_territories = before
        else:
            _let_go(track)
            before = track.available_territories
        undecoded += len(before)
    return undecoded


def _let_go(track: records.AlbumTrack) -> int:
    """Replace the view into the body by an equal list that is shared and outlives it."""
    raw: Any = track.available_territories
    if not isinstance(raw, Raw):
        return 0
    copied = bytes(raw)
    kept = _lists.get(copied)
    if kept is None:
        kept = Raw(copied)
        if len(copied) <= _LONGEST_LIST:
            if len(_lists) >= _MOST_LISTS:
                _lists.clear()
            _lists[copied] = kept
    track.available_territories = kept
    return len(copied)


_EMPTY: Final = Raw(b"[]")
