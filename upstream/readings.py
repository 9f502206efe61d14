"""Readings: what answers of the catalogue were found to say, used again for the same bytes.

Most of the catalogue is the same for every token, so what one of them is sent has been read for
another one before. Each is asked for with its own token all the same, and only what comes back,
byte for byte what came back before, need not be decoded again: comparing takes a fraction of it,
and all tokens' caches then hold the same records. What is somebody's own (listenings and
deliveries) is read anew each time and not kept here. What is compared is what the territory lists
that were known leave of a body: where one was new, the same bytes are read once more. A body that
has come twice is kept as it came, and the next one compared with it while it comes in.
"""

from typing import Any, Final, TypeVar

from msgspec import Struct

from .decoding import Decoded
from .questions import Question
from .recent import Recent
from .territories import Folded
from .transport import Answer

T = TypeVar("T")

_FEWEST_BYTES: Final = 1024
"""Bytes of a body from which comparing it is cheaper than decoding it."""


class _Reading(Struct):
    text: bytes
    link: str | None
    decoded: Decoded[Any]
    familiar: Folded | None = None


class Readings:
    """The readings of a process, least recently used first; records in them are never changed."""

    def __init__(self, most_bytes: int) -> None:
        """`most_bytes` bounds the bodies that are kept to compare with; with 0 there are none."""
        self._most = most_bytes
        self._held = Recent[_Reading](most_bytes // _FEWEST_BYTES, most_bytes)

    @property
    def bytes(self) -> int:
        """Of the bodies that are kept."""
        return self._held.size

    def familiar(self, question: Question[Any]) -> Folded | None:
        """The body that comes again and again as the answer to a question, if there is one."""
        known = self._held.get(question.key) if self._most else None
        return None if known is None else known.familiar

    def read(self, question: Question[T], answer: Answer) -> Decoded[T]:
        """What an answer says; raises BadResponse where that can't be what was asked for."""
        body = answer.body
        if not self._most or len(body.text) < _FEWEST_BYTES or question.kind != "catalogue":
            return question.read(answer)
        link = answer.header("Link")
        known = self._held.get(question.key)
        if known is not None and known.link == link:
            if body is known.familiar:
                return known.decoded
            if known.text == body.text:
                size = len(body.text) + body.size
                if known.familiar is None and size <= self._most:
                    known.familiar = body.with_its_lists()
                    self._held.put(question.key, known, size)
                return known.decoded
        decoded = question.read(answer)
        # An error that stands in a record would be raised for several callers, by turns.
        if not decoded.wrong:
            self._held.put(question.key, _Reading(body.text, link, decoded), len(body.text))
        return decoded
