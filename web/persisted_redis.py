"""Persisted queries in a Redis that replicas share; imported only where one is configured."""

from hashlib import sha256
from typing import Final

from upstream.observer import Observer
from upstream.policy import Policy
from upstream.redis_line import Line

from .persisted import MemoryStore

PREFIX: Final = "onedtouch:persisted:"

LIFETIME_SECONDS: Final = 86_400
"""How long Redis keeps a text that nobody sends again."""


class RedisStore:
    """Texts in Redis, and in this process for the next time.

    Where Redis fails or is late, a text that is not at hand is not known. What Redis says is
    believed only where its hash is right: whoever can write to Redis can't change what an
    operation means.
    """

    def __init__(self, url: str, policy: Policy, observer: Observer) -> None:
        self._line = Line(url, policy, observer)
        self._near = MemoryStore()

    async def get(self, digest: str) -> str | None:
        """The text with this hash; None where it is not known, or Redis does not say."""
        text = await self._near.get(digest)
        if text is None:
            text = await self._far(digest)
            if text is not None:
                await self._near.put(digest, text)
        return text

    async def put(self, digest: str, text: str) -> None:
        """Keep a text here, and in Redis as well as it goes."""
        await self._near.put(digest, text)
        await self._line.send(
            "write",
            lambda redis: redis.set(PREFIX + digest, text.encode(), ex=LIFETIME_SECONDS),
            None,
        )

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._line.close()

    async def _far(self, digest: str) -> str | None:
        found = await self._line.send("read", lambda redis: redis.get(PREFIX + digest), None)
        if not isinstance(found, bytes) or sha256(found).hexdigest() != digest:
            return None
        return found.decode()
