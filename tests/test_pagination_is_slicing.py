"""Any window of a list that stands still is the slice that the Relay specification describes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from resolvers.cursors import cursor_of
from resolvers.errors import BadUserInput
from resolvers.listings import Arguments, checked
from tests.paged_list import ALBUMS, MANNERS, PagedList, numbers_of
from upstream.listing import Listing

PLACES = st.integers(min_value=-1, max_value=420)
SIZES = st.none() | st.integers(min_value=0, max_value=130) | st.sampled_from([250, 499, 500])


def cursor_at(rows: PagedList, place: int | None, *, named: bool) -> str | None:
    if place is None:
        return None
    number = rows.numbers[place] if named and 0 <= place < len(rows.numbers) else None
    return cursor_of(ALBUMS, place, number)


class Asked(Struct):
    """A window of a list, by places instead of cursors."""

    length: int
    size: int | None
    backwards: bool
    after: int | None
    before: int | None
    named: bool
    """Whether the cursors name the rows' numbers, or only their places."""

    @property
    def slice(self) -> slice:
        """The places that the window shows, as the Relay specification has it."""
        start = 0 if self.after is None else self.after + 1
        stop = self.length if self.before is None else min(max(self.before, 0), self.length)
        if self.size is None:
            from_the_back, size = self.before is not None and self.after is None, 25
        else:
            from_the_back, size = self.backwards, self.size
        if start >= stop:
            return slice(min(start, self.length), min(start, self.length))
        if from_the_back:
            return slice(max(start, stop - size), stop)
        return slice(start, min(stop, start + size))


@settings(max_examples=400, deadline=None)
@given(
    asked=st.builds(
        Asked,
        length=st.integers(min_value=0, max_value=400),
        size=SIZES,
        backwards=st.booleans(),
        after=st.none() | PLACES,
        before=st.none() | PLACES,
        named=st.booleans(),
    ),
    manner=st.sampled_from(MANNERS),
    warm=st.sampled_from([None, 10, 60]),
)
async def test_a_window_is_a_slice_and_its_facts_are_true(
    asked: Asked, manner: dict[str, Any], warm: int | None
) -> None:
    rows = PagedList(list(range(1_000, 1_000 + asked.length)), **manner)
    if warm is not None:
        await rows.window(Arguments(first=warm))

    shown = await rows.window(
        Arguments(
            first=None if asked.backwards else asked.size,
            last=asked.size if asked.backwards else None,
            after=cursor_at(rows, asked.after, named=asked.named),
            before=cursor_at(rows, asked.before, named=asked.named),
        )
    )

    expected = asked.slice
    assert numbers_of(shown) == rows.numbers[expected]
    assert shown.has_next == (expected.stop < asked.length)
    assert shown.has_previous == (expected.start > 0)


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (Arguments(), range(25)),
        (Arguments(after=cursor_of(ALBUMS, 9, 9)), range(10, 35)),
        (Arguments(before=cursor_of(ALBUMS, 90, 90)), range(65, 90)),
        (
            Arguments(after=cursor_of(ALBUMS, 9, 9), before=cursor_of(ALBUMS, 90, 90)),
            range(10, 35),
        ),
        (Arguments(first=3, before=cursor_of(ALBUMS, 90, 90)), range(3)),
        (Arguments(last=3, after=cursor_of(ALBUMS, 9, 9)), range(97, 100)),
        (Arguments(last=500), range(100)),
    ],
)
async def test_windows_with_and_without_a_size(arguments: Arguments, numbers: range) -> None:
    rows = PagedList(list(range(100)))

    assert numbers_of(await rows.window(arguments)) == list(numbers)


BOTH = "Give first or last, not both: a window is filled from one end."
TOO_MANY = (
    " can be 500 at most: ask for fewer rows, and go on from the endCursor or startCursor that "
    "comes with them."
)
NO_CURSOR = (
    "A cursor must be one that this same list gave, unchanged and with the same since and until; "
    "leave the cursor out to start anew."
)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (Arguments(first=1, last=1), BOTH),
        (Arguments(first=0, last=0), BOTH),
        (Arguments(first=-1), "first can't be negative: give 0 to 500."),
        (Arguments(last=-7), "last can't be negative: give 0 to 500."),
        (Arguments(first=501), "first" + TOO_MANY),
        (Arguments(last=2**31 - 1), "last" + TOO_MANY),
        (Arguments(after="nonsense"), NO_CURSOR),
        (Arguments(before=""), NO_CURSOR),
        (Arguments(after=cursor_of(Listing("labels"), 1, 2)), NO_CURSOR),
    ],
)
def test_what_can_not_be_a_window_is_refused_with_what_to_do(
    arguments: Arguments, sentence: str
) -> None:
    with pytest.raises(BadUserInput) as refused:
        checked(arguments, ALBUMS)

    assert str(refused.value) == sentence
