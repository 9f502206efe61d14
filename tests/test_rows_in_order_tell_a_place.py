"""Where rows are in the order of their numbers, these tell where another one would stand."""

from collections.abc import Iterable

import pytest

from resolvers.row_order import gap_of, side_of
from tests.paged_list import Record


def held(numbers: Iterable[int | None], start: int = 0) -> dict[int, Record]:
    """Rows of these numbers, at one place after the other."""
    return {place: Record(number) for place, number in enumerate(numbers, start)}


def test_a_number_far_from_all_others_tells_no_side() -> None:
    rows = held(range(1, 21))
    assert side_of(500, rows) == 1
    assert side_of(1_000, rows) == 0
    assert gap_of(1_000, rows, 20) is None


def test_how_far_a_number_is_goes_by_the_usual_step() -> None:
    assert side_of(4_000, held([0, 1, *range(10, 200, 10)])) == 1
    assert side_of(4_000, held([0, 100, *range(101, 120)])) == 0


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("at", range(21))
def test_a_row_that_is_gone_stood_between_those_beside_it(at: int, sign: int) -> None:
    numbers = [sign * number for number in range(0, 42, 2)]
    gone = numbers.pop(at)

    assert gap_of(gone, held(numbers), 20) == (at, at)


def test_a_gap_is_as_wide_as_what_is_not_in_hand() -> None:
    rows = held(range(10)) | held(range(20, 30), 20)

    assert gap_of(15, rows, None) == (10, 20)


def test_only_the_ends_of_the_list_need_no_row_on_the_other_side() -> None:
    rows = held(range(10, 20), 5)
    assert gap_of(9, rows, 15) is None
    assert gap_of(20, rows, 15) == (15, 15)
    assert gap_of(20, rows, 16) is None
    assert gap_of(20, rows, None) is None


def test_one_row_in_eight_may_be_out_of_order() -> None:
    in_order = list(range(0, 32, 2))
    few, many = in_order.copy(), in_order.copy()
    few[3], few[8] = 100, 101
    many[3], many[8], many[12] = 100, 101, 102

    assert gap_of(11, held(few), 16) == (6, 6)
    assert gap_of(-11, held(-number for number in few), 16) == (6, 6)
    assert gap_of(11, held(many), 16) is None
    assert gap_of(-11, held(-number for number in many), 16) is None


def test_fewer_than_eight_rows_are_in_order_by_chance() -> None:
    assert gap_of(5, held([1, 2, 3, 4, 6, 7, 8]), 7) is None
    assert gap_of(5, held([1, 2, 3, 4, 6, 7, 8, 9]), 8) == (4, 4)


def test_rows_count_by_place_however_they_came() -> None:
    rows = held(range(10, 20), 10) | held(range(10))

    assert side_of(30, rows) == 1
    assert side_of(-1, rows) == -1


@pytest.mark.parametrize("other", [3, 2])
def test_one_row_out_of_order_or_there_twice_tells_no_side(other: int) -> None:
    numbers = list(range(20))
    assert side_of(25, held(numbers)) == 1
    numbers[4] = other
    assert side_of(25, held(numbers)) == 0
