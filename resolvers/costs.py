"""Costs: how many upstream requests each field can cause, at most.

The one model behind an operation's estimate, the explain mode and the cost directives of the SDL.
It takes every operation for as dear as it can be: each list ignores `per_page`, rows have moved
since a cursor was made, nothing is cached or known, and no two fields ask for the same. It leaves
out retries; the search for the end of a list without Link headers, until one has been met; and what
a large window takes whose cursor stands far behind the end of a list that was cut short.
"""

from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final, TypeGuard

from upstream.listing import DEFAULT_PAGE_SIZE, Collection

from .deliveries import ALBUM_REFERENCE
from .errors import BadUserInput
from .global_ids import number_in, split_global_id
from .listenings import ALBUM_STUB, TRACK_STUB
from .listings import LARGEST_WINDOW
from .pagers import LONGEST_SEARCH

TO_START: Final = 2
"""Requests of a window beyond a page for each 25 rows: its edges, and what `per_page` does."""

TO_FIND_THE_END: Final = 1
"""Requests more for a window from the back: its cursor may lie behind the end by now."""

TO_SEARCH_FOR_THE_END: Final = LONGEST_SEARCH
"""Requests more for a window from the back of a list that comes without Link headers."""

TO_COUNT: Final = 1
"""Requests more where `totalCount` or `pageCursors` is selected, or both."""

TO_RESUME: Final = 6
"""Requests more with a cursor: two to find rows that moved, and four for what comes on top where
nothing is known yet of the list: pages whose size is in doubt are checked, and a list may end in
front of the cursor by now."""


@dataclass(frozen=True, slots=True)
class ObjectPrice:
    """Where the REST API has the objects of a type, and the requests that one of them costs."""

    route: str
    requests: int


PRICES: Final[dict[str, ObjectPrice]] = {
    # one that is at neither of its two addresses was asked for at both
    "Album": ObjectPrice("/api/v1/albums/:id", 2),
    "Artist": ObjectPrice("/api/v1/artists/:id", 1),
    "Label": ObjectPrice("/api/v1/labels/:id", 1),
    "Track": ObjectPrice("/api/v1/tracks/:id", 1),
}
"""Objects by their number, for each type that has one."""


@dataclass(frozen=True, slots=True)
class WindowCost:
    """A field that shows a window of a list."""

    collection: Collection

    @property
    def route(self) -> str:
        """Where the REST API has the list."""
        return f"/api/v1/{self.collection}"


@dataclass(frozen=True, slots=True)
class ObjectCost:
    """A field that shows objects by number: of one type, or without it, of those that are named.

    `argument` names them: one ID, a list of IDs, or a list of representations.
    """

    argument: str
    type_name: str | None = None


@dataclass(frozen=True, slots=True)
class JoinCost:
    """A field whose object is fetched, for each row of a list, for more than `brought` of it."""

    type_name: str
    brought: frozenset[str]


@dataclass(frozen=True, slots=True)
class CallCost:
    """A field that sends one request, whatever is selected."""

    route: str


Cost = WindowCost | ObjectCost | JoinCost | CallCost

COSTS: Final[dict[str, Cost]] = {
    "Query.albums": WindowCost("albums"),
    "Query.artists": WindowCost("artists"),
    "Query.labels": WindowCost("labels"),
    "Query.listenings": WindowCost("listenings"),
    "Query.deliveries": WindowCost("deliveries"),
    "Query.album": ObjectCost("id", "Album"),
    "Query.artist": ObjectCost("id", "Artist"),
    "Query.label": ObjectCost("id", "Label"),
    "Query.track": ObjectCost("id", "Track"),
    "Query.node": ObjectCost("id"),
    "Query.nodes": ObjectCost("ids"),
    "Query._entities": ObjectCost("representations"),
    "Listening.album": JoinCost("Album", ALBUM_STUB),
    "Listening.track": JoinCost("Track", TRACK_STUB),
    "Delivery.album": JoinCost("Album", ALBUM_REFERENCE),
    "Mutation.createToken": CallCost("/oauth/token"),
    "Mutation.revokeToken": CallCost("/oauth/revoke"),
}
"""Every field that can cause a request, by its coordinate in the schema; all others are free."""


