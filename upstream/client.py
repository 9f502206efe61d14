"""The client: all that the REST API can be asked and told."""

import asyncio
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Final, Self, TypeVar
from urllib.parse import urlencode

from . import decoding, questions, records, statuses
from .answers import Answers
from .batches import Batches
from .cache import Cache
from .caller import Caller, Exchange, Replies, Reply
from .errors import (
    Overloaded,
    TimedOut,
    Unauthenticated,
    UpstreamError,
    WrongCredentials,
)
from .fetching import Fetcher
from .keepsakes import Keepsakes
from .listing import Collection, Listing, Page, PageKey
from .observer import BreakerState, Nobody, Observer
from .policy import Policy
from .questions import Address
from .sender import Attempts, Sender, spend_nothing
from .sharing import Elsewhere, Nowhere
from .statuses import failure
from .tokens import Tokens
from .transport import Answer, Transport

T = TypeVar("T")

_TOKEN: Final = Address("/oauth/token", "/oauth/token")
_REVOKE: Final = Address("/oauth/revoke", "/oauth/revoke")
_PROBE: Final = Address("/api/v1/artists", "/api/v1/artists?page=1&per_page=1")
_CHECKED_FOR: Final = 1.0
"""Seconds for which one look at the REST API answers for the next."""

_NO_TOKEN: Final = b""
"""The name, at the gate, of all requests that carry no token."""


@dataclass(frozen=True, slots=True)
class State:
    """How the client stands, for readiness and metrics."""

    breaker: BreakerState
    under_way: int
    queued: int
    flights: int
    cache_bytes: int
    cache_entries: int
    redis: bool | None
    """Whether Redis answers; None where there is none."""


