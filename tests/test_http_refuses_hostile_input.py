"""Hostile input: each is refused in JSON with a status and a code, and the process lives on."""

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from io import BytesIO
from time import monotonic

import pytest
import strawberry

import sandbox
from tests.served import NoContext, Served, application, served
from upstream.caller import Caller

ASK = b'{"query":"{ __typename }"}'
POST = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = 100_000
NAMED = b'"query":"query ($v: String) { echo(v: $v) }"'


@strawberry.type
class Query:
    """Something to send values to."""

    @strawberry.field
    def echo(self, v: str | None = None) -> str | None:
        """What was given."""
        return v

    @strawberry.field
    def long(self) -> str:
        """So much that no kernel takes all of it at once."""
        return "x" * LONG

    @strawberry.field
    def broken(self) -> str | None:
        """A bug."""
        raise RuntimeError


SMALL = strawberry.Schema(query=Query)


def small(**environment: str) -> AbstractAsyncContextManager[Served]:
    """A server of that schema."""
    return served(application(environment, schema=SMALL, open_context=lambda _: NoContext()))


def _variables(value: bytes) -> bytes:
    return b"{" + NAMED + b',"variables":{"v":' + value + b"}}"


BODIES = {
    "nothing": (b"", 400, "BAD_USER_INPUT"),
    "white space": (b"   ", 400, "BAD_USER_INPUT"),
    "a number": (b"1", 400, "BAD_USER_INPUT"),
    "a text": (b'"{ __typename }"', 400, "BAD_USER_INPUT"),
    "null": (b"null", 400, "BAD_USER_INPUT"),
    "a batch": (b"[" + ASK + b"]", 400, "BAD_USER_INPUT"),
    "an empty batch": (b"[]", 400, "BAD_USER_INPUT"),
    "no query": (b"{}", 400, "BAD_USER_INPUT"),
    "an empty query": (b'{"query":""}', 400, "BAD_USER_INPUT"),
    "a query that is null": (b'{"query":null}', 400, "BAD_USER_INPUT"),
    "a query that is a list": (b'{"query":["{ __typename }"]}', 400, "BAD_USER_INPUT"),
    "half a body": (ASK[:-3], 400, "BAD_USER_INPUT"),
    "something after it": (ASK + b"x", 400, "BAD_USER_INPUT"),
    "two of them": (ASK + ASK, 400, "BAD_USER_INPUT"),
    "single quotes": (b"{'query':'{ __typename }'}", 400, "BAD_USER_INPUT"),
    "a comment": (b'{"query":"{ __typename }"/* x */}', 400, "BAD_USER_INPUT"),
    "a comma too many": (b'{"query":"{ __typename }",}', 400, "BAD_USER_INPUT"),
    "a control character": (b'{"query":"{ __typename\x01 }"}', 400, "BAD_USER_INPUT"),
    "a byte order mark": (b"\xef\xbb\xbf" + ASK, 400, "BAD_USER_INPUT"),
    "UTF-16": (ASK.decode().encode("utf-16"), 400, "BAD_USER_INPUT"),
    "Latin-1": (b'{"query":"{ __typename } # \xe9"}', 400, "BAD_USER_INPUT"),
    "overlong UTF-8": (b'{"query":"{ __typename } # \xc0\xaf"}', 400, "BAD_USER_INPUT"),
    "a surrogate in UTF-8": (b'{"query":"{ __typename } # \xed\xa0\x80"}', 400, "BAD_USER_INPUT"),
    "bad UTF-8 where it is ignored": (
        b'{"query":"{ __typename }","x":"\xff"}',
        400,
        "BAD_USER_INPUT",
    ),
    "half a surrogate": (b'{"query":"{ __typename } # \\ud800 "}', 400, "BAD_USER_INPUT"),
    "half a surrogate in a variable": (_variables(b'"\\ud800"'), 400, "BAD_USER_INPUT"),
    "NaN": (_variables(b"NaN"), 400, "BAD_USER_INPUT"),
    "Infinity": (_variables(b"-Infinity"), 400, "BAD_USER_INPUT"),
    "a float beyond floats": (_variables(b"1e999"), 400, "BAD_USER_INPUT"),
    "10,000 digits": (_variables(b"9" * 10_000), 400, "BAD_USER_INPUT"),
    "10,000 negative digits": (_variables(b"-" + b"9" * 10_000), 400, "BAD_USER_INPUT"),
    "100 levels": (_variables(b"[" * 100 + b"]" * 100), 400, "QUERY_TOO_COMPLEX"),
    "100,000 levels": (_variables(b"[" * 100_000 + b"]" * 100_000), 400, "QUERY_TOO_COMPLEX"),
    "100,000 levels that never end": (_variables(b"[" * 100_000), 400, "QUERY_TOO_COMPLEX"),
    "100,000 levels of objects": (
        b'{"x":' + b'{"x":' * 100_000 + b"1" + b"}" * 100_001,
        400,
        "QUERY_TOO_COMPLEX",
    ),
    "variables that are a text": (b"{" + NAMED + b',"variables":"x"}', 400, "BAD_USER_INPUT"),
    "variables that are a list": (b"{" + NAMED + b',"variables":[1]}', 400, "BAD_USER_INPUT"),
    "extensions that are a number": (b"{" + NAMED + b',"extensions":1}', 400, "BAD_USER_INPUT"),
    "a quarter of a megabyte of variables": (
        _variables(b'"' + b"x" * 262_144 + b'"'),
        413,
        "QUERY_TOO_COMPLEX",
    ),
    "one byte over a megabyte": (
        ASK + b" " * (1_048_577 - len(ASK)),
        413,
        "QUERY_TOO_COMPLEX",
    ),
    "20 megabytes": (b"[" * 20_000_000, 413, "QUERY_TOO_COMPLEX"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_hostile_body_is_refused(name: str) -> None:
    body, status, code = BODIES[name]
    headers = {"Content-Type": "application/json"}
    async with small() as here:
        async with here.client.post(here.url, data=BytesIO(body), headers=headers) as response:
            assert response.status == status
            assert response.headers["Content-Type"] == "application/json; charset=utf-8"
            answer = await response.json()
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
        assert (await here.post({"query": "{ __typename }"}))[0] == 200


async def test_the_same_bodies_are_refused_when_they_come_in_pieces() -> None:
    headers = {"Content-Type": "application/json"}
    async with small() as here:
        for name, (body, status, _) in BODIES.items():
            if len(body) > 2_000_000 or not body:
                continue

            async def pieces(whole: bytes = body) -> AsyncIterator[bytes]:
                for start in range(0, len(whole), 50_000):
                    yield whole[start : start + 50_000]

            async with here.client.post(here.url, data=pieces(), headers=headers) as response:
                assert (name, response.status) == (name, status)


async def test_a_body_of_exactly_a_megabyte_is_taken() -> None:
    body = ASK + b" " * (1_048_576 - len(ASK))
    headers = {"Content-Type": "application/json"}
    async with small() as here, here.client.post(here.url, data=body, headers=headers) as response:
        assert await response.json() == {"data": {"__typename": "Query"}}


async def test_escapes_that_make_one_character_are_that_character() -> None:
    body = _variables(b'"\\ud83d\\ude00\\u0000"')
    headers = {"Content-Type": "application/json"}
    async with small() as here, here.client.post(here.url, data=body, headers=headers) as response:
        assert await response.json() == {"data": {"echo": "\U0001f600\x00"}}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "text/plain; application/json"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/graphql"}, 415),
        ({"Content-Type": "application/json; charset=latin1"}, 415),
        ({"Content-Type": "application/json; charset=utf-16"}, 415),
        ({"Content-Type": "application/jsonp"}, 415),
        ({"Content-Type": "application/json, text/plain"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "br"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "identity"}, 200),
        ({"Content-Type": "Application/JSON; Charset=UTF-8"}, 200),
        ({"Content-Type": 'application/json;charset="utf-8"'}, 200),
    ],
)
async def test_only_plain_json_in_utf_8_is_taken(headers: dict[str, str], status: int) -> None:
    async with small() as here, here.client.post(here.url, data=ASK, headers=headers) as response:
        assert response.status == status
        assert "errors" in await response.json() or status == 200


