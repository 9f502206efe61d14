"""The request's headers that steer an operation: whose it is, how long it may take, what it costs.

Authorization: Bearer ...            goes upstream as it is; anything else counts as no token
X-Deadline-Ms: 2500                  less time than the server's own deadline
X-Most-Upstream-Requests: 10         at most so many requests to the REST API
X-Request-Id: 5f3c...                a name for this request in logs and in the answer

X-Explain (web/graphql.py) and X-Include (web/answers.py) ask for more to be told.
"""

import itertools
import re
import secrets
from collections.abc import Mapping
from typing import Final

from .negotiation import names_json
from .refusals import malformed

# Any visible ASCII but a comma, which joins two tokens: what it is, the REST API knows.
_BEARER: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([!-+\--~]+) *")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_COUNT: Final = re.compile(rb"[0-9]{1,9}")
# One of these makes a browser ask first (preflight) before it sends a GET across sites.
_PREFLIGHTED: Final = (
    *(b"apollo-require-preflight", b"x-apollo-operation-name"),
    b"graphql-require-preflight",
)

_prefix = secrets.token_hex(6)
_numbers = itertools.count(1)


def headers_of(pairs: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name; one that stands twice is joined, as RFC 9110 (5.2) has it."""
    headers = dict(pairs)
    if len(headers) != len(pairs):
        headers = {}
        for name, value in pairs:
            headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def bearer_token(headers: Mapping[bytes, bytes]) -> str | None:
    """The caller's token, None without one that could be.

    More is let through than RFC 6750 (2.1) has: not all who give out tokens keep to it.
    """
    authorization = headers.get(b"authorization")
    if authorization is None:
        return None
    matched = _BEARER.fullmatch(authorization)
    return matched[1].decode("ascii") if matched else None


def deadline_seconds(headers: Mapping[bytes, bytes], most: float) -> float:
    """The seconds that the operation may take: the caller's wish, never more than the server's."""
    wished = headers.get(b"x-deadline-ms")
    if wished is None:
        return most
    return min(most, _count(wished, "X-Deadline-Ms") / 1000)


def most_upstream_requests(headers: Mapping[bytes, bytes]) -> int | None:
    """The caller's bound on requests to the REST API, None without one."""
    wished = headers.get(b"x-most-upstream-requests")
    return None if wished is None else _count(wished, "X-Most-Upstream-Requests")


def _count(value: bytes, name: str) -> int:
    if not _COUNT.fullmatch(value):
        raise malformed(f"The header {name} must be a whole number of at most nine digits.")
    return int(value)


def request_id(headers: Mapping[bytes, bytes]) -> bytes:
    """The request's name: the client's where it is short and harmless, else one of our own."""
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    return f"{_prefix}-{next(_numbers):x}".encode()


def assert_not_from_a_foreign_page(headers: Mapping[bytes, bytes]) -> None:
    """Raise the refusal of a GET that a foreign page can make a browser send without asking.

    Such a request has no header that needs a preflight, and its Accept names no GraphQL type.
    Where the browser says itself that the page is of our own origin, or the client has
    fetch's marks but no site, which no browser leaves out, it may pass as well.
    """
    if any(headers.get(name) for name in _PREFLIGHTED):
        return
    if names_json(headers.get(b"accept")):
        return
    # A browser sends Basic by itself; Bearer only for a script, across sites after it asked.
    if bearer_token(headers) is not None:
        return
    content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if content_type == b"application/json":
        return
    site = headers.get(b"sec-fetch-site")
    if site in {b"same-origin", b"none"} or (
        site is None and headers.get(b"sec-fetch-mode") == b"cors"
    ):
        return
    raise malformed(
        "A GET must say that it is meant: send Accept: application/graphql-response+json,"
        " or the header Apollo-Require-Preflight: true."
    )
