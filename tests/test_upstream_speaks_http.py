"""What goes over the wire to the REST API and comes back from it, byte for byte."""

import asyncio
import gzip
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import needs
from upstream.errors import BadResponse, TimedOut, Unavailable, UpstreamError
from upstream.policy import Policy
from upstream.reader import Reader
from upstream.transport import Answer, Transport

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
PATIENCE = 0.5
"""Seconds for what does not come."""

LONG = 20
"""Seconds for what does come, on a machine that is busy with other things as well."""


@dataclass
class Wire:
    """A server that answers each request with the next bytes that it was given.

    None in the place of bytes is a pause for ever; the last bytes are followed by the end of the
    connection where `closes` says so, and `resets` makes that a reset. `received` holds the
    requests of each connection.
    """

    answers: list[Sequence[bytes | None]]
    closes: bool = False
    resets: bool = False
    port: int = 0
    received: list[list[bytes]] = field(default_factory=list)
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        requests: list[bytes] = []
        self.received.append(requests)
        serving = asyncio.current_task()
        assert serving is not None
        self.serving.add(serving)
        try:
            while True:
                requests.append(await reader.readuntil(b"\r\n\r\n"))
                for part in self.answers.pop(0):
                    if part is None:
                        await reader.read()
                        return
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.01)
                if self.closes:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            if self.resets:
                # The system resets what is closed without patience for what is still to be sent.
                at_once = struct.pack("ii", 1, 0)
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


@asynccontextmanager
async def wire(
    *answers: Sequence[bytes | None],
    closes: bool = False,
    resets: bool = False,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Wire]:
    """Such a server, until the block ends."""
    served = Wire(list(answers), closes, resets)
    async with await asyncio.start_server(served.answer, host, 0, ssl=tls) as listening:
        served.port = listening.sockets[0].getsockname()[1]
        yield served
    if served.serving:
        await asyncio.wait(served.serving, timeout=LONG)


@asynccontextmanager
async def transport(address: str) -> AsyncIterator[Transport]:
    async with Transport(address, Policy()) as opened:
        yield opened


async def answers_of(served: Wire, count: int = 1, seconds: float = LONG) -> list[Answer]:
    """What comes of so many requests, one after the other."""
    async with transport(f"http://127.0.0.1:{served.port}") as sending:
        return [await sending.send("GET", "/a", timeout=seconds) for _ in range(count)]


async def test_a_request_has_these_lines_and_no_others() -> None:
    async with (
        wire([EMPTY]) as served,
        transport(f"http://localhost:{served.port}/base/") as sending,
    ):
        await sending.send("GET", "/a?b=c", timeout=LONG, token="t-1", etag='W/"x"')
    assert served.received == [
        [
            b"GET /base/a?b=c HTTP/1.1\r\n"
            b"Host: localhost:%d\r\n"
            b"Accept: application/json\r\n"
            b"Accept-Encoding: identity\r\n"
            b"User-Agent: onedtouch-graphql\r\n"
            b"Authorization: Bearer t-1\r\n"
            b'If-None-Match: W/"x"\r\n'
            b"\r\n" % served.port
        ]
    ]


