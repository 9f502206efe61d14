"""The territory lists: most of an album's bytes, kept undecoded, and once for all tracks.

Lists of some 250 country codes are 85 % of a page of albums; few of them differ, and they are
seldom selected. So one that was met before is taken out of a body while that comes in, piece by
piece, and put back once the rest is decoded: to compare its bytes costs a third of finding the end
of each of its strings, and two megabytes that nobody asked for are never in memory at once.
"""

import re
import secrets
from collections.abc import Iterable
from typing import Final

from msgspec import Raw, Struct

from .records import AlbumTrack

LONGEST: Final = 4096
"""Bytes of a list that is kept: all ISO 3166-1 codes take less than half of it."""

MOST: Final = 2048
"""Different lists that are kept."""

_KEY: Final = b'"available_territories":'
_NO_LIST: Final = b"]"
_NOTHING: Final = Raw(b"")
_NEAR: Final = 8192
"""Bytes in which the next key is looked for first: where much is left to be searched, each search
begins with preparations that cost more than to search so far."""
_SEAM: Final = 2 * LONGEST
"""Bytes behind a place within which a list that is kept, and holds that place, has its end."""
_MOST_UNKNOWN: Final = 2_000
"""Lists of one body that are looked up in vain before the others are left as they are: a page has
few different ones, and each that is unknown costs up to 2 µs."""


class _Generation:
    """Lists that were met, and their marks: each stands for the same list for ever."""

    __slots__ = ("latest", "lists", "marked", "marks", "most", "secret")

    def __init__(self, most: int) -> None:
        self.most = most
        self.marks: dict[bytes, bytes] = {}
        self.lists: dict[bytes, Raw] = {}
        self.latest = _NO_LIST, _NO_LIST
        # What stands in the place of a list must be nothing that a body can have by itself.
        self.secret = secrets.token_hex(8).encode()
        self.marked = re.compile(b'"' + self.secret + b'-[0-9]+"')

    def met(self, text: bytes) -> Raw | None:
        """The kept list that this is the text of; None where it is not one to keep."""
        mark = self.marks.get(text)
        if mark is not None:
            return self.lists[mark]
        foldable = text.startswith(b"[") and text.find(b"]") == len(text) - 1
        if not foldable or len(text) > LONGEST or len(self.lists) >= self.most:
            return None
        mark = b'"%b-%d"' % (self.secret, len(self.lists))
        self.marks[text] = mark
        met = self.lists[mark] = Raw(text)
        return met


_NO_LISTS: Final = _Generation(0)


class Folded(Struct, frozen=True):
    """A body with a short mark in the place of each list that was known.

    `text` is as well, or as badly, formed as the body; equal texts are of equal bodies. `size` is
    the number of the body's own bytes. It keeps all lists of its time in memory.
    """

    text: bytes
    size: int
    _generation: _Generation

    def __repr__(self) -> str:
        return f"Folded({self.size} bytes)"

    def unfolded(self) -> bytes:
        """The body as it came."""
        lists = self._generation.lists
        return self._generation.marked.sub(lambda mark: bytes(lists[mark[0]]), self.text)

    def with_its_lists(self) -> "Folded":
        """The same body with nothing left out, which keeps no lists but its own."""
        return Folded(self.unfolded(), self.size, _NO_LISTS)

    def share(self, tracks: Iterable[AlbumTrack]) -> int:
        """Let the tracks of a body go of it, marks and all: equal lists are one.

        Returns the bytes of those that are kept here, whoever else has them.
        """
        generation = self._generation
        size = length = 0
        latest = shared = _NOTHING
        for track in tracks:
            raw = track.available_territories
            # Most tracks have the list of the one before.
            if raw != latest:
                latest, text = raw, bytes(raw)
                kept = generation.lists.get(text) or generation.met(text)
                shared = Raw(text) if kept is None else kept
                length = 0 if kept is None else len(kept)
            track.available_territories = shared
            size += length
        return size


