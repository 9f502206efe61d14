"""The journal: every request to the API in the order of arrival, without tokens and passwords."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

# Enough for any test; a sandbox that serves a benchmark must not grow without end.
KEPT: Final = 200_000


@dataclass(slots=True)
class Entry:
    """One request.

    `status` is None until the answer is decided, and stays so where none is ever given (a hang,
    a reset). `disconnected` says that the caller was gone before it had the answer.
    `duration` is in seconds, None while the request is under way. `user` is the name of the
    account that the token belongs to, None without a valid one. `order` counts from 1.
    """

    order: int
    method: str
    path: str
    query: dict[str, str]
    user: str | None
    status: int | None = None
    duration: float | None = None
    disconnected: bool = False
    effects: tuple[str, ...] = ()
    started: float = field(default_factory=time.perf_counter, repr=False)

    @property
    def target(self) -> str:
        """The path with its query, as in `/api/v1/albums?page=2`."""
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.path}?{query}" if query else self.path

    def as_json(self) -> dict[str, Any]:
        """What GET /_sandbox/requests says of it."""
        return {
            "order": self.order,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "user": self.user,
            "status": self.status,
            "duration": self.duration,
            "disconnected": self.disconnected,
            "effects": self.effects,
        }


class Journal:
    """The requests since the start, or since `clear`.

    `under_way` is how many are being answered now, `high_water` the most that ever were at once.
    """

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._arrived = 0
        self.under_way = 0
        self.high_water = 0

    def __len__(self) -> int:
        """How many requests arrived."""
        return len(self._entries)

    @property
    def entries(self) -> list[Entry]:
        """The requests, in the order of arrival."""
        return list(self._entries)

    @property
    def targets(self) -> list[str]:
        """Each request's path with its query, in the order of arrival."""
        return [entry.target for entry in self.entries]

    def matching(self, path: str = "*", *, user: str | None = None) -> list[Entry]:
        """The requests whose path matches a glob, of one user if one is named."""
        return [
            entry
            for entry in self.entries
            if fnmatchcase(entry.path, path) and user in {None, entry.user}
        ]

    def clear(self) -> None:
        """Forget all requests; `order` counts from 1 again."""
        self._entries.clear()
        self._arrived = 0
        self.high_water = self.under_way

    async def until(
        self, true: Callable[["Journal"], bool], *, seconds: float = 5, every: float = 0.005
    ) -> None:
        """Wait until something is true of the journal; TimeoutError after so many seconds."""
        async with asyncio.timeout(seconds):
            while not true(self):  # noqa: ASYNC110 - a thread's journal can't set this loop's event
                await asyncio.sleep(every)

    def arrival(self, method: str, path: str, query: Mapping[str, str], user: str | None) -> Entry:
        """The entry of a request that has just arrived."""
        self._arrived += 1
        entry = Entry(self._arrived, method, path, dict(query), user)
        self._entries.append(entry)
        self.under_way += 1
        self.high_water = max(self.high_water, self.under_way)
        return entry

    def departure(self, entry: Entry, *, disconnected: bool) -> None:
        """Note that a request is over."""
        self.under_way -= 1
        entry.duration = time.perf_counter() - entry.started
        entry.disconnected = disconnected
