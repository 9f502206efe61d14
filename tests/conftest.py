"""The tests' one hook, by which each coroutine test has a fresh event loop, and one fixture."""

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from tests.redis_server import RedisServer


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A real Redis of the test's own."""
    server = RedisServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Keep pytest-asyncio out where something else has brought it along.

    It warns of configuration that it misses, and warnings are errors here.
    """
    pluginmanager.set_blocked("asyncio")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def test_...` with its fixtures; any other test is left to pytest."""
    test = pyfuncitem.obj
    if hasattr(test, "hypothesis"):
        # hypothesis calls the inner test once an example: each gets a loop of its own.
        inner = test.hypothesis.inner_test
        if inspect.iscoroutinefunction(inner):
            test.hypothesis.inner_test = _on_a_fresh_loop(inner)
        return None
    if not inspect.iscoroutinefunction(test):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    _on_a_fresh_loop(test)(**{name: pyfuncitem.funcargs[name] for name in names})
    return True


def _on_a_fresh_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*positional: Any, **named: Any) -> None:
        asyncio.run(test(*positional, **named))

    # hypothesis and pytest look through __wrapped__ for a coroutine function.
    del run.__wrapped__
    return run
