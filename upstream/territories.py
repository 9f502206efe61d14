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

_KEY: Final = b'"available_territories":'
_NO_LIST: Final = b"]"
_LONGEST: Final = 4096
"""Bytes of a list that is kept: all ISO 3166-1 codes take less than half of it."""


class TerritoryLists:
    """The lists of a process; those that were met are forgotten together when they are too many."""

    def __init__(self, most: int) -> None:
        """`most` is how many lists are kept, but for those of the body that is being decoded."""
        self._most = most
        self._marks: dict[bytes, bytes] = {}
        self._lists: dict[bytes, Raw] = {}
        self._latest = _NO_LIST, b""
        # What stands in the place of a list must be nothing that a body can have by itself.
        self._secret = secrets.token_hex(8).encode()

    def __len__(self) -> int:
        """How many lists are kept."""
        return len(self._lists)

    def folded(self, body: bytes) -> bytes:
        """The body with a short mark in the place of each list that is known.

        It is as well, or as badly, formed as before. Decode it before anything else is folded.
        """
        if len(self._lists) >= self._most:
            self._marks.clear()
            self._lists.clear()
            self._latest = _NO_LIST, b""
        find, starts = body.find, body.startswith
        latest, mark = self._latest
        parts: list[bytes] = []
        done = at = 0
        while (at := find(_KEY, at)) >= 0:
            at += len(_KEY)
            # Most have the list of the one before. The value can't go on behind it: its bracket
            # is closed. Nor is the key inside a string: its quotation marks would be escaped.
            if not starts(latest, at):
                at += starts(b" ", at)
                candidate = body[at : find(b"]", at, at + _LONGEST) + 1]
                known = self._marks.get(candidate)
                if known is None:
                    continue
                latest, mark = candidate, known
            parts += body[done:at], mark
            done = at = at + len(latest)
        self._latest = latest, mark
        parts.append(body[done:])
        return b"".join(parts)

    def share(self, tracks: Iterable[AlbumTrack]) -> int:
        """Let the tracks of a body go of it, marks and all: equal lists are one; their bytes."""
        known, size = self._lists.get, 0
        for track in tracks:
            text = bytes(track.available_territories)
            shared = known(text)
            if shared is None:
                shared = self._met(text)
            track.available_territories = shared
            size += len(shared)
        return size

    def _met(self, text: bytes) -> Raw:
        """The list that this is the text of."""
        mark = self._marks.get(text)
        if mark is not None:
            return self._lists[mark]
        met = Raw(text)
        if len(text) <= _LONGEST:
            mark = b'"%b-%d"' % (self._secret, len(self._lists))
            self._marks[text] = mark
            self._lists[mark] = met
        return met
