"""The Link header: its pages are found, whatever host it names and whatever else stands there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.links import LONGEST_HEADER, links
from upstream.listing import Links, PageLink

DOCUMENTED = (
    '<https://music.1dtouch.com/api/v1/albums?page=1&per_page=20>; rel="first",\n'
    '<https://music.1dtouch.com/api/v1/albums?page=4&per_page=20>; rel="prev",\n'
    '<https://music.1dtouch.com/api/v1/albums?page=6&per_page=20>; rel="next",\n'
    '<https://music.1dtouch.com/api/v1/albums?page=54&per_page=20>; rel="last",'
)


def test_the_documented_header_has_four_pages() -> None:
    assert links(DOCUMENTED) == Links(
        first=PageLink(1, 20), prev=PageLink(4, 20), next=PageLink(6, 20), last=PageLink(54, 20)
    )


def test_no_header_is_none() -> None:
    assert links(None) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("<http://localhost:3000/api/v1/albums?page=2>; rel=next", Links(next=PageLink(2))),
        ("<?page=2>;rel=next", Links(next=PageLink(2))),
        ("<x?per_page=5&page=2>; REL=Next", Links(next=PageLink(2, 5))),
        ('<x?page=2>; rel="next last"', Links(next=PageLink(2), last=PageLink(2))),
        ('<x?page=2>; title="a, b; rel=last"; rel="next"', Links(next=PageLink(2))),
        ('<x?page=2>; title="a \\" <x?page=9>"; rel="next"', Links(next=PageLink(2))),
        ('<x?page=2>; rel="next"; rel="last"', Links(next=PageLink(2))),
        ('<x?page=2>; rel="next", <x?page=3>; rel="next"', Links(next=PageLink(2))),
        ('<x?page=2#frag?page=9>; rel="next"', Links(next=PageLink(2))),
        ('<x?page=9&page=2>; rel="next"', Links(next=PageLink(2))),  # as Rails reads it
        ('<x?page=2>; rel="next"'.ljust(LONGEST_HEADER), Links(next=PageLink(2))),
        ('<x?page=0002>; rel="next"', Links(next=PageLink(2))),
        ('<x?page=2&per_page=lots>; rel="next"', Links(next=PageLink(2))),
        ('<x?page=2147483648>; rel="last"', Links(last=PageLink(2147483648))),
        (' , ,<x?page=2>; rel="next",,', Links(next=PageLink(2))),
        ('<x?page=2> garbage; rel="prev", <x?page=3>; rel="next"', Links(next=PageLink(3))),
        (
            '<x?page=2>; rel="next"; flag, <x?page=9>; rel=last',
            Links(None, None, PageLink(2), PageLink(9)),
        ),
    ],
)
def test_a_header_is_read_as_the_standard_has_it(header: str, expected: Links) -> None:
    assert links(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "<>; rel=next",
        "<x>; rel=next",
        "<x?page=0>; rel=next",
        "<x?page=-1>; rel=next",
        "<x?page=1e3>; rel=next",
        "<x?page=2147483649>; rel=next",
        "<x?page=99999999999999999999>; rel=next",
        "<x?page=٣>; rel=next",
        "<x?page=>; rel=next",
        "<x?page=2>",
        "<x?page=2>; rel=alternate",
        "<x?page=2; rel=next",
        "x?page=2>; rel=next",
        "<x?page=2>; rel=next" + " " * 20_000,
        "<x?" + "a=1&" * 100 + "page=2>; rel=next",
    ],
)
def test_what_makes_no_sense_is_none(header: str) -> None:
    assert links(header) is None


@given(st.text(alphabet='<>?;,="\\ pagerln0129&_', max_size=200))
def test_any_header_is_read_without_an_exception(header: str) -> None:
    found = links(header)
    assert found is None or isinstance(found, Links)


@given(st.integers(1, 2**31), st.integers(1, 100), st.sampled_from(["http://a", "https://b:1/c"]))
def test_the_host_does_not_matter(page: int, per_page: int, host: str) -> None:
    header = f'<{host}/api/v1/albums?page={page}&per_page={per_page}>; rel="next"'
    assert links(header) == Links(next=PageLink(page, per_page))
