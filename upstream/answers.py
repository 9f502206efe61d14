"""The answers: from the cache, from a request that is under way, or from one of their own."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from time import monotonic
from typing import Any, Final, TypeVar

from msgspec import Struct

from .batches import Batches
from .cache import NEVER, Cache, Shelf
from .caller import Caller, Exchange, Replies, Reply
from .decoding import sendable
from .errors import (
    BudgetSpent,
    Forbidden,
    RateLimited,
    TimedOut,
    Unauthenticated,
    Unavailable,
    UpstreamError,
)
from .fetching import Errand, Fetched, Fetcher
from .flights import Flight, Flights, Waiter
from .freshness import Freshness
from .keepsakes import Keepsakes
from .kept import Kept, Landing
from .listing import Collection
from .observer import Observer
from .policy import Policy
from .questions import Question, list_path
from .sender import Attempts, spend_nothing
from .sharing import NOTHING_KNOWN, Elsewhere, Known, News, shared_answer
from .tokens import Tokens

T = TypeVar("T")

_REFRESH_PATIENCE: Final = 2
"""How many times the patience for one request a refresh in the background may take, queueing
included."""


class _Asked(Struct):
    """One question of a caller, and what has come of it so far.

    `joined` says that its flight was another caller's.
    """

    question: Question[Any]
    attempts: Attempts
    flight: Flight[Landing] | None = None
    joined: bool = False
    outcome: Landing | BaseException | None = None

    def note(self, caller: Caller, started: float) -> None:
        """Add the Exchange to the caller's, however it went."""
        outcome, attempts, flight = self.outcome, self.attempts, self.flight
        landing = outcome if isinstance(outcome, Landing) else _NOTHING
        landed_at = started if flight is None else flight.landed_at
        caller.exchanges.append(
            Exchange(
                attempts.address.route,
                attempts.address.target,
                started - caller.started,
                (landed_at or monotonic()) - started,
                landing.source,
                attempts.status,
                attempts.requests,
                landing.fresh_for,
                landing.stale_age,
            )
        )

    def reply(self) -> Reply[Any] | BaseException:
        """What the caller gets."""
        outcome = self.outcome
        if isinstance(outcome, Landing):
            return Reply(outcome.value, outcome.stale_age, outcome.batch)
        assert outcome is not None  # noqa: S101 - each question has its outcome in the end
        return outcome


_NOTHING: Final = Landing(None, "upstream")


