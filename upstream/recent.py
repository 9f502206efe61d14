"""Recent: what was used last, bounded in entries and in their size."""

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Things by text; where there is no more room, those that were used least lately go.

    Each thing has the size that it was put there with, by default its text's characters.
    """

    def __init__(self, entries: int, size: int) -> None:
        self._entries = entries
        self._most = size
        self._held: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, text: str) -> T | None:
        """What is kept under this text, now the last to go."""
        found = self._held.get(text)
        if found is None:
            return None
        self._held.move_to_end(text)
        return found[0]

    def take(self, text: str) -> T | None:
        """What was kept under this text until now."""
        found = self._held.pop(text, None)
        if found is None:
            return None
        self.size -= found[1]
        return found[0]

    def put(self, text: str, kept: T, size: int | None = None) -> None:
        """Keep something under a text, unless it alone would need more room than there is."""
        size = len(text) if size is None else size
        self.take(text)
        if size > self._most:
            return
        self._held[text] = (kept, size)
        self.size += size
        while len(self._held) > self._entries or self.size > self._most:
            _, (_, gone) = self._held.popitem(last=False)
            self.size -= gone
