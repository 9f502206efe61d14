"""A walk by windows of one size, forward or backward, shows every row of the list once."""

from typing import Any

import pytest

from tests.paged_list import MANNERS, PagedList, walk_backward, walk_forward

LENGTHS = [0, 1, 24, 25, 26, 50, 99, 100, 101, 240, 333]


@pytest.mark.parametrize("size", [1, 7, 25, 30, 100, 250])
@pytest.mark.parametrize("manner", MANNERS)
async def test_a_walk_forward_is_the_list(manner: dict[str, Any], size: int) -> None:
    for length in LENGTHS:
        rows = PagedList(list(range(1_000, 1_000 + length)), **manner)

        assert await walk_forward(rows, size) == rows.numbers


@pytest.mark.parametrize("size", [1, 7, 25, 30, 100, 250])
@pytest.mark.parametrize("manner", MANNERS)
async def test_a_walk_backward_is_the_list(manner: dict[str, Any], size: int) -> None:
    for length in LENGTHS:
        rows = PagedList(list(range(1_000, 1_000 + length)), **manner)

        assert await walk_backward(rows, size) == rows.numbers


@pytest.mark.parametrize("size", [1, 7, 25])
@pytest.mark.parametrize("manner", MANNERS)
async def test_rows_that_are_none_are_walked_like_any_other(
    manner: dict[str, Any], size: int
) -> None:
    numbers = [None if place % 7 in (0, 1) else place for place in range(120)]
    rows = PagedList(numbers, **manner)

    assert await walk_forward(rows, size) == numbers
    assert await walk_backward(rows, size) == numbers


@pytest.mark.parametrize("last", [1, 2, 500])
async def test_a_link_that_lies_about_the_last_page_spoils_no_walk(last: int) -> None:
    rows = PagedList(list(range(333)), last=last)

    assert await walk_forward(rows, 30) == rows.numbers
    assert await walk_backward(rows, 30) == rows.numbers


@pytest.mark.parametrize("size", [7, 30, 100])
async def test_a_link_that_always_has_a_next_page_spoils_no_walk(size: int) -> None:
    for length in (1, 24, 100, 333):
        rows = PagedList(list(range(length)), last=1, endless=True)

        assert await walk_forward(rows, size) == rows.numbers
        assert await walk_backward(rows, size) == rows.numbers