class Folding:
    """One body while it comes in."""

    __slots__ = ("_familiar", "_generation", "_latest", "_parts", "_pending", "_size", "_unknown")

    def __init__(self, generation: _Generation, familiar: Folded | None) -> None:
        self._generation = generation
        self._familiar = familiar
        self._latest = generation.latest
        self._parts: list[bytes] = []
        self._pending = b""
        self._unknown = 0
        self._size = 0

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the body."""
        familiar = self._familiar
        if familiar is not None:
            if familiar.text.startswith(piece, self._size):
                self._size += len(piece)
                return
            self._fold_instead(familiar)
        self._size += len(piece)
        before = self._pending
        if not before:
            self._pending = piece  # it may be all
            return
        if len(before) > _SEAM:
            before = before[self._fold(before, 0, whole=False) :]
        # Only where the two meet is copied: what is large is best let go of at once.
        seam = before + piece[:_SEAM]
        if len(piece) <= _SEAM:
            self._pending = seam
            return
        at = self._fold(seam, 0, whole=False) - len(before)
        self._pending = piece[self._fold(piece, at, whole=False) :]

    def folded(self) -> Folded:
        """The whole body, of which nothing more will come."""
        familiar = self._familiar
        if familiar is not None:
            if self._size == familiar.size:
                return familiar
            self._fold_instead(familiar)
        self._fold(self._pending, 0, whole=True)
        self._generation.latest = self._latest
        return Folded(b"".join(self._parts), self._size, self._generation)

    def _fold_instead(self, familiar: Folded) -> None:
        """Take the body for another one, of which so far the same has come."""
        self._familiar = None
        self._pending = familiar.text[: self._size]

    def _fold(self, text: bytes, at: int, *, whole: bool) -> int:
        """Fold a text from a place on, up to where it depends on what follows; that place."""
        find, starts, marks = text.find, text.startswith, self._generation.marks
        latest, mark = self._latest
        length, key_length = len(latest), len(_KEY)
        parts, unknown = self._parts, self._unknown
        done = at
        end = len(text) if whole else max(0, len(text) - key_length + 1)
        # What is found is a key or the end of one, for the quotation marks inside of a string are
        # escaped; and a list that begins as one that is known is that one: its bracket is closed.
        while unknown <= _MOST_UNKNOWN:
            key = find(_KEY, at, at + _NEAR)
            if key < 0 and (key := find(_KEY, at)) < 0:
                break
            at = key + key_length
            # Most tracks have the list of the one before.
            if not starts(latest, at):
                if not whole and len(text) - at <= LONGEST:
                    end = key
                    break
                at += starts(b" ", at)
                candidate = text[at : find(b"]", at, at + LONGEST) + 1]
                known = marks.get(candidate)
                if known is None:
                    unknown += 1
                    continue
                latest, mark, length = candidate, known, len(candidate)
            parts += text[done:at], mark
            done = at = at + length
        end = max(end, done)
        parts.append(text[done:end])
        self._latest, self._unknown = (latest, mark), unknown
        return end


class TerritoryLists:
    """The lists of a process; once they are too many, the next body begins with none."""

    def __init__(self, most: int) -> None:
        """`most` is how many lists are kept."""
        self._generation = _Generation(most)

    def __len__(self) -> int:
        """How many lists are kept."""
        return len(self._generation.lists)

    def folding(self, familiar: Folded | None = None) -> Folding:
        """A body that is going to come in.

        Where it is the familiar one, which must be with its lists, that very object is what it is
        folded to: to compare costs less.
        """
        if len(self) >= self._generation.most:
            self._generation = _Generation(self._generation.most)
        return Folding(self._generation, familiar)

    def folded(self, body: bytes) -> Folded:
        """A body that is here."""
        folding = self.folding()
        folding.feed(body)
        return folding.folded()


LISTS: Final = TerritoryLists(MOST)
