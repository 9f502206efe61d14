"""Freshness: how long an answer may be used, by what the REST API says of it or else by policy."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from .policy import Policy
from .questions import Kind
from .transport import Answer

LONGEST: Final = 24 * 60 * 60.0
"""Seconds; no answer is fresh for longer, whatever the REST API says."""

_FRESH_BY_KIND: Final[dict[Kind, str]] = {
    "catalogue": "fresh_catalogue",
    "finished days": "fresh_finished_days",
    "open days": "fresh_open_days",
}
_STRICT: Final = frozenset({"must-revalidate", "no-cache"})
_LONGEST_ETAG: Final = 512
_DIRECTIVE: Final = re.compile(r'([A-Za-z-]+)(?:\s*=\s*"?([0-9]{1,10})"?)?')


class Freshness(Struct, frozen=True):
    """How long an answer is fresh, and how much longer it may stand in for a new one.

    All in seconds. `stored` says whether it may be kept at all; where it may not, by nobody,
    `fresh` is below 0.
    """

    stored: bool
    fresh: float
    while_revalidating: float
    if_error: float
    etag: str | None = None

    @property
    def useful(self) -> bool:
        """Whether keeping the answer can be of any use."""
        return self.stored and (self.fresh > 0 or self.if_error > 0 or self.etag is not None)

    @property
    def longest(self) -> float:
        """Seconds after which the answer is of no use but for its ETag."""
        return self.fresh + max(self.while_revalidating, self.if_error)


NOT_KEPT: Final = Freshness(stored=False, fresh=-1, while_revalidating=0, if_error=0)


def freshness(answer: Answer, kind: Kind, policy: Policy) -> Freshness:
    """What a 200 or 304 says of its own lifetime (RFC 9111, RFC 5861), within the policy."""
    headers = answer.headers
    directives: dict[str, float | None] = {}
    if "Cache-Control" in headers:
        directives = _directives(answer.header("Cache-Control") or "")
    if "no-store" in directives or ("Vary" in headers and "*" in (answer.header("Vary") or "")):
        return NOT_KEPT
    if "no-cache" in directives:
        fresh = 0.0
    elif "max-age" in directives:
        # One that can't be read is none.
        fresh = max(0.0, (directives["max-age"] or 0.0) - _seconds(answer.header("Age")))
    elif "Expires" in headers:
        fresh = _until(answer.header("Expires") or "", answer.header("Date"))
        fresh = max(0.0, fresh - _seconds(answer.header("Age")))
    else:
        fresh = getattr(policy, _FRESH_BY_KIND[kind])
    fresh = min(fresh, LONGEST)
    strict = policy.obey_must_revalidate and not _STRICT.isdisjoint(directives)
    return Freshness(
        stored=True,
        fresh=fresh,
        # What is never fresh is never served without asking.
        while_revalidating=0.0
        if strict or fresh == 0
        else _least(policy.stale_while_revalidate, directives.get("stale-while-revalidate")),
        if_error=0.0 if strict else _least(policy.stale_if_error, directives.get("stale-if-error")),
        etag=_etag(answer.header("ETag")) if "ETag" in headers else None,
    )


def renewed(before: Freshness, said: Freshness, answer: Answer) -> Freshness:
    """The lifetime of an answer that a 304 has confirmed: what it says, and else as before."""
    if answer.header("Cache-Control") is None and answer.header("Expires") is None:
        return before
    return replace(said, etag=said.etag or before.etag)


def _directives(control: str) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for each in _DIRECTIVE.finditer(control):
        # Of one that stands there twice, the first counts (RFC 9111, section 4.2.1).
        found.setdefault(each[1].lower(), None if each[2] is None else float(each[2]))
    return found


def _least(policy: float, said: float | None) -> float:
    return policy if said is None else min(policy, said)


def _seconds(header: str | None) -> float:
    return float(header) if header is not None and re.fullmatch("[0-9]{1,10}", header) else 0.0


def _until(expires: str, date: str | None) -> float:
    """Seconds from a Date, or from now, to an Expires header; one that is no date is in the past.

    "0", which many send, is no date (RFC 9111, section 5.3).
    """
    ends = _moment(expires)
    if ends is None:
        return 0.0
    said = None if date is None else _moment(date)
    return max(0.0, (ends - (said or datetime.now(UTC))).total_seconds())


def _moment(header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, TypeError, OverflowError):
        return None
    return None if moment.tzinfo is None else moment


def _etag(header: str | None) -> str | None:
    """An ETag that can be sent back."""
    if header is None or len(header) > _LONGEST_ETAG:
        return None
    return header if header.isascii() and header.isprintable() else None
