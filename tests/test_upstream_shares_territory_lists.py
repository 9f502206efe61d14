"""Territory lists are taken out of a body and put back, and nothing else about it changes."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream import decoding, territories
from upstream.errors import BadResponse
from upstream.territories import Folded, TerritoryLists

CODES = st.sampled_from(["FR", "DE", "A]", "[", '"', "\\", "é", '"available_territories":["FR"]'])
LISTS = st.sampled_from([[], ["FR"], ["FR", "DE"], ["A]"], ["FR]", '"'], ["FR"] * 2_000])
ANYTHING = LISTS | st.lists(CODES, max_size=3) | st.none() | st.just(7) | st.just({"x": ["FR"]})
TEXTS = CODES | st.just("available_territories") | st.just('"available_territories":')
TRACKS = st.fixed_dictionaries(
    {"id": st.integers(0, 9), "title": TEXTS, "available_territories": ANYTHING},
    optional={
        "isrc": TEXTS,
        "genres": st.lists(TEXTS, max_size=2),
        "cover": st.fixed_dictionaries({"available_territories": ANYTHING, "large_url": TEXTS}),
        'x"available_territories': ANYTHING,
        "xavailable_territories": ANYTHING,
    },
)
ALBUMS = st.fixed_dictionaries(
    {"id": st.integers(0, 9), "title": TEXTS, "tracks": st.lists(TRACKS, max_size=4)}
)
WAYS_TO_WRITE = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\n  ")]),
    }
)


@pytest.fixture(autouse=True)
def lists() -> Iterator[TerritoryLists]:
    """The lists of this test alone."""
    with knowing(TerritoryLists(100)) as fresh:
        yield fresh


@contextmanager
def knowing(known: TerritoryLists) -> Iterator[TerritoryLists]:
    """Within the block, what is decoded is decoded with these lists."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(territories, "LISTS", known)
        yield known


def told(body: bytes) -> Any:
    """All that a page of albums says, or that it says nothing."""
    try:
        decoded = decoding.rows(territories.LISTS.folded(body), "albums")
    except BadResponse as error:
        return str(error)
    shown = re.sub(" at 0x[0-9a-f]+", "", repr(decoded.value))
    codes = [_codes(track) for album in decoded.value for track in _tracks(album)]
    return shown, decoded.wrong, codes


def _tracks(album: Any) -> list[Any]:
    tracks = getattr(album, "tracks", None)
    return list(tracks) if isinstance(tracks, tuple) else []


def _codes(track: Any) -> Any:
    try:
        return list(decoding.territories(track))
    except (BadResponse, AttributeError) as error:
        return repr(error)


def told_by_one_who_knows_no_list(body: bytes) -> Any:
    with knowing(Unknowing(0)):
        return told(body)


class Unknowing(TerritoryLists):
    """Lists that are never known beforehand."""

    def folded(self, body: bytes) -> Folded:
        """The body as it is."""
        nothing = super().folded(b"")
        return Folded(body, len(body), nothing._generation)


@given(st.lists(st.lists(ALBUMS, max_size=3), min_size=1, max_size=3), WAYS_TO_WRITE)
def test_a_body_says_the_same_whatever_lists_are_known(
    pages: list[Any], written: dict[str, Any]
) -> None:
    for page in pages * 2:
        body = json.dumps(page, **written).encode()
        assert told(body) == told_by_one_who_knows_no_list(body)


@given(st.lists(ALBUMS, min_size=1, max_size=2), st.booleans(), st.data())
def test_a_broken_body_is_as_broken_whatever_lists_are_known(
    page: list[Any],
    first: bool,  # noqa: FBT001 - a case
    data: st.DataObject,
) -> None:
    body = json.dumps(page, separators=(",", ":")).encode()
    at = data.draw(st.integers(0, len(body)))
    instead = data.draw(st.sampled_from([b"", b'"', b"]", b"[", b",", b"x", b"\\", b"}", b"\xff"]))
    broken = body[:at] + instead + body[at + data.draw(st.integers(0, 2)) :]
    with knowing(TerritoryLists(100)):
        if not first:
            told(body)
        assert told(broken) == told_by_one_who_knows_no_list(broken)


@given(st.lists(ALBUMS, max_size=3), WAYS_TO_WRITE, st.data())
def test_a_body_is_folded_alike_in_whatever_pieces_it_comes(
    page: list[Any], written: dict[str, Any], data: st.DataObject
) -> None:
    body = json.dumps(page, **written).encode()
    length = data.draw(st.integers(1, 300))
    with knowing(TerritoryLists(100)) as lists:
        told(body)
        whole = lists.folded(body)
        folding = lists.folding()
        for at in range(0, len(body), length):
            folding.feed(body[at : at + length])
        in_pieces = folding.folded()
    assert in_pieces == whole
    assert in_pieces.size == len(body)
    assert in_pieces.unfolded() == body


@given(
    st.lists(st.sampled_from([0, 1, 250, 800, 810, 820, 4_000]), min_size=20, max_size=60),
    st.lists(st.sampled_from([1, 30, 4_090, 4_200, 8_192, 8_193, 9_000, 20_000, 50_000])),
    WAYS_TO_WRITE,
)
def test_a_long_body_is_folded_alike_in_whatever_pieces_it_comes(
    codes: list[int], lengths: list[int], written: dict[str, Any]
) -> None:
    # Around 810 codes are as long as a list may be that is kept, in one of the ways to write it.
    tracks = [{"id": at, "available_territories": ["FR"] * each} for at, each in enumerate(codes)]
    body = json.dumps([{"id": 1, "title": "a", "tracks": tracks}], **written).encode()
    with knowing(TerritoryLists(100)) as lists:
        told(body)
        whole = lists.folded(body)
        folding = lists.folding()
        at = 0
        for length in [*lengths, len(body)]:
            folding.feed(body[at : at + length])
            at += length
        in_pieces = folding.folded()
    assert in_pieces == whole
    assert in_pieces.unfolded() == body


