"""The rate limits: how many requests a minute one token, or one address without a token, may send.

The library `limits` counts in sliding windows, in this process or in the Redis that replicas
share. Its own store in memory looks through all keys at every hit of a sliding window (6 ms with
20,000 keys), which would make the limiter the weakest part; the one here is bounded and looks at
one.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from limits import RateLimitItem, RateLimitItemPerMinute, WindowStats
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from upstream.observer import Observer
from upstream.policy import Policy
from upstream.tokens import Tokens

from .refusals import Headers, Refused

if TYPE_CHECKING:
    from upstream.redis_line import Line

MOST_CALLERS: Final = 100_000
"""Callers that are counted at once in memory; who was not seen for longest makes room."""

_WINDOW_SECONDS: Final = 60
_IPV6_SITE_BITS: Final = 64


class BoundedMemory(MemoryStorage):
    """The counts of this process: for each key those of two windows, for so many keys.

    A key's windows follow each other from its first request on, as they do in Redis, and not from
    whole minutes of the clock: else a burst across one would be let through twice.
    """

    STORAGE_SCHEME = []  # noqa: RUF012 - the library declares it so; no URI leads here

    def __init__(self, most: int = MOST_CALLERS) -> None:
        """`most` keys are counted at once."""
        super().__init__()
        self._most = most
        self._counts: OrderedDict[str, tuple[float, int, int]] = OrderedDict()

    def _count(self, key: str, expiry: int, now: float) -> tuple[float, int, int]:
        """When the window began, the count in the one before it and the count in it."""
        began, before, current = self._counts.get(key, (now, 0, 0))
        age = now - began
        if age < expiry:
            return began, before, current
        if age < 2 * expiry:
            return began + expiry, current, 0
        return now, 0, 0

    async def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count a request where that does not exceed the limit."""
        now = time.monotonic()
        began, before, current = self._count(key, expiry, now)
        weighted = before * (1 - (now - began) / expiry) + current
        admitted = math.floor(weighted) + amount <= limit
        self._counts[key] = (began, before, current + amount if admitted else current)
        self._counts.move_to_end(key)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return admitted

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """The counts of the two windows, and for how long each still matters."""
        now = time.monotonic()
        began, before, current = self._count(key, expiry, now)
        left = began + expiry - now
        return before, left if before else 0.0, current, left + expiry

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget a key."""
        del expiry
        self._counts.pop(key, None)

    async def reset(self) -> int:
        """Forget everybody; how many they were."""
        forgotten = len(self._counts)
        self._counts.clear()
        return forgotten

    async def clear(self, key: str) -> None:
        """Forget a key."""
        self._counts.pop(key, None)


class Rates:
    """Who may send how much. Where Redis fails or is late, everybody is let through."""

    def __init__(self, by_token: int, by_address: int, policy: Policy, observer: Observer) -> None:
        """Requests a minute; 0 for any number. `observer` hears of Redis's failures ("limit")."""
        self._by_token = RateLimitItemPerMinute(by_token) if by_token else None
        self._by_address = RateLimitItemPerMinute(by_address) if by_address else None
        self._tokens = Tokens(policy)
        storage, self._line = _counts(policy, observer)
        self._limiter = SlidingWindowCounterRateLimiter(storage)

    async def admit(self, token: str | None, address: str) -> Headers:
        """Count a request, and return the headers that tell how many are left.

        Raises Refused (429) where there are none.
        """
        if token is None:
            limit, key = self._by_address, f"address:{_site(address)}"
        else:
            limit, key = self._by_token, f"token:{self._tokens.key(token).hex()}"
        if limit is None:
            return []
        counted: tuple[bool, WindowStats] | None
        if self._line is None:
            counted = await self._counted(limit, key)
        else:
            counted = await self._line.send("limit", lambda _: self._counted(limit, key), None)
        if counted is None:
            return []
        admitted, standing = counted
        remaining = standing.remaining if admitted else 0
        seconds = max(1, math.ceil(standing.reset_time - time.time()))
        headers = _headers(limit, remaining, seconds)
        if admitted:
            return headers
        raise Refused(
            429,
            "RATE_LIMITED",
            f"At most {limit.amount} requests a minute. Try again in {seconds} seconds.",
            [*headers, (b"retry-after", b"%d" % seconds)],
        )

    async def close(self) -> None:
        """Let go of Redis's connections."""
        if self._line is not None:
            await self._line.close()

    async def _counted(self, limit: RateLimitItem, key: str) -> tuple[bool, WindowStats]:
        """Whether one more request is within the limit, and how the count stands then."""
        admitted = await self._limiter.hit(limit, key)
        return admitted, await self._limiter.get_window_stats(limit, key)


def _counts(policy: Policy, observer: Observer) -> "tuple[Storage, Line | None]":
    """The counts of this process, or those that replicas share and the line to them."""
    if policy.redis_url is None:
        return BoundedMemory(), None
    # Redis's client is not loaded where none is used.
    from upstream.redis_line import Line  # noqa: PLC0415

    line = Line(policy.redis_url, policy, observer)
    storage = RedisStorage(
        "async+redis://",  # the pool has the address
        implementation="redispy",
        key_prefix="onedtouch:rates",
        connection_pool=line.redis.connection_pool,  # type: ignore[arg-type] # documented, but left out of the types
    )
    return storage, line


def _headers(limit: RateLimitItem, remaining: int, seconds: int) -> Headers:
    """RateLimit and its policy as the IETF drafts it, and the three that older clients know."""
    return [
        (b"ratelimit-policy", b'"caller";q=%d;w=%d' % (limit.amount, _WINDOW_SECONDS)),
        (b"ratelimit", b'"caller";r=%d;t=%d' % (remaining, seconds)),
        (b"ratelimit-limit", b"%d" % limit.amount),
        (b"ratelimit-remaining", b"%d" % remaining),
        (b"ratelimit-reset", b"%d" % seconds),
    ]


def _site(address: str) -> str:
    """What an address is counted as: one site is given a whole /64 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4 or parsed.ipv4_mapped is not None:  # noqa: PLR2004 - IPv4
        return address
    return str(ipaddress.ip_network((parsed, _IPV6_SITE_BITS), strict=False))
