"""The replicas: what processes share through Redis, answers as well as news of dead tokens.

Each token has a mark in Redis, a random word, and each answer is sealed to the mark of its time:
taking the mark away makes all answers of the token unreadable at once, also those that another
process is just writing. That a token is dead stands in a place of its own, so that whoever purges
it at the same moment can't bring it back to life.

Redis may be slow or gone at any time. Then this process goes on with its own cache, where a token
lives on for as long as policy lets an unconfirmed one; once Redis is back it forgets everything,
for it may have missed a purge, and tells the purges that it could not tell.

Needs the packages redis and cryptography, which come with the extra `redis`.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Coroutine
from typing import Any, Final, TypeAlias, cast

from redis.asyncio import Redis

from . import sealing
from .freshness import LONGEST
from .observer import Observer
from .policy import Policy
from .redis_line import FAILURES, Line
from .sharing import Known, Listener, News, SharedAnswer
from .tokens import Tokens

_PREFIX: Final = "onedtouch:2:"
_CHANNEL: Final = f"{_PREFIX}news"
_KINDS: Final[dict[bytes, News]] = {b"p": "purged", b"r": "revoked", b"v": "revived"}
_LETTERS: Final = {news: letter for letter, news in _KINDS.items()}
_MARK_BYTES: Final = 16
_MARK_SECONDS: Final = int(2 * LONGEST)
_SENDER_BYTES: Final = 8
_MOST_WRITES: Final = 64
_MOST_UNTOLD: Final = 10_000
_Read: TypeAlias = tuple[bytes | None, bytes | None, bytes | None]
"""The death of a token, its mark, and an answer."""

_NOTHING: Final[_Read] = (None, None, None)
_HEARTBEAT: Final = 5.0
"""Seconds of silence after which the connection that news come in on is tried."""

_CANCELLED_WITHIN: Final = 0.1
"""Seconds after which a task that goes on was not cancelled after all."""

_LARGE: Final = 64 * 1024
"""Bytes from which sealing and unsealing leave the event loop to others."""


class Replicas:
    """Answers and news shared with other processes; never an exception, whatever Redis does."""

    def __init__(self, url: str, policy: Policy, tokens: Tokens, observer: Observer) -> None:
        self._policy = policy
        self._tokens = tokens
        self._line = Line(url, policy, observer)
        self._sender = secrets.token_bytes(_SENDER_BYTES)
        self._untold: OrderedDict[bytes, News] = OrderedDict()
        self._writes: set[asyncio.Task[None]] = set()
        self._subscription: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._subscribed = False
        self._tried = asyncio.Event()
        self._closed = False

    @property
    def up(self) -> bool:
        """Whether Redis answers, and news come in."""
        return self._line.up and self._subscribed

    async def open(self, listener: Listener) -> None:
        """Start to listen for news; returns once they come in, or for the first time don't."""
        self._subscription = asyncio.get_running_loop().create_task(self._listen(listener))
        await self._tried.wait()

    async def close(self) -> None:
        """Stop listening, and leave what is not written yet."""
        self._closed = True
        tasks = {*self._writes, *filter(None, (self._subscription, self._telling))}
        left = tasks
        while left:
            for task in left:
                task.cancel()
            # The asyncio.wait_for of Python 3.11, which the library uses, may lose a cancellation
            # that comes together with what was waited for.
            _, left = await asyncio.wait(left, timeout=_CANCELLED_WITHIN)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._line.close()

    async def read(self, token: str, token_key: bytes, key: str) -> Known:
        """What is known of a token and one answer, as far as Redis can say."""
        place = _place(token_key, key)

        async def command(redis: Redis) -> _Read:
            found = await redis.mget(_death_of(token_key), _mark_of(token_key), place)
            return cast("_Read", tuple(found))

        dead, mark, value = await self._line.send("read", command, _NOTHING)
        if dead is not None:
            return Known(revoked=True)
        if mark is None or value is None:
            return Known(mark)
        return Known(mark, await self._unsealed(value, token, mark + place.encode()))

    def write(
        self,
        token: str,
        token_key: bytes,
        key: str,
        *,
        mark: bytes | None,
        answer: SharedAnswer,
    ) -> None:
        """Share an answer, in the background; `mark` is what was read before it was asked for."""
        if answer.freshness.longest < 1 or len(self._writes) >= _MOST_WRITES or self._line.busy():
            return
        self._in_background(self._written(token, token_key, key, mark, answer))

    def forget(self, token_key: bytes, key: str) -> None:
        """Share an answer no longer, in the background."""
        place = _place(token_key, key)

        async def command(redis: Redis) -> None:
            await redis.delete(place)

        self._in_background(self._line.send("write", command, None))

    async def tell(self, news: News, token_key: bytes) -> None:
        """Tell all processes what has become of a token; later, where Redis is gone.

        Later too where the one who tells it is cancelled before it is told.
        """
        untold = self._untold.pop(token_key, news)
        if news == "purged":
            news = untold  # whatever that is, it purges the token as well
        self._untold[token_key] = news
        if len(self._untold) > _MOST_UNTOLD:
            self._untold.popitem(last=False)
        try:
            await self._tell_now(news, token_key)
        finally:
            idle = self._telling is None or self._telling.done()
            if self._untold and idle and not self._closed:
                self._telling = asyncio.get_running_loop().create_task(self._tell_later())

    def tell_in_background(self, news: News, token_key: bytes) -> None:
        """The same, without waiting for it."""
        self._in_background(self.tell(news, token_key))

    async def _tell_now(self, news: News, token_key: bytes) -> bool:
        """Whether Redis has taken the news."""

        async def command(redis: Redis) -> bool:
            await self._told(redis, news, token_key)
            return True

        return await self._line.send("purge", command, otherwise=False)

    async def _tell_untold(self) -> None:
        """Tell all that could not be told so far, until that fails again."""
        for token_key, news in list(self._untold.items()):
            if self._untold.get(token_key) == news and not await self._tell_now(news, token_key):
                return

    async def _tell_later(self) -> None:
        """Try from time to time: Redis may fail without breaking the line that news come in on."""
        while self._untold:
            await asyncio.sleep(self._policy.redis_pause)
            await self._tell_untold()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _written(
        self, token: str, token_key: bytes, key: str, mark: bytes | None, answer: SharedAnswer
    ) -> None:
        if mark is None:
            mark = await self._line.send(
                "write", lambda redis: self._marked(redis, token_key), None
            )
        if mark is None:
            return
        place = _place(token_key, key)
        context = mark + place.encode()
        secret = self._tokens.secret

        def sealed() -> bytes:
            return sealing.seal(answer, token=token, secret=secret, context=context)

        value = await asyncio.to_thread(sealed) if len(answer.body) > _LARGE else sealed()

        async def command(redis: Redis) -> None:
            await redis.set(place, value, ex=int(answer.freshness.longest))

        await self._line.send("write", command, None)

    async def _unsealed(self, value: bytes, token: str, context: bytes) -> SharedAnswer | None:
        secret = self._tokens.secret
        most = 2 * self._policy.most_body_bytes

        def unsealed() -> SharedAnswer | None:
            return sealing.unseal(value, token=token, secret=secret, context=context, most=most)

        # Compressed, territory lists shrink to a tenth and less.
        return await asyncio.to_thread(unsealed) if len(value) > _LARGE // 8 else unsealed()

    async def _marked(self, redis: Redis, token_key: bytes) -> bytes | None:
        """The mark of a token, which is made if there is none; None where it is dead."""
        name = _mark_of(token_key)
        async with redis.pipeline(transaction=True) as pipeline:
            pipeline.set(name, secrets.token_hex(_MARK_BYTES), ex=_MARK_SECONDS, nx=True)
            pipeline.mget(name, _death_of(token_key))
            found: list[bytes | None] = (await pipeline.execute())[1]
        mark, dead = found
        return mark if dead is None else None

    async def _told(self, redis: Redis, news: News, token_key: bytes) -> None:
        async with redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(_mark_of(token_key))
            if news == "revoked":
                lasting = max(1, int(self._policy.revoked_for))
                pipeline.set(_death_of(token_key), b"", ex=lasting)
            elif news == "revived":
                pipeline.delete(_death_of(token_key))
            pipeline.publish(_CHANNEL, self._sender + _LETTERS[news] + token_key)
            await pipeline.execute()
        if self._untold.get(token_key) == news:
            del self._untold[token_key]

    async def _listen(self, listener: Listener) -> None:
        """Hear the news, for as long as this process lives."""
        while True:
            try:
                await self._heard(listener)
            except FAILURES as error:
                self._line.note_failure("subscribe", error)
            finally:
                self._subscribed = False
                self._tried.set()
            await asyncio.sleep(self._policy.redis_pause)

    async def _heard(self, listener: Listener) -> None:
        """Hear the news until the connection breaks."""
        async with self._line.redis.pubsub() as subscription:
            async with asyncio.timeout(self._policy.redis_timeout):
                await subscription.subscribe(_CHANNEL)
            silent = True
            while True:
                message = await subscription.get_message(timeout=_HEARTBEAT)
                if message is None:
                    if silent:
                        raise TimeoutError
                    silent = True
                    await subscription.ping()
                    if not self._line.up:
                        # Without traffic, nothing else would find out that Redis is back.
                        await self._line.send("read", _answers, otherwise=False)
                    continue
                silent = False
                if message["type"] == "subscribe":
                    await self._subscribed_again(listener)
                elif message["type"] == "message":
                    self._hear(message["data"], listener)

    async def _subscribed_again(self, listener: Listener) -> None:
        """Whatever was said in the meantime is lost, here and, of what was said here, elsewhere."""
        self._line.note_success()
        listener.hear_of_a_gap()
        self._subscribed = True
        self._tried.set()
        await self._tell_untold()

    def _hear(self, data: bytes, listener: Listener) -> None:
        sender, letter = data[:_SENDER_BYTES], data[_SENDER_BYTES : _SENDER_BYTES + 1]
        news = _KINDS.get(letter)
        if sender != self._sender and news is not None:
            listener.hear(news, data[_SENDER_BYTES + 1 :])


async def _answers(redis: Redis) -> bool:
    return bool(await redis.ping())


def _mark_of(token_key: bytes) -> str:
    return f"{_PREFIX}mark:{token_key.hex()}"


def _death_of(token_key: bytes) -> str:
    return f"{_PREFIX}dead:{token_key.hex()}"


def _place(token_key: bytes, key: str) -> str:
    return f"{_PREFIX}{sealing.name(token_key, key)}"
