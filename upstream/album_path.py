"""The album path: which of two paths answers for one album, learned from albums that came back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Final

from .questions import Address

DOUBTFUL_MISSES: Final = 10
"""Misses in a row, without an album between them, that make a known path doubtful."""

DOUBTFUL_SECONDS: Final = 60.0
"""Seconds since the last proof or doubt, within which no number of misses does."""

LONGEST_WAIT: Final = 1.0
"""Seconds for which an album waits for another one to find the path out."""

_SHARE_OF_WAIT: Final = 0.25
"""The part of its remaining time for which an album waits at most."""


class AlbumPath:
    """The documentation has one path, the REST API's own links another, and one may be missing.

    Only an album proves a path: a 404 may be true of the album. Once a path is known, a 404 on it
    is believed; but should no album come from it for long, the other one is asked too, once a
    minute at most, so that a move of the REST API needs no restart here.
    """

    def __init__(self) -> None:
        self._known: str | None = None
        self._misses = 0
        self._settled_at = 0.0
        self._exploration: asyncio.Event | None = None

    def address(self, candidates: tuple[Address, ...]) -> Address | None:
        """The one address to ask for an album; None while that is unknown, or in doubt."""
        known = self._known
        if known is None or (
            self._misses >= DOUBTFUL_MISSES and monotonic() - self._settled_at >= DOUBTFUL_SECONDS
        ):
            return None
        for address in candidates:
            if address.route == known:
                return address
        return None

    @asynccontextmanager
    async def addresses(
        self, candidates: tuple[Address, ...], remaining: float
    ) -> AsyncIterator[tuple[Address, ...]]:
        """The addresses to ask for one album, in order; with two, the second on a 404 on the first.

        While no path is known, one caller explores and the others wait for what it finds, but
        only for a part of their `remaining` seconds: an album that hangs must not take the
        others along.
        """
        under_way = self._exploration
        if self._known is None and under_way is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(LONGEST_WAIT, remaining * _SHARE_OF_WAIT)):
                    await under_way.wait()
            if self._exploration is under_way:
                self._exploration = None  # it hangs: the first who has waited takes its place
        if self._known is not None:
            known = self.address(candidates)
            yield self._doubted(candidates) if known is None else (known,)
            return
        if self._exploration is not None:
            yield candidates
            return
        self._exploration = exploration = asyncio.Event()
        try:
            yield candidates
        finally:
            if self._exploration is exploration:
                self._exploration = None
            exploration.set()

    def proved(self, address: Address) -> None:
        """An album came back from this address."""
        self._known = address.route
        self._misses = 0
        self._settled_at = monotonic()

    def missed(self) -> None:
        """At every address that was asked there was a 404, or no album in what came."""
        self._misses += 1

    def _doubted(self, candidates: tuple[Address, ...]) -> tuple[Address, ...]:
        """Both addresses, the known one first; that settles the doubt for a while."""
        self._misses = 0
        self._settled_at = monotonic()
        return tuple(sorted(candidates, key=lambda address: address.route != self._known))
