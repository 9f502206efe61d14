"""The questions: what can be asked of the REST API by GET, where, and how the answer is read."""

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

from . import decoding, records
from .decoding import Decoded
from .links import links
from .listing import Collection, Listing, Page
from .transport import Answer

Kind: TypeAlias = Literal["catalogue", "finished days", "open days"]
"""How soon an answer grows old: each kind has a setting of its own."""

T = TypeVar("T")

_MOST_KEPT: Final = 2048
"""Questions for albums that are kept: what is asked for again need not be put into words again."""


class Address(Struct, frozen=True):
    """An address of the REST API: the documentation's path, and what is asked of it."""

    route: str
    target: str


class Question(Struct, Generic[T], frozen=True):
    """One thing to know, and the addresses that may answer, in the order of asking.

    `key` names the question whatever address answers it. `absent` says that a 404 means None and
    not a mistake.
    """

    key: str
    addresses: tuple[Address, ...]
    read: Callable[[Answer], Decoded[T]]
    kind: Kind
    absent: bool


SINGULAR: Final = "/api/v1/album/:id"
PLURAL: Final = "/api/v1/albums/:id"


@lru_cache(maxsize=_MOST_KEPT)
def album(number: int) -> Question[records.Album | None]:
    """One album: at the documented path, or at the one that the REST API's own links have."""
    return Question(
        f"/api/v1/albums/{number}",
        (
            Address(SINGULAR, f"/api/v1/album/{number}"),
            Address(PLURAL, f"/api/v1/albums/{number}"),
        ),
        lambda answer: decoding.one(answer.body, records.Album, number),
        "catalogue",
        absent=True,
    )


def artist(number: int) -> Question[records.Artist | None]:
    """One artist."""
    return _one("artists", records.Artist, number)


def label(number: int) -> Question[records.Label | None]:
    """One label."""
    return _one("labels", records.Label, number)


def track(number: int) -> Question[records.Track | None]:
    """One track, with its own cover."""
    return _one("tracks", records.Track, number)


def list_path(collection: Collection) -> str:
    """The path of a collection's lists."""
    return f"/api/v1/{collection}"


def page(listing: Listing, number: int, per_page: int) -> Question[Page]:
    """One page of a list."""
    collection = listing.collection
    route = list_path(collection)
    days = ""
    if listing.since is not None and listing.until is not None:
        days = f"since={listing.since.isoformat()}&until={listing.until.isoformat()}&"
    target = f"{route}?{days}page={number}&per_page={per_page}"

    def read(answer: Answer) -> Decoded[Page]:
        found = decoding.rows(answer.body, collection)
        page = Page(found.value, links(answer.header("Link")))
        return Decoded(page, found.weight, found.wrong)

    return Question(target, (Address(route, target),), read, _kind(listing), absent=False)


def _one(collection: str, kind: Any, number: int) -> Question[Any]:
    target = f"/api/v1/{collection}/{number}"
    return Question(
        target,
        (Address(f"/api/v1/{collection}/:id", target),),
        lambda answer: decoding.one(answer.body, kind, number),
        "catalogue",
        absent=True,
    )


def _kind(listing: Listing) -> Kind:
    if listing.collection not in {"listenings", "deliveries"}:
        return "catalogue"
    if listing.until is None or listing.until >= dt.datetime.now(dt.UTC).date():
        return "open days"
    return "finished days"
