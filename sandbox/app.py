"""The app: each request is noted, answered as the REST API and the orders have it, and sent."""

import asyncio

from aiohttp import web

from .control import PREFIX, Control
from .database import Database, ImpossibleRowError, Listing, NoSuchRowError
from .effects import Answering, Delete, Hang, Insert, Junk, Latency, Reset, Shaping, Status
from .faults import Fault, end_in_fault
from .journal import Entry, Journal
from .orders import Orders
from .rest import Answer, Asked, Manner, RestApi, refusal
from .shaping import junk_in_place_of, refused, shaped_answer, shaped_manner


class App:
    """One sandbox: its rows, its journal and its orders.

    Callable by aiohttp's low-level server.
    """

    def __init__(self, database: Database, manner: Manner) -> None:
        self.database = database
        self.journal = Journal()
        self.orders = Orders()
        self.manner = manner
        self._api = RestApi(database)
        self._control = Control(database, self.journal, self.orders)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
            body = await request.read()
            return _response(
                self._control.answer(request.method, request.path, dict(request.query), body)
            )
        asked = await self._asked(request)
        user = None if asked.account is None else asked.account.username
        entry = self.journal.arrival(asked.method, asked.path, asked.query, user)
        disconnected = True
        try:
            response = await self._respond(request, asked, entry)
            disconnected = False
        except ConnectionError:  # pragma: no cover - a race between our writing and its leaving
            # The caller left while the answer was being sent: there is nobody to tell.
            return web.Response()
        finally:
            self.journal.departure(entry, disconnected=disconnected)
        return response

    async def _respond(
        self, request: web.BaseRequest, asked: Asked, entry: Entry
    ) -> web.StreamResponse:
        shaping, answering = self.orders.effects_on(asked)
        effects = [*shaping, *([answering] if answering else [])]
        entry.effects = tuple(type(effect).__name__.lower() for effect in effects)
        for effect in shaping:
            if isinstance(effect, Latency):
                await asyncio.sleep(effect.milliseconds / 1000)
        answer = self._answer(asked, shaping, answering)
        if isinstance(answering, Fault):
            if not (isinstance(answering, Reset | Hang) and answering.after == "request"):
                entry.status = answer.status
            return await end_in_fault(request, answer, answering)
        entry.status = answer.status
        response = _response(answer)
        await response.prepare(request)
        await response.write_eof()
        return response

    def _answer(self, asked: Asked, shaping: list[Shaping], answering: Answering | None) -> Answer:
        for effect in shaping:
            if isinstance(effect, Insert | Delete):
                failure = self._move_rows(asked, effect)
                if failure is not None:
                    return failure
        if isinstance(answering, Status):
            return shaped_answer(refused(answering), shaping, asked)
        listing = self._api.listing(asked)
        manner = shaped_manner(self.manner, shaping, listing.table if listing else "")
        answer = self._api.answer(asked, manner)
        if isinstance(answering, Junk):
            answer = junk_in_place_of(answer, answering)
        return shaped_answer(answer, shaping, asked)

    def _move_rows(self, asked: Asked, effect: Insert | Delete) -> Answer | None:
        listing = self._api.listing(asked)
        if effect.table is not None and (listing is None or listing.table != effect.table):
            listing = Listing(effect.table)
        if listing is None:
            return None
        try:
            if isinstance(effect, Insert):
                self.database.insert(listing, effect.position, effect.id, effect.values)
            else:
                self.database.delete(listing, position=effect.position, number=effect.id)
        except (ImpossibleRowError, NoSuchRowError) as error:
            return refusal(500, "order_failed", f"The sandbox could not follow its order: {error}")
        return None

    async def _asked(self, request: web.BaseRequest) -> Asked:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = token.strip() if scheme.lower() == "bearer" and token.isascii() else ""
        return Asked(
            request.method,
            request.path,
            dict(request.query),
            f"http://{request.host}",
            self.database.account_of(known) if known else None,
            await _form(request) if request.method == "POST" else {},
            request.headers,
        )


async def _form(request: web.BaseRequest) -> dict[str, str]:
    """The fields of a form; none where the body is not one, or has more than a megabyte."""
    try:
        fields = await request.post()
    except (AssertionError, LookupError, ValueError, web.HTTPRequestEntityTooLarge):
        # aiohttp raises the first three for a body that is not what its content type says.
        return {}
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