async def test_a_compressed_body_is_refused_and_not_unpacked() -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    bomb = gzip.compress(b"[" * 50_000_000)
    async with small() as here, here.client.post(here.url, data=bomb, headers=headers) as response:
        assert (response.status, response.headers["Accept-Encoding"]) == (415, "identity")


async def test_a_body_without_a_content_type_is_refused() -> None:
    async with (
        small() as here,
        here.client.post(here.url, data=ASK, skip_auto_headers={"Content-Type"}) as response,
    ):
        assert response.status == 415


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("query=%7B__typename%7D", 200),
        ("query=%7B__typename%7D&variables=%7B%22v%22%3A%221%22%7D&unknown=1&unknown=2", 200),
        ("", 400),
        ("query=", 400),
        ("query=%7B__typename%7D&query=%7B__typename%7D", 400),
        ("query=%ff", 400),
        ("query=%7B__typename%7D&variables=1", 400),
        ("query=%7B__typename%7D&variables=%7B%22v%22%3ANaN%7D", 400),
        ("query=%7B__typename%7D&extensions=nonsense", 400),
        ("&".join(f"a{number}=1" for number in range(2_000)), 400),
    ],
)
async def test_a_url_is_read_as_strictly(query: str, status: int) -> None:
    head = "Host: x\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    async with small() as here:
        answer = await here.raw(f"GET /graphql?{query} HTTP/1.1\r\n{head}".encode())
        assert answer.split(b" ", 2)[1] == str(status).encode()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /graphql HTTP/9.9\r\n\r\n", 400),
        (b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
        ),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000_000, 431),
    ],
)
async def test_a_hostile_head_is_refused_in_json(head: bytes, status: int) -> None:
    async with small() as here:
        answer = await here.raw(head)
        lines, _, body = answer.partition(b"\r\n\r\n")
        assert lines.split(b" ", 2)[1] == str(status).encode()
        assert json.loads(body)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert (await here.post({"query": "{ __typename }"}))[0] == 200


