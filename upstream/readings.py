"""Readings: what answers of the catalogue were found to say, used again for the same bytes.

Most of the catalogue is the same for every token, so what one of them is sent has been read for
another one before. Each is asked for with its own token all the same, and only what comes back,
byte for byte what came back before, need not be decoded again: comparing takes a fraction of it,
and all tokens' caches then hold the same records. What is somebody's own (listenings and
deliveries) is read anew each time and not kept here.
"""

from collections import OrderedDict
from typing import Any, Final, TypeVar

from msgspec import Struct

from upstream.decoding import Decoded
from upstream.questions import Question
from upstream.transport import Answer

T = TypeVar("T")

_FEWEST_BYTES: Final = 1024
"""Bytes of a body from which comparing it is cheaper than decoding it."""


class _Reading(Struct):
    body: bytes
    link: str | None
    decoded: Decoded[Any]


class Readings:
    """The readings of a process, least recently used first; records in them are never changed."""

    def __init__(self, most_bytes: int) -> None:
        """`most_bytes` bounds the bodies that are kept to compare with; with 0 there are none."""
        self._most = most_bytes
        self._held: OrderedDict[str, _Reading] = OrderedDict()
        self.bytes = 0

    def read(self, question: Question[T], answer: Answer) -> Decoded[T]:
        """What an answer says; raises BadResponse where that can't be what was asked for."""
        body = answer.body
        if not _FEWEST_BYTES <= len(body) <= self._most or question.kind != "catalogue":
            return question.read(answer)
        link = answer.header("Link")
        known = self._held.get(question.key)
        if known is not None and known.body == body and known.link == link:
            self._held.move_to_end(question.key)
            return known.decoded
        decoded = question.read(answer)
        # An error that stands in a record would be raised for several callers, by turns.
        if not decoded.wrong:
            self._keep(question.key, _Reading(body, link, decoded))
        return decoded

    def _keep(self, key: str, reading: _Reading) -> None:
        self._forget(self._held.pop(key, None))
        self._held[key] = reading
        self.bytes += len(reading.body)
        while self.bytes > self._most:
            self._forget(self._held.popitem(last=False)[1])

    def _forget(self, reading: _Reading | None) -> None:
        if reading is not None:
            self.bytes -= len(reading.body)
