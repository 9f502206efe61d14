"""What is kept of answers: when it may be served, and when it may stand in for the REST API."""

from time import monotonic
from typing import Any, TypeVar

from msgspec import Struct
from multidict import CIMultiDict, CIMultiDictProxy

from . import statuses
from .cache import NEVER, Cache, Entry, Shelf
from .caller import Source
from .errors import BadResponse
from .fetching import Fetched
from .freshness import NOT_KEPT, Freshness, freshness, renewed
from .links import links
from .listing import Page
from .observer import Observer
from .policy import Policy
from .questions import Question
from .sharing import Known
from .territories import LISTS
from .transport import Answer

T = TypeVar("T")


class Landing(Struct):
    """What came of a question: the answer, and what an Exchange says of it."""

    value: Any
    source: Source
    fresh_for: float = 0.0
    stale_age: float | None = None
    batch: float | None = None


class Kept:
    """The answers that are kept for each token, as far as policy allows.

    A token is accepted for them only while the REST API has lately answered for it.
    """

    def __init__(self, cache: Cache, policy: Policy, observer: Observer) -> None:
        self._cache = cache
        self._policy = policy
        self._observer = observer

    def served(self, shelf: Shelf, question: Question[Any], now: float) -> Landing | None:
        """What may be served without asking; where its source is "stale", ask anew meanwhile."""
        entry = self._entry(shelf, question)
        landing = None
        if entry is not None and self._may_be_served(shelf, question, entry, now):
            fresh_for = entry.fresh_for(now)
            if fresh_for > 0:
                landing = Landing(entry.value, "cache", fresh_for, batch=entry.batch)
            elif entry.may_stand_in(now):
                landing = Landing(entry.value, "stale", 0.0, entry.age(now), entry.batch)
        if landing is None:
            self._observer.looked_up("memory", "miss")
        else:
            self._observer.looked_up("memory", "hit" if landing.source == "cache" else "stale")
        return landing

    def of_a_replica(
        self, shelf: Shelf, question: Question[Any], entry: Entry | None, now: float
    ) -> Landing | None:
        """The newest answer where that is still fresh, which another process may have brought."""
        if entry is None or not self._may_be_served(shelf, question, entry, now):
            return None
        fresh_for = entry.fresh_for(now)
        return (
            Landing(entry.value, "replica", fresh_for, batch=entry.batch) if fresh_for > 0 else None
        )

    def stand_in(
        self, shelf: Shelf, question: Question[Any], *, only_if_confirmed: bool = False
    ) -> Landing | None:
        """What may be served while the REST API fails."""
        now = monotonic()
        entry = self._cache.find(shelf, question.key)
        if entry is None or not entry.may_replace_error(now):
            return None
        if only_if_confirmed and not self.is_confirmed(shelf, now):
            return None
        self._observer.looked_up("memory", "stale")
        return Landing(entry.value, "stale", 0.0, entry.age(now))

    def newest(self, shelf: Shelf, question: Question[T], known: Known) -> Entry | None:
        """The newer one of what is kept here and what is known elsewhere, which is then kept."""
        entry = self._entry(shelf, question)
        shared = known.answer
        if shared is None or (entry is not None and entry.at >= shared.given_at()):
            return entry
        headers = CIMultiDict[str]()
        if shared.link is not None:
            headers["Link"] = shared.link
        answer = Answer(statuses.OK, CIMultiDictProxy(headers), LISTS.folded(shared.body))
        try:
            decoded = question.read(answer)
        except BadResponse:
            return entry  # written by another version of this program
        at = shared.given_at()
        newest = Entry(decoded.value, decoded.weight, at, shared.freshness, batch=at)
        self._cache.put(shelf, question.key, newest)
        return newest

    def put(  # noqa: PLR0913 - one answer, and when it came for whom
        self,
        shelf: Shelf,
        question: Question[T],
        fetched: Fetched[T],
        before: Entry | None,
        asked_at: float,
        *,
        batch: float,
    ) -> tuple[Landing, Freshness]:
        """Keep an answer, and the knowledge that the token is good.

        A 404 proves nothing of a token: some APIs say so before they look at it.
        """
        answer = fetched.answer
        if answer.status == statuses.NOT_FOUND:
            self._cache.drop(shelf, question.key)
            return Landing(None, "upstream"), NOT_KEPT
        shelf.confirmed_at = max(shelf.confirmed_at, asked_at)
        lifetime = freshness(answer, question.kind, self._policy)
        value: Any
        if fetched.decoded is not None:
            value, weight = fetched.decoded.value, fetched.decoded.weight
            if fetched.decoded.wrong:
                # What is wrong may be right the next time; and an exception that is kept, and
                # raised again and again, collects tracebacks.
                lifetime = NOT_KEPT
        else:
            # A 304 comes only to who has sent an ETag, so there is an entry.
            assert before is not None  # noqa: S101
            value, weight = before.value, before.weight
            lifetime = renewed(before.freshness, lifetime, answer)
            if isinstance(value, Page) and "Link" in answer.headers:
                # These rows are as they were, but there may be new ones behind them.
                value = Page(value.rows, links(answer.header("Link")))
        entry = Entry(value, weight, asked_at, lifetime, batch)
        self._cache.put(shelf, question.key, entry)
        fresh_for = lifetime.fresh
        if fresh_for > 0:
            # From now on, and not from when it was asked for: others may join until it lands.
            fresh_for = max(0.0, fresh_for - int(monotonic() - asked_at))
        return Landing(value, "upstream", fresh_for), lifetime

    def is_confirmed(self, shelf: Shelf, now: float) -> bool:
        """Whether the REST API has answered for the token lately enough to serve from a cache."""
        return now - shelf.confirmed_at < self._policy.token_confirmed_within

    def _entry(self, shelf: Shelf, question: Question[Any]) -> Entry | None:
        return self._cache.find(shelf, question.key) if question.key in shelf.keys else None

    def _may_be_served(
        self, shelf: Shelf, question: Question[Any], entry: Entry, now: float
    ) -> bool:
        """Whether the token is good, and the list's rows have not moved since."""
        if not self.is_confirmed(shelf, now):
            return False
        if not shelf.moved_at:
            return True
        return entry.at >= shelf.moved_at.get(question.key.partition("?")[0], NEVER)
