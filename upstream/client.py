"""The client: every question that the REST API answers, as one method each."""

import asyncio
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlencode

from upstream import decoding, questions, records
from upstream.album_path import AlbumPath
from upstream.caller import Caller, Exchange, Reply
from upstream.errors import BadResponse, Unauthenticated, UpstreamError
from upstream.listing import Listing, Page
from upstream.observer import Nobody, Observer
from upstream.policy import Policy
from upstream.questions import Place, Question
from upstream.statuses import failure
from upstream.transport import Answer, Transport

T = TypeVar("T")

log: Final = logging.getLogger("upstream")

_TOKEN: Final = Place("/oauth/token", "/oauth/token")
_REVOKE: Final = Place("/oauth/revoke", "/oauth/revoke")
_PROBE: Final = Place("/api/v1/artists", "/api/v1/artists?page=1&per_page=1")
_PROBE_SECONDS: Final = 1.0


@dataclass(slots=True)
class Course:
    """What it took to answer one question."""

    place: Place
    status: int | None = None
    requests: int = 0


class Upstream:
    """The REST API at one address; one instance for a process, used as a context manager.

    Every method raises an errors.UpstreamError where it fails, and adds one Exchange to the
    caller's. Records that come back may be shared: they are not to be changed.
    """

    def __init__(
        self, url: str, policy: Policy | None = None, observer: Observer | None = None
    ) -> None:
        self._policy = policy or Policy()
        self._observer: Observer = observer or Nobody()
        self._transport = Transport(url, self._policy)
        self._album_path = AlbumPath()

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.__aexit__()

    async def album(self, caller: Caller, number: int) -> Reply[records.Album | None]:
        """One album with everything in it, or None where the REST API has none (404)."""
        return await self._ask(caller, questions.album(number))

    async def artist(self, caller: Caller, number: int) -> Reply[records.Artist | None]:
        """One artist, or None where the REST API has none (404)."""
        return await self._ask(caller, questions.artist(number))

    async def label(self, caller: Caller, number: int) -> Reply[records.Label | None]:
        """One label, or None where the REST API has none (404)."""
        return await self._ask(caller, questions.label(number))

    async def track(self, caller: Caller, number: int) -> Reply[records.Track | None]:
        """One track with its own cover, or None where the REST API has none (404)."""
        return await self._ask(caller, questions.track(number))

    async def page(self, caller: Caller, listing: Listing, page: int, per_page: int) -> Reply[Page]:
        """One page of a list; the REST API may ignore `per_page` (see listing)."""
        return await self._ask(caller, questions.page(listing, page, per_page))

    async def create_token(
        self, caller: Caller, username: str, password: str
    ) -> records.AccessToken:
        """A new token for a user; raises Unauthenticated for wrong credentials. Sent once."""
        try:
            form = urlencode(
                {"grant_type": "password", "username": username, "password": password}
            ).encode()
        except UnicodeEncodeError:
            form = b""
        if not form:
            raise Unauthenticated("credentials that are no text")
        answer = await self._post(caller, _TOKEN, None, form)
        if answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
            raise Unauthenticated("wrong credentials")
        if answer.status != HTTPStatus.OK:
            raise failure(answer.status, answer.headers)
        return decoding.access_token(answer.body)

    async def revoke_token(self, caller: Caller, token: str) -> None:
        """Destroy a token, with the caller's own; once this returns, the token is dead here."""
        bearer = _sendable(caller.token)
        answer = await self._post(
            caller, _REVOKE, bearer, urlencode({"token": token}, errors="replace").encode()
        )
        if answer.status != HTTPStatus.OK:
            raise failure(answer.status, answer.headers)

    async def check(self) -> None:
        """Return if the REST API answers at all, be it with a 401; raise why not otherwise."""
        answer = await self._transport.send(
            "GET", _PROBE.target, timeout=self._policy.request_timeout
        )
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise failure(answer.status, answer.headers)

    async def _ask(self, caller: Caller, question: Question[T]) -> Reply[Any]:
        loop = asyncio.get_running_loop()
        started = loop.time()
        course = Course(question.places[0])
        try:
            return Reply(await self._fetched(caller, question, course))
        finally:
            caller.exchanges.append(
                Exchange(
                    course.place.route,
                    course.place.target,
                    started - caller.started,
                    loop.time() - started,
                    "upstream",
                    course.status,
                    course.requests,
                )
            )

    async def _fetched(self, caller: Caller, question: Question[T], course: Course) -> T | None:
        if len(question.places) == 1:
            return await self._fetched_from(question.places[0], caller, question, course)
        async with self._album_path.places(question.places) as places:
            doubt: UpstreamError | None = None
            for place in places:
                try:
                    found = await self._fetched_from(place, caller, question, course)
                except BadResponse as error:
                    # The wrong one of two paths may be a web page as well as a 404.
                    doubt = error
                    continue
                if found is not None:
                    self._album_path.proved(place)
                    return found
            if doubt is not None:
                raise doubt
            self._album_path.missed()
            return None

    async def _fetched_from(
        self, place: Place, caller: Caller, question: Question[T], course: Course
    ) -> T | None:
        token = _sendable(caller.token)
        answer = await self._sent(caller, course, "GET", place, token=token)
        if answer.status == HTTPStatus.OK:
            return question.read(answer).value
        if answer.status == HTTPStatus.NOT_FOUND and question.absent:
            return None
        raise failure(answer.status, answer.headers)

    async def _post(self, caller: Caller, place: Place, token: str | None, form: bytes) -> Answer:
        loop = asyncio.get_running_loop()
        started = loop.time()
        course = Course(place)
        try:
            return await self._sent(caller, course, "POST", place, token=token, form=form)
        finally:
            caller.exchanges.append(
                Exchange(
                    place.route,
                    place.target,
                    started - caller.started,
                    loop.time() - started,
                    "upstream",
                    course.status,
                    course.requests,
                )
            )

    async def _sent(  # noqa: PLR0913 - the parts of an HTTP request, and who asks
        self,
        caller: Caller,
        course: Course,
        method: str,
        place: Place,
        *,
        token: str | None,
        form: bytes | None = None,
    ) -> Answer:
        course.place = place
        patience = min(self._policy.request_timeout, caller.remaining())
        caller.spend()
        course.requests += 1
        answer = await self._transport.send(
            method, place.target, timeout=patience, token=token, form=form
        )
        course.status = answer.status
        return answer


def _sendable(token: str) -> str:
    if not decoding.sendable(token):
        raise Unauthenticated("a token that can't stand in a header")
    return token
