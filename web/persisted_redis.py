"""Persisted queries in a Redis that replicas share; imported only where one is configured."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from time import monotonic
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from web.persisted import MemoryStore

PREFIX: Final = "onedtouch:persisted:"

LIFETIME_SECONDS: Final = 86_400
"""How long Redis keeps a text that nobody sends again."""


class RedisStore:
    """Texts in Redis, and in this process for the next time.

    Where Redis fails or is late, a text that is not at hand is not known, and Redis is left alone
    for a while. What it says is believed only where its hash is right: whoever can write to Redis
    can't change what an operation means.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 0.2,
        pause: float = 2.0,
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """`timeout` and `pause` are in seconds; `failed` hears of failures, "read" or "write"."""
        self._redis = Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)
        self._near = MemoryStore()
        self._timeout = timeout
        self._pause = pause
        self._failed = failed
        self._left_alone_until = 0.0

    async def get(self, digest: str) -> str | None:
        """The text with this hash; None where it is not known, or Redis does not say."""
        text = await self._near.get(digest)
        if text is None and self._may_ask():
            text = await self._far(digest)
            if text is not None:
                await self._near.put(digest, text)
        return text

    async def put(self, digest: str, text: str) -> None:
        """Keep a text here, and in Redis as well as it goes."""
        await self._near.put(digest, text)
        if self._may_ask():
            try:
                async with asyncio.timeout(self._timeout):
                    await self._redis.set(PREFIX + digest, text.encode(), ex=LIFETIME_SECONDS)
            except (RedisError, OSError, TimeoutError):
                self._note_failure("write")

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._redis.aclose()

    async def _far(self, digest: str) -> str | None:
        try:
            async with asyncio.timeout(self._timeout):
                found = await self._redis.get(PREFIX + digest)
        except (RedisError, OSError, TimeoutError):
            self._note_failure("read")
            return None
        if not isinstance(found, bytes) or sha256(found).hexdigest() != digest:
            return None
        return found.decode()

    def _may_ask(self) -> bool:
        return monotonic() >= self._left_alone_until

    def _note_failure(self, action: str) -> None:
        self._left_alone_until = monotonic() + self._pause
        if self._failed is not None:
            self._failed(action)
