"""The health of the process: whether it lives, and whether it can serve."""

import asyncio
from typing import Protocol

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import JSONResponse

from upstream.errors import TimedOut, UpstreamError
from web.drain import Drain
from web.graphql import Presented, code_of

CHECKED_FOR_SECONDS = 1.0
"""How long one look at the upstream stands for the next."""
LONGEST_CHECK_SECONDS = 2.0

_NO_STORE = {"cache-control": "no-store"}


class Checked(Protocol):
    """The upstream, as far as its health is concerned; see upstream.client."""

    async def check(self) -> None:
        """Return when the REST API answers at all; raises UpstreamError otherwise."""


class Health:
    """/healthz and /readyz."""

    def __init__(self, upstream: Checked, drain: Drain, presented: Presented) -> None:
        """The health of one process; the upstream is asked at most once a second."""
        self._upstream = upstream
        self._drain = drain
        self._presented = presented
        self._looked: asyncio.Task[str | None] | None = None
        self._looked_at = float("-inf")

    async def healthz(self, _: Request) -> JSONResponse:
        """200 while the process lives."""
        return JSONResponse({"status": "alive"}, headers=_NO_STORE)

    async def readyz(self, _: Request) -> JSONResponse:
        """200 while it can serve, else 503 with the reason."""
        reason = "DRAINING" if self._drain.begun else await self._upstream_reason()
        told = {"status": "ready" if reason is None else "unavailable"}
        if reason is not None:
            told["reason"] = reason
        return JSONResponse(told, status_code=200 if reason is None else 503, headers=_NO_STORE)

    async def _upstream_reason(self) -> str | None:
        now = asyncio.get_running_loop().time()
        if self._looked is None or now - self._looked_at >= CHECKED_FOR_SECONDS:
            self._looked_at = now
            self._looked = asyncio.create_task(self._look())
        # One who asks and leaves must not end the look for the others.
        return await asyncio.shield(self._looked)

    async def _look(self) -> str | None:
        try:
            async with asyncio.timeout(LONGEST_CHECK_SECONDS):
                await self._upstream.check()
        except UpstreamError as error:
            reason: Exception = error
        except TimeoutError:
            reason = TimedOut("no answer to the health check")
        else:
            return None
        return code_of(self._presented(GraphQLError("", original_error=reason)))