ASSUMED_SIZES: Final[dict[str, int]] = {
    "Album.artists": 5,
    "Album.genres": 3,
    "Album.tracks": 20,
    "Track.genres": 3,
    "Track.availableTerritories": 250,
    "Listening.artists": 5,
    "PageCursors.around": 5,
}
"""Items of the lists that an object brings along: no argument bounds them."""


def _is_whole(value: object) -> TypeGuard[int | float]:
    """Whether a JSON value is one that GraphQL takes for an Int: 500.0 is one, too."""
    return type(value) is int or (type(value) is float and value.is_integer())


def window_size(first: object, last: object) -> int:
    """The rows that a window may have; what can't be right costs nothing and counts as usual."""
    for asked in (first, last):
        if _is_whole(asked):
            return min(max(int(asked), 0), LARGEST_WINDOW)
    return DEFAULT_PAGE_SIZE


def window_requests(
    size: int, *, backwards: bool, anchored: bool, counted: bool, unlinked: bool = False
) -> int:
    """The requests that a window of `size` rows costs.

    `backwards`: with `last`, or with `before` alone; `anchored`: with a cursor; `counted`: with
    totalCount or pageCursors; `unlinked`: of a list that comes without Link headers.
    """
    return (
        -(-size // DEFAULT_PAGE_SIZE)
        + TO_START
        + backwards * (TO_FIND_THE_END + unlinked * TO_SEARCH_FOR_THE_END)
        + anchored * TO_RESUME
        + counted * TO_COUNT
    )


def joined_requests(rows: int, type_name: str, joined: Container[str]) -> int:
    """The requests that making one type's objects whole costs, for so many rows.

    `joined` are all types that are made whole for these rows.
    """
    requests = rows * PRICES[type_name].requests
    if type_name == "Track" and "Album" not in joined:
        # an album of two rows or more may be asked for their tracks, and not have them
        requests += rows // 2 * PRICES["Album"].requests
    return requests


def numbers_of(identifiers: Iterable[object], type_name: str | None = None) -> dict[str, set[int]]:
    """The objects that IDs name, by type; of one type also by the bare number.

    What is no ID names nothing: it is refused before any request.
    """
    named: dict[str, set[int]] = {}
    for identifier in identifiers:
        if isinstance(identifier, str):
            text = identifier
        elif _is_whole(identifier):
            text = str(int(identifier))
        else:
            continue
        try:
            if type_name is None:
                found, number = split_global_id(text)
            else:
                found, number = type_name, number_in(text, type_name)
        except BadUserInput:
            continue
        if found in PRICES:
            named.setdefault(found, set()).add(number)
    return named


def numbers_represented(representations: Iterable[object]) -> dict[str, set[int]]:
    """The objects that a gateway's representations name, by type."""
    named: defaultdict[str, set[int]] = defaultdict(set)
    for representation in representations:
        if not isinstance(representation, dict):
            continue
        type_name = representation.get("__typename")
        if isinstance(type_name, str) and type_name in PRICES:
            keys = (representation.get("id"), representation.get("databaseId"))
            for numbers in numbers_of(keys, type_name).values():
                named[type_name] |= numbers
    return named


def weight(coordinate: str) -> int:
    """The requests of one field with its default arguments, for @cost; a join's for one row."""
    match COSTS[coordinate]:
        case WindowCost():
            return window_requests(
                DEFAULT_PAGE_SIZE, backwards=False, anchored=False, counted=False
            )
        case ObjectCost(type_name=str(type_name)) | JoinCost(type_name=type_name):
            return PRICES[type_name].requests
        case ObjectCost():
            return max(price.requests for price in PRICES.values())
        case CallCost():
            return 1