class Answers:
    """Answers each caller from what its own token has brought, as cheaply as policy allows.

    A token is accepted for cached answers only while the REST API has lately answered for it.
    """

    def __init__(  # noqa: PLR0913 - the parts that it joins, by keyword
        self,
        *,
        fetcher: Fetcher,
        batches: Batches,
        tokens: Tokens,
        cache: Cache,
        policy: Policy,
        observer: Observer,
        elsewhere: Elsewhere,
    ) -> None:
        self._elsewhere = elsewhere
        self._fetcher = fetcher
        self._batches = batches
        self._tokens = tokens
        self._cache = cache
        self._kept = Kept(cache, policy, observer)
        self._policy = policy
        self._observer = observer
        self._flights: Flights[Landing] = Flights()

    @property
    def flights(self) -> int:
        """How many questions are under way to the REST API."""
        return len(self._flights)

    async def open(self) -> None:
        """Start to listen to other processes."""
        await self._elsewhere.open(self)

    async def close(self) -> None:
        """Give up all requests that are under way."""
        self._flights.close()
        self._batches.close()
        await self._elsewhere.close()

    def accepted(self, caller: Caller) -> str:
        """The caller's token; raises Unauthenticated where there is no use in asking with it."""
        token = caller.token
        if caller.token_key is None:
            if not sendable(token):
                raise Unauthenticated("a token that can't stand in a header")
            caller.token_key = self._tokens.key(token)
        if self._tokens.is_revoked(caller.token_key):
            raise Unauthenticated("a revoked token")
        return token

    def keepsakes(self, caller: Caller) -> Keepsakes | None:
        """Where things made of a caller's answers may be kept; None without a good token."""
        try:
            self.accepted(caller)
        except Unauthenticated:
            return None
        assert caller.token_key is not None  # noqa: S101 - accepted has worked it out
        shelf = self._cache.shelf(caller.token_key)
        return Keepsakes(self._cache, shelf, self._kept.is_confirmed, self._observer)

    async def reply(self, caller: Caller, question: Question[T]) -> Reply[Any]:
        """The answer to one question; raises what `replies` gives in its place."""
        [outcome] = await self.replies(caller, [question])
        if not isinstance(outcome, BaseException):
            return outcome
        try:
            raise outcome
        finally:
            del outcome  # it holds this frame

    async def replies(
        self, caller: Caller, questions: Sequence[Question[Any]], *, renewed: bool = False
    ) -> Replies[Any]:
        """The answers to some questions, an UpstreamError in the place of each that has none.

        Adds an Exchange for each to the caller's. `renewed` asks the REST API whatever is kept.
        """
        started = monotonic()
        asked = [_Asked(question, Attempts(question.addresses[0])) for question in questions]
        try:
            token = self.accepted(caller)
            assert caller.token_key is not None  # noqa: S101 - accepted has worked it out
            shelf = self._cache.shelf(caller.token_key)
            unanswered = asked
            if not renewed:
                for each in asked:
                    each.outcome = served = self._kept.served(shelf, each.question, started)
                    if served is not None and served.source == "stale":
                        self._refresh(shelf, each.question, token, started)
                unanswered = [each for each in asked if each.outcome is None]
            while unanswered:
                unanswered = await self._ask(caller, token, shelf, unanswered, renewed=renewed)
        except UpstreamError as error:
            # Without the frames: they hold what the others have brought.
            refused = error.with_traceback(None)
            for each in asked:
                if each.outcome is None:
                    each.outcome = refused.fresh()
        finally:
            for each in asked:
                each.note(caller, started)
        return [each.reply() for each in asked]

    async def purge(self, token_key: bytes) -> None:
        """Forget all that is known for a token, here and elsewhere."""
        self._cache.purge(token_key)
        await self._elsewhere.tell("purged", token_key)

    async def revoke(self, token_key: bytes) -> None:
        """Forget all that is known for a token, and accept it no more, here and elsewhere."""
        self.hear("revoked", token_key)
        await self._elsewhere.tell("revoked", token_key)

    async def revive(self, token: str) -> None:
        """Accept a token again that was dead: the REST API has just given it out."""
        token_key = self._tokens.key(token)
        self.hear("revived", token_key)
        # Another process may know of a death of which this one has not heard.
        await self._elsewhere.tell("revived", token_key)

    async def heed(self, error: UpstreamError, token_key: bytes) -> None:
        """Forget all that is known for a token, where an error says that it has lost its rights."""
        if isinstance(error, Unauthenticated | Forbidden):
            await self.purge(token_key)

    def hear(self, news: News, token_key: bytes) -> None:
        """Do here what has become of a token somewhere."""
        self._cache.purge(token_key)
        if news == "revoked":
            self._tokens.revoke(token_key)
        elif news == "revived":
            self._tokens.revive(token_key)

    def outdate(self, caller: Caller, collection: Collection) -> None:
        """Serve nothing of a collection's lists that is older than the caller's operation.

        It has seen that their rows have moved.
        """
        if caller.token_key is not None:
            shelf = self._cache.shelf(caller.token_key)
            shelf.outdate(list_path(collection), caller.started)

    def hear_of_a_gap(self) -> None:
        """Forget everything: any token may have been purged elsewhere."""
        self._cache.clear()

    async def _ask(
        self, caller: Caller, token: str, shelf: Shelf, asked: list[_Asked], *, renewed: bool
    ) -> list[_Asked]:
        """Let each question have its outcome; returns those that have to be asked once more."""
        patience = caller.remaining()
        waiter = Waiter(caller.deadline)
        mine: list[Flight[Landing]] = []
        try:
            for each in asked:
                key = (shelf, each.question.key)
                flight = self._flights.find(key)
                each.joined = flight is not None
                if flight is None:
                    request = self._request(caller, token, shelf, each, renewed=renewed)
                    flight = self._flights.open(key, caller.deadline, request)
                    mine.append(flight)
                each.flight = flight
                waiter.join(flight)
            # What other processes have needs no room at the gate.
            longest = 0 if self._elsewhere.up else patience
            await self._batches.begin(mine, shelf.token_key, longest)
            await waiter.landed()
        finally:
            waiter.leave()
        return [each for each in asked if not self._is_settled(shelf, each, renewed=renewed)]

    def _request(
        self, caller: Caller, token: str, shelf: Shelf, asked: _Asked, *, renewed: bool
    ) -> Callable[[Flight[Landing]], Coroutine[Any, Any, Landing]]:
        return lambda flight: self._flown(
            flight,
            shelf,
            asked.question,
            token=token,
            spend=caller.spend,
            attempts=asked.attempts,
            batch=caller.started,
            renewed=renewed,
        )

    def _is_settled(self, shelf: Shelf, asked: _Asked, *, renewed: bool) -> bool:
        """Whether a question has its outcome, now that its flight has landed, or is given up."""
        assert asked.flight is not None  # noqa: S101 - it was asked
        landed = asked.flight.outcome
        if landed is None:
            landed = TimedOut("the operation's deadline has passed")
        if isinstance(landed, BudgetSpent) and asked.joined:
            return False  # it was not this caller's budget
        if isinstance(landed, TimedOut):
            # It may be this caller alone that could not wait, and the token may be dead.
            landed = self._kept.stand_in(shelf, asked.question, only_if_confirmed=True) or landed
        if isinstance(landed, BaseException):
            asked.outcome = landed.fresh() if isinstance(landed, UpstreamError) else landed
        elif self._tokens.is_revoked(shelf.token_key):
            asked.outcome = Unauthenticated("revoked while it was used")
        elif not asked.joined or landed.source == "stale":
            asked.outcome = landed
        elif renewed and landed.source == "replica":
            return False  # the one that was joined did not ask the REST API
        else:
            asked.outcome = Landing(landed.value, "shared", landed.fresh_for, batch=landed.batch)
        return True

    async def _flown(  # noqa: PLR0913 - one question, whose it is, and what it may take
        self,
        flight: Flight[Landing],
        shelf: Shelf,
        question: Question[T],
        *,
        token: str,
        spend: Callable[[], None],
        attempts: Attempts,
        batch: float,
        renewed: bool = False,
    ) -> Landing:
        """Ask the REST API, keep what it says, or stand in for it while it fails."""
        asked_at = monotonic()
        known = NOTHING_KNOWN
        if self._elsewhere.up is not None:
            known = await self._elsewhere.read(token, shelf.token_key, question.key)
        if known.revoked:
            self.hear("revoked", shelf.token_key)
            raise Unauthenticated("a token that was revoked elsewhere")
        entry = self._kept.newest(shelf, question, known)
        shared = None if renewed else self._kept.of_a_replica(shelf, question, entry, asked_at)
        if shared is not None:
            self._observer.looked_up("redis", "hit")
            return shared
        if self._elsewhere.up:
            self._observer.looked_up("redis", "miss")
        errand = Errand(
            token=token,
            token_key=shelf.token_key,
            etag=None if entry is None else entry.freshness.etag,
            spend=spend,
            remaining=flight.remaining,
            attempts=attempts,
        )
        try:
            fetched = await self._fetcher.fetched(question, errand)
        except (Unauthenticated, Forbidden):
            worth_telling = known.mark is not None or shelf.confirmed_at > NEVER
            self._cache.purge(shelf.token_key)
            if worth_telling:
                self._elsewhere.tell_in_background("purged", shelf.token_key)
            raise
        except UpstreamError as error:
            stood_in = self._instead_of(error, attempts, shelf, question)
            if stood_in is None:
                raise
            return stood_in
        landing, lifetime = self._kept.put(shelf, question, fetched, entry, asked_at, batch=batch)
        if self._elsewhere.up and shelf.live:
            self._share(
                shelf,
                question,
                fetched,
                token=token,
                lifetime=lifetime,
                known=known,
                asked_at=asked_at,
            )
        return landing

    def _share(  # noqa: PLR0913 - one answer, and whose it is
        self,
        shelf: Shelf,
        question: Question[T],
        fetched: Fetched[T],
        *,
        token: str,
        lifetime: Freshness,
        known: Known,
        asked_at: float,
    ) -> None:
        """Let other processes have an answer, or no longer the one that they have."""
        if not lifetime.useful:
            if known.answer is not None:
                self._elsewhere.forget(shelf.token_key, question.key)
        elif fetched.decoded is not None:
            link, body = fetched.answer.header("Link"), fetched.answer.body.unfolded()
            self._elsewhere.write(
                token,
                shelf.token_key,
                question.key,
                mark=known.mark,
                answer=shared_answer(asked_at, lifetime, link, body),
            )

    def _instead_of(
        self, error: UpstreamError, attempts: Attempts, shelf: Shelf, question: Question[T]
    ) -> Landing | None:
        """What may be served in the place of an error of the REST API.

        Only where it fails as such: what it refuses or moves is refused or moved.
        """
        if not (isinstance(error, RateLimited | TimedOut | Unavailable) or attempts.misread):
            return None
        # A REST API that only limits is alive: it may have refused the token, had it answered.
        limiting = isinstance(error, RateLimited)
        return self._kept.stand_in(shelf, question, only_if_confirmed=limiting)

    def _refresh(self, shelf: Shelf, question: Question[T], token: str, now: float) -> None:
        """Ask anew in the background, unless somebody does already."""
        key = (shelf, question.key)
        if self._flights.background >= self._policy.most_refreshes or self._flights.find(key):
            return
        patience = _REFRESH_PATIENCE * self._policy.request_timeout
        attempts = Attempts(question.addresses[0])

        async def refreshed(flight: Flight[Landing]) -> Landing:
            try:
                async with asyncio.timeout(patience):
                    return await self._flown(
                        flight,
                        shelf,
                        question,
                        token=token,
                        spend=spend_nothing,
                        attempts=attempts,
                        batch=now,
                    )
            except TimeoutError:
                pass
            raise TimedOut("no refresh in time")

        # Its own deadline is over at once: a refresh is not worth retries.
        self._flights.open(key, now, refreshed, background=True).begin()
