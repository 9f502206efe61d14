"""A coroutine is begun before anything is set up to wait for it, and then goes on as any other."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from web.begun import Begun
from web.incoming import Body, Disconnected
from web.refusals import Refused


async def immediate() -> str:
    return "here"


async def test_what_need_not_wait_is_done_at_once() -> None:
    begun = Begun(immediate())
    assert begun.done
    assert await begun == "here"


async def test_what_it_raises_at_once_is_raised_at_once() -> None:
    async def wrong() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        Begun(wrong())


async def test_what_waits_goes_on_where_it_waited() -> None:
    steps: list[int] = []

    async def slow() -> int:
        for step in range(3):
            steps.append(step)
            await asyncio.sleep(0 if step else 0.001)
        return len(steps)

    begun = Begun(slow())
    assert not begun.done
    assert steps == [0]
    assert await begun == 3


@pytest.mark.parametrize("steps", [0, 1])
async def test_a_cancellation_reaches_it(steps: int) -> None:
    seen: list[str] = []

    async def patient() -> None:
        for _ in range(steps):
            await asyncio.sleep(0)
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            seen.append("cancelled")
            await asyncio.sleep(0)
            seen.append("cleaned up")
            raise

    begun = Begun(patient())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await begun
    assert seen == ["cancelled", "cleaned up"]


async def test_what_it_waits_for_may_fail() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def waiting() -> str:
        try:
            await future
        except LookupError:
            return "caught"
        return "missed"

    begun = Begun(waiting())
    future.set_exception(LookupError())
    assert await begun == "caught"


def receiving(*parts: bytes | float | None) -> Callable[[], Any]:
    """A client that sends these parts, after as many seconds as stand between; None leaves."""
    left = list(parts)

    async def receive() -> dict[str, Any]:
        part = left.pop(0)
        while isinstance(part, float):
            await asyncio.sleep(part)
            part = left.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    return receive


@pytest.mark.parametrize("pause", [(), (0.001,)], ids=["at once", "later"])
async def test_a_body_is_whole_whenever_its_parts_come(pause: tuple[float, ...]) -> None:
    assert await Body(receiving(*pause, b"one")).read(None, 6, 5) == b"one"
    assert await Body(receiving(b"one", *pause, b"two")).read(None, 6, 5) == b"onetwo"
    assert await Body(receiving(*pause, b"")).read(None, 6, 5) == b""
    for too_large in (receiving(*pause, b"1234567"), receiving(b"123", *pause, b"4567")):
        with pytest.raises(Refused) as refused:
            await Body(too_large).read(None, 6, 5)
        assert refused.value.status == 413
    for leaving in (receiving(*pause, None), receiving(b"123", *pause, None)):
        with pytest.raises(Disconnected):
            await Body(leaving).read(None, 6, 5)


async def test_a_body_that_does_not_come_is_waited_for_as_long_as_it_may_take() -> None:
    with pytest.raises(Refused) as refused:
        await Body(receiving(b"one", 60.0, b"two")).read(None, 6, 0.01)
    assert refused.value.status == 408
