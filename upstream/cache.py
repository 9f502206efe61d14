"""The cache: decoded answers of this process, each on the shelf of the token that it came for."""

from collections import OrderedDict
from typing import Any, Final, TypeAlias

from msgspec import Struct

from .freshness import Freshness

_MOST_SHELVES: Final = 10_000
"""Tokens that are known at once; the one that was seen longest ago is forgotten first."""

NEVER: Final = float("-inf")
"""A time before all others."""

_Key: TypeAlias = tuple[bytes, str]


class Entry(Struct, gc=False):
    """One answer. `value` is shared by all who read it and never changed.

    `at` is when the REST API last said that it is so, on the clock of time.monotonic; `batch` is
    the same for all answers that one operation has brought, so that they may be read as one.
    """

    value: Any
    weight: int
    at: float
    freshness: Freshness
    batch: float = 0.0

    def fresh_for(self, now: float) -> float:
        """Seconds for which the answer is still fresh; not above 0 once it is not."""
        return self.at + self.freshness.fresh - now

    def age(self, now: float) -> float:
        """Seconds since the REST API last said so."""
        return max(0.0, now - self.at)

    def may_stand_in(self, now: float) -> bool:
        """Whether the answer may be served while a new one is fetched."""
        return self.fresh_for(now) + self.freshness.while_revalidating > 0

    def may_replace_error(self, now: float) -> bool:
        """Whether the answer may be served while the REST API fails."""
        return self.fresh_for(now) + self.freshness.if_error > 0


class Shelf:
    """What is kept for one token.

    `confirmed_at` is when the last request was sent that the REST API answered for the token.
    `moved_at` is when rows of a list were seen to have moved, by the list's path; what is older
    does not show it as it is. `moves` counts how often any were. A shelf that is not `live` has
    been purged: nothing is put on it or served from it any more, and the token has a new one.
    """

    __slots__ = ("confirmed_at", "keys", "live", "moved_at", "moves", "token_key")

    def __init__(self, token_key: bytes) -> None:
        self.token_key = token_key
        self.confirmed_at = NEVER
        self.moved_at: dict[str, float] = {}
        self.moves = 0
        self.keys: set[str] = set()
        self.live = True

    def outdate(self, path: str, since: float) -> None:
        """Note that rows of a list have moved: an answer that is older shows it as it was."""
        self.moved_at[path] = max(since, self.moved_at.get(path, NEVER))
        self.moves += 1


class Cache:
    """Answers of all tokens, bounded in bytes; what was used longest ago goes first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._shelves: OrderedDict[bytes, Shelf] = OrderedDict()
        self._entries: OrderedDict[_Key, Entry] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        """How many answers there are."""
        return len(self._entries)

    def shelf(self, token_key: bytes) -> Shelf:
        """The live shelf of a token."""
        shelf = self._shelves.get(token_key)
        if shelf is None:
            if len(self._shelves) >= _MOST_SHELVES:
                self.purge(next(iter(self._shelves)))
            shelf = self._shelves[token_key] = Shelf(token_key)
        else:
            self._shelves.move_to_end(token_key)
        return shelf

    def find(self, shelf: Shelf, key: str) -> Entry | None:
        """What is kept, fresh or not."""
        whole = (shelf.token_key, key)
        entry = self._entries.get(whole)
        if entry is None or not shelf.live:
            return None
        self._entries.move_to_end(whole)
        return entry

    def put(self, shelf: Shelf, key: str, entry: Entry) -> None:
        """Keep an answer in the place of an older one, if its shelf is live and it has room."""
        if key in shelf.keys:
            self.drop(shelf, key)
        if not shelf.live or entry.weight > self._most_bytes or not entry.freshness.useful:
            return
        self._entries[shelf.token_key, key] = entry
        shelf.keys.add(key)
        self.bytes += entry.weight
        while self.bytes > self._most_bytes:
            token_key, oldest = next(iter(self._entries))
            self.drop(self._shelves[token_key], oldest)

    def drop(self, shelf: Shelf, key: str) -> None:
        """Forget one answer."""
        if shelf.live and key in shelf.keys:
            shelf.keys.discard(key)
            self.bytes -= self._entries.pop((shelf.token_key, key)).weight

    def purge(self, token_key: bytes) -> None:
        """Forget all of one token, and that it was ever confirmed."""
        shelf = self._shelves.pop(token_key, None)
        if shelf is None:
            return
        for key in shelf.keys:
            self.bytes -= self._entries.pop((token_key, key)).weight
        shelf.keys.clear()
        shelf.live = False

    def clear(self) -> None:
        """Forget all of all tokens."""
        for token_key in list(self._shelves):
            self.purge(token_key)
