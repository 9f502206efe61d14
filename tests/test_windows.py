"""The arithmetic of windows is that of a plain list's slices, and its pages are the fewest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.windows import Ask, Sizes, page_outwards, pages_for, window_places

PLACES = st.integers(min_value=0, max_value=3_000)
SIZES = st.integers(min_value=0, max_value=500)
SERVED = st.one_of(
    st.builds(Sizes, largest=st.integers(min_value=1, max_value=100)),
    st.builds(Sizes, fixed=st.sampled_from([20, 25, 30])),
)


@given(length=PLACES, size=SIZES, start=PLACES, stop=st.none() | PLACES)
def test_a_window_from_the_front_is_a_slice_of_a_slice(
    length: int, size: int, start: int, stop: int | None
) -> None:
    rows = list(range(length))

    span = window_places(size, backwards=False, start=start, stop=stop)

    assert rows[span.start : span.stop] == rows[start:stop][:size]


@given(length=PLACES, size=SIZES, start=PLACES, stop=st.none() | PLACES)
def test_a_window_from_the_back_is_a_slice_of_a_slice(
    length: int, size: int, start: int, stop: int | None
) -> None:
    rows = list(range(length))
    end = length if stop is None else min(stop, length)

    span = window_places(size, backwards=True, start=start, stop=end)

    assert rows[span.start : span.stop] == rows[start:stop][max(0, end - start - size) :]


def test_a_window_from_the_back_needs_a_back() -> None:
    with pytest.raises(ValueError, match="where the back is"):
        window_places(25, backwards=True, start=0, stop=None)


def test_a_window_that_its_cursors_leave_empty_stands_where_it_would_start() -> None:
    assert window_places(25, backwards=False, start=10, stop=5) == range(10, 10)
    assert window_places(25, backwards=True, start=10, stop=5) == range(10, 10)


@given(low=PLACES, length=st.integers(min_value=0, max_value=520), sizes=SERVED)
def test_pages_hold_every_place_and_lie_side_by_side(low: int, length: int, sizes: Sizes) -> None:
    asks = pages_for(low, low + length, sizes)

    held = [
        place
        for ask in asks
        for place in range((ask.page - 1) * ask.per_page, ask.page * ask.per_page)
    ]
    assert held == sorted(set(held))
    assert set(range(low, low + length)) <= set(held)
    assert all(1 <= ask.per_page <= sizes.greatest for ask in asks)


@given(low=PLACES, length=st.integers(min_value=1, max_value=502))
def test_no_other_single_size_takes_fewer_pages_or_as_few_with_fewer_rows(
    low: int, length: int
) -> None:
    asks = pages_for(low, low + length, Sizes())

    def cost(size: int) -> tuple[int, int]:
        count = (low + length - 1) // size - low // size + 1
        return count, count * size

    assert (len(asks), sum(ask.per_page for ask in asks)) == min(map(cost, range(1, 101)))


@given(low=PLACES, length=st.integers(min_value=1, max_value=502))
def test_pages_are_at_most_one_more_than_the_hundreds_begun(low: int, length: int) -> None:
    assert len(pages_for(low, low + length, Sizes())) <= -(-length // 100) + 1


@pytest.mark.parametrize(
    ("low", "high", "asks"),
    [
        (0, 25, [Ask(1, 25)]),
        (0, 100, [Ask(1, 100)]),
        (0, 101, [Ask(1, 51), Ask(2, 51)]),
        (24, 50, [Ask(1, 50)]),
        (99, 150, [Ask(2, 75)]),
        (1_000, 1_000, []),
    ],
)
def test_pages_of_some_stretches(low: int, high: int, asks: list[Ask]) -> None:
    assert pages_for(low, high, Sizes()) == asks


def test_a_list_of_one_page_size_is_asked_for_pages_of_that_size() -> None:
    assert pages_for(30, 60, Sizes(fixed=25)) == [Ask(2, 25), Ask(3, 25)]


def test_a_list_of_larger_pages_than_may_be_asked_for_is_asked_for_the_largest() -> None:
    sizes = Sizes(fixed=120)
    assert pages_for(130, 250, sizes) == [Ask(2, 100), Ask(3, 100)]
    assert page_outwards(130, range(120, 135), sizes, None, 50) == Ask(2, 100)


def test_a_window_of_up_to_fifty_rows_and_its_anchor_nearly_always_fit_one_page() -> None:
    single = [len(pages_for(place, place + 51, Sizes())) == 1 for place in range(10_000)]

    assert sum(single) > 9_950


def test_the_first_look_outwards_shows_both_sides() -> None:
    seen = range(500, 526)

    ask = page_outwards(500, seen, Sizes(), None, 50)

    assert ask is not None
    held = range((ask.page - 1) * ask.per_page, ask.page * ask.per_page)
    assert held.start <= 470
    assert held.stop >= 540


@pytest.mark.parametrize("seen", [range(451, 551), range(450, 550)])
def test_a_look_outwards_reaches_as_far_on_both_sides(seen: range) -> None:
    everything = range(450, 551)

    ask = page_outwards(500, seen, Sizes(), None, 50)

    assert ask is not None
    shown = range((ask.page - 1) * ask.per_page, ask.page * ask.per_page)
    assert set(everything) - set(seen) <= set(shown)
    assert page_outwards(500, everything, Sizes(), None, 50) is None
    assert page_outwards(500, everything, Sizes(), 1_000, 50) is None


@given(
    place=st.integers(min_value=50, max_value=3_000),
    seen=st.integers(min_value=0, max_value=30),
    sizes=SERVED,
)
def test_no_other_page_looks_at_more_places_or_as_many_more_evenly(
    place: int, seen: int, sizes: Sizes
) -> None:
    known = range(place - seen, place + seen)
    ask = page_outwards(place, known, sizes, None, 50)

    def shown(size: int, page: int) -> tuple[int, int]:
        low, high = max((page - 1) * size, place - 50), min(page * size, place + 51)
        before, behind = max(0, known.start - low), max(0, high - known.stop)
        return before + behind, -abs(before - behind)

    nearest = place + seen
    assert ask is not None
    assert shown(ask.per_page, ask.page) == max(
        shown(size, nearest // size + 1) for size in range(sizes.fixed or 1, sizes.greatest + 1)
    )


@given(
    place=PLACES,
    seen=st.sets(PLACES),
    sizes=SERVED,
    end=st.none() | PLACES,
    reach=st.sampled_from([50, 150]),
)
def test_a_look_outwards_shows_something_new_or_there_is_nothing_new(
    place: int, seen: set[int], sizes: Sizes, end: int | None, reach: int
) -> None:
    ask = page_outwards(place, seen, sizes, end, reach)

    centre = place if end is None else min(place, end - 1)
    near = {
        at
        for at in range(max(0, centre - reach), centre + reach + 1)
        if at not in seen and (end is None or at < end)
    }
    if ask is None:
        assert not near
    else:
        assert near & set(range((ask.page - 1) * ask.per_page, ask.page * ask.per_page))
