"""The retries: whether a GET that failed is worth another try, and how long to wait before it.

It is our own. The library stamina, maintained and good, decides by the exception alone: it knows
neither a budget over all requests nor a deadline that moves when another caller joins. Both would
live in its backoff hook, with the tries counted outside; what would be left to it is the loop, and
that costs every request as much time again as a whole small GET.
"""

import random
from http import HTTPStatus
from time import monotonic
from typing import Final

from .errors import Dropped, RateLimited, Unavailable, UpstreamError
from .policy import Policy

_PASSING: Final = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)


class Retries:
    """Decides on retries under one budget: every request pays for a share of one.

    What is not needed is saved, up to the reserve that there is at the beginning. The budget keeps
    an outage from being multiplied by everybody's retries.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._balance = float(policy.retry_reserve)
        self._topped_up_at = 0.0

    def earn(self) -> None:
        """Note a request that is sent for the first time: it pays for a share of a retry."""
        self._balance = min(
            self._balance + self._policy.retry_budget, float(self._policy.retry_reserve)
        )

    def pause(
        self, error: UpstreamError, status: int | None, tries: int, remaining: float
    ) -> float | None:
        """Seconds to wait before the next try, None where there is to be none.

        `status` is None where there was no answer, `tries` how many there were, `remaining` the
        seconds in which anybody still waits.
        """
        if tries > self._policy.most_retries or not _worth_it(error, status):
            return None
        if isinstance(error, Dropped) and self._policy.retry_reserve:
            return 0.0  # it goes over a new connection, and nobody was asked so far: that is free
        asked = error.retry_after or 0.0
        if asked > self._policy.longest_retry_after:
            return None
        # Full jitter: callers that failed together do not come back together.
        longest = self._policy.retry_pause * 2 ** (tries - 1)
        pause = asked + random.uniform(0, longest)  # noqa: S311 - no secret hangs on it
        if pause >= remaining or not self._pay():
            return None
        return pause

    def _pay(self) -> bool:
        now = monotonic()
        reserve = float(self._policy.retry_reserve)
        self._balance = min(self._balance + now - self._topped_up_at, reserve)
        self._topped_up_at = now
        if self._balance < 1:
            return False
        self._balance -= 1
        return True


def _worth_it(error: UpstreamError, status: int | None) -> bool:
    if isinstance(error, RateLimited):
        # Without a Retry-After, nobody knows when asking again is welcome.
        return status is not None and error.retry_after is not None
    # A hang is not repeated: it has cost its whole time already.
    return status in _PASSING or (status is None and isinstance(error, Unavailable))