async def test_a_long_body_is_not_counted_as_the_next_requests_head() -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    body = ASK + b" " * 40_000
    first = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    second = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(ASK) + ASK
    async with small() as here:
        answers = await here.raw(first + head, more_after=second, pause=0.2)
        assert answers.count(b"HTTP/1.1 200 ") == 2


async def test_a_body_may_come_with_a_head_that_is_just_short_enough() -> None:
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nX: " + b"x" * 32_000 + b"\r\n"
    )
    body = ASK + b" " * 40_000
    sent = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    async with small() as here:
        assert (await here.raw(sent)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /graphql HT", b"408"),
        (b"GET /graphql HTTP/1.1\r\nHost: x\r\n", b"408"),
        (b"\r\n", b"408"),
        (
            POST + b"Content-Length: 100\r\n\r\n" + ASK,
            b"408",
        ),
        (
            POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
            b"408",
        ),
    ],
)
async def test_a_request_that_stops_half_way_is_ended(sent: bytes, status: bytes) -> None:
    bounds = {"ONEDTOUCH_HEADER_TIMEOUT": "0.1", "ONEDTOUCH_BODY_TIMEOUT": "0.1"}
    async with small(**bounds) as here:
        answer = await here.raw(sent)
        assert answer.split(b" ", 2)[1] == status
        assert b'"code":"BAD_USER_INPUT"' in answer


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with small(ONEDTOUCH_HEADER_TIMEOUT="0.1") as here:
        assert await here.raw(b"") == b""


async def test_a_second_request_that_stops_half_way_is_ended_as_well() -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    async with small(ONEDTOUCH_HEADER_TIMEOUT="0.1") as here:
        answer = await here.raw(whole, more_after=whole[:20], pause=0.05)
        assert answer.count(b"HTTP/1.1 200 ") == 1
        assert answer.count(b"HTTP/1.1 408 ") == 1


