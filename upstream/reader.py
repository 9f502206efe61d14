"""The reader of one connection: aiohttp's, but plain bodies go past its parser to their use."""

from collections.abc import Callable
from typing import Final

from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage

from . import statuses
from .lane import Lane, Turn
from .slots import Slot

_END_OF_HEAD: Final = b"\r\n\r\n"


class Reader(ResponseHandler):
    """aiohttp's reader of answers, with two things more.

    A plain body may be given on without aiohttp's parser (`expect`). And whoever waits for more of
    a body is told what went wrong: aiohttp leaves them waiting where a chunk is framed wrongly.

    `is_reset` says that its connection was broken off from the other side, and not just closed;
    `slot` is the one that it takes among those being opened, None once it has left it; `turn` the
    one that a large body has or waits for.
    """

    is_reset: bool = False
    slot: Slot | None = None
    turn: Turn | None = None
    _expected: tuple[Callable[[bytes], None], int, Lane | None] | None = None

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's own
        """Read on, where reading was paused: aiohttp asks for it after each piece of a body."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def may_be_used_again(self) -> bool:
        """Whether the connection stands, and nothing has come in since its last answer."""
        transport = self.transport
        return not (transport is None or transport.is_closing() or self.should_close)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End every wait: nothing more will come."""
        self.is_reset = isinstance(exc, OSError)
        super().connection_lost(exc)

    def expect(self, take: Callable[[bytes], None], most: int, lane: Lane | None = None) -> None:
        """Give the next answer's body to `take`, piece by piece, where it can be given as it is.

        That is one of a known length, up to so many bytes, which is not encoded; what reads the
        body from aiohttp then only sees it end. aiohttp's parser would copy each piece once more,
        keep them all, and wake who waits for them each time. A large one takes a turn in the lane,
        if there is one.
        """
        self._expected = take, most, lane

    def data_received(self, data: bytes) -> None:
        """Take what came in; a head by itself, so that its body need not go through the parser."""
        end = 0 if self._expected is None else data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        if len(_END_OF_HEAD) <= end < len(data):
            super().data_received(data[:end])
            data = data[end:]
        super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take a head from the parser, and what has come of its body."""
        head, body = data
        if self._expected is not None and head.code >= statuses.OK:
            take, most, lane = self._expected
            # Once: what comes behind the answer belongs to nobody.
            self._expected = None
            left = _plain_length(head) - body.total_bytes
            if 0 < left <= most - body.total_bytes:
                self.set_parser(_Rest(self, body, left, take), body)
                if body.total_bytes:
                    take(body.read_nowait())
                if lane is not None and left >= lane.large and self.transport is not None:
                    self.turn = lane.enter(self.transport)
        super().feed_data(data, size)

    def end_rest(self, body: StreamReader) -> None:
        """Go on without a parser: whatever comes in now was not asked for."""
        self._payload_parser = None
        self._parser = None
        body.feed_eof()

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """End every wait for what should come."""
        body = self._payload
        cause = () if exc_cause is None else (exc_cause,)
        super().set_exception(exc, *cause)
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(exc, *cause)


def _plain_length(head: RawResponseMessage) -> int:
    """The length of a body that comes as it is, 0 where nobody knows or there is none."""
    if head.chunked or head.code not in statuses.WITH_BODY or "Content-Encoding" in head.headers:
        return 0
    return int(head.headers.get("Content-Length", 0))


class _Rest:
    """What aiohttp gives the rest of a body to."""

    __slots__ = ("_body", "_left", "_reader", "_take")

    def __init__(
        self,
        reader: Reader,
        body: StreamReader,
        left: int,
        take: Callable[[bytes], None],
    ) -> None:
        self._reader = reader
        self._body = body
        self._left = left
        self._take = take

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take the next bytes; what is over is left to be found by who looks for it."""
        if data:
            self._take(data[: self._left])
        over = data[self._left :]
        self._left = max(0, self._left - len(data))
        if self._left == 0:
            self._reader.end_rest(self._body)
            if over:
                self._reader.data_received(over)
        return False, b""

    def feed_eof(self) -> None:
        """Nothing more comes: aiohttp's own parser says what is wrong with that."""