@given(st.lists(ALBUMS, max_size=3), WAYS_TO_WRITE, st.data())
def test_a_body_is_the_familiar_one_only_where_every_byte_is(
    page: list[Any], written: dict[str, Any], data: st.DataObject
) -> None:
    whole = json.dumps(page, **written).encode()
    at = data.draw(st.integers(0, len(whole)))
    body = data.draw(
        st.sampled_from([whole, whole[:at], whole + b" ", whole[:at] + b"x" + whole[at + 1 :]])
    )
    length = data.draw(st.integers(1, 300))
    with knowing(TerritoryLists(100)) as lists:
        told(whole)
        familiar = lists.folded(whole).with_its_lists()
        folding = lists.folding(familiar)
        for start in range(0, len(body), length):
            folding.feed(body[start : start + length])
        folded = folding.folded()
    assert (folded is familiar) == (body == whole)
    if folded is not familiar:
        assert folded == lists.folded(body)
    assert familiar.text == familiar.unfolded() == whole


def test_what_comes_in_while_the_lists_are_forgotten_is_told_by_those_it_began_with(
    lists: TerritoryLists,
) -> None:
    page = page_of(["FR"] * 250)
    told(page)
    early = lists.folding()
    early.feed(page)
    told(page_with(150))
    told(page_of(["DE"] * 250))
    late = lists.folded(page_of(["DE"] * 250))
    found = decoding.rows(early.folded(), "albums").value[0]
    assert decoding.territories(found.tracks[0]) == ["FR"] * 250
    # A mark stands for one list alone: equal texts are of equal bodies.
    assert late.text != lists.folded(page).text


def test_a_bracket_that_closes_nothing_stays_where_it_is() -> None:
    body = page_of(["GB"], tracks=1).replace(b':["GB"', b':]["GB"')
    assert told(body) == told_by_one_who_knows_no_list(body)


def page_of(codes: list[str], tracks: int = 3) -> bytes:
    track = {"id": 1, "title": "a", "available_territories": codes}
    album = {"id": 1, "title": "b", "tracks": [track] * tracks}
    return json.dumps([album], separators=(",", ":")).encode()


def test_a_list_that_is_known_is_not_decoded_again(lists: TerritoryLists) -> None:
    body = page_of(["FR"] * 250)
    assert lists.folded(body).text == body
    told(body)
    assert len(lists.folded(body).text) < 350
    assert len(lists) == 1


def test_lists_that_take_turns_are_known_as_well(lists: TerritoryLists) -> None:
    both = [page_of([code] * 250, tracks=1)[1:-1] for code in ("FR", "DE")]
    body = b"[" + b",".join(both * 2) + b"]"
    told(body)
    assert len(lists.folded(body).text) < 600
    assert told(body)[2] == [["FR"] * 250, ["DE"] * 250] * 2


def test_what_another_process_marks_with_is_only_a_wrong_list_here() -> None:
    body = page_of(["FR"] * 250, tracks=1)
    told(body)
    with knowing(TerritoryLists(100)) as elsewhere:
        told(body)
        marked = elsewhere.folded(body).text
    assert "available_territories is no list of strings" in told(marked)[2][0]


def page_with(lists: int) -> bytes:
    """An album for each of so many lists."""
    albums = [page_of([f"{number:03}"] * 9, tracks=1)[1:-1] for number in range(lists)]
    return b"[" + b",".join(albums) + b"]"


def test_lists_beyond_the_bound_are_their_tracks_own_and_the_others_are_forgotten_in_time(
    lists: TerritoryLists,
) -> None:
    body = page_with(150)
    expected = [[f"{number:03}"] * 9 for number in range(150)]
    for _ in range(3):
        assert told(body)[2] == expected
        assert len(lists) == 100
    told(page_of(["FR"]))
    assert len(lists) == 1


@pytest.mark.parametrize("codes", ["1000000", "null", '{"x":["FR"]}', '[["FR"],"DE"]', '["A]"]'])
def test_what_could_not_be_found_again_is_not_kept(lists: TerritoryLists, codes: str) -> None:
    told(page_of(["FR"], tracks=1).replace(b'["FR"]', codes.encode()))
    assert len(lists) == 0


def test_lists_are_looked_up_in_vain_only_so_often_in_one_body(lists: TerritoryLists) -> None:
    known = page_of(["FR"] * 250, tracks=1)[1:-1]
    told(b"[" + known + b"]")
    unknown = [page_of([f"{number}"], tracks=1)[1:-1] for number in range(2_001)]
    few = b"[" + b",".join([*unknown[:100], known]) + b"]"
    many = b"[" + b",".join([*unknown, known]) + b"]"
    assert len(lists.folded(few).text) < len(few)
    assert lists.folded(many).text == many


def test_only_lists_that_are_kept_weigh_nothing() -> None:
    pages = [territories.LISTS.folded(page_of(["FR"] * count)) for count in (9, 300, 3_000)]
    weights = [decoding.rows(page, "albums").weight for page in pages]
    assert abs(weights[1] - weights[0]) < 100
    assert weights[2] > 3 * 3 * 3_000 * len('"FR",')
