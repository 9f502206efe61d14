"""The negotiation of media types: what a request is written in, and what its answer will be."""

from functools import lru_cache
from typing import Final

from .refusals import Refused

RESPONSE_JSON: Final = b"application/graphql-response+json"
JSON: Final = b"application/json"
EVENTS: Final = b"text/event-stream"
CONTENT_TYPES: Final = {
    RESPONSE_JSON: b"application/graphql-response+json; charset=utf-8",
    JSON: b"application/json; charset=utf-8",
}
# Where the quality is equal and nothing is named, the older type: GraphQL over HTTP's audits
# want it for */* and for no header at all.
_OFFERED: Final = (JSON, RESPONSE_JSON)
_BY_NAME: Final = 2
_BY_KIND: Final = 1
_BY_ANYTHING: Final = 0


@lru_cache(maxsize=256)
def answer_type(accept: bytes | None) -> bytes | None:
    """The media type to answer in, None where nothing that we have is accepted.

    The highest quality wins, then the one that is named, then the one that is named first
    (RFC 9110, 12.5.1).
    """
    if accept is None or not accept.strip():
        return JSON
    ranges = _ranges(accept)
    best: tuple[float, int, int] | None = None
    chosen = None
    for order, offered in enumerate(_OFFERED):
        matched = _most_specific(offered, ranges)
        if matched is None or matched[0] <= 0:
            continue
        quality, place, specificity = matched
        rank = (quality, specificity, -place if specificity == _BY_NAME else -order)
        if best is None or rank > best:
            best, chosen = rank, offered
    return chosen


@lru_cache(maxsize=256)
def names_json(accept: bytes | None) -> bool:
    """Whether the header names one of our media types itself, which no HTML element does."""
    return accept is not None and any(
        media_range in CONTENT_TYPES and quality > 0 for media_range, quality, _ in _ranges(accept)
    )


@lru_cache(maxsize=256)
def names_events(accept: bytes | None) -> bool:
    """Whether the header names server-sent events."""
    return accept is not None and any(
        media_range == EVENTS and quality > 0 for media_range, quality, _ in _ranges(accept)
    )


@lru_cache(maxsize=256)
def wants_html(accept: bytes | None) -> bool:
    """Whether a person's browser asks: HTML is named, and wanted at least as much as JSON."""
    if accept is None:
        return False
    ranges = _ranges(accept)
    html = max((q for media_range, q, _ in ranges if media_range == b"text/html"), default=0.0)
    json = max((q for media_range, q, _ in ranges if media_range in CONTENT_TYPES), default=0.0)
    return html > 0 and html >= json


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether the client takes answers that are compressed with gzip."""
    for coding in accept_encoding.lower().split(b","):
        named, _, quality = coding.partition(b";")
        if named.strip() == b"gzip":
            return quality.replace(b" ", b"").rstrip(b"0.") != b"q="
    return False


@lru_cache(maxsize=64)
def assert_json_body(content_type: bytes | None, content_encoding: bytes | None) -> None:
    """Raise the refusal of a body that is not plain JSON in UTF-8.

    Only application/json is taken: a browser asks the server first (preflight) before it sends
    such a body across sites, so no foreign page can make one of its visitors send it.
    """
    if content_type is None:
        raise _unsupported("A body needs the header Content-Type: application/json.")
    essence, *parameters = (part.strip().lower() for part in content_type.split(b";"))
    if essence != JSON:
        raise _unsupported("The body must be JSON, with the header Content-Type: application/json.")
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"charset" and value.strip().strip(b'"') not in {b"utf-8", b"utf8"}:
            raise _unsupported("The body must be encoded in UTF-8.")
    if content_encoding is not None and content_encoding.strip().lower() not in {b"", b"identity"}:
        raise _unsupported("The body must not be compressed.", (b"accept-encoding", b"identity"))


def _unsupported(sentence: str, *headers: tuple[bytes, bytes]) -> Refused:
    return Refused(415, "BAD_USER_INPUT", sentence, headers)


def _ranges(accept: bytes) -> list[tuple[bytes, float, int]]:
    """The media ranges of an Accept header, with quality and place; what is malformed is left out.

    So is a range with a character set that is not UTF-8, since we can't serve it.
    """
    ranges = []
    for place, part in enumerate(accept.lower().split(b",")):
        media_range, *parameters = (piece.strip() for piece in part.split(b";"))
        quality, servable = 1.0, True
        for parameter in parameters:
            name, _, value = parameter.partition(b"=")
            value = value.strip().strip(b'"')
            if name.strip() == b"q":
                quality = _quality(value)
            elif name.strip() == b"charset" and value not in {b"utf-8", b"utf8"}:
                servable = False
        if b"/" in media_range and servable:
            ranges.append((media_range, quality, place))
    return ranges


def _quality(value: bytes) -> float:
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0


def _most_specific(
    offered: bytes, ranges: list[tuple[bytes, float, int]]
) -> tuple[float, int, int] | None:
    """Quality, place and specificity of the range that says most about a media type."""
    found: tuple[float, int, int] | None = None
    for media_range, quality, place in ranges:
        if media_range == offered:
            specificity = _BY_NAME
        elif media_range == b"application/*":
            specificity = _BY_KIND
        elif media_range == b"*/*":
            specificity = _BY_ANYTHING
        else:
            continue
        if found is None or specificity > found[2]:
            found = (quality, place, specificity)
    return found
