"""What the lists of one operation bring: a record that stands in one is never fetched again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

from upstream.caller import Reply
from upstream.listing import Collection, Page
from upstream.records import Album, AlbumTrack, Artist, Label, Listening

Kind: TypeAlias = Literal["album", "track", "artist", "label"]

BROUGHT_BY: dict[Kind, frozenset[Collection]] = {
    "album": frozenset({"albums"}),
    "track": frozenset({"albums"}),
    "artist": frozenset({"albums", "artists", "listenings"}),
    "label": frozenset({"albums", "labels", "listenings"}),
}
"""The lists in which a whole record of each kind can stand."""

LONGEST_WAIT_FOR_LISTS = 0.25
"""The part of the operation's remaining time for which a request by ID waits for lists under way.

Past it the request is sent: a list that hangs must not take an object along that could be had.
"""


class Arrivals:
    """The lists that one operation has under way, and the records that they brought."""

    def __init__(self) -> None:
        self._under_way: dict[asyncio.Future[None], Collection] = {}
        self._unread: dict[Collection, list[Reply[Page]]] = {}
        self._records: dict[tuple[Kind, int], tuple[Any, float | None]] = {}

    @contextmanager
    def expected(self, collection: Collection) -> Iterator[None]:
        """Mark a list as under way for as long as the block lasts."""
        arrival = asyncio.get_running_loop().create_future()
        self._under_way[arrival] = collection
        try:
            yield
        finally:
            del self._under_way[arrival]
            arrival.set_result(None)

    async def settled(self, kind: Kind, remaining: float) -> None:
        """Wait for the lists that can bring such a record, a part of `remaining` seconds long."""
        lists = [
            arrival
            for arrival, collection in self._under_way.items()
            if collection in BROUGHT_BY[kind]
        ]
        if lists:
            await asyncio.wait(lists, timeout=remaining * LONGEST_WAIT_FOR_LISTS)

    def bring(self, collection: Collection, page: Reply[Page]) -> None:
        """Keep a page's records; they are looked at only when somebody asks for one by ID."""
        self._unread.setdefault(collection, []).append(page)

    def find(self, kind: Kind, number: int) -> Reply[Any] | None:
        """The record of this kind and number that a list has brought, as old as that, or None."""
        if not self._unread.keys().isdisjoint(BROUGHT_BY[kind]):
            for collection in BROUGHT_BY[kind]:
                # The latest first: what it has stays, whatever an older one says.
                for page in reversed(self._unread.pop(collection, [])):
                    self._read(collection, page)
        found = self._records.get((kind, number))
        return None if found is None else Reply(*found)

    def _read(self, collection: Collection, page: Reply[Page]) -> None:
        age = page.stale_age
        for row in page.value.rows:
            if isinstance(row, Album):
                self._keep("album", row, age)
                for track in row.tracks if isinstance(row.tracks, tuple) else ():
                    self._keep("track", track, age)
            if isinstance(row, Album | Listening):
                self._keep("label", row.label, age)
                for artist in row.artists if isinstance(row.artists, tuple) else ():
                    self._keep("artist", artist, age)
            elif collection == "artists":
                self._keep("artist", row, age)
            elif collection == "labels":
                self._keep("label", row, age)

    def _keep(self, kind: Kind, record: Any, age: float | None) -> None:
        # where the REST API lied, an exception stands for the record or for its number
        if isinstance(record, Album | AlbumTrack | Artist | Label) and isinstance(
            record.database_id, int
        ):
            self._records.setdefault((kind, record.database_id), (record, age))
