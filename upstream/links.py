"""The Link header: which pages it points to, trusting nothing of its addresses but the query."""

import re
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import parse_qs

from .listing import Links, PageLink

Relation: TypeAlias = Literal["first", "prev", "next", "last"]

LONGEST_HEADER: Final = 16 * 1024
"""Characters beyond which a Link header is not read at all; four links take some 400."""

_LARGEST_PAGE_NUMBER: Final = 2**31
_MOST_PARAMETERS: Final = 32

# RFC 8288, section 3: "<" URI-Reference ">" *( OWS ";" OWS [ token BWS [ "=" BWS value ] ] )
_PARAMETER: Final = re.compile(
    r'\s*;\s*(?:([^\s=;,"<>]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?'
)
_ADDRESS: Final = re.compile(r"[\s,]*<([^<>]*)>")
_NUMBER: Final = re.compile(r"0*([1-9][0-9]{0,9})", re.ASCII)


def links(header: str | None) -> Links | None:
    """The links of a header, or None where there is none, or nothing in it that makes sense."""
    if header is None or len(header) > LONGEST_HEADER:
        return None
    found: dict[str, PageLink] = {}
    position = 0
    while address := _ADDRESS.match(header, position):
        position = address.end()
        relations: list[str] | None = None
        while parameter := _PARAMETER.match(header, position):
            position = parameter.end()
            name, quoted, plain = parameter.groups()
            # Only the first rel counts (RFC 8288, section 3.3).
            if name is not None and name.lower() == "rel" and relations is None:
                relations = (quoted or plain or "").lower().split()
        link = _page_link(address[1])
        if link is not None:
            for relation in relations or ():
                if relation in get_args(Relation):
                    found.setdefault(relation, link)
        # What can't be read here belongs to this link; the next one follows a comma.
        following = header.find(",", position)
        if following < 0:
            break
        position = following
    return Links(**found) if found else None


def _page_link(address: str) -> PageLink | None:
    query = address.partition("#")[0].partition("?")[2]
    try:
        given = parse_qs(query, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return None
    page = _number(given.get("page"))
    return None if page is None else PageLink(page, _number(given.get("per_page")))


def _number(values: list[str] | None) -> int | None:
    matched = _NUMBER.fullmatch(values[-1]) if values else None
    number = int(matched[1]) if matched else 0
    return number if 1 <= number <= _LARGEST_PAGE_NUMBER else None
