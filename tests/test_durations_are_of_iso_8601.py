"""Durations: every one of ISO 8601 is shown as it is, and told in seconds where it has some."""

from typing import Any

import pytest

from schema.scalars import SCALARS, Duration, seconds_of
from upstream.errors import BadResponse

shown: Any = SCALARS[Duration].serialize


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT00H14M43S", 883),
        ("PT0S", 0),
        ("PT3.9S", 3),
        ("PT3,9S", 3),
        ("PT14,5M", 870),
        ("PT0.5H", 1800),
        ("P1DT1H", 90_000),
        ("P1.5D", 129_600),
        ("P2W", 1_209_600),
        ("PT0.12345678901234567890H", 444),
        ("PT999999999.99999999999999999999999999999S", 999_999_999),
        ("P0Y0M0DT0H3M25S", 205),
    ],
)
def test_a_duration_has_whole_seconds(duration: str, seconds: int) -> None:
    assert shown(duration) == duration
    assert seconds_of(duration) == seconds


@pytest.mark.parametrize("duration", ["P1Y", "P2M", "P1Y2M3DT4H5M6.7S", "PT999999999H"])
def test_one_that_is_no_number_of_seconds_is_shown_all_the_same(duration: str) -> None:
    assert shown(duration) == duration
    with pytest.raises(BadResponse):
        seconds_of(duration)


@pytest.mark.parametrize(
    "duration",
    [
        *("", "P", "PT", "1H", "PT1", "P1H", "PT1D", "PT1H1H", "PT1M1H", "P1W1D", "pt1h", "PT1S "),
        *("PT1.5H3M", "P1.5DT1H", "PT.5H", "PT1.H", "PT1.5.5H", "PT-1S", "PT٣S", "PT1S\n"),
        "PT99999999999S",
    ],
)
def test_any_other_text_is_a_bad_response(duration: str) -> None:
    for read in (shown, seconds_of):
        with pytest.raises(BadResponse):
            read(duration)


def test_a_duration_beyond_graphqls_int_is_a_bad_response() -> None:
    assert seconds_of("PT35791394M7S") == 2**31 - 1
    with pytest.raises(BadResponse):
        seconds_of("PT35791394M8S")