@pytest.mark.parametrize(
    ("parts", "body"),
    [
        ([OK, b"Content-Length: 2\r\n\r\n", b"{", b"}"], b"{}"),
        (
            [OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n"],
            b"{}",
        ),
        (
            [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", OK + b"Content-Length: 0\r\n\r\n"],
            b"",
        ),
        ([b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + OK + b"Content-Length: 2\r\n\r\n[]"], b"[]"),
        ([b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n[]"], b""),
        ([b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"], b""),
        ([EMPTY], b""),
    ],
)
async def test_a_connection_is_used_again_after_an_answer_in_any_form(
    parts: list[bytes], body: bytes
) -> None:
    async with wire(parts, parts) as served:
        answers = await answers_of(served, 2)
    assert [answer.body.unfolded() for answer in answers] == [body, body]
    assert [len(requests) for requests in served.received] == [2]


async def test_a_body_without_a_length_ends_with_its_connection() -> None:
    async with wire([b"HTTP/1.0 200 OK\r\n\r\n", b"[1,", b"2]"], closes=True) as served:
        assert [answer.body.unfolded() for answer in await answers_of(served)] == [b"[1,2]"]


def long_body(size: int) -> bytes:
    """A body that takes many reads, and in which no two places look the same."""
    return b"".join(b"%09d," % number for number in range(size // 10))


@pytest.mark.parametrize("first", [0, 1, 4_000, 700_000, 1_999_999])
async def test_a_long_body_is_whole_however_it_comes(first: int) -> None:
    body = long_body(2_000_000)
    head = OK + b"Content-Length: %d\r\n\r\n" % len(body)
    plain = [head + body[:first], body[first:]]
    framed = [
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        *(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:first], body[first:]) if part),
        b"0\r\n\r\n",
    ]
    packed = gzip.compress(body, 1)
    encoded = [OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed), packed]
    async with wire(plain, framed, encoded, plain) as served:
        answers = await answers_of(served, 4)
    for answer in answers:
        assert answer.body.unfolded() == body
        assert answer.body.size == len(body)
    assert [len(requests) for requests in served.received] == [4]


@pytest.mark.parametrize("sent", [0, 1, 5_000, 900_000, 999_999])
@pytest.mark.parametrize(
    ("closes", "resets", "error"),
    [(True, False, BadResponse), (True, True, Unavailable), (False, False, TimedOut)],
)
async def test_a_long_body_that_is_not_whole_is_none(
    sent: int, error: type[Exception], *, closes: bool, resets: bool
) -> None:
    body = long_body(1_000_000)
    parts: list[bytes | None] = [OK + b"Content-Length: %d\r\n\r\n" % len(body), body[:sent]]
    if not closes:
        parts.append(None)
    async with (
        asyncio.timeout(2 * LONG),
        wire(parts, [EMPTY], closes=closes, resets=resets) as served,
        transport(f"http://127.0.0.1:{served.port}") as sending,
    ):
        with pytest.raises(error):
            await sending.send("GET", "/a", timeout=LONG if closes else PATIENCE)
        assert (await sending.send("GET", "/b", timeout=LONG)).status == 204
    assert len(served.received) == 2


@pytest.mark.parametrize("over", [b"x", EMPTY, OK + b"Content-Length: 2\r\n\r\n[]"])
@pytest.mark.parametrize("apart", [False, True])
async def test_what_follows_a_long_body_is_not_the_next_answer(over: bytes, *, apart: bool) -> None:
    body = long_body(1_000_000)
    head, own = OK + b"Content-Length: %d\r\n\r\n" % len(body), OK + b"Content-Length: 3\r\n\r\nown"
    parts = [head, body, over] if apart else [head, body + over]
    async with (
        wire(parts, [own], [own]) as served,
        transport(f"http://127.0.0.1:{served.port}") as sending,
    ):
        assert (await sending.send("GET", "/a", timeout=LONG)).body.unfolded() == body
        await asyncio.sleep(0.1)
        assert (await sending.send("GET", "/b", timeout=LONG)).body.text == b"own"
    assert [len(requests) for requests in served.received] == [1, 1]


async def test_an_answer_behind_the_answer_is_nobodys() -> None:
    another = OK + b"Content-Length: 9\r\n\r\n[1"
    async with (
        wire([OK + b"Content-Length: 2\r\n\r\n[]" + another], [EMPTY]) as served,
        transport(f"http://127.0.0.1:{served.port}") as sending,
    ):
        assert (await sending.send("GET", "/a", timeout=LONG)).body.text == b"[]"
        assert (await sending.send("GET", "/b", timeout=LONG)).status == 204
    assert [len(requests) for requests in served.received] == [1, 1]


async def test_pieces_that_come_at_once_stay_in_order() -> None:
    taken: list[bytes] = []
    reader = Reader(asyncio.get_running_loop())
    reader.set_response_params(read_until_eof=True, auto_decompress=False)
    reader.expect(taken.append, 100)
    for piece in (OK + b"Content-Length: 6\r\n\r\nab", b"cd", b"ef"):
        reader.data_received(piece)
    _, body = await reader.read()
    taken.append(await body.readany())
    assert b"".join(taken) == b"abcdef"
    assert body.at_eof()


async def test_a_body_that_is_too_long_is_refused_before_it_comes() -> None:
    parts = [OK + b"Content-Length: 1000\r\n\r\n" + b"1" * 10, None]
    async with (
        asyncio.timeout(2 * LONG),
        wire(parts) as served,
        Transport(f"http://127.0.0.1:{served.port}", Policy(most_body_bytes=999)) as sending,
    ):
        with pytest.raises(BadResponse, match="too large"):
            await sending.send("GET", "/a", timeout=LONG)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"HTTP/1.1 200"],
        [OK],
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
        [OK, b"Content-Length: 9\r\n\r\n", b"[1,"],
        # What comes until the connection ends must not be taken for the whole when we end it.
        [b"HTTP/1.0 200 OK\r\n\r\n", b"[1,2]"],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\n[1,2]\r\n"],
    ],
)
async def test_whatever_is_missing_in_time_is_a_timeout(parts: list[bytes]) -> None:
    async with (
        asyncio.timeout(2 * LONG),
        wire([*parts, None], [EMPTY]) as served,
        transport(f"http://127.0.0.1:{served.port}") as sending,
    ):
        with pytest.raises(TimedOut):
            await sending.send("GET", "/a", timeout=PATIENCE)
        assert (await sending.send("GET", "/b", timeout=LONG)).status == 204
    # What may still come is not the answer to the next request.
    assert len(served.received) == 2


async def test_a_body_that_drips_is_a_timeout() -> None:
    drops = [OK, b"Content-Length: 999\r\n\r\n", *([b"1"] * 999)]
    async with wire(drops) as served, asyncio.timeout(2 * LONG):
        with pytest.raises(TimedOut):
            await answers_of(served, seconds=PATIENCE)


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([], Unavailable),
        ([b"HTTP/1.1 2"], Unavailable),
        ([OK, b"Content-Length: 9\r\n\r\n", b"[1,"], BadResponse),
        ([OK + b"Content-Length: 9\r\n\r\n[1,"], BadResponse),
        ([OK + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\n[1,"], BadResponse),
        ([OK + b"Transfer-Encoding: chunked\r\n\r\n", b"no length\r\n"], BadResponse),
        ([OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]"], BadResponse),
        ([OK + b"Content-Length: -2\r\n\r\n[]"], BadResponse),
        ([OK + b"A: " + b"a" * 100_000 + b"\r\n\r\n[]"], BadResponse),
        ([OK + b"A: a\r\n" * 1_000 + b"\r\n[]"], BadResponse),
        ([b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000], BadResponse),
        ([b"SMTP ready\r\n"], BadResponse),
    ],
)
async def test_what_is_broken_is_told_apart(parts: list[bytes], error: type[Exception]) -> None:
    async with asyncio.timeout(2 * LONG), wire(parts, closes=True) as served:
        with pytest.raises(error):
            await answers_of(served)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"HTTP/1.1 2"],
        [OK],
        [OK + b"Content-Length: 9\r\n\r\n"],
        [OK + b"Content-Length: 9\r\n\r\n[1,"],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\n[1,"],
        [OK + b"\r\n[1,"],
    ],
)
async def test_an_answer_that_is_broken_off_is_none(parts: list[bytes]) -> None:
    async with asyncio.timeout(2 * LONG), wire(parts, closes=True, resets=True) as served:
        with pytest.raises(Unavailable):
            await answers_of(served)


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([OK + b"Content-Length: 2\r\n\r\n[]"], 200),
        ([OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"], 200),
        ([b"HTTP/1.1 404 Not Found\r\n\r\nnot"], 404),
    ],
)
async def test_what_was_whole_when_the_connection_broke_off_counts(
    parts: list[bytes], status: int
) -> None:
    async with asyncio.timeout(2 * LONG), wire(parts, closes=True, resets=True) as served:
        assert [answer.status for answer in await answers_of(served)] == [status]


async def test_an_upgrade_that_nobody_asked_for_ends_the_connection() -> None:
    parts = [b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"]
    async with wire(parts, [EMPTY]) as served:
        assert [answer.status for answer in await answers_of(served, 2)] == [101, 204]
    assert [len(requests) for requests in served.received] == [1, 1]


async def test_an_etag_goes_back_as_the_bytes_that_it_came_as() -> None:
    tagged = OK + b'ETag: "\xe9\xc3\xa9"\r\nContent-Length: 0\r\n\r\n'
    async with (
        wire([tagged], [EMPTY]) as served,
        transport(f"http://127.0.0.1:{served.port}") as sending,
    ):
        etag = (await sending.send("GET", "/a", timeout=LONG)).header("ETag")
        await sending.send("GET", "/a", timeout=LONG, etag=etag)
    assert b'If-None-Match: "\xe9\xc3\xa9"\r\n' in served.received[0][1]


@pytest.mark.parametrize(
    "parts",
    [
        [None],
        [OK + b"Content-Length: 1000000\r\n\r\n", long_body(500_000), None],
    ],
    ids=["nothing", "half of a body"],
)
async def test_who_gives_up_leaves_a_connection_that_nobody_uses(
    parts: list[bytes | None],
) -> None:
    async with (
        wire(parts, [EMPTY]) as served,
        transport(f"http://127.0.0.1:{served.port}") as sending,
    ):
        asking = asyncio.create_task(sending.send("GET", "/a", timeout=LONG))
        while not any(served.received):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        assert (await sending.send("GET", "/b", timeout=LONG)).status == 204
    assert [len(requests) for requests in served.received] == [1, 1]


async def test_an_address_in_version_6_of_ip_is_one() -> None:
    if not socket.has_ipv6:
        needs.missing("version 6 of IP")
    async with (
        wire([EMPTY], host="::1") as served,
        transport(f"http://[::1]:{served.port}") as sending,
    ):
        assert (await sending.send("GET", "/a", timeout=LONG)).status == 204
    assert b"Host: [::1]:%d\r\n" % served.port in served.received[0][0]


def certified(folder: Path) -> tuple[Path, Path]:
    """A new key, and a certificate for localhost that it has signed itself."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(  # noqa: S603 - the words are all our own
        [needs.program("openssl"), *words, *names, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return key, certificate


ASKED_OVER_TLS = """
import asyncio, sys
from upstream.errors import UpstreamError
from upstream.policy import Policy
from upstream.transport import Transport

async def asked():
    async with Transport(sys.argv[1], Policy()) as sending:
        try:
            return (await sending.send("GET", "/a", timeout=20)).status
        except UpstreamError as error:
            return type(error).__name__

print(asyncio.run(asked()))
"""


@pytest.mark.parametrize(
    ("host", "is_trusted", "comes"),
    [
        ("localhost", True, "204"),
        ("localhost", False, "Unavailable"),
        ("127.0.0.1", True, "Unavailable"),
    ],
)
async def test_a_certificate_must_be_trusted_and_be_the_hosts(
    tmp_path: Path, host: str, comes: str, *, is_trusted: bool
) -> None:
    key, certificate = certified(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with wire([EMPTY], tls=context) as served:
        asking = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            ASKED_OVER_TLS,
            f"https://{host}:{served.port}",
            env={"SSL_CERT_FILE": str(certificate)} if is_trusted else {},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await asking.communicate()
    assert printed.decode().strip() == comes


ANSWERS = [
    OK + b"Content-Length: 5\r\n\r\n[1,2]",
    OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n3\r\n,2]\r\n0\r\n\r\n",
    OK + b"\r\n[1,2]",
    OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n[1,2]",
    OK + b"Connection: close\r\nContent-Length: 5\r\n\r\n[1,2]",
    b"HTTP/1.1 103 Early Hints\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n[1,2]",
    b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\n[1,2]",
    EMPTY,
]


@st.composite
def odd_answers(draw: st.DrawFn) -> list[bytes]:
    """Answers in a row; some of their bytes lost, repeated or changed, and cut elsewhere."""
    answers = draw(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3))
    if draw(st.booleans()):
        return answers
    sent = bytearray(b"".join(answers))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, max(0, len(sent) - 1)))
        stop = draw(st.integers(start, min(len(sent), start + 12)))
        change = draw(st.sampled_from(["lose", "repeat", "change", "insert"]))
        if change == "lose":
            del sent[start:stop]
        elif change == "repeat":
            sent[start:start] = sent[start:stop]
        elif change == "change":
            sent[start:stop] = draw(st.binary(max_size=12))
        else:
            sent[start:start] = draw(st.sampled_from([b"\r\n", b"0", b":", b" ", b"\0", b"\xff"]))
    cuts = sorted(draw(st.sets(st.integers(0, len(sent)), max_size=3)))
    return [bytes(sent[one:other]) for one, other in pairwise([0, *cuts, len(sent)])]


@given(parts=odd_answers(), closes=st.booleans())
@settings(max_examples=150, deadline=None)
async def test_whatever_comes_is_told_in_time_and_is_nobody_elses(
    parts: list[bytes], *, closes: bool
) -> None:
    """An answer that goes on after its end can't be told from the next one while that is asked.

    So it is given the time to come before that.
    """
    sent = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                target = (await reader.readuntil(b"\r\n\r\n")).split()[1]
                if target == b"/odd":
                    for part in parts:
                        writer.write(part)
                        await writer.drain()
                        await asyncio.sleep(0.002)
                    sent.set()
                    if closes:
                        return
                else:
                    writer.write(OK + b"Content-Length: %d\r\n\r\n%b" % (len(target), target))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    async with (
        asyncio.timeout(2 * LONG),
        await asyncio.start_server(answer, "127.0.0.1", 0) as listening,
        transport(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}") as sending,
    ):
        with suppress(UpstreamError):
            await sending.send("GET", "/odd", timeout=PATIENCE / 5)
        # Where not even the connection stood in time, nothing was sent.
        with suppress(TimeoutError):
            await asyncio.wait_for(sent.wait(), PATIENCE)
        await asyncio.sleep(0.005)
        for target in ("/one", "/two"):
            own = await sending.send("GET", target, timeout=LONG)
            assert own.body.unfolded() == target.encode()
