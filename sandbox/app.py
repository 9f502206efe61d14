"""The app: each request is noted, answered by the REST API, and sent."""

from typing import Final

from aiohttp import web

from .database import Database
from .journal import Entry, Journal
from .rest import Answer, Asked, Manner, RestApi

# No request of the documentation has a body beyond a few hundred bytes.
LARGEST_BODY: Final = 1024 * 1024


class App:
    """One sandbox: its rows, its journal and how it answers.

    Callable by aiohttp's low-level server.
    """

    def __init__(self, database: Database, manner: Manner) -> None:
        self.database = database
        self.journal = Journal()
        self.manner = manner
        self._api = RestApi(database)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        asked = await self._asked(request)
        user = None if asked.account is None else asked.account.username
        entry = self.journal.arrival(asked.method, asked.path, asked.query, user)
        disconnected = True
        try:
            response = await self._respond(request, asked, entry)
            disconnected = False
        finally:
            self.journal.departure(entry, disconnected=disconnected)
        return response

    async def _respond(
        self, request: web.BaseRequest, asked: Asked, entry: Entry
    ) -> web.StreamResponse:
        answer = self._api.answer(asked, self.manner)
        entry.status = answer.status
        return await sent(request, answer)

    async def _asked(self, request: web.BaseRequest) -> Asked:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = token.strip() if scheme.lower() == "bearer" else ""
        form: dict[str, str] = {}
        if request.method == "POST":
            form = {
                name: value
                for name, value in (await request.post()).items()
                if isinstance(value, str)
            }
        return Asked(
            request.method,
            request.path,
            dict(request.query),
            f"http://{request.host}",
            known or None,
            self.database.account_of(known) if known else None,
            form,
            request.headers,
        )


async def sent(request: web.BaseRequest, answer: Answer) -> web.Response:
    """The answer as a response that is on its way whole, so that a caller who left is noticed."""
    response = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    await response.prepare(request)
    await response.write_eof()
    return response
