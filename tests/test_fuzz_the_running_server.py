"""Fuzzing: generated operations and broken requests against the whole facade, over HTTP.

Whatever comes in, the answer is JSON with a code of the contract and never a 5xx, and the process
answers the next request. FUZZ_EXAMPLES in the environment sets how many are tried of each kind.
"""

import asyncio
import json
import os
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from graphql import NameNode, ObjectFieldNode, ObjectValueNode, print_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, mutations, nodes, queries

import sandbox
from resolvers.global_ids import global_id
from schema import schema
from schema.errors import Code
from tests.served import application, served

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))
SDL = print_schema(schema._schema)
QUERIES = Path(__file__).parent.parent / "queries"
CODES = {code.value for code in Code}
ENVIRONMENT = {"ONEDTOUCH_DEADLINE": "20"}

T = TypeVar("T")

fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Fuzzed:
    """A facade that runs in a loop of its own in another thread, as long as the module's tests."""

    loop: asyncio.AbstractEventLoop
    url: str
    session: aiohttp.ClientSession

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine gives in that loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    async def sent(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, bytes]:
        """Status, content type and body of one answer."""
        async with self.session.request(
            method, self.url + path, data=body, headers=headers
        ) as response:
            return response.status, response.headers.get("Content-Type", ""), await response.read()


@pytest.fixture(scope="module")
def here() -> Iterator[Fuzzed]:
    """The facade in front of a sandbox."""
    ready = threading.Event()
    found: list[Fuzzed] = []
    loop = asyncio.new_event_loop()
    end = asyncio.Event()

    async def serve() -> None:
        async with (
            sandbox.running() as upstream,
            served(application(ENVIRONMENT, upstream=upstream.url)) as serving,
        ):
            found.append(Fuzzed(loop, serving.base, serving.client))
            ready.set()
            await end.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(30)
    yield found[0]
    loop.call_soon_threadsafe(end.set)
    thread.join(30)
    assert not thread.is_alive()


JSON_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/graphql-response+json",
    "Authorization": f"Bearer {sandbox.LISTENER_TOKEN}",
}


def assert_told(status: int, content_type: str, body: bytes) -> list[str]:
    """Fail unless it is a well-formed answer that blames nobody here; the codes in it."""
    assert status < 500, (status, body[:500])
    assert content_type.startswith(("application/graphql-response+json", "application/json"))
    answer = json.loads(body)
    assert isinstance(answer, dict)
    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    assert set(codes) <= CODES - {"INTERNAL_SERVER_ERROR"}, answer
    assert all(isinstance(error["message"], str) for error in answer.get("errors", ()))
    assert codes or isinstance(answer.get("data"), dict)
    if status != 200:
        assert codes
    return codes


def asked(here: Fuzzed, query: str, **more: Any) -> list[str]:
    body = json.dumps({"query": query, **more}).encode()
    return assert_told(*here.run(here.sent("POST", "/graphql", body, JSON_HEADERS)))


IDS = [
    *(
        global_id(kind, number)
        for kind in ("Album", "Artist", "Track")
        for number in (1, 273, 10**6)
    ),
    *("273", "1", "x", "", "-1", "9" * 30),
]


def _object(shown: dict[str, str]) -> ObjectValueNode:
    """A literal object whose values are texts."""
    fields = [
        ObjectFieldNode(name=NameNode(value=name), value=nodes.String(value))
        for name, value in shown.items()
    ]
    return ObjectValueNode(fields=tuple(fields))


SCALARS: dict[str, Any] = {
    "Date": st.sampled_from(["2015-01-26", "2015-02-30", "x"]).map(nodes.String),
    "CountryCode": st.sampled_from(["FR", "fr", "XX", ""]).map(nodes.String),
    "DateTime": st.sampled_from(["2015-01-26T00:00:00Z", "x"]).map(nodes.String),
    "URL": st.just(nodes.String("http://x/")),
    "Duration": st.just(nodes.String("PT1M")),
    "_Any": st.fixed_dictionaries(
        {
            "__typename": st.sampled_from(["Album", "Track", "Query", "Nothing"]),
            "id": st.sampled_from(IDS),
        }
    ).map(_object),
}
ROOTS = sorted(set(schema._schema.query_type.fields) - {"_entities"})  # type: ignore[union-attr] # there is one


def operations(mode: Mode = Mode.POSITIVE) -> st.SearchStrategy[Any]:
    """Operations on the whole schema, or on one field, which are cheap enough to be executed."""
    by_field = [
        queries(SDL, fields=[root], custom_scalars=SCALARS, mode=mode)
        for root in ROOTS
        if mode is Mode.POSITIVE or root != "_service"  # there is nothing to be wrong in it
    ]
    return st.one_of(
        *by_field,
        queries(SDL, custom_scalars=SCALARS, mode=mode),
        mutations(SDL, custom_scalars=SCALARS, mode=mode),
    )


