"""The tokens: what they are called inside, where none is ever kept, and which are dead."""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from .policy import Policy

_MOST_REVOKED: Final = 100_000
_SHARED_WORD: Final = b"onedtouch-graphql: tokens in a shared cache"


class Tokens:
    """Names tokens by an HMAC, and remembers those that were revoked for as long as policy says."""

    def __init__(self, policy: Policy) -> None:
        if policy.cache_secret is not None:
            self.secret = policy.cache_secret.encode()
        elif policy.redis_url is not None:
            # Replicas must agree on a name. Tokens are long and random: nobody guesses one.
            self.secret = _SHARED_WORD
        else:
            self.secret = secrets.token_bytes(32)
        # Copying the prepared state takes less than half the time of starting anew.
        self._named = hmac.new(self.secret, digestmod="sha256")
        self._revoked_for = policy.revoked_for
        self._revoked: OrderedDict[bytes, float] = OrderedDict()
        self._watched: dict[asyncio.Event, bytes] = {}

    def key(self, token: str) -> bytes:
        """The name of a token, from which it can't be found."""
        named = self._named.copy()
        named.update(token.encode())
        return named.digest()

    def revoke(self, token_key: bytes) -> None:
        """Remember a token as dead."""
        self._revoked.pop(token_key, None)
        self._revoked[token_key] = monotonic() + self._revoked_for
        if len(self._revoked) > _MOST_REVOKED:
            self._revoked.popitem(last=False)
        for event, watched in self._watched.items():
            if watched == token_key:
                event.set()

    @contextmanager
    def watched(self, token_key: bytes) -> Iterator[asyncio.Event]:
        """An event that is set when the token is revoked while the block lasts."""
        event = asyncio.Event()
        self._watched[event] = token_key
        try:
            yield event
        finally:
            del self._watched[event]

    def revive(self, token_key: bytes) -> None:
        """Forget that a token was dead: the REST API has just given it out."""
        self._revoked.pop(token_key, None)

    def is_revoked(self, token_key: bytes) -> bool:
        """Whether a token was revoked not too long ago."""
        until = self._revoked.get(token_key)
        if until is None:
            return False
        if until > monotonic():
            return True
        del self._revoked[token_key]
        return False
