"""The caller of the REST API: who asks in one operation, until when, and what it has cost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

from .errors import BudgetSpent, TimedOut, Unauthenticated

Source = Literal["upstream", "shared", "cache", "replica", "stale"]
"""Where an answer came from: a request of its own, another caller's request that was under way,
this process's cache, the cache shared by replicas, or a cache while the REST API fails."""

ValueT_co = TypeVar("ValueT_co", covariant=True)


class Exchange(Struct):
    """One question to the REST API, and how it was answered.

    `route` is the documentation's path ("/api/v1/albums/:id"), `target` what was asked of it
    ("/api/v1/albums/273"), never with a host. Times are in seconds; `started` counts from the
    operation's start. `requests` is how many HTTP requests it took: 0 from a cache or a shared
    flight, more than 1 with retries. `fresh_for` is how long the answer may be used again; below 0
    it may not be stored anywhere.
    """

    route: str
    target: str
    started: float
    duration: float
    source: Source
    status: int | None
    requests: int
    fresh_for: float = 0.0
    stale_age: float | None = None


class Reply(Struct, Generic[ValueT_co], frozen=True):
    """What was asked for; `stale_age` is its age in seconds where it is served beyond its time.

    `batch` tells which answers from a cache are of the same time: those of one operation have
    the same. It is None for what the REST API has just said, and for what stands in for that
    while it fails.
    """

    value: ValueT_co
    stale_age: float | None = None
    batch: float | None = None


Replies: TypeAlias = Sequence[Reply[ValueT_co] | BaseException]
"""The answers to several questions, in order: an exception in the place of each that failed."""


@dataclass(slots=True)
class Caller:
    """Whose token asks, until when, at what price; one for each operation.

    `deadline` is on the clock of time.monotonic, as are all times of this client: to ask for the
    running loop, and its clock, costs a system call each time. That clock need not be the same (on
    macOS, uvloop's goes on while the machine sleeps), so timers are set by the seconds that are
    left. `most_requests` bounds the HTTP requests that this operation may cause, None for no bound
    of its own. The token is in no repr.
    """

    bearer: str | None = field(repr=False)
    deadline: float
    most_requests: int | None = None
    started: float = field(default_factory=monotonic)
    requests: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    token_key: bytes | None = field(default=None, repr=False)
    """The token's name inside the client, once it has been worked out."""

    @property
    def token(self) -> str:
        """The bearer token; raises Unauthenticated without one."""
        if not self.bearer:
            raise Unauthenticated("no bearer token")
        return self.bearer

    def remaining(self) -> float:
        """Seconds until the deadline; raises TimedOut once there are none."""
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimedOut("the operation's deadline has passed")
        return left

    def spend(self) -> None:
        """Count one HTTP request; raises BudgetSpent where the caller's bound is reached."""
        if self.most_requests is not None and self.requests >= self.most_requests:
            raise BudgetSpent("the caller's bound on upstream requests is reached")
        self.requests += 1