@fuzzed
@given(query=operations())
def test_any_valid_operation_is_answered(here: Fuzzed, query: str) -> None:
    codes = asked(here, query)
    assert "GRAPHQL_PARSE_FAILED" not in codes


@fuzzed
@given(query=operations(Mode.NEGATIVE))
def test_any_invalid_operation_is_refused_with_a_code(here: Fuzzed, query: str) -> None:
    asked(here, query)


HONEST = [
    json.dumps({"query": path.read_text(), "variables": {}}).encode()
    for path in sorted(QUERIES.rglob("*.graphql"))
] + [
    json.dumps(
        {"query": "query ($id: ID!) { album(id: $id) { id } }", "variables": {"id": 273}}
    ).encode()
]
NOISE = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [b'"', b"{", b"}", b"[", b"\\u0000", b"\\", b"null", b"1e999", b"\xff", b"..."]
    ),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """An honest body with a few bytes taken away, put in, or said twice."""
    body = draw(st.sampled_from(HONEST))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        stop = min(len(body), start + draw(st.sampled_from([0, 1, 2, 10, 200])))
        middle = draw(st.sampled_from([b"", body[start:stop] * 2]) | NOISE)
        body = body[:start] + middle + body[stop:]
    return body


@fuzzed
@given(body=mutated())
def test_any_damaged_body_is_answered(here: Fuzzed, body: bytes) -> None:
    assert_told(*here.run(here.sent("POST", "/graphql", body, JSON_HEADERS)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "query": st.sampled_from(
            ["{ __typename }", "query A { __typename } query B { album(id: 1) { id } }", "{", ""]
        )
        | JSON,
        "operationName": st.sampled_from(["A", "B", ""]) | JSON,
        "variables": JSON,
        "extensions": JSON
        | st.fixed_dictionaries(
            {
                "persistedQuery": st.fixed_dictionaries(
                    {"version": st.sampled_from([1, 2]) | JSON, "sha256Hash": JSON}
                )
            }
        ),
        "documentId": JSON,
        "id": JSON,
        "x": JSON,
    },
)


@fuzzed
@given(parameters=PARAMETERS | JSON)
def test_any_json_is_answered(here: Fuzzed, parameters: Any) -> None:
    body = json.dumps(parameters).encode()
    assert_told(*here.run(here.sent("POST", "/graphql", body, JSON_HEADERS)))


HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("Accept", "Accept-Encoding", "Content-Type", "Content-Encoding", "Authorization"),
            *("If-None-Match", "Origin", "Cookie", "X-Deadline-Ms", "X-Explain", "X-Include"),
            *("X-Most-Upstream-Requests", "X-Request-Id", "traceparent", "X-Forwarded-For"),
            *("Apollo-Require-Preflight", "Range", "X-Http-Method-Override"),
        ]
    ),
    HEADER
    | st.sampled_from(
        ["1", "-1", "0", "1e9", "9" * 40, "*/*", "application/json", "Bearer x", "gzip"]
    ),
    max_size=6,
)


@fuzzed
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "X"]),
    path=st.sampled_from(
        ["/graphql", "/graphql?query={__typename}", "/graphql?", "/graphql/", "/x"]
    )
    | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20).map(
        lambda rest: "/graphql?query=" + rest.replace("#", "")
    ),
    headers=HEADERS,
    body=st.sampled_from([b"", b'{"query":"{ __typename }"}']) | st.binary(max_size=50),
)
def test_any_method_path_and_header_are_answered(
    here: Fuzzed, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    sent = {"Accept": "application/json"} | headers
    if method == "GET":
        body = b""
    status, content_type, answer = here.run(here.sent(method, path, body, sent))
    if "html" in sent["Accept"] or status == 304:
        return
    assert_told(status, content_type, answer)
    alive = here.run(here.sent("GET", "/healthz", None, {}))
    assert alive[0] == 200


def test_the_valid_operations_are_executed_and_not_only_refused(here: Fuzzed) -> None:
    found: list[list[str]] = []

    @settings(fuzzed, max_examples=max(EXAMPLES, 40))
    @given(query=operations())
    def ask(query: str) -> None:
        found.append(asked(here, query))

    ask()
    refused = {"QUERY_TOO_COMPLEX", "GRAPHQL_VALIDATION_FAILED"}
    executed = [codes for codes in found if not refused.intersection(codes)]
    assert len(executed) > len(found) / 2
    assert any(codes == [] for codes in executed)
