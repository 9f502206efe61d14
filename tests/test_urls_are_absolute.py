"""URLs: what the REST API may give as one, and what is none."""

from types import SimpleNamespace

import pytest

from schema.scalars import is_url
from schema.track import streamable


@pytest.mark.parametrize(
    "text",
    [
        "https://h",
        "http://h",
        "HTTP://H/x",
        "http://[::1]/a",
        "https://é.example/ü",
        "http://h:1/?a#b",
        "http://h/?a[]=b",
        "http://é/?a[]=b",
    ],
)
def test_a_url_has_a_scheme_and_a_host(text: str) -> None:
    assert is_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://",
        "http:///x",
        "http://?x",
        "http://#x",
        "https:///x",
        "https://?x",
        "//h/x",
        "/x",
        "ftp://h/x",
        "javascript:alert(1)",
        "http://a b/",
        "http://a\0b/",
        "http://a/\x7f",
        "http:h",
        "http://[",
        "http://[x]/",
        "http://]/",
    ],
)
def test_what_has_no_host_or_could_not_be_sent_is_no_url(text: str) -> None:
    assert not is_url(text)


def test_a_track_whose_address_can_be_none_is_not_streamable() -> None:
    track = SimpleNamespace(high_bitrate_url="ftp://host/a.mp3", low_bitrate_url=None)
    assert streamable(track) is False
    track.low_bitrate_url = "https://host/a.mp3"
    assert streamable(track) is True
