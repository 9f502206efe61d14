"""The circuit breaker: leaves the REST API alone once it fails too often, and tries it singly."""

import logging
from time import monotonic
from typing import Final

from .errors import BreakerOpen
from .observer import BreakerState, Observer
from .policy import Policy

log: Final = logging.getLogger("upstream")


class Breaker:
    """Closed while the REST API answers, open for a pause once it does not, then half-open.

    Half-open, one request probes: what comes of it closes the breaker, or opens it again.
    Failures are those of the REST API as a whole (no connection, no answer in time, 5xx); what
    is wrong with one request (4xx) counts as an answer. The sender tells of one failure a
    question, once no retry has made good for it.

    `state` is half-open once a probe is under way. While it is closed, neither `refuse` nor `enter`
    need be called.
    """

    def __init__(self, policy: Policy, observer: Observer) -> None:
        self._policy = policy
        self._observer = observer
        self.state: BreakerState = "closed"
        self._open_until = 0.0
        self._probing = False
        # Answers and failures of this half of the window, and of the half before.
        self._half_ends = 0.0
        self._recent = [0, 0]
        self._before = [0, 0]

    def refuse(self) -> None:
        """Raise BreakerOpen where a request would be refused now."""
        if self.state == "closed":
            return
        left = self._open_until - monotonic()
        if left > 0 or self._probing:
            raise BreakerOpen(
                "the REST API failed too often just now",
                retry_after=max(left, 0.0) or self._policy.breaker_pause,
            )

    def enter(self) -> bool:
        """Whether the request that is now to be sent is a probe; raises BreakerOpen.

        One of `answered`, `failed` and `abandoned` must follow, with what this returned.
        """
        if self.state == "closed":
            return False
        self.refuse()
        self._probing = True
        self._change("half-open")
        return True

    def answered(self, *, probe: bool) -> None:
        """The REST API answered."""
        if probe:
            self._probing = False
            self._recent = [0, 0]
            self._before = [0, 0]
            self._change("closed")
        elif self.state == "closed":
            if monotonic() >= self._half_ends:
                self._turn()
            self._recent[0] += 1

    def failed(self, *, probe: bool) -> None:
        """The REST API failed."""
        if probe:
            self._probing = False
            self._open()
        elif self.state == "closed":
            if monotonic() >= self._half_ends:
                self._turn()
            self._recent[1] += 1
            failures = self._recent[1] + self._before[1]
            total = failures + self._recent[0] + self._before[0]
            enough = self._policy.breaker_failures
            if 0 < enough <= failures and failures >= total * self._policy.breaker_share:
                self._open()

    def abandoned(self, *, probe: bool) -> None:
        """The request was given up before anything came of it: nobody waits for it any more."""
        if probe:
            # The pause is over already, so the next request probes in its place.
            self._probing = False
            self._change("open")

    def _open(self) -> None:
        self._open_until = monotonic() + self._policy.breaker_pause
        self._change("open")

    def _turn(self) -> None:
        now = monotonic()
        half = self._policy.breaker_window / 2
        self._before = self._recent if now < self._half_ends + half else [0, 0]
        self._recent = [0, 0]
        self._half_ends = now + half

    def _change(self, state: BreakerState) -> None:
        if state != self.state:
            self.state = state
            log.warning("the circuit breaker is %s", state)
            self._observer.breaker_changed(state)
