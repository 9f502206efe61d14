"""Anchors: the rows that cursors name, looked for among the rows in hand."""

from typing import Final

from upstream.records import number_of

from .cursors import Cursor
from .hands import Hand
from .row_order import gap_of

_FAR_ENOUGH: Final = 50
"""Rows next to a row's neighbour among which it is not: then it is taken to be gone."""


class Anchor:
    """One cursor of one window.

    `number` is that of its row. `place` is where its row should stand by what is known so far,
    and `gap` the first place after the cut that it makes: behind its row for `after`, in front
    of it for `before`. Both are final once it is `settled`.
    """

    def __init__(self, cursor: Cursor, *, after: bool) -> None:
        self.number = cursor.number
        self._beside = cursor.beside
        self._step = 1 if after else 0
        self.place = cursor.place
        self.gap = self._given = max(0, cursor.place + self._step)
        self.settled = cursor.number is None and not cursor.beside

    @property
    def expected(self) -> dict[int, int]:
        """The number that should stand at its place, if there is one."""
        return {} if self.number is None else {self.place: self.number}

    @property
    def has_moved(self) -> bool:
        """Whether its row is not where the cursor has it."""
        return self.settled and self.gap != self._given

    def learn(self, hand: Hand) -> bool:
        """Whether the rows in hand tell more than before about where to cut.

        A neighbour in hand brings the expected place near: the row is close to it, or is gone.
        """
        if self.settled:
            return False
        place = self.place
        if self.number is not None and number_of(hand.rows.get(place)) == self.number:
            # Before any other row of this number: a walk over one that is there twice must end.
            self._stand(place)
        elif self.number is not None and self.number in hand.places:
            self._stand(hand.places[self.number])
        else:
            self._settle_beside(hand)
        return self.settled or self.place != place

    def give_up(self, hand: Hand) -> None:
        """Cut by a row that stood beside it, by the order of numbers, or else by place.

        Where the row was deleted, the row that is now at its place came after it.
        """
        earlier, later = self._neighbours(hand)
        gap = None if self.number is None else gap_of(self.number, hand.rows, hand.end)
        if earlier is not None:
            self._cut(earlier + 1)
        elif later is not None:
            self._cut(later)
        elif self.number is None or _nameless(hand, self.place):
            self._stand(self.place)
        elif gap is not None:
            self._cut(gap[0] if self._step else gap[1])
        else:
            self._cut(self.place)

    def shift(self, places: int) -> None:
        """Expect the row further on, or further back, as the other cursor's row turned out."""
        if not self.settled:
            self._expect(max(0, self.place + places))

    def _settle_beside(self, hand: Hand) -> None:
        for offset, number in self._beside:
            at = hand.places.get(number)
            if at is not None and offset in (-1, 1) and _nameless(hand, at - offset):
                self._stand(at - offset)  # the row itself, which is none just now
                return
        earlier, later = self._neighbours(hand)
        if earlier is not None and later is not None and _seen(hand, earlier + 1, later):
            self._cut(earlier + 1 if self._step else later)
        elif earlier is not None and _seen(hand, earlier + 1, earlier + 1 + _FAR_ENOUGH):
            self._cut(earlier + 1)
        elif later is not None and _seen(hand, max(0, later - _FAR_ENOUGH), later):
            self._cut(later)
        elif earlier is not None:
            self._expect(earlier + 1)
        elif later is not None:
            self._expect(later - 1)

    def _neighbours(self, hand: Hand) -> tuple[int | None, int | None]:
        """Where the nearest rows in hand that stood before and after it are now."""
        earlier = later = None
        for offset, number in reversed(self._beside):
            at = hand.places.get(number)
            if at is not None and offset < 0:
                earlier = at
            elif at is not None:
                later = at
        return earlier, later

    def _expect(self, place: int) -> None:
        self.place, self.gap = place, place + self._step

    def _stand(self, place: int) -> None:
        self.place, self.gap, self.settled = place, place + self._step, True

    def _cut(self, gap: int) -> None:
        self.place, self.gap, self.settled = gap, gap, True


def _nameless(hand: Hand, place: int) -> bool:
    return place in hand.rows and number_of(hand.rows[place]) is None


def _seen(hand: Hand, low: int, high: int) -> bool:
    return all(place in hand.rows or not hand.may_hold(place) for place in range(low, high))
