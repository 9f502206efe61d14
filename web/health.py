"""The health of the process: whether it lives, and whether it can serve."""

import asyncio
from typing import Final

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import JSONResponse

from upstream.client import Upstream
from upstream.errors import TimedOut, UpstreamError

from .drain import Drain
from .service import Presented
from .shown_errors import code_of

LONGEST_CHECK_SECONDS: Final = 2.0

_NO_STORE = {"cache-control": "no-store"}


class Health:
    """/healthz and /readyz."""

    def __init__(self, upstream: Upstream, drain: Drain, presented: Presented) -> None:
        """The health of one process; the client asks the REST API at most once a second."""
        self._upstream = upstream
        self._drain = drain
        self._presented = presented

    async def healthz(self, _: Request) -> JSONResponse:
        """200 while the process lives."""
        return JSONResponse({"status": "alive"}, headers=_NO_STORE)

    async def readyz(self, _: Request) -> JSONResponse:
        """200 while it can serve, else 503 with the reason."""
        reason = "DRAINING" if self._drain.begun else await self._upstream_reason()
        told = {
            "status": "ready" if reason is None else "unavailable",
            "breaker": self._upstream.state().breaker,
        }
        if reason is not None:
            told["reason"] = reason
        return JSONResponse(told, status_code=200 if reason is None else 503, headers=_NO_STORE)

    async def _upstream_reason(self) -> str | None:
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
