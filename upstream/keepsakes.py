"""Keepsakes: what others make of one token's answers, kept beside them and gone with them."""

from collections.abc import Callable, Hashable
from typing import Any

from .cache import Cache, Entry, Shelf
from .freshness import Freshness
from .observer import Observer


class Keepsakes:
    """The keepsakes of one token, as they may be used during one operation.

    What is put here shares the cache's bound in bytes. A token that is purged loses all of it;
    an operation that began before cannot put anything back. Nor is anything found that was put by
    one that began before rows of a list were seen to have moved: it may show that list as it was.
    """

    __slots__ = ("_cache", "_confirmed", "_moves", "_observer", "_shelf")

    def __init__(
        self,
        cache: Cache,
        shelf: Shelf,
        confirmed: Callable[[Shelf, float], bool],
        observer: Observer,
    ) -> None:
        """`confirmed` tells whether the REST API has lately accepted the shelf's token."""
        self._observer = observer
        self._cache = cache
        self._shelf = shelf
        self._moves = shelf.moves
        self._confirmed = confirmed

    @property
    def owner(self) -> Hashable:
        """What stands for the token until it is purged; equal only to itself."""
        return self._shelf

    def find(self, key: str, now: float) -> tuple[Any, float] | None:
        """What was put under a key and the seconds for which it is fresh; None where it is not."""
        entry = self._cache.find(self._shelf, self._named(key))
        fresh_for = 0.0 if entry is None else entry.fresh_for(now)
        if entry is None or fresh_for <= 0 or not self._confirmed(self._shelf, now):
            self._observer.looked_up("keepsakes", "miss")
            return None
        self._observer.looked_up("keepsakes", "hit")
        return entry.value, fresh_for

    def put(self, key: str, value: Any, *, weight: int, fresh_for: float, now: float) -> None:
        """Keep something of so many bytes for so many seconds."""
        lifetime = Freshness(stored=True, fresh=fresh_for, while_revalidating=0, if_error=0)
        self._cache.put(self._shelf, self._named(key), Entry(value, weight, now, lifetime))

    def _named(self, key: str) -> str:
        return f"{self._moves} {key}"
