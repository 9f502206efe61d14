"""The REST API as its documentation has it: from what was asked to what is answered, without I/O.

Where the documentation is silent: `page` and `per_page` that are no numbers above zero count as
not given, a `per_page` above 100 as 100; a page behind the last is an empty list; the parameters
that were sent come back in Link, whose addresses are those of the host that was asked; dates that
are none, or only one of them, are refused with 422.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Literal, TypeAlias, cast
from urllib.parse import quote, urlencode

from .accounts import ACCOUNTS, Account
from .database import DATED, MOST_DIGITS, TABLES, Database, Listing, Table

PREFIX: Final = "/api/v1"
PAGE_SIZE: Final = 25
LARGEST_PAGE: Final = 100

AlbumPath: TypeAlias = Literal["singular", "plural", "both"]
LinkForm: TypeAlias = Literal["true", "none", "foreign", "lying", "trailing"]

_OBJECT_PATH: Final = re.compile(
    rf"{PREFIX}/(album|albums|artists|labels|tracks)/([0-9]{{1,{MOST_DIGITS}}})"
)
_JSON: Final = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Asked:
    """A request: what of it the API looks at. `form` is what a POST brought."""

    method: str
    path: str
    query: Mapping[str, str]
    base: str
    account: Account | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manner:
    """How lists and albums are served; orders put others in its place for single requests."""

    per_page_ignored: frozenset[str] = frozenset({"labels", "deliveries"})
    largest_page: int = LARGEST_PAGE
    links: LinkForm = "true"
    album_path: AlbumPath = "singular"


@dataclass(frozen=True)
class Answer:
    """A response, whole."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": _JSON})

    def with_headers(self, **headers: str) -> "Answer":
        """The same with more headers; an underscore in a name stands for a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


def refusal(status: int, error: str, description: str) -> Answer:
    """An answer that says in JSON what is wrong."""
    body = json.dumps({"error": error, "error_description": description}, ensure_ascii=False)
    return Answer(status, body.encode())


NOT_FOUND: Final = refusal(404, "not_found", "There is nothing at this address.")


class RestApi:
    """The endpoints, over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._posts: Mapping[str, Callable[[Asked], Answer]] = {
            "/oauth/token": self._create_token,
            "/oauth/revoke": self._revoke_token,
        }

    def answer(self, asked: Asked, manner: Manner) -> Answer:
        """The answer to a request; never an exception for anything that a caller may send."""
        if asked.path in self._posts:
            if asked.method != "POST":
                return refusal(405, "method_not_allowed", "Use POST.").with_headers(Allow="POST")
            return self._posts[asked.path](asked)
        if not asked.path.startswith(f"{PREFIX}/"):
            return NOT_FOUND
        if asked.account is None:
            return _unauthorized()
        # The body is left out where a HEAD's answer is sent: RFC 9110, section 9.3.2.
        if asked.method not in {"GET", "HEAD"}:
            return refusal(405, "method_not_allowed", "Use GET.").with_headers(Allow="GET, HEAD")
        table = asked.path.removeprefix(f"{PREFIX}/")
        if table in TABLES:
            return self._list(table, asked, asked.account, manner)
        return self._object(asked.path, asked.account, manner)

    def listing(self, asked: Asked) -> Listing | None:
        """The listing that a request asks for, or None where it asks for something else."""
        table = asked.path.removeprefix(f"{PREFIX}/")
        if asked.account is None or table not in TABLES:
            return None
        since, until = _range(table, asked.query) or (None, None)
        return Listing(table, asked.account, since, until)

    def _list(self, table: Table, asked: Asked, account: Account, manner: Manner) -> Answer:
        if table == "deliveries" and not account.deliveries:
            return refusal(403, "forbidden", "This account has no rights on deliveries.")
        dates = _range(table, asked.query)
        if dates is None:
            return refusal(
                422,
                "unprocessable_entity",
                "Give both since and until, as YYYY-MM-DD, and since not after until.",
            )
        listing = Listing(table, account, *dates)
        page = _positive(asked.query.get("page"), 1)
        size = min(PAGE_SIZE, manner.largest_page)
        if table not in manner.per_page_ignored:
            wanted = _positive(asked.query.get("per_page"), PAGE_SIZE)
            size = min(wanted, manner.largest_page)
        rows = self._database.encoded(listing, min((page - 1) * size, 2**62), size)
        answer = Answer(200, b"[%b]" % b",".join(rows))
        link = _link(asked, page, -(-self._database.count(listing) // size), manner.links)
        return answer.with_headers(Link=link) if link else answer

    def _object(self, path: str, account: Account, manner: Manner) -> Answer:
        matched = _OBJECT_PATH.fullmatch(path)
        if matched is None:
            return NOT_FOUND
        named, number = matched[1], int(matched[2])
        if named in {"album", "albums"}:
            here = "singular" if named == "album" else "plural"
            if manner.album_path not in {here, "both"}:
                return NOT_FOUND
            named = "albums"
        table = cast("Literal['albums', 'artists', 'labels', 'tracks']", named)
        found = self._database.one(table, number, account)
        return NOT_FOUND if found is None else Answer(200, found)

    def _create_token(self, asked: Asked) -> Answer:
        form = asked.form
        if form.get("grant_type") != "password":
            return refusal(400, "unsupported_grant_type", "The grant type must be password.")
        for account in ACCOUNTS:
            if (form.get("username"), form.get("password")) == (account.username, account.password):
                token = self._database.issue_token(account.username)
                body = {"access_token": token, "token_type": "bearer", "created_at": _now()}
                return Answer(200, json.dumps(body).encode()).with_headers(Cache_Control="no-store")
        return refusal(401, "invalid_grant", "The user name or the password is wrong.")

    def _revoke_token(self, asked: Asked) -> Answer:
        if asked.account is None:
            return _unauthorized()
        # The documentation's own curl command has a space before the token.
        token = asked.form.get("token", "").strip()
        if not token:
            return refusal(400, "invalid_request", "Give the token that is to be revoked.")
        self._database.revoke_token(token)
        return Answer(200, b"{}")


def _now() -> int:
    return int(time.time())


def _unauthorized() -> Answer:
    return refusal(
        401, "invalid_token", "The access token is missing, unknown or revoked."
    ).with_headers(WWW_Authenticate='Bearer realm="1D touch sandbox"')


def _positive(text: str | None, otherwise: int) -> int:
    if text is None or not re.fullmatch(r"[0-9]+", text, re.ASCII):
        return otherwise
    digits = text.lstrip("0")
    # Python reads no number of thousands of digits; any of so many is beyond every page and size.
    return min(int(digits[: MOST_DIGITS + 1] or otherwise), 10**MOST_DIGITS)


def _range(table: str, query: Mapping[str, str]) -> tuple[date | None, date | None] | None:
    """The days asked for, two Nones where none are, or None for what can't be meant."""
    texts = query.get("since"), query.get("until")
    if table not in DATED or texts == (None, None):
        return None, None
    found: list[date] = []
    for text in texts:
        if text is None or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return None
        try:
            found.append(date.fromisoformat(text))
        except ValueError:
            return None
    since, until = found
    return None if since > until else (since, until)


def _link(asked: Asked, page: int, last: int, form: LinkForm) -> str:
    """The Link header; empty where all rows stand on the one page that was asked for."""
    pages: dict[str, int] = {}
    if page > 1:
        pages |= {"first": 1, "prev": min(page - 1, max(last, 1))}
    if page < last:
        pages |= {"next": page + 1, "last": last}
    if form == "none":
        return ""
    if form == "lying":
        # A next page that never ends, and a last one that is the first.
        pages |= {"next": page + 1, "last": 1}
    base = "http://elsewhere.invalid:7000" if form == "foreign" else asked.base
    rest = {name: value for name, value in asked.query.items() if name != "page"}
    links = [
        f'<{base}{quote(asked.path)}?{urlencode({"page": number, **rest})}>; rel="{relation}"'
        for relation, number in pages.items()
    ]
    # The documentation's example ends in a comma.
    return ", ".join(links) + ("," if links and form == "trailing" else "")
