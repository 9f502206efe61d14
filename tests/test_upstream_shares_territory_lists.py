"""Territory lists are taken out of a body and put back, and nothing else about it changes."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream import decoding
from upstream.errors import BadResponse
from upstream.territories import TerritoryLists

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
def lists(monkeypatch: pytest.MonkeyPatch) -> TerritoryLists:
    """The lists of this test alone."""
    fresh = TerritoryLists(100)
    monkeypatch.setattr(decoding, "_lists", fresh)
    return fresh


def told(body: bytes) -> Any:
    """All that a page of albums says, or that it says nothing."""
    try:
        found, _, wrong = decoding.rows(body, "albums")
    except BadResponse as error:
        return str(error)
    shown = re.sub(" at 0x[0-9a-f]+", "", repr(found))
    return shown, wrong, [_codes(track) for album in found for track in _tracks(album)]


def _tracks(album: Any) -> list[Any]:
    tracks = getattr(album, "tracks", None)
    return tracks if isinstance(tracks, list) else []


def _codes(track: Any) -> Any:
    try:
        return list(decoding.territories(track))
    except (BadResponse, AttributeError) as error:
        return repr(error)


def told_by_one_who_knows_no_list(body: bytes) -> Any:
    known, decoding._lists = decoding._lists, Unknowing(0)  # type: ignore[misc] # put back below
    try:
        return told(body)
    finally:
        decoding._lists = known  # type: ignore[misc] # as above


class Unknowing(TerritoryLists):
    """Lists that are never known beforehand."""

    def folded(self, body: bytes) -> bytes:
        """The body as it is."""
        return body


@given(st.lists(st.lists(ALBUMS, max_size=3), min_size=1, max_size=3), WAYS_TO_WRITE)
def test_a_body_says_the_same_whatever_lists_are_known(
    pages: list[Any], written: dict[str, Any]
) -> None:
    for page in pages * 2:
        body = json.dumps(page, **written).encode()
        assert told(body) == told_by_one_who_knows_no_list(body)


@given(st.lists(ALBUMS, min_size=1, max_size=2), st.data())
def test_a_broken_body_is_as_broken_whatever_lists_are_known(
    page: list[Any], data: st.DataObject
) -> None:
    body = json.dumps(page, separators=(",", ":")).encode()
    told(body)
    at = data.draw(st.integers(0, len(body)))
    instead = data.draw(st.sampled_from([b"", b'"', b"]", b"[", b",", b"x", b"\\", b"}", b"\xff"]))
    broken = body[:at] + instead + body[at + data.draw(st.integers(0, 2)) :]
    assert told(broken) == told_by_one_who_knows_no_list(broken)


def page_of(codes: list[str], tracks: int = 3) -> bytes:
    track = {"id": 1, "title": "a", "available_territories": codes}
    album = {"id": 1, "title": "b", "tracks": [track] * tracks}
    return json.dumps([album], separators=(",", ":")).encode()


def test_a_list_that_is_known_is_not_decoded_again(lists: TerritoryLists) -> None:
    body = page_of(["FR"] * 250)
    assert lists.folded(body) == body
    told(body)
    assert len(lists.folded(body)) < 350
    assert len(lists) == 1


def test_lists_that_take_turns_are_known_as_well(lists: TerritoryLists) -> None:
    both = [page_of([code] * 250, tracks=1)[1:-1] for code in ("FR", "DE")]
    body = b"[" + b",".join(both * 2) + b"]"
    told(body)
    assert len(lists.folded(body)) < 600
    assert told(body)[2] == [["FR"] * 250, ["DE"] * 250] * 2


def test_what_another_process_marks_with_is_only_a_wrong_list_here() -> None:
    elsewhere = TerritoryLists(100)
    body = page_of(["FR"] * 250, tracks=1)
    told(body)
    decoding._lists, ours = elsewhere, decoding._lists  # type: ignore[misc] # put back below
    told(body)
    marked = elsewhere.folded(body)
    decoding._lists = ours  # type: ignore[misc] # as above
    assert "available_territories is no list of strings" in told(marked)[2][0]


def test_lists_that_are_too_many_are_forgotten_between_two_bodies_and_not_within_one(
    lists: TerritoryLists,
) -> None:
    pages = [page_of([f"{number:03}"] * 9, tracks=1)[1:-1] for number in range(150)]
    body = b"[" + b",".join(pages) + b"]"
    expected = [[f"{number:03}"] * 9 for number in range(150)]
    assert [told(body)[2], told(body)[2]] == [expected, expected]
    assert len(lists) == 150
    told(page_of(["FR"]))
    assert len(lists) == 1


def test_a_body_with_many_keys_and_no_lists_takes_no_long_search(lists: TerritoryLists) -> None:
    told(page_of(["FR"]))
    body = b'[{"id":1,"title":"a","tracks":[' + b'{"available_territories":1},' * 20_000 + b"{}]}]"
    assert lists.folded(body) == body
