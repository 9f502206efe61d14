"""The territory lists: most of an album's bytes, kept undecoded, and once for all tracks.

Lists of some 250 country codes are 85 % of a page of albums; few of them differ, and they are
seldom selected. So one that was met before is taken out of a body before that is decoded, and put
back afterwards: to compare its bytes costs a third of finding the end of each of its strings.
"""

import secrets
from collections.abc import Iterable
from typing import Final

from msgspec import Raw

from upstream.records import AlbumTrack

LONGEST: Final = 4096
"""Bytes of a list that is kept: all ISO 3166-1 codes take less than half of it."""

_KEY: Final = b'"available_territories":'
_NO_LIST: Final = b"]"
_NOTHING: Final = Raw(b"")
_NEAR: Final = 8192
"""Bytes in which the next key is looked for first: where much is left to be searched, each search
begins with preparations that cost more than to search so far."""
_MOST_UNKNOWN: Final = 2_000
"""Lists of one body that are looked up in vain before the others are left as they are: a page has
few different ones, and each that is unknown costs up to 2 µs."""


class TerritoryLists:
    """The lists of a process; once they are too many, all are forgotten before the next body."""

    def __init__(self, most: int) -> None:
        """`most` is how many lists are kept."""
        self._most = most
        self._marks: dict[bytes, bytes] = {}
        self._lists: dict[bytes, Raw] = {}
        self._latest = _NO_LIST, _NO_LIST
        # What stands in the place of a list must be nothing that a body can have by itself.
        self._secret = secrets.token_hex(8).encode()

    def __len__(self) -> int:
        """How many lists are kept."""
        return len(self._lists)

    def folded(self, body: bytes) -> bytes:
        """The body with a short mark in the place of each list that is known.

        It is as well, or as badly, formed as before. Decode it, and share its lists, before
        anything else is folded.
        """
        if len(self._lists) >= self._most:
            self._marks.clear()
            self._lists.clear()
            self._latest = _NO_LIST, _NO_LIST
        find, starts = body.find, body.startswith
        latest, mark = self._latest
        parts: list[bytes] = []
        done = at = unknown = 0
        # What is found is a key or the end of one, for the quotation marks inside of a string are
        # escaped; and a list that begins as one that is known is that one: its bracket is closed.
        while unknown <= _MOST_UNKNOWN:
            key = find(_KEY, at, at + _NEAR)
            if key < 0 and (key := find(_KEY, at)) < 0:
                break
            at = key + len(_KEY)
            # Most tracks have the list of the one before.
            if not starts(latest, at):
                at += starts(b" ", at)
                candidate = body[at : find(b"]", at, at + LONGEST) + 1]
                known = self._marks.get(candidate)
                if known is None:
                    unknown += 1
                    continue
                latest, mark = candidate, known
            parts += body[done:at], mark
            done = at = at + len(latest)
        self._latest = latest, mark
        parts.append(body[done:])
        return b"".join(parts)

    def share(self, tracks: Iterable[AlbumTrack]) -> int:
        """Let the tracks of a body go of it, marks and all: equal lists are one.

        Returns the bytes of those that are kept here, whoever else has them.
        """
        size = length = 0
        latest = shared = _NOTHING
        for track in tracks:
            raw = track.available_territories
            # Most tracks have the list of the one before.
            if raw != latest:
                latest, text = raw, bytes(raw)
                kept = self._lists.get(text) or self._met(text)
                shared = Raw(text) if kept is None else kept
                length = 0 if kept is None else len(kept)
            track.available_territories = shared
            size += length
        return size

    def _met(self, text: bytes) -> Raw | None:
        """The kept list that this is the text of; None where it is not one to keep."""
        mark = self._marks.get(text)
        if mark is not None:
            return self._lists[mark]
        foldable = text.startswith(b"[") and text.find(b"]") == len(text) - 1
        if not foldable or len(text) > LONGEST or len(self._lists) >= self._most:
            return None
        mark = b'"%b-%d"' % (self._secret, len(self._lists))
        self._marks[text] = mark
        met = self._lists[mark] = Raw(text)
        return met