async def test_a_client_that_leaves_in_the_middle_of_its_body_harms_nobody() -> None:
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{"
    )
    async with small() as here:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", here.port)) as connection:
                connection.sendall(head)
        assert (await here.post({"query": "{ __typename }"}))[0] == 200


@pytest.mark.parametrize(
    "header",
    [
        {"X-Deadline-Ms": "soon"},
        {"X-Deadline-Ms": "-1"},
        {"X-Deadline-Ms": "1e3"},
        {"X-Most-Upstream-Requests": "9999999999"},
        {"X-Most-Upstream-Requests": ""},
    ],
)
async def test_a_header_that_should_be_a_number_is_one(header: dict[str, str]) -> None:
    async with small() as here:
        status, _, answer = await here.post({"query": "{ __typename }"}, header)
        assert (status, answer["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")


async def test_an_unknown_path_is_refused_in_json() -> None:
    async with small() as here:
        async with here.client.get(f"{here.base}/etc/passwd") as response:
            assert (response.status, response.content_type) == (404, "application/json")
        async with here.client.post(f"{here.base}/healthz") as response:
            assert response.status == 405
            assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD"}
            assert "errors" in await response.json()


async def test_a_failure_of_our_own_is_json_and_says_nothing() -> None:
    def broken(_: Caller) -> NoContext:
        raise RuntimeError("canary")

    async with served(application(schema=SMALL, open_context=broken)) as here:
        status, headers, answer = await here.post({"query": "{ __typename }"})
        assert (status, headers["Cache-Control"]) == (500, "no-store")
        assert answer == {
            "errors": [
                {
                    "message": "Something went wrong in the facade itself.",
                    "extensions": {"code": "INTERNAL_SERVER_ERROR"},
                }
            ]
        }


async def test_a_web_socket_is_not_opened() -> None:
    head = b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\n"
    async with small() as here:
        answer = await here.raw(head + b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")


async def test_introspection_can_be_turned_off_and_then_nothing_is_suggested() -> None:
    async with small(ONEDTOUCH_INTROSPECTION="false") as here:
        _, _, answer = await here.post({"query": "{ __schema { types { name } } }"})
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        _, _, answer = await here.post({"query": "{ ech }"})
        assert "Did you mean" not in answer["errors"][0]["message"]


async def test_so_many_errors_are_told_and_no_more() -> None:
    query = " ".join(f"a{number}: broken" for number in range(9))
    async with small(ONEDTOUCH_MOST_ERRORS="3") as here:
        _, _, answer = await here.post({"query": f"{{ {query} }}"})
        assert len(answer["errors"]) == 3
        assert answer["data"] == {f"a{number}": None for number in range(9)}
        assert answer["extensions"] == {"errorsLeftOut": 6}
        _, _, answer = await here.post({"query": "{ a: broken b: broken c: broken }"})
        assert len(answer["errors"]) == 3
        assert "extensions" not in answer


async def test_a_body_that_is_late_is_refused_without_waiting_for_its_rest() -> None:
    async with served(application({"ONEDTOUCH_BODY_TIMEOUT": "0.2"})) as here:
        began = monotonic()
        answer = await here.raw(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert monotonic() - began < 1.5


async def test_a_refusal_ends_at_once_for_who_reads_to_its_end() -> None:
    async with served(application()) as here:
        began = monotonic()
        assert (await here.raw(b"no HTTP\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        assert monotonic() - began < 1.5


@asynccontextmanager
async def in_front_of_slow_labels() -> AsyncIterator[Served]:
    """A facade whose REST API takes its time for labels."""
    async with (
        sandbox.running() as upstream,
        served(application(upstream=upstream.url)) as here,
    ):
        upstream.orders.add(sandbox.Latency(300), path="/api/v1/labels")
        yield here


def question(first: int) -> bytes:
    """A request for so many labels, as it goes over the wire."""
    body = b'{"query": "{ labels(first: %d) { nodes { name } } }"}' % first
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n"
    )
    return head % (sandbox.LISTENER_TOKEN.encode(), len(body)) + body


async def test_what_is_refused_behind_a_request_is_not_taken_for_its_answer() -> None:
    async with in_front_of_slow_labels() as here:
        answer = await here.raw(question(1), more_after=b"no HTTP\r\n\r\n", pause=0.1)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b'"labels"' in answer
        assert answer.count(b"HTTP/1.1 400 ") == 1


@pytest.mark.parametrize(
    ("bound", "value", "more"),
    [("LONGEST_DISCARD_SECONDS", 0.1, b""), ("MOST_DISCARDED_BYTES", 1_000, b"x" * 2_000)],
)
async def test_who_stays_after_a_refusal_is_closed_within_bounds(
    bound: str, value: float, more: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.connections.LONGEST_DISCARD_SECONDS", 60.0)
    monkeypatch.setattr(f"web.connections.{bound}", value)
    async with small() as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        try:
            writer.write(b"no HTTP\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
            writer.write(more)
            await asyncio.sleep(0.3)
            with pytest.raises(ConnectionError):
                await _going_on(writer)
        finally:
            writer.close()


async def _going_on(writer: asyncio.StreamWriter) -> None:
    """Send ten bytes one by one; ConnectionError where the other side has closed."""
    for _ in range(10):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_what_is_refused_behind_two_requests_waits_for_both_answers() -> None:
    async with in_front_of_slow_labels() as here:
        both = question(1) + question(2)
        answer = await here.raw(both, more_after=b"no HTTP\r\n\r\n", pause=0.1)
        statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"200", b"200", b"400"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (CHUNKED + b"no length\r\n", b""),
        (CHUNKED, b"no length\r\n"),
        (CHUNKED + b"18\r\n" + ASK + b"\r\n", b"no length\r\n"),
        (POST + b"Transfer-Encoding: gzip\r\n\r\nx", b""),
    ],
)
async def test_a_body_that_is_framed_wrongly_is_refused_at_once(
    first: bytes, second: bytes
) -> None:
    async with small() as here:
        began = monotonic()
        answer = await here.raw(first, more_after=second, pause=0.1)
        assert answer.count(b"HTTP/1.1 ") == answer.count(b"HTTP/1.1 400 ") == 1
        assert monotonic() - began < 1.5


async def test_a_body_that_is_framed_wrongly_behind_two_requests_waits_for_both_answers() -> None:
    wrong = CHUNKED + b"no length\r\n"
    async with in_front_of_slow_labels() as here:
        answer = await here.raw(question(1) + question(2) + wrong)
        statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"200", b"200", b"400"]


@asynccontextmanager
async def asking_for_much(more_head: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
    """What comes of a question with an answer of 10 MB, which is taken as it is read."""
    body = b'{"query": "{ %b }"}' % b" ".join(b"a%d: long" % number for number in range(100))
    async with small() as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port, limit=1_000)
        try:
            writer.write(POST + more_head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            yield reader
        finally:
            writer.close()


@pytest.mark.parametrize("last", [b"", b"Connection: close\r\n"])
async def test_a_client_that_takes_nothing_of_its_answer_does_not_keep_it(
    last: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.stalls.LONGEST_STALL_SECONDS", 0.2)
    async with asking_for_much(last) as reader:
        await asyncio.sleep(1)
        assert len(await reader.read()) < 100 * LONG


async def test_a_client_that_takes_its_answer_slowly_gets_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.stalls.LONGEST_STALL_SECONDS", 0.3)
    async with asking_for_much(b"Connection: close\r\n") as reader:
        taken = 0
        while part := await reader.read(1_000_000):
            taken += len(part)
            await asyncio.sleep(0.01)
        assert taken > 100 * LONG


async def test_a_tunnel_is_refused_and_the_log_stays_quiet(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served(application()) as here:
        answer = await here.raw(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
