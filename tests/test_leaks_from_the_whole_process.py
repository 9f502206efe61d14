"""The whole process at its most talkative: no secret in an answer, a log line, a metric or a trace.

A REST API that puts a canary into everything that it says is asked by callers whose tokens,
passwords and variables are canaries; `python server.py` runs in front of it at debug level.
"""

import asyncio
import itertools
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from resolvers.global_ids import global_id

ROOT = Path(__file__).parent.parent
CANARY = "canary7f3a"
TOKEN = f"{CANARY}-token"
PATH = f"/{CANARY}-path"

STATUSES = [200, 201, 204, 301, 302, 304, 400, 401, 403, 404, 418, 422, 429, 500, 502, 503, 504]
SAID = {
    "text": CANARY.encode(),
    "html": f"<html>{CANARY}</html>".encode(),
    "an object": f'{{"{CANARY}": "{CANARY}", "error": "{CANARY}"}}'.encode(),
    "a wrong object": f'{{"id": "{CANARY}", "title": {{"{CANARY}": 1}}}}'.encode(),
    "a list": f'["{CANARY}", {{"id": "{CANARY}"}}]'.encode(),
    "cut short": f'{{"id": 5, "name": "{CANARY}'.encode(),
    "not UTF-8": CANARY.encode() + b"\xff",
}

WRONG: list[Any] = [[CANARY], {CANARY: CANARY}, {"id": CANARY, "name": [CANARY]}]
"""Values that are right nowhere but where a list of texts or any object belongs."""

ALBUM = (
    "databaseId icpn title genres releasedAt cover { smallUrl mediumUrl largeUrl } "
    "artists { databaseId name } label { databaseId name } tracks { databaseId isrc title duration "
    "durationSeconds discNumber trackNumber explicit highBitrateUrl availableTerritories }"
)
LISTENING = (
    "databaseId trackIsrc threeSeconds distributor { databaseId name } "
    "user { databaseId name station { name } } artists { name }"
)
OBJECTS = f"""query Objects {{
  album(id: 5) {{ {ALBUM} }}
  artist(id: 5) {{ databaseId name }}
  label(id: 5) {{ databaseId name }}
  track(id: 5) {{ databaseId title isrc cover {{ smallUrl }} }}
  node(id: "{global_id("Track", 5)}") {{ id }}
}}"""
LISTS = [
    f"query Albums {{ albums(first: 2) {{ nodes {{ {ALBUM} }} }} }}",
    "query Labels { labels(last: 2) { totalCount nodes { name } } }",
    f"query Listenings {{ listenings(first: 2) {{ nodes {{ {LISTENING} }} }} }}",
    "query Deliveries { deliveries(first: 2) { nodes { createdAt type album { title } } } }",
]
LOG_IN = (
    "mutation LogIn($input: CreateTokenInput!)"
    " { createToken(input: $input) { createdAt tokenType } }"
)
LOG_OUT = "mutation LogOut($token: String!) { revokeToken(input: {token: $token}) { revoked } }"

MISTAKES: list[tuple[str, dict[str, Any]]] = [
    ("query Mistaken($v: ID!) { album(id: $v) { title } }", {"v": CANARY}),
    ("query Mistaken($v: ID!) { node(id: $v) { id } }", {"v": CANARY}),
    ("query Mistaken($v: [ID!]!) { nodes(ids: $v) { id } }", {"v": [CANARY, CANARY]}),
    ("query Mistaken($v: Int) { albums(first: $v) { nodes { id } } }", {"v": CANARY}),
    ("query Mistaken($v: String) { albums(after: $v) { nodes { id } } }", {"v": CANARY}),
    (
        "query Mistaken($v: Date) { listenings(since: $v, until: $v) { nodes { id } } }",
        {"v": CANARY},
    ),
    (
        "query Mistaken($v: CountryCode!) { track(id: 5) { availableIn(territory: $v) } }",
        {"v": CANARY},
    ),
    ("query Mistaken($v: Boolean!) { __typename @skip(if: $v) }", {"v": CANARY}),
    (LOG_IN, {"input": {"username": CANARY, "password": CANARY, CANARY: CANARY}}),
    (LOG_IN, {"input": {"username": [CANARY], "password": {CANARY: CANARY}}}),
    (LOG_OUT, {"token": {CANARY: CANARY}}),
    (
        "query Mistaken($v: [_Any!]!) { _entities(representations: $v) { __typename } }",
        {"v": [{"__typename": CANARY}, {"__typename": "Album", "id": CANARY, CANARY: 1}]},
    ),
]


