"""Fetching: a question's answer from the REST API itself, tried as often as that makes sense."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from . import statuses
from .album_path import AlbumPath
from .decoding import Decoded
from .errors import BadResponse, BreakerOpen, BudgetSpent, Dropped, Overloaded, UpstreamError
from .observer import Observer
from .policy import Policy
from .questions import Address, Question
from .readings import Readings
from .retries import Retries
from .sender import Attempts, Sender
from .statuses import failure
from .territories import Folded
from .transport import Answer

T = TypeVar("T")

_SETTLED: Final = frozenset({statuses.OK, statuses.NOT_MODIFIED, statuses.NOT_FOUND})


class Errand(Struct):
    """One question on its way: with whose token, at whose cost, and for how long.

    `etag` is that of an answer that is known already. `remaining` says how many seconds somebody
    still waits.
    """

    token: str
    token_key: bytes
    etag: str | None
    spend: Callable[[], None]
    remaining: Callable[[], float]
    attempts: Attempts

    def __repr__(self) -> str:
        return f"Errand({self.attempts})"


class Fetched(Struct, Generic[T]):
    """The REST API's last answer: a 200 and what it says, a 304, or a 404 that means None."""

    answer: Answer
    decoded: Decoded[T] | None


class Fetcher:
    """Knows where to ask, which answers are worth another try, and what an answer says."""

    def __init__(self, sender: Sender, policy: Policy, observer: Observer) -> None:
        self._sender = sender
        self._observer = observer
        self._retries = Retries(policy)
        self._album_path = AlbumPath()
        self._readings = Readings(policy.readings_bytes)

    async def fetched(self, question: Question[T], errand: Errand) -> Fetched[T]:
        """What the REST API says; raises an UpstreamError where it doesn't."""
        self._retries.earn()
        if len(question.addresses) == 1:
            return await self._at(question.addresses[0], question, errand)
        known = self._album_path.address(question.addresses)
        if known is not None:
            try:
                fetched = await self._at(known, question, errand)
            except BadResponse:
                # What serves no albums any more may redirect, or serve a web page.
                self._album_path.missed()
                raise
            if fetched.answer.status == statuses.NOT_FOUND:
                self._album_path.missed()
            else:
                self._album_path.proved(known)
            return fetched
        return await self._explored(question, errand)

    async def _explored(self, question: Question[T], errand: Errand) -> Fetched[T]:
        """What the REST API says of an album while it is not known at which address it does."""
        async with self._album_path.addresses(question.addresses, errand.remaining()) as addresses:
            doubt: UpstreamError | None = None
            for address in addresses:
                try:
                    fetched = await self._at(address, question, errand)
                except BadResponse as error:
                    # The wrong one of two paths may serve a web page instead of a 404.
                    doubt = error.with_traceback(None)
                    continue
                if fetched.answer.status != statuses.NOT_FOUND:
                    self._album_path.proved(address)
                    return fetched
            if doubt is not None:
                raise doubt
            self._album_path.missed()
            return fetched

    async def _at(self, address: Address, question: Question[T], errand: Errand) -> Fetched[T]:
        errand.attempts.address = address
        answer = await self._answer(errand, self._readings.familiar(question))
        match answer.status:
            case statuses.OK:
                return Fetched(answer, self._read(question, answer, errand.attempts))
            case statuses.NOT_MODIFIED if errand.etag is not None:
                return Fetched(answer, None)
            case statuses.NOT_FOUND if question.absent:
                return Fetched(answer, None)
            case _:
                raise failure(answer.status, answer.headers)

    async def _answer(self, errand: Errand, familiar: Folded | None) -> Answer:
        """The last answer, after as many retries as are allowed."""
        attempts = errand.attempts
        earlier: UpstreamError | None = None
        dropped = False
        try:
            while True:
                try:
                    answer = await self._sender.attempt(
                        attempts,
                        errand.token_key,
                        errand.spend,
                        token=errand.token,
                        etag=errand.etag,
                        familiar=familiar,
                        new=dropped,
                    )
                except (BreakerOpen, BudgetSpent, Overloaded) as refused:
                    # Not sent at all: what an earlier try said is nearer to the truth.
                    raise earlier or refused from None
                except UpstreamError as unanswered:
                    # Without the frames: they hold what has come so far, and this one holds it.
                    error = unanswered.with_traceback(None)
                else:
                    if answer.status in _SETTLED:
                        return answer
                    error = failure(answer.status, answer.headers)
                pause = self._retries.pause(
                    error, attempts.status, attempts.retries + 1, errand.remaining()
                )
                if pause is None:
                    raise error
                earlier = error
                dropped = dropped or isinstance(error, Dropped)
                attempts.retries += 1
                self._observer.retried(attempts.address.route, type(error).__name__)
                await asyncio.sleep(pause)
        finally:
            if attempts.failing:
                self._sender.settle(attempts)

    def _read(self, question: Question[T], answer: Answer, attempts: Attempts) -> Decoded[Any]:
        try:
            decoded = self._readings.read(question, answer)
        except BadResponse as error:
            attempts.misread = True
            self._sender.misread(attempts.address.route, str(error))
            raise
        if decoded.wrong:
            self._sender.misread(attempts.address.route, ", ".join(sorted(decoded.wrong)))
        return decoded
