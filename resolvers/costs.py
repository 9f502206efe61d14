"""Costs: how many upstream requests each field can cause, at most.

The one model behind an operation's estimate, the explain mode and the cost directives in the
SDL. It is a worst case that holds whatever the REST API does, but for retries: `per_page` may be
ignored, rows may move, nothing is cached, no two fields ask for the same. What a field costs in
fact is at most this.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from resolvers.errors import BadUserInput
from resolvers.global_ids import split_global_id
from upstream.listing import DEFAULT_PAGE_SIZE

DEFAULT_WINDOW: Final = 25
"""Rows of a connection where neither `first` nor `last` is given."""

LARGEST_WINDOW: Final = 500
"""The most that `first` and `last` may ask for."""

ALBUM_STUB: Final = frozenset({"id", "databaseId", "title"})
"""The fields of an album that a listening brings."""

ALBUM_REFERENCE: Final = frozenset({"id", "databaseId"})
"""The fields of an album that a delivery brings."""

TRACK_STUB: Final = frozenset({"id", "databaseId", "isrc"})
"""The fields of a track that a listening brings."""

TO_FIND_THE_END: Final = 1
"""Requests more for `last` without `before`."""

TO_COUNT: Final = 1
"""Requests more where `totalCount` or `pageCursors` is selected, or both."""

TO_FIND_A_SHIFT: Final = 2
"""Requests more where rows were inserted or deleted in front of a cursor."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What one object by its number costs: an album twice until its address is known.

    The REST API documents `/album/:id` and links to `/albums/:id`; the first request finds out
    which one answers, and one that finds nothing has asked at both.
    """

    album: int = 2
    other: int = 1

    def of(self, type_name: str) -> int:
        """The price of an object of this type."""
        return self.album if type_name == "Album" else self.other


KNOWING_NOTHING: Final = Prices()
"""What holds before anything was asked."""


@dataclass(frozen=True, slots=True)
class WindowCost:
    """A field that shows a window of a list."""

    route: str


@dataclass(frozen=True, slots=True)
class ObjectCost:
    """A field that shows objects by their number.

    One of the type `type_name`; without it, those that `argument` names.
    """

    type_name: str | None = None
    argument: str = ""


@dataclass(frozen=True, slots=True)
class JoinCost:
    """A field that is fetched for each row of a list once more than `brought` is selected of it."""

    type_name: str
    brought: frozenset[str]


@dataclass(frozen=True, slots=True)
class CallCost:
    """A field that sends one request, whatever is selected."""

    route: str


Cost = WindowCost | ObjectCost | JoinCost | CallCost

COSTS: Final[dict[str, Cost]] = {
    "Query.albums": WindowCost("/api/v1/albums"),
    "Query.artists": WindowCost("/api/v1/artists"),
    "Query.labels": WindowCost("/api/v1/labels"),
    "Query.listenings": WindowCost("/api/v1/listenings"),
    "Query.deliveries": WindowCost("/api/v1/deliveries"),
    "Query.album": ObjectCost("Album"),
    "Query.artist": ObjectCost("Artist"),
    "Query.label": ObjectCost("Label"),
    "Query.track": ObjectCost("Track"),
    "Query.node": ObjectCost(argument="id"),
    "Query.nodes": ObjectCost(argument="ids"),
    "Query._entities": ObjectCost(argument="representations"),
    "Listening.album": JoinCost("Album", ALBUM_STUB),
    "Listening.track": JoinCost("Track", TRACK_STUB),
    "Delivery.album": JoinCost("Album", ALBUM_REFERENCE),
    "Mutation.createToken": CallCost("/oauth/token"),
    "Mutation.revokeToken": CallCost("/oauth/revoke"),
}
"""Every field that can cause a request, by its coordinate in the schema; all others are free."""

ROUTES: Final[dict[str, str]] = {
    "Album": "/api/v1/albums/:id",
    "Artist": "/api/v1/artists/:id",
    "Label": "/api/v1/labels/:id",
    "Track": "/api/v1/tracks/:id",
}
"""Where the REST API has the objects of each type, as its documentation writes it."""


def window_size(first: object, last: object) -> int:
    """The rows that a window's arguments ask for at most; what can't be right counts as usual."""
    for asked in (first, last):
        if type(asked) is int:
            return min(max(asked, 0), LARGEST_WINDOW)
    return DEFAULT_WINDOW


def window_requests(size: int, *, from_end: bool, anchored: bool, counted: bool) -> int:
    """The requests that a window of `size` rows costs at most, by the contract's table.

    `from_end`: last without before; `anchored`: there is a cursor; `counted`: totalCount or
    pageCursors is selected.
    """
    pages = -(-size // DEFAULT_PAGE_SIZE) + 2
    return pages + from_end * TO_FIND_THE_END + anchored * TO_FIND_A_SHIFT + counted * TO_COUNT


def joined_requests(rows: int, type_name: str, joined: Collection[str], prices: Prices) -> int:
    """The requests that the whole objects of one type cost at most, for so many rows.

    `joined` are all the types that are made whole for these rows.
    """
    requests = rows * prices.of(type_name)
    if type_name == "Track" and "Album" not in joined:
        # an album of two rows or more may be asked for its tracks, and not have them
        requests += rows // 2 * prices.album
    return requests


def distinct_objects(identifiers: Iterable[object]) -> Counter[str]:
    """How many different objects of each type global IDs name; a malformed one names none."""
    found: Counter[str] = Counter()
    for identifier in {each for each in identifiers if isinstance(each, str)}:
        try:
            type_name, _ = split_global_id(identifier)
        except BadUserInput:
            continue
        found[type_name] += type_name in ROUTES
    return +found


def distinct_entities(representations: Iterable[object]) -> Counter[str]:
    """How many different objects of each type a gateway's representations name, at most."""
    keys = {
        (str(representation.get("__typename")), identifier, database_id)
        for representation in representations
        if isinstance(representation, dict)
        and isinstance(identifier := representation.get("id"), str | int | None)
        and isinstance(database_id := representation.get("databaseId"), str | int | None)
    }
    return Counter(type_name for type_name, _, _ in keys if type_name in ROUTES)
