"""An answer goes out in one piece, and is what uvicorn would have sent in two."""

import asyncio
import logging
import re
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

import sandbox
from tests.served import QUIET, served
from web.answers import Answer
from web.app import create_app
from web.sending import Sending
from web.settings import settings_from

QUERY = b'{"query":"{ __typename }"}'
OF_THE_MOMENT = re.compile(rb"(?mi)^(date|x-request-id|server-timing): [^\r]*")


def posted(body: bytes, *more: bytes, version: bytes = b"1.1", method: bytes = b"POST") -> bytes:
    lines = [
        method + b" /graphql HTTP/" + version,
        b"Host: x",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(body),
        *more,
    ]
    return b"\r\n".join([*lines, b"", body])


CLOSE = b"Connection: close"
REQUESTS = {
    "an answer": posted(QUERY, CLOSE),
    "two, one behind the other": posted(QUERY) + posted(QUERY, CLOSE),
    "to a client of HTTP/1.0": posted(QUERY, version=b"1.0"),
    "an error": posted(b'{"query":"{ nothing }"}', CLOSE),
    "a refusal": posted(b"{", CLOSE),
    "a refusal with a header of its own": posted(QUERY, CLOSE, method=b"PUT"),
    "a refusal that closes": posted(QUERY, b"Content-Encoding: gzip", CLOSE),
    "to who wants a head only": b"HEAD /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "a page that is known": b"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: x\r\n"
    b"Accept: application/json\r\nIf-None-Match: *\r\nConnection: close\r\n\r\n",
    "who asks first": posted(QUERY, b"Expect: 100-continue", CLOSE),
    "packed": posted(
        b'{"query":"{ __schema { types { name description } } }"}',
        b"Accept-Encoding: gzip",
        CLOSE,
    ),
}


@pytest.mark.parametrize("request_bytes", REQUESTS.values(), ids=REQUESTS.keys())
async def test_it_is_what_uvicorn_would_send(
    request_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sandbox.running() as upstream:
        app = create_app(settings_from(["--upstream", upstream.url], QUIET))
        async with served(app) as here:
            ours = await here.raw(request_bytes)
            monkeypatch.setattr(Sending, "whole", lambda *_: False)
            theirs = await here.raw(request_bytes)
    shown = [OF_THE_MOMENT.sub(rb"\1: then", each) for each in (ours, theirs)]
    assert shown[0] == shown[1]
    assert ours.startswith(b"HTTP/1.1 ")


class Transport(asyncio.Transport):
    """A transport that notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        """One piece."""
        self.writes.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        """Also one."""
        self.writes.append(b"".join(list_of_data))

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.closed

    def close(self) -> None:
        """Close it."""
        self.closed = True


def cycle_over(transport: Transport, **changed: Any) -> RequestResponseCycle:
    """One request that waits for its answer, as uvicorn keeps it."""
    log = logging.getLogger("tests")
    scope: Any = {"type": "http", "method": changed.pop("method", "POST")}
    made = {
        "scope": scope,
        "transport": transport,
        "flow": FlowControl(transport),
        "logger": log,
        "access_logger": log,
        "access_log": False,
        "default_headers": [(b"server", b"uvicorn")],
        "message_event": asyncio.Event(),
        "expect_100_continue": False,
        "keep_alive": True,
        "on_response": lambda: None,
    }
    return RequestResponseCycle(**(made | changed))


async def sent(answer: Answer, cycle: Any) -> None:
    async def nothing() -> Any:
        raise AssertionError

    await answer({}, nothing, Sending(cycle, cycle.send))


async def test_there_is_one_write_and_the_request_is_over() -> None:
    transport, over = Transport(), asyncio.Event()
    cycle = cycle_over(transport, on_response=over.set, expect_100_continue=True)
    await sent(Answer(200, b"{}", [(b"content-type", b"application/json")]), cycle)
    head = b"HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncontent-type: application/json\r\n"
    assert transport.writes == [head + b"content-length: 2\r\n\r\n{}"]
    assert cycle.response_complete
    assert cycle.message_event.is_set()
    assert over.is_set()
    assert not transport.closed
    # Nobody is told to go on once the answer is there.
    assert (await cycle.receive())["type"] == "http.disconnect"
    assert len(transport.writes) == 1


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb"])
async def test_a_header_that_would_end_early_is_not_sent(value: bytes) -> None:
    transport = Transport()
    cycle = cycle_over(transport)
    with pytest.raises(RuntimeError, match="header value"):
        await sent(Answer(200, b"{}", [(b"x-request-id", value)]), cycle)
    assert transport.writes == []


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304)])
async def test_what_has_no_body_goes_the_usual_way(method: str, status: int) -> None:
    transport = Transport()
    cycle = cycle_over(transport, method=method)
    await sent(Answer(status, b"" if status == 304 else b"{}", []), cycle)
    assert cycle.response_complete
    assert b"{}" not in b"".join(transport.writes)


async def test_the_server_knows_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []
    whole = Sending.whole

    def noted(*arguments: Any) -> bool:
        taken.append(whole(*arguments))
        return taken[-1]

    monkeypatch.setattr(Sending, "whole", noted)
    async with sandbox.running() as upstream:
        app = create_app(settings_from(["--upstream", upstream.url], QUIET))
        async with served(app) as here:
            await here.raw(posted(QUERY) + posted(QUERY, CLOSE))
    assert taken == [True, True]


async def test_who_does_not_read_is_waited_for() -> None:
    transport = Transport()
    cycle = cycle_over(transport)
    cycle.flow.pause_writing()
    sending = asyncio.create_task(sent(Answer(200, b"{}", []), cycle))
    await asyncio.sleep(0.05)
    assert transport.writes == []
    cycle.flow.resume_writing()
    await asyncio.wait_for(sending, 5)
    assert b"".join(transport.writes).endswith(b"content-length: 2\r\n\r\n{}")


async def test_nothing_is_sent_to_who_has_gone() -> None:
    transport = Transport()
    cycle = cycle_over(transport)
    cycle.disconnected = True
    await sent(Answer(200, b"{}", []), cycle)
    assert transport.writes == []
