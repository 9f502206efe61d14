"""A large batch is begun a few requests at a time, so that what they write goes out in between."""

import asyncio
from collections import Counter

from resolvers.loaders import Loader
from upstream.caller import Reply

KEYS = range(20)


class Asked:
    """What loads keys: it notes in which round of the event loop it was asked for each."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.loader = Loader(self.ask, self.tasks)
        self.begun: dict[int, int] = {}
        self.given_up: set[int] = set()
        self.answers = asyncio.Event()
        self._round = 0
        self._count()

    async def ask(self, key: int) -> Reply[int]:
        """The key's square, once there are answers."""
        self.begun[key] = self._round
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.given_up.add(key)
            raise
        return Reply(key * key)

    def _count(self) -> None:
        self._round += 1
        if not self.answers.is_set():
            asyncio.get_running_loop().call_soon(self._count)


async def until_begun(asked: Asked, count: int) -> None:
    async with asyncio.timeout(20):
        while len(asked.begun) < count:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)


async def test_eight_requests_are_begun_in_a_round() -> None:
    asked = Asked()
    loading = asyncio.create_task(asked.loader.load_each(KEYS))
    await until_begun(asked, len(KEYS))
    asked.answers.set()

    assert await loading == {key: Reply(key * key) for key in KEYS}
    assert list(asked.begun) == list(KEYS)
    assert list(Counter(asked.begun.values()).values()) == [8, 8, 4]


async def test_of_a_batch_that_is_given_up_the_rest_is_not_begun() -> None:
    asked = Asked()
    loading = asyncio.create_task(asked.loader.load_each(KEYS))
    await until_begun(asked, 1)
    (batch,) = asked.tasks
    batch.cancel()
    loading.cancel()
    await asyncio.wait([batch, loading])
    await asyncio.sleep(0.1)
    asked.answers.set()

    assert len(asked.begun) < len(KEYS)
    assert asked.given_up == asked.begun.keys()
