"""Sharing: what processes tell each other of answers and tokens, and what one alone does."""

import time
from typing import Final, Literal, Protocol, TypeAlias

from msgspec import Struct

from .freshness import Freshness

News: TypeAlias = Literal["purged", "revoked", "revived"]
"""What has become of a token: its answers are gone, it is dead, or it has been given out anew."""


class SharedAnswer(Struct, array_like=True, frozen=True):
    """A 200 of the REST API, as other processes may use it: what it sent, and until when.

    `at` is in Unix seconds. `link` is the Link header.
    """

    at: float
    freshness: Freshness
    link: str | None
    body: bytes

    def __repr__(self) -> str:
        return "SharedAnswer(...)"

    def given_at(self) -> float:
        """When it was given, on the clock of time.monotonic; never later than now."""
        return time.monotonic() - max(0.0, time.time() - self.at)


class Known(Struct, frozen=True):
    """What is known elsewhere of a token and one answer.

    The mark goes with what is written for the token later; None where there was none to read.
    """

    mark: bytes | None = None
    answer: SharedAnswer | None = None
    revoked: bool = False


NOTHING_KNOWN: Final = Known()


class Listener(Protocol):
    """Whoever keeps answers in this process."""

    def hear(self, news: News, token_key: bytes) -> None:
        """Another process says what has become of a token."""

    def hear_of_a_gap(self) -> None:
        """Nobody knows what has become of any token."""


class Elsewhere(Protocol):
    """Other processes. Nothing here raises, whatever fails."""

    @property
    def up(self) -> bool | None:
        """Whether they can be reached; None where there are none."""

    async def open(self, listener: Listener) -> None:
        """Start to listen for news."""

    async def close(self) -> None:
        """Stop listening."""

    async def read(self, token: str, token_key: bytes, key: str) -> Known:
        """What is known of a token and one answer."""

    def write(
        self, token: str, token_key: bytes, key: str, *, mark: bytes | None, answer: SharedAnswer
    ) -> None:
        """Share an answer, in the background; `mark` is what was read before it was asked for."""

    def forget(self, token_key: bytes, key: str) -> None:
        """Share an answer no longer, in the background."""

    async def tell(self, news: News, token_key: bytes) -> None:
        """Tell all what has become of a token."""

    def tell_in_background(self, news: News, token_key: bytes) -> None:
        """The same, without waiting for it."""


class Nowhere:
    """No other processes."""

    up: bool | None = None

    async def open(self, listener: Listener) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""

    async def read(self, token: str, token_key: bytes, key: str) -> Known:
        """Nothing known."""
        del token, token_key, key
        return NOTHING_KNOWN

    def write(
        self, token: str, token_key: bytes, key: str, *, mark: bytes | None, answer: SharedAnswer
    ) -> None:
        """Nothing."""

    def forget(self, token_key: bytes, key: str) -> None:
        """Nothing."""

    async def tell(self, news: News, token_key: bytes) -> None:
        """Nothing."""

    def tell_in_background(self, news: News, token_key: bytes) -> None:
        """Nothing."""


def shared_answer(at: float, freshness: Freshness, link: str | None, body: bytes) -> SharedAnswer:
    """An answer as it is shared; `at` is on the clock of time.monotonic."""
    age = time.monotonic() - at
    return SharedAnswer(time.time() - age, freshness, link, body)
