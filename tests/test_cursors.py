"""A cursor is short and opaque, says what it was made of, and has one spelling in one list."""

import datetime as dt
import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.cursors import LONGEST_CURSOR, Beside, Cursor, cursor_of, read_cursor
from resolvers.errors import BadUserInput
from upstream.listing import Collection, Listing

ALBUMS = Listing("albums")
NUMBERS = st.integers(min_value=0, max_value=2**31 - 1)
DAYS = st.dates()
LISTINGS = st.one_of(
    st.builds(Listing, st.sampled_from(get_args(Collection))),
    st.builds(
        lambda collection, days: Listing(collection, min(days), max(days)),
        st.sampled_from(["listenings", "deliveries"]),
        st.tuples(DAYS, DAYS),
    ),
)


def beside(numbers: tuple[int, int]) -> st.SearchStrategy[Beside]:
    one, two = numbers
    return st.sampled_from(
        [(), ((-1, one),), ((1, one),), ((-1, one), (1, two)), ((-1, one), (-2, two))]
    )


CURSORS = st.just(Cursor(-1)) | st.builds(
    Cursor,
    place=st.integers(min_value=0, max_value=2**31 - 1),
    number=st.none() | NUMBERS,
    beside=st.tuples(NUMBERS, NUMBERS).flatmap(beside),
)


def spelled(listing: Listing, cursor: Cursor) -> str:
    return cursor_of(listing, cursor.place, cursor.number, cursor.beside)


@given(listing=LISTINGS, cursor=CURSORS)
def test_a_cursor_says_what_it_was_made_of(listing: Listing, cursor: Cursor) -> None:
    assert read_cursor(spelled(listing, cursor), listing) == cursor


@given(listing=LISTINGS, cursor=CURSORS)
def test_a_cursor_is_url_safe_and_bounded(listing: Listing, cursor: Cursor) -> None:
    text = spelled(listing, cursor)

    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert len(text) <= LONGEST_CURSOR


def test_a_cursor_is_short() -> None:
    assert len(cursor_of(ALBUMS, 272, 273)) == 10
    assert len(cursor_of(ALBUMS, 272, 273, ((-1, 272), (1, 274)))) == 12


@given(listing=LISTINGS, other=LISTINGS, cursor=CURSORS)
def test_a_cursor_of_another_list_is_refused(
    listing: Listing, other: Listing, cursor: Cursor
) -> None:
    if listing != other:
        with pytest.raises(BadUserInput):
            read_cursor(spelled(listing, cursor), other)


@given(cursor=CURSORS, data=st.data())
def test_a_cursor_with_another_character_is_refused(cursor: Cursor, data: st.DataObject) -> None:
    text = spelled(ALBUMS, cursor)
    at = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    letter = data.draw(st.characters().filter(lambda letter: letter != text[at]))

    with pytest.raises(BadUserInput):
        read_cursor(text[:at] + letter + text[at + 1 :], ALBUMS)


@given(cursor=CURSORS, data=st.data())
def test_a_cursor_that_is_cut_short_or_longer_is_refused(
    cursor: Cursor, data: st.DataObject
) -> None:
    text = spelled(ALBUMS, cursor)
    cut = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    more = data.draw(st.text(min_size=1))

    for other in (text[:cut], text + more, more + text):
        with pytest.raises(BadUserInput):
            read_cursor(other, ALBUMS)


@given(text=st.text())
def test_a_text_that_is_no_cursor_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadUserInput) as refused:
        read_cursor(text, ALBUMS)

    assert str(refused.value) == (
        "A cursor must be one that this same list gave, unchanged and with the same since and "
        "until; leave the cursor out to start anew."
    )


@pytest.mark.parametrize(
    "text",
    ["", "=", "A", "AAAA=", "AAA A", "\n", "é" * 12, "A" * 1_000_000, "____", "A+/A", "\ud800"],
)
def test_odd_texts_are_refused(text: str) -> None:
    with pytest.raises(BadUserInput):
        read_cursor(text, ALBUMS)


@pytest.mark.parametrize("cursor", [Cursor(-1, 7), Cursor(-1, None, ((1, 7),)), Cursor(2**31)])
def test_a_cursor_of_a_place_where_no_row_can_stand_is_refused(cursor: Cursor) -> None:
    with pytest.raises(BadUserInput):
        read_cursor(spelled(ALBUMS, cursor), ALBUMS)


def test_the_same_days_make_the_same_list() -> None:
    days = dt.date(2015, 1, 26), dt.date(2015, 1, 27)
    text = cursor_of(Listing("listenings", *days), 4, 5)

    assert read_cursor(text, Listing("listenings", *days)) == Cursor(4, 5)
    with pytest.raises(BadUserInput):
        read_cursor(text, Listing("deliveries", *days))
    with pytest.raises(BadUserInput):
        read_cursor(text, Listing("listenings"))