@dataclass
class Api:
    """A REST API that says what it is told to, with canaries in all of its headers."""

    status: int = 200
    body: bytes = b""
    url: str = ""
    asked: int = 0

    async def answer(self, _: web.Request) -> web.Response:
        """What it is told to say."""
        self.asked += 1
        bare = self.status in {204, 304}
        headers = {
            "Location": f"http://{CANARY}.invalid/{CANARY}",
            "Link": f'<http://{CANARY}.invalid/?page=2>; rel="{CANARY}"',
            "ETag": f'"{CANARY}"',
            "Retry-After": CANARY,
            "Cache-Control": CANARY,
            "Set-Cookie": f"{CANARY}={CANARY}",
            "WWW-Authenticate": f'Bearer realm="{CANARY}"',
            "X-Request-Id": CANARY,
        }
        return web.Response(
            status=self.status, body=b"" if bare else self.body, headers={} if bare else headers
        )


@dataclass
class Collector:
    """An OTLP collector that keeps what it was sent."""

    url: str = ""
    sent: list[bytes] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """Take it."""
        self.sent.append(await request.read())
        return web.Response()


@asynccontextmanager
async def listening(server: Api | Collector) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield
    finally:
        await runner.cleanup()


@dataclass
class Told:
    """All that came out of the process: answers with their headers, metrics, logs and traces."""

    answers: list[str] = field(default_factory=list)
    metrics: str = ""
    output: str = ""
    traces: bytes = b""

    def assert_clean(self, canary: str = CANARY) -> None:
        """Fail with the first places in which the canary stands."""
        told = [*self.answers, self.metrics, self.output, self.traces.decode("latin-1")]
        found = [
            text[max(0, hit.start() - 200) : hit.end() + 100]
            for text in told
            for hit in itertools.islice(re.finditer(re.escape(canary), text), 1)
        ]
        assert found[:3] == []


