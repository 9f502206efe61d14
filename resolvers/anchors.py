"""Anchors: the rows that cursors name, looked for among the rows in hand."""

from .cursors import Cursor
from .hands import Hand, number_of


class Anchor:
    """One cursor of one window.

    `place` is where its row should stand by what is known so far, and `gap` the first place
    after the cut that it makes: behind its row for `after`, in front of it for `before`. Both
    are final once it is `settled`.
    """

    def __init__(self, cursor: Cursor, *, after: bool) -> None:
        self._number = cursor.number
        self._beside = cursor.beside
        self._step = 1 if after else 0
        self.place = cursor.place
        self.gap = max(0, cursor.place + self._step)
        self.settled = cursor.number is None and not cursor.beside

    @property
    def expected(self) -> dict[int, int]:
        """The number that should stand at its place, if there is one."""
        return {} if self._number is None else {self.place: self._number}

    def settle(self, hand: Hand) -> bool:
        """Whether the rows in hand tell, now and for the first time, where to cut."""
        if self.settled:
            return False
        if self._number is not None and self._number in hand.places:
            self._stand(hand.places[self._number])
            return True
        return any(self._settle_beside(hand, offset, number) for offset, number in self._beside)

    def give_up(self, hand: Hand) -> None:
        """Cut by place: where the row was deleted, the one that is there now came after it."""
        if self._number is None or self._nameless(hand, self.place):
            self._stand(self.place)
        else:
            self._cut(self.place)

    def shift(self, places: int) -> None:
        """Expect the row further on, or further back, as the other cursor's row turned out."""
        if not self.settled:
            self.place = max(0, self.place + places)
            self.gap = self.place + self._step

    def _settle_beside(self, hand: Hand, offset: int, number: int) -> bool:
        at = hand.places.get(number)
        if at is None:
            return False
        if offset in (-1, 1) and self._nameless(hand, at - offset):
            self._stand(at - offset)
            return True
        towards = at + 1 if offset < 0 else at - 1
        if towards >= 0 and towards not in hand.rows and hand.may_hold(towards):
            return False  # the row itself may stand there, just out of sight
        self._cut(at + 1 if offset < 0 else at)
        return True

    @staticmethod
    def _nameless(hand: Hand, place: int) -> bool:
        return place in hand.rows and number_of(hand.rows[place]) is None

    def _stand(self, place: int) -> None:
        self.place, self.gap, self.settled = place, place + self._step, True

    def _cut(self, gap: int) -> None:
        self.place, self.gap, self.settled = gap, gap, True
