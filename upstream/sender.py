"""The sender: one HTTP request under all bounds, with everybody told how it went."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from msgspec import Struct

from . import statuses
from .breaker import Breaker
from .errors import Dropped, TimedOut, Unavailable, UpstreamError
from .gate import Gate
from .observer import Observer
from .policy import Policy
from .questions import Address
from .transport import Answer, Transport

log: Final = logging.getLogger("upstream")


class Attempts(Struct):
    """The attempts to answer one question so far; `address` is where it is asked now.

    `status` is that of the last answer, None where there was none. `requests` is how many were
    sent, `retries` how many of them because an earlier one had failed. `misread` says that an
    answer could not be understood; `failing` that the last attempt failed at the REST API, and that
    the circuit breaker has not been told yet.
    """

    address: Address
    status: int | None = None
    requests: int = 0
    retries: int = 0
    misread: bool = False
    failing: bool = False


def spend_nothing() -> None:
    """What a request costs that no caller has to answer for."""


class Sender:
    """Sends requests through the gate and the circuit breaker, counts, measures and logs them."""

    def __init__(
        self, transport: Transport, policy: Policy, observer: Observer, longest_wait: float
    ) -> None:
        """`longest_wait` is how many seconds a caller waits at most."""
        self._transport = transport
        self._policy = policy
        self._hung_after = min(policy.request_timeout, longest_wait) / 2
        self._observer = observer
        self.gate = Gate(policy)
        self.breaker = Breaker(policy, observer)

    async def send(
        self,
        attempts: Attempts,
        token_key: bytes,
        spend: Callable[[], None],
        **parts: Any,
    ) -> Answer:
        """The answer to one request, to the address of the attempts, which is not tried again.

        `spend` is called before the request is sent; what it raises is raised. The parts are
        those of Transport.send.
        """
        try:
            return await self.attempt(attempts, token_key, spend, **parts)
        finally:
            self.settle(attempts)

    async def attempt(
        self,
        attempts: Attempts,
        token_key: bytes,
        spend: Callable[[], None],
        *,
        method: str = "GET",
        **parts: Any,
    ) -> Answer:
        """The same for one that may be tried again: `settle` must follow the last attempt."""
        attempts.status = None
        breaker = self.breaker
        if breaker.state != "closed":
            breaker.refuse()
        if not self.gate.try_enter(token_key):
            await self.gate.enter(token_key)
        try:
            probe = breaker.state != "closed" and breaker.enter()
            try:
                spend()
            except BaseException:
                self.breaker.abandoned(probe=probe)
                raise
            attempts.requests += 1
            return await self._sent(attempts, method, probe=probe, parts=parts)
        finally:
            self.gate.leave(token_key)

    async def _sent(
        self, attempts: Attempts, method: str, *, probe: bool, parts: dict[str, Any]
    ) -> Answer:
        started = monotonic()
        route = attempts.address.route
        patience = self._policy.request_timeout
        try:
            answer = await self._transport.send(
                method, attempts.address.target, timeout=patience, **parts
            )
        except UpstreamError as error:
            if probe and isinstance(error, Dropped):
                # That told nothing of the REST API: what follows, on a new connection, probes.
                self.breaker.abandoned(probe=True)
            elif isinstance(error, TimedOut | Unavailable):
                self._failed(attempts, probe=probe)
            else:
                attempts.failing = False
                self.breaker.answered(probe=probe)
                # Cut short, too large, or no HTTP: what is known may stand in for it as well.
                attempts.misread = True
            outcome = type(error).__name__
            log.warning("%s %s: %s (%s)", method, route, outcome, error)
            self._observer.requested(route, outcome, monotonic() - started, 0)
            raise
        except BaseException:
            waited = monotonic() - started
            # Nobody waits any more. After so long that is the REST API's failure as well.
            if waited >= self._hung_after:
                self._failed(attempts, probe=probe)
            else:
                self.breaker.abandoned(probe=probe)
            log.info("%s %s: given up after %.3f s", method, route, waited)
            self._observer.requested(route, "GivenUp", waited, 0)
            raise
        status = attempts.status = answer.status
        if status >= statuses.SERVER_ERROR:
            self._failed(attempts, probe=probe)
            log.warning("%s %s: status %d", method, route, status)
        else:
            attempts.failing = False
            self.breaker.answered(probe=probe)
            if status not in _UNREMARKABLE:
                log.info("%s %s: status %d", method, route, status)
        self._observer.requested(route, str(status), monotonic() - started, answer.body.size)
        return answer

    def _failed(self, attempts: Attempts, *, probe: bool) -> None:
        """Tell the circuit breaker where a probe failed; what is no probe may be tried again."""
        attempts.failing = not probe
        if probe:
            self.breaker.failed(probe=True)

    def settle(self, attempts: Attempts) -> None:
        """Tell the circuit breaker of a question at which the REST API failed in the end."""
        if attempts.failing:
            attempts.failing = False
            self.breaker.failed(probe=False)

    def misread(self, route: str, wrong: str) -> None:
        """Note that an answer, or a part of it, was not what the REST documentation promises."""
        log.warning("%s: not as documented: %s", route, wrong)
        self._observer.misread(route)


_UNREMARKABLE: Final = frozenset({statuses.OK, statuses.NOT_MODIFIED, statuses.NOT_FOUND})