class Talk:
    """A conversation with a facade in a process of its own."""

    def __init__(self, base: str, session: aiohttp.ClientSession, told: Told) -> None:
        self.base = base
        self._session = session
        self._told = told

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The body of the answer, which is kept with its headers."""
        body = {"query": query, "variables": dict(variables or {})}
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Include": "cost, upstream"}
        async with self._session.post(
            f"{self.base}/graphql", json=body, headers=headers
        ) as response:
            text = await response.text()
            assert response.status == 200, text
            self._told.answers.append(f"{dict(response.headers)} {text}")
            return json.loads(text)

    async def get(self, path: str) -> str:
        """What stands at a path."""
        async with self._session.get(self.base + path) as response:
            return f"{dict(response.headers)} {await response.text()}"


@asynccontextmanager
async def talking(api: Api, **environment: str) -> AsyncIterator[tuple[Talk, Told]]:
    """`python server.py` in front of the API; what it told is complete behind the block."""
    told = Told()
    collector = Collector()
    async with listening(collector):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "server.py", "--port", "0", "--upstream", api.url + PATH),
            *("--log-level", "debug", "--cache-secret", CANARY, "--breaker-failures", "0"),
            *("--retry-pause", "0.001", "--drain-pause", "0"),
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
            | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(30):
                base = (await process.stdout.readline()).decode().split()[-1]
                # the operator's own address, told to the operator
                assert PATH in (await process.stdout.readline()).decode()
            rest = asyncio.create_task(process.communicate())
            async with aiohttp.ClientSession() as session:
                talk = Talk(base.removesuffix("/graphql"), session, told)
                yield talk, told
                told.metrics = await talk.get("/metrics")
                told.answers += [await talk.get("/readyz"), await talk.get("/")]
            process.terminate()
            output, errors = await rest
            told.output = (output + errors).decode()
            assert process.returncode == 0
        finally:
            if process.returncode is None:
                process.kill()
        told.traces = b"".join(collector.sent)


async def test_no_status_and_no_body_leaks() -> None:
    api = Api()
    async with listening(api):
        async with talking(api) as (talk, told):
            codes = set()
            for api.status, api.body in itertools.product(STATUSES, SAID.values()):
                for query in (OBJECTS, *LISTS):
                    body = await talk.ask(query)
                    codes |= {error["extensions"]["code"] for error in body.get("errors", ())}
                await talk.ask(LOG_IN, {"input": {"username": CANARY, "password": CANARY}})
            # the token itself is tried last: once it is revoked, nothing is asked with it
            await talk.ask(LOG_OUT, {"token": f"{CANARY}-other"})
        assert codes == {
            *("UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED"),
            *("UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT", "UPSTREAM_BAD_RESPONSE"),
        }
        assert api.asked > len(STATUSES) * len(SAID) * 9
        assert told.output.count("/api/v1/album") > 100
        assert b"/api/v1/labels/:id" in told.traces
        assert 'route="/api/v1/tracks/:id"' in told.metrics
        told.assert_clean()


async def test_no_wrong_value_of_any_field_leaks() -> None:
    album: dict[str, Any] = {
        "id": 5,
        "icpn": "1",
        "title": "Right",
        "genres": [],
        "released_at": "2014-10-29",
        "cover": {"small_url": None, "medium_url": None, "large_url": None},
        "artists": [{"id": 1, "name": "Right"}],
        "label": {"id": 1, "name": "Right"},
        "tracks": [{"id": 1, "title": "Right"}],
    }
    in_tracks = (
        *("id", "duration", "disc_number", "track_number", "explicit"),
        *("high_bitrate_url", "available_territories"),
    )
    play: dict[str, Any] = {"id": 1, "track_id": 1, "three_seconds": True}
    wrong: list[tuple[str, Any]] = [
        *((OBJECTS, {**album, key: value}) for key in album for value in WRONG if key != "genres"),
        *((OBJECTS, {**album, "cover": {"small_url": url}}) for url in (CANARY, f"ftp://{CANARY}")),
        *((OBJECTS, {**album, key: CANARY}) for key in album if key not in {"title", "icpn"}),
        *(
            (OBJECTS, {**album, "tracks": [{"id": 1, "title": "Right", key: CANARY}]})
            for key in in_tracks
        ),
        *(
            (LISTS[2], [{**play, key: value}])
            for key in (*play, "distributor", "user", "label", "album", "artists", "track_isrc")
            for value in WRONG
        ),
        *(
            (LISTS[3], [{"id": 1, key: CANARY}])
            for key in ("created_at", "updated_at", "finished_at", "type", "album")
        ),
        *(
            (LOG_IN, {"access_token": CANARY, "token_type": "bearer", "created_at": value})
            for value in (CANARY, [CANARY], 10**400)
        ),
        *((LOG_IN, {"access_token": value, CANARY: CANARY}) for value in WRONG),
    ]
    api = Api()
    async with listening(api):
        async with talking(api) as (talk, told):
            failed = 0
            for query, said in wrong:
                api.body = json.dumps(said).encode()
                given = {"input": {"username": CANARY, "password": CANARY}}
                body = await talk.ask(query, given if query == LOG_IN else None)
                failed += "errors" in body
        assert failed > len(wrong) * 0.8
        assert "not as documented" in told.output
        told.assert_clean()


async def test_no_variable_and_no_mistake_of_a_caller_leaks() -> None:
    api = Api(status=404)
    async with listening(api):
        async with talking(api, ONEDTOUCH_RATE_LIMIT="100000") as (talk, told):
            for query, variables in MISTAKES:
                assert (await talk.ask(query, variables))["errors"]
            # what stands in the document or the URL itself is told back to its caller at most
            kept = len(told.answers)
            for query in (
                f'{{ album(id: "{CANARY}") {{ id }} }}',
                f"{{ {CANARY} }}",
                f"{{ {CANARY}(",
            ):
                assert (await talk.ask(query))["errors"]
            await talk.get(f"/{CANARY}?{CANARY}={CANARY}")
            await talk.get(f"/graphql?query={{__typename}}&variables=%22{CANARY}")
            del told.answers[kept:]
        assert told.output.count("operation=Mistaken") >= 8
        told.assert_clean()


async def test_a_token_that_is_given_out_stands_in_the_answer_alone() -> None:
    granted = {
        "access_token": f"{CANARY}-granted",
        "token_type": "bearer",
        "created_at": 1421691018,
    }
    api = Api(body=json.dumps(granted).encode())
    async with listening(api):
        async with talking(api) as (talk, told):
            body = await talk.ask(
                "mutation ($i: CreateTokenInput!) { createToken(input: $i) { accessToken } }",
                {"i": {"username": CANARY, "password": CANARY}},
            )
            assert body["data"] == {"createToken": {"accessToken": f"{CANARY}-granted"}}
            told.answers.clear()
            assert (await talk.ask(LOG_OUT, {"token": f"{CANARY}-granted"}))["data"] == {
                "revokeToken": {"revoked": True}
            }
        assert told.output.count("kind=mutation") == 2
        told.assert_clean()
