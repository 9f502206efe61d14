"""The observer: who is told what the client does, for metrics; by default nobody."""

from typing import Literal, Protocol, TypeAlias

Level: TypeAlias = Literal["memory", "redis", "keepsakes"]
Lookup: TypeAlias = Literal["hit", "miss", "stale"]
BreakerState: TypeAlias = Literal["closed", "open", "half-open"]
RedisAction: TypeAlias = Literal["read", "write", "purge", "subscribe", "limit"]


class Observer(Protocol):
    """Is told of each event as it happens; must be quick and must not raise.

    Routes are the documentation's paths ("/api/v1/albums/:id"), so there are few of them. No
    event carries a token, a body, a header or a host.
    """

    def requested(self, route: str, outcome: str, seconds: float, size: int) -> None:
        """One HTTP request is over: with a status ("200") or an error's class ("TimedOut")."""

    def misread(self, route: str) -> None:
        """An answer, or a part of it, was not what the REST documentation promises."""

    def looked_up(self, level: Level, lookup: Lookup) -> None:
        """A cache was asked for an answer."""

    def retried(self, route: str, reason: str) -> None:
        """A request is sent again after an error of this class."""

    def breaker_changed(self, state: BreakerState) -> None:
        """The circuit breaker has a new state."""

    def redis_failed(self, action: RedisAction) -> None:
        """Redis did not do what it was asked to."""


class Nobody:
    """An observer that does nothing."""

    def requested(self, route: str, outcome: str, seconds: float, size: int) -> None:
        """Nothing."""

    def misread(self, route: str) -> None:
        """Nothing."""

    def looked_up(self, level: Level, lookup: Lookup) -> None:
        """Nothing."""

    def retried(self, route: str, reason: str) -> None:
        """Nothing."""

    def breaker_changed(self, state: BreakerState) -> None:
        """Nothing."""

    def redis_failed(self, action: RedisAction) -> None:
        """Nothing."""
