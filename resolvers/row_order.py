"""Row order: where a row belongs among others, by the numbers of all of them.

Most lists come in the order of their rows' numbers, rising or falling, but for a few rows. So
numbers tell where a row that is gone stood, and on which side to look for one that moved.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from upstream.records import number_of

_FEWEST_IN_ORDER: Final = 8
"""Rows that must be in the order of their numbers, for this to be no chance."""

_FAR_OUT: Final = 500
"""Rows beyond those at hand, by the usual step between two numbers, where another may stand."""


def gap_of(number: int, rows: Mapping[int, Any], end: int | None) -> tuple[int, int] | None:
    """The places between which a row that is gone stood; `rows` are by place, in a list so long.

    None where the rows have no order that it fits into, or do not show both sides of the gap. Rows
    that came by now may stand anywhere: the gap is where the fewest rows are on the wrong side.
    """
    places, numbers, number = _in_order(number, rows)
    if not places:
        return None
    misplaced = least = sum(each < number for each in numbers)
    at = 0
    for seen, each in enumerate(numbers, 1):
        misplaced += 1 if each > number else -1
        if misplaced < least:
            at, least = seen, misplaced
    if at == 0:
        return (0, 0) if places[0] == 0 else None
    behind = places[at - 1] + 1
    if at == len(places):
        return (behind, behind) if behind == end else None
    return behind, places[at]


def side_of(number: int, rows: Mapping[int, Any]) -> int:
    """1 where the rows, by place, come before the one of a number, -1 where after it, 0: unknown.

    One row out of order makes it unknown: a side that is wrong would cost what both would find.
    """
    places, numbers, number = _in_order(number, rows)
    if not places or any(one >= other for one, other in pairwise(numbers)):
        return 0
    return 1 if number > numbers[-1] else -1 if number < numbers[0] else 0


def _in_order(number: int, rows: Mapping[int, Any]) -> tuple[list[int], list[int], int]:
    """The rows' places, and their numbers and this one so turned that they rise.

    No places where they are in no order, but for a few, or where this one is far out of it: a row
    that came late, most likely.
    """
    held = [
        (place, found) for place in sorted(rows) if (found := number_of(rows[place])) is not None
    ]
    steps = sorted(other - one for (_, one), (_, other) in pairwise(held))
    allowed = len(held) // _FEWEST_IN_ORDER
    rising = sum(step > 0 for step in steps)
    if not allowed or allowed < rising < len(steps) - allowed:
        return [], [], number
    sign = -1 if rising <= allowed else 1
    numbers = [sign * each for _, each in held]
    number *= sign
    far = _FAR_OUT * abs(steps[len(steps) // 2])
    if not min(numbers) - far <= number <= max(numbers) + far:
        return [], [], number
    return [place for place, _ in held], numbers, number
