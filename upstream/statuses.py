"""Statuses: what an HTTP status of the REST API means."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from .errors import (
    BadResponse,
    Forbidden,
    RateLimited,
    TimedOut,
    Unauthenticated,
    Unavailable,
    UpstreamError,
)

LONGEST_WAIT: Final = 24 * 60 * 60
"""Seconds; a Retry-After beyond a day says no more than a day does."""

# Plain integers: reaching for a member of http.HTTPStatus takes as long as ten comparisons.
OK: Final = int(HTTPStatus.OK)
CREATED: Final = int(HTTPStatus.CREATED)
WITH_BODY: Final = frozenset({OK, CREATED})
"""Those of answers whose bodies are read."""
NOT_MODIFIED: Final = int(HTTPStatus.NOT_MODIFIED)
NOT_FOUND: Final = int(HTTPStatus.NOT_FOUND)
SERVER_ERROR: Final = int(HTTPStatus.INTERNAL_SERVER_ERROR)
"""The first of the statuses that are the server's fault."""

_SECONDS: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


def failure(status: int, headers: Mapping[str, str]) -> UpstreamError:
    """The error that a status other than 200, 304 and 404 stands for."""
    wait = retry_after(headers.get("Retry-After"))
    reason = f"status {status}"
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return Unauthenticated(reason)
        case HTTPStatus.FORBIDDEN:
            return Forbidden(reason)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited(reason, retry_after=wait)
        case HTTPStatus.GATEWAY_TIMEOUT:
            return TimedOut(reason, retry_after=wait)
        case _ if status >= SERVER_ERROR:
            return Unavailable(reason, retry_after=wait)
        case _:
            return BadResponse(reason)


def retry_after(header: str | None) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110, section 10.2.3).

    It may hold a number or a date; None where it makes no sense.
    """
    if header is None:
        return None
    header = header.strip()
    if _SECONDS.fullmatch(header):
        return float(min(int(header), LONGEST_WAIT))
    try:
        moment = parsedate_to_datetime(header)
        wait = (moment - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        # A date without a zone can't be compared; RFC 9110 dates are always in GMT.
        return None
    return min(max(wait, 0.0), float(LONGEST_WAIT))
