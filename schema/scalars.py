"""The scalars of the schema, and how their values are checked on the way in and out.

Records hold what the REST API said; a value that is no duration, URL or country code is found
here, where it is shown, and raises upstream.errors.BadResponse at its own place.
"""

import datetime as dt
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from execution import keeps
from upstream.errors import BadResponse

Duration = NewType("Duration", str)
URL = NewType("URL", str)
CountryCode = NewType("CountryCode", str)

_NUMBER = r"\d{1,9}(?:[.,]\d{1,100}(?=.$))?"
"""Only the last number of a duration may have a fraction: its letter is the last of all."""
_DURATION = re.compile(
    rf"P(?=.)(?:(?P<weeks>{_NUMBER})W|(?:(?P<years>{_NUMBER})Y)?(?:(?P<months>{_NUMBER})M)?"
    rf"(?:(?P<days>{_NUMBER})D)?(?:T(?=.)(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?"
    rf"(?:(?P<seconds>{_NUMBER})S)?)?)",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_is_plain_url = re.compile(r"https?://[0-9A-Za-z][!-~]*").fullmatch
_URL = re.compile(
    r"https?://(?:\[[0-9A-F:.]+\]|[^\s\x00-\x1f\x7f/?#\[\]])[^\s\x00-\x1f\x7f]*", re.IGNORECASE
)
_COUNTRY_CODE = re.compile(r"[A-Z]{2}")

_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


@lru_cache(maxsize=8192)
def seconds_of(duration: str) -> int:
    """The whole seconds of an ISO 8601 duration; raises BadResponse for any other text.

    Years and months are refused, unless there are none: they are no fixed number of seconds.
    Tracks share their durations: most are known already.
    """
    parts = _parts_of(duration)
    if parts.pop("years", 0) or parts.pop("months", 0):
        raise BadResponse("a duration has years or months, which are no number of seconds")
    seconds = int(sum(_SECONDS[unit] * count for unit, count in parts.items()))
    if seconds >= 2**31:
        raise BadResponse("a duration is longer than GraphQL's Int can say")
    return seconds


def _parts_of(duration: str) -> dict[str, Fraction]:
    """How many of each unit a duration has; raises BadResponse where it is none of ISO 8601."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise BadResponse("a duration is not one of ISO 8601")
    found = match.groupdict().items()
    return {unit: Fraction(count.replace(",", ".")) for unit, count in found if count}


def is_url(value: str) -> bool:
    """Whether a text is an absolute http or https URL."""
    # the first says the same as the second, in a fraction of the time, of nearly all there are
    return _is_plain_url(value) is not None or _URL.fullmatch(value) is not None


@lru_cache(maxsize=8192)
def _shown_duration(value: str) -> str:
    _parts_of(value)
    return value


def _shown_url(value: str) -> str:
    if not is_url(value):
        raise BadResponse("a URL is not one of http or https")
    return value


def check_country_code(value: str) -> None:
    """Raise BadResponse for a text that is no ISO 3166-1 alpha-2 code."""
    if _COUNTRY_CODE.fullmatch(value) is None:
        raise BadResponse("a country code is not two letters")


@keeps(str)
def _shown_country_code(value: str) -> str:
    # checked by the one field that shows codes, once for a list and not once for a code
    return value


def _shown_instant(value: dt.datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _given_date(value: Any) -> dt.date:
    # dt.date.fromisoformat alone also takes 20150126 and 2015-W05-1
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError("A Date is a calendar date, written as 2026-01-31.")


def _given_country_code(value: Any) -> str:
    if isinstance(value, str) and _COUNTRY_CODE.fullmatch(value):
        return value
    raise GraphQLError("A CountryCode is two capital letters, as FR.")


SCALARS: dict[object, ScalarDefinition] = {
    Duration: strawberry.scalar(
        name="Duration",
        description="ISO 8601 duration.",
        specified_by_url="https://www.iso.org/iso-8601-date-and-time-format.html",
        serialize=_shown_duration,
    ),
    dt.date: strawberry.scalar(
        name="Date",
        description="Calendar date, YYYY-MM-DD.",
        serialize=dt.date.isoformat,
        parse_value=_given_date,
    ),
    dt.datetime: strawberry.scalar(
        name="DateTime", description="ISO 8601 instant.", serialize=_shown_instant
    ),
    URL: strawberry.scalar(
        name="URL", description="Absolute http or https URL.", serialize=_shown_url
    ),
    CountryCode: strawberry.scalar(
        name="CountryCode",
        description="ISO 3166-1 alpha-2 code.",
        serialize=_shown_country_code,
        parse_value=_given_country_code,
    ),
}
"""What Strawberry needs to know of each scalar, by the Python type that stands for it."""
