"""The line to Redis: short of patience, and left alone for a while after each failure.

Needs the package redis, which comes with the extra `redis`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .observer import Observer, RedisAction
from .policy import Policy

log: Final = logging.getLogger("upstream")

T = TypeVar("T")

FAILURES: Final = (RedisError, OSError, TimeoutError, ValueError)
"""What goes wrong with Redis; the texts hold its address, so they are never logged."""

_CONNECTIONS: Final = 32


class Line:
    """Commands to one Redis, each within the time that policy allows.

    After a failure nothing is sent for a pause, and then one command at a time until one works.
    ValueError where the address is none.
    """

    def __init__(self, url: str, policy: Policy, observer: Observer) -> None:
        self._policy = policy
        self._observer = observer
        failed = False
        try:
            pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
                url,
                max_connections=_CONNECTIONS,
                timeout=policy.redis_timeout,
                socket_timeout=policy.redis_timeout,
                socket_connect_timeout=policy.redis_timeout,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
            )
        except ValueError:
            failed = True
        if failed:
            # The library's own sentence repeats the address, which may hold a password.
            raise ValueError("redis_url must be redis://, rediss:// or unix://, as in redis://host")
        self.redis: Redis = Redis.from_pool(pool)
        self._left_alone_until = 0.0
        self._trying = False
        self.up = True

    async def close(self) -> None:
        """Close all connections."""
        await self.redis.aclose()

    def busy(self) -> bool:
        """Whether nothing may be sent now, as Redis failed just now."""
        if self.up:
            return False
        return self._trying or monotonic() < self._left_alone_until

    async def send(
        self, action: RedisAction, command: Callable[[Redis], Awaitable[T]], otherwise: T
    ) -> T:
        """What a command gives, or `otherwise` where Redis can't be asked or fails."""
        if self.busy():
            return otherwise
        self._trying = not self.up
        try:
            async with asyncio.timeout(self._policy.redis_timeout):
                given = await command(self.redis)
        except FAILURES as error:
            self.note_failure(action, error)
            return otherwise
        else:
            self.note_success()
            return given
        finally:
            self._trying = False

    def note_failure(self, action: RedisAction, error: BaseException) -> None:
        """Leave Redis alone for a while."""
        self._observer.redis_failed(action)
        if self.up:
            log.warning("Redis fails (%s: %s): going on without it", action, type(error).__name__)
        self.up = False
        self._left_alone_until = monotonic() + self._policy.redis_pause

    def note_success(self) -> None:
        """Redis works."""
        if not self.up:
            log.warning("Redis is back")
        self.up = True
