"""Begun: a coroutine that runs as far as it gets without waiting, before anything is set up for it.

A timer costs more than most of what it guards: the body of a small request is nearly always there
when it is asked for. (Python 3.12 has eager tasks for the same reason; these need no task at all.)
"""

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine that was begun here and now; await it for its value, wherever that is needed.

    `done` says that it has its value already: then awaiting it does not wait. What it raises
    before it waits, it raises at once.
    """

    __slots__ = ("_coroutine", "_value", "_waits_for", "done")

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self.done = False
        self._waits_for: Any = None
        try:
            self._waits_for = coroutine.send(None)
        except StopIteration as ended:
            self.done = True
            self._value: T = ended.value

    def __await__(self) -> Generator[Any, Any, T]:
        if self.done:
            return self._value
        coroutine, waits_for = self._coroutine, self._waits_for
        # As `await` itself does it, but for the first step (Python's PEP 380).
        try:
            while True:
                try:
                    sent = yield waits_for
                except GeneratorExit:
                    coroutine.close()
                    raise
                except BaseException as error:  # noqa: BLE001 - a cancellation, most likely
                    waits_for = coroutine.throw(error)
                else:
                    waits_for = coroutine.send(sent)
        except StopIteration as ended:
            value: T = ended.value
            return value