class Upstream:
    """The REST API at one address; one instance for a process, used as a context manager.

    A method that asks for several things gives an errors.UpstreamError in the place of each that
    failed; all others raise it. Each question adds one Exchange to its caller's, however it went.
    What comes back may be shared with other operations of the same token: it is not to be changed.
    """

    def __init__(
        self,
        url: str,
        policy: Policy | None = None,
        observer: Observer | None = None,
        *,
        longest_wait: float = math.inf,
    ) -> None:
        """`longest_wait` is how many seconds a caller has at most."""
        self._policy = policy = policy or Policy()
        observer = observer or Nobody()
        self._transport = Transport(url, policy)
        self._sender = Sender(self._transport, policy, observer, longest_wait)
        self._tokens = Tokens(policy)
        self._cache = Cache(policy.cache_bytes)
        self._elsewhere = _elsewhere(policy, self._tokens, observer)
        self._batches = Batches(self._sender.gate, policy)
        self._answers = Answers(
            fetcher=Fetcher(self._sender, policy, observer),
            batches=self._batches,
            tokens=self._tokens,
            cache=self._cache,
            policy=policy,
            observer=observer,
            elsewhere=self._elsewhere,
        )
        self._look: asyncio.Task[UpstreamError | None] | None = None
        self._looked_at = float("-inf")
        self._looked_in: BreakerState = "closed"

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        await self._answers.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._answers.close()
        if self._look is not None:
            self._look.cancel()
        await self._transport.__aexit__()

    async def albums(self, caller: Caller, numbers: Sequence[int]) -> Replies[records.Album | None]:
        """Albums with everything in them, each None where the REST API has none (404)."""
        return await self._answers.replies(caller, [questions.album(each) for each in numbers])

    async def artists(
        self, caller: Caller, numbers: Sequence[int]
    ) -> Replies[records.Artist | None]:
        """Artists, each None where the REST API has none (404)."""
        return await self._answers.replies(caller, [questions.artist(each) for each in numbers])

    async def labels(self, caller: Caller, numbers: Sequence[int]) -> Replies[records.Label | None]:
        """Labels, each None where the REST API has none (404)."""
        return await self._answers.replies(caller, [questions.label(each) for each in numbers])

    async def tracks(self, caller: Caller, numbers: Sequence[int]) -> Replies[records.Track | None]:
        """Tracks with their own covers, each None where the REST API has none (404)."""
        return await self._answers.replies(caller, [questions.track(each) for each in numbers])

    async def pages(
        self, caller: Caller, pages: Sequence[PageKey], *, renewed: bool = False
    ) -> Replies[Page]:
        """Pages of lists; the REST API may ignore their size (see listing).

        `renewed` asks the REST API whatever is kept.
        """
        asked = [questions.page(*each) for each in pages]
        return await self._answers.replies(caller, asked, renewed=renewed)

    async def page(self, caller: Caller, listing: Listing, page: int, per_page: int) -> Reply[Page]:
        """One page of a list, as in `pages`; raises what may stand there in its place."""
        return await self._answers.reply(caller, questions.page(listing, page, per_page))

    def outdate(self, caller: Caller, collection: Collection) -> None:
        """Serve the caller's token no list of a collection from before this operation.

        For who has seen that its rows have moved.
        """
        self._answers.outdate(caller, collection)

    async def create_token(
        self, caller: Caller, username: str, password: str
    ) -> records.AccessToken:
        """A new token for a user; raises WrongCredentials where there is none. Sent once."""
        form = _form(grant_type="password", username=username, password=password)
        if form is None:
            raise WrongCredentials("credentials that are no text")
        answer = await self._posted(caller, _TOKEN, form)
        if answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
            raise WrongCredentials("wrong credentials")
        if answer.status not in {statuses.OK, statuses.CREATED}:
            raise failure(answer.status, answer.headers)
        token = decoding.access_token(answer.body)
        await self._answers.revive(token.access_token)
        return token

    async def revoke_token(self, caller: Caller, token: str) -> None:
        """Destroy a token, with the caller's own. Sent once.

        Once this returns the token is dead here, in every replica that Redis reaches, and in all
        caches. Where nobody knows whether it is (no answer, or 5xx), what is cached for it is gone.
        """
        bearer = self._answers.accepted(caller)
        form = _form(token=token)
        if form is None:
            raise Unauthenticated("a token that is no text")
        try:
            answer = await self._posted(caller, _REVOKE, form, token=bearer)
        except BaseException:
            await self._answers.purge(self._tokens.key(token))
            raise
        if statuses.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            await self._answers.revoke(self._tokens.key(token))
            return
        refused = failure(answer.status, answer.headers)
        if answer.status >= statuses.SERVER_ERROR:
            await self._answers.purge(self._tokens.key(token))
        await self._answers.heed(refused, self._tokens.key(bearer))
        raise refused

    def revocation(self, token: str) -> AbstractContextManager[asyncio.Event]:
        """An event that is set once a token is revoked, here or as far as Redis tells elsewhere."""
        return self._tokens.watched(self._tokens.key(token))

    def assert_accepted(self, caller: Caller) -> None:
        """Raise Unauthenticated where there is no token, or one that is known to be dead."""
        self._answers.accepted(caller)

    async def check(self) -> None:
        """Return if the REST API answers at all, be it with a 401; raise why not otherwise.

        All who ask within a second share one look, unless the circuit breaker has changed since.
        """
        loop = asyncio.get_running_loop()
        look = self._look
        if look is None or (
            look.done()
            and (
                monotonic() - self._looked_at >= _CHECKED_FOR
                or self._looked_in != self._sender.breaker.state
            )
        ):
            self._looked_at = monotonic()
            look = self._look = loop.create_task(self._looked())
        # One who asks and leaves must not end the look for the others.
        failed = await asyncio.shield(look)
        if failed is not None:
            raise failed.fresh()

    def keepsakes(self, caller: Caller) -> Keepsakes | None:
        """Where things made of this caller's answers may be kept; None without a good token."""
        return self._answers.keepsakes(caller)

    def state(self) -> State:
        """How the client stands now."""
        return State(
            breaker=self._sender.breaker.state,
            under_way=self._sender.gate.under_way,
            queued=self._sender.gate.queued + self._batches.queued,
            flights=self._answers.flights,
            cache_bytes=self._cache.bytes,
            cache_entries=len(self._cache),
            redis=self._elsewhere.up,
        )

    async def _looked(self) -> UpstreamError | None:
        try:
            async with asyncio.timeout(self._policy.request_timeout):
                # A kept connection may have ended, and what is sent once is not sent again.
                answer = await self._sender.send(
                    Attempts(_PROBE), _NO_TOKEN, spend_nothing, new=True
                )
        except Overloaded:
            return None  # it is this process that is busy, and with answers
        except UpstreamError as error:
            return error
        except TimeoutError:
            return TimedOut("no turn in time")
        finally:
            self._looked_in = self._sender.breaker.state
        if statuses.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        refused = HTTPStatus.BAD_REQUEST <= answer.status < statuses.SERVER_ERROR
        return None if refused else failure(answer.status, answer.headers)

    async def _posted(
        self, caller: Caller, address: Address, form: bytes, *, token: str | None = None
    ) -> Answer:
        started = monotonic()
        attempts = Attempts(address)
        token_key = _NO_TOKEN if token is None else self._tokens.key(token)
        try:
            async with asyncio.timeout(caller.remaining()):
                return await self._sender.send(
                    attempts, token_key, caller.spend, method="POST", token=token, form=form
                )
        except TimeoutError:
            pass
        finally:
            caller.exchanges.append(
                Exchange(
                    address.route,
                    address.target,
                    started - caller.started,
                    monotonic() - started,
                    "upstream",
                    attempts.status,
                    attempts.requests,
                )
            )
        raise TimedOut("the operation's deadline has passed")


def _elsewhere(policy: Policy, tokens: Tokens, observer: Observer) -> Elsewhere:
    """The other processes, if policy names a Redis to find them; ValueError where that can't be."""
    if policy.redis_url is None:
        return Nowhere()
    try:
        from .replicas import Replicas  # noqa: PLC0415 - needs packages that are optional
    except ModuleNotFoundError as error:
        raise ValueError(f"redis_url needs the package {error.name}, of the extra redis") from None
    return Replicas(policy.redis_url, policy, tokens, observer)


def _form(**fields: str) -> bytes | None:
    """A form, or None where a field is no text that could be sent."""
    try:
        return urlencode(fields).encode()
    except UnicodeEncodeError:
        return None
