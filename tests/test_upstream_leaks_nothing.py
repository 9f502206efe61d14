"""What the REST client says of itself: never a token, a password, a body, a header or a host."""

import itertools
import logging
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from tests.upstream_asked import Client, Watching, caller, client, scripted
from upstream.caller import Caller
from upstream.errors import UpstreamError
from upstream.listing import Listing
from upstream.policy import Policy

CANARY = "canary-9d1f"
TOKEN = f"{CANARY}-token"
STATUSES = [200, 201, 204, 301, 302, 304, 400, 401, 403, 404, 418, 422, 429, 500, 502, 503, 504]
BODIES: dict[str, bytes] = {
    "text": CANARY.encode(),
    "html": f"<html>{CANARY}</html>".encode(),
    "an object": f'{{"{CANARY}": "{CANARY}", "error": "{CANARY}"}}'.encode(),
    "a wrong object": f'{{"id": "{CANARY}", "title": {{"{CANARY}": 1}}}}'.encode(),
    "a list": f'["{CANARY}", {{"id": "{CANARY}"}}]'.encode(),
    "cut short": f'{{"id": 5, "name": "{CANARY}'.encode(),
    "not UTF-8": CANARY.encode() + b"\xff",
}


def said(error: BaseException) -> Iterator[str]:
    """All that can be read from an exception, and from those that it came from."""
    yield "".join(traceback.format_exception(error))
    linked: BaseException | None = error
    while linked is not None:
        yield repr(linked)
        yield repr(vars(linked))
        linked = linked.__cause__ or linked.__context__


def headers(status: int) -> dict[str, str]:
    canaries = {
        "Location": f"http://{CANARY}.invalid/{CANARY}",
        "Link": f'<http://{CANARY}.invalid/?page=2>; rel="{CANARY}"',
        "ETag": f'"{CANARY}"',
        "Retry-After": CANARY,
        "Cache-Control": CANARY,
        "Set-Cookie": f"{CANARY}={CANARY}",
        "WWW-Authenticate": f'Bearer realm="{CANARY}"',
        "X-Request-Id": CANARY,
    }
    return canaries if status != 304 else {"ETag": f'"{CANARY}"'}


async def provoked(upstream: Client, asking: Caller) -> list[UpstreamError]:
    """The failures of one question of each kind, and of both posts."""
    found = []
    for question in (
        upstream.album(asking, 5),
        upstream.artist(asking, 5),
        upstream.label(asking, 5),
        upstream.track(asking, 5),
        upstream.page(asking, Listing("albums"), 1, 25),
        upstream.page(asking, Listing("deliveries"), 1, 25),
        upstream.create_token(asking, CANARY, CANARY),
        upstream.revoke_token(asking, TOKEN),
        upstream.check(),
    ):
        try:
            await question
        except UpstreamError as error:
            found.append(error)
    return found


@pytest.mark.parametrize(("status", "body"), [*itertools.product(STATUSES, BODIES)])
async def test_no_status_and_no_body_leaks(
    status: int, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    watching = Watching()

    async def answer(_: web.BaseRequest) -> web.Response:
        content = b"" if status in {204, 304} else BODIES[body]
        return web.Response(status=status, body=content, headers=headers(status))

    async with (
        scripted(answer) as api,
        client(api.url, watching, most_retries=1, retry_pause=0.001) as upstream,
    ):
        asking = caller(TOKEN)
        errors = await provoked(upstream, asking)
        told: list[Any] = [caplog.text, watching.events, asking, asking.exchanges, upstream.state()]
        host = api.url.removeprefix("http://")
        for each in [*map(repr, told), *itertools.chain.from_iterable(map(said, errors))]:
            assert CANARY not in each
            assert host not in each


async def test_no_address_leaks_where_nobody_answers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with client(f"http://{CANARY}.invalid", most_retries=0) as upstream:
        asking = caller(TOKEN)
        errors = await provoked(upstream, asking)
        assert len(errors) == 9
        for each in [caplog.text, repr(upstream), *itertools.chain(*map(said, errors))]:
            assert CANARY not in each


def test_no_secret_stands_in_a_policy_as_it_is_printed() -> None:
    policy = Policy(cache_secret=CANARY, redis_url=f"redis://:{CANARY}@host")
    assert CANARY not in repr(policy)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("request_timeout", 0),
        ("request_timeout", -1.0),
        ("connect_timeout", float("nan")),
        ("fresh_catalogue", float("inf")),
        ("most_concurrent", 0),
        ("most_body_bytes", 0),
        ("retry_budget", 1.5),
        ("breaker_share", 2),
        ("compression", "br"),
        ("longest_queue", -1),
        ("redis_timeout", 0),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field} must be "):
        Policy(**{field: value})
