"""A body in which next to nothing is right is refused as a whole, before it costs seconds."""

import pytest

from upstream.decoding import rows
from upstream.errors import BadResponse
from upstream.records import Album
from upstream.territories import LISTS


def albums(count: int, tracks: int) -> bytes:
    """So many albums, each of whose tracks has a number for a title."""
    listed = b",".join([b'{"id":1,"title":7}'] * tracks)
    each = b'{"id":1,"title":"Right","genres":[],"artists":[],"tracks":[%b]}' % listed
    return b"[%b]" % b",".join([each] * count)


def test_a_full_page_of_long_albums_with_a_mistake_in_each_track_is_still_told_apart() -> None:
    found = rows(LISTS.folded(albums(100, 70)), "albums")
    assert found.wrong == {"title"}
    assert len(found.value) == 100
    for album in found.value:
        assert isinstance(album, Album)
        assert [track.database_id for track in album.tracks] == [1] * 70
        assert all(isinstance(track.title, BadResponse) for track in album.tracks)


@pytest.mark.parametrize(
    "body",
    [
        albums(100, 80),
        b"[%b]" % b",".join([b"1"] * 20_000),
        b"[%b]" % b",".join([b"{}"] * 20_000),
        b"[%b]" % b",".join([b'{"id":"x"}'] * 20_000),
    ],
)
def test_a_body_with_more_mistakes_than_any_page_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(BadResponse, match="too much in it"):
        rows(LISTS.folded(body), "albums")
