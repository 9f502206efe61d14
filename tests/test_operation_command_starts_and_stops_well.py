"""`python server.py`: it says where it is, complains in one line, and stops without a loss."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from tests import needs

ROOT = Path(__file__).parent.parent
ASK = {"query": "{ albums(first: 1) { nodes { title } } }"}


_MEASURING = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
"""What tells a process that coverage is measured in it."""


@asynccontextmanager
async def command(
    *arguments: str, environment: Mapping[str, str] | None = None, measured: bool = True
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command in a process of its own, which is gone at the end of the block."""
    passed = {"PATH", "HOME", *(_MEASURING if measured else ())}
    kept = {name: os.environ[name] for name in passed if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "server.py",
        *arguments,
        cwd=ROOT,
        env={**kept, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def told(process: asyncio.subprocess.Process) -> list[str]:
    """What the command says until it can be asked."""
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(30):
        while not lines or not lines[-1].startswith("Ctrl-C"):
            line = await process.stdout.readline()
            assert line, (await process.stderr.read()).decode() if process.stderr else ""
            lines.append(line.decode().rstrip("\n"))
    return lines


def loaded(process: asyncio.subprocess.Process) -> bytes:
    """What the system says of the libraries that a process has loaded."""
    if not Path("/proc/self/maps").exists():
        needs.missing("/proc says nothing of processes here")
    return Path(f"/proc/{process.pid}/maps").read_bytes()


async def begun(process: asyncio.subprocess.Process) -> None:
    """Return once the command has begun with its imports.

    What comes before is Python's own: a Ctrl-C in it has a traceback, whatever the command does.
    How long it takes depends on the machine, but the library of a package of ours that is loaded
    says that it is over.
    """
    async with asyncio.timeout(30):
        while b"/msgspec/" not in loaded(process):
            assert process.returncode is None
            await asyncio.sleep(0.005)


async def refusing(port: int) -> None:
    """Return once nobody listens at the port."""
    async with asyncio.timeout(20):
        with suppress(ConnectionRefusedError):
            while True:
                with suppress(ConnectionResetError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                await asyncio.sleep(0.02)


async def half_a_request(
    port: int, sent: bytes, length: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which the body of a request is awaited, of which so much has been sent.

    The command has said that it is: until then the request may not have reached it.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    )
    writer.write(head % length)
    async with asyncio.timeout(10):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(sent)
    return reader, writer


def graphql_url(lines: list[str]) -> str:
    """Where it says that it is."""
    return lines[0].removeprefix("GraphiQL is at ")


async def test_it_starts_with_the_sandbox_and_says_how_to_log_in() -> None:
    async with command("--port", "0") as process:
        lines = await told(process)
        assert re.fullmatch(r"GraphiQL is at http://127\.0\.0\.1:\d+/graphql", lines[0])
        assert re.match(r"It asks the sandbox, at http://127\.0\.0\.1:\d+", lines[1])
        found = re.fullmatch(r"Log in there as (\S+) with the password (\S+)", lines[2])
        assert found is not None
        variables = {"input": {"username": found[1], "password": found[2]}}
        query = (
            "mutation ($input: CreateTokenInput!) { createToken(input: $input) { accessToken } }"
        )
        async with aiohttp.ClientSession() as client:
            body = {"query": query, "variables": variables}
            async with client.post(graphql_url(lines), json=body) as response:
                token = (await response.json())["data"]["createToken"]["accessToken"]
            headers = {"Authorization": f"Bearer {token}"}
            async with client.post(graphql_url(lines), json=ASK, headers=headers) as response:
                assert len((await response.json())["data"]["albums"]["nodes"]) == 1
            async with client.get(graphql_url(lines).removesuffix("graphql")) as response:
                assert str(response.url) == graphql_url(lines)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_it_and_the_sandbox_with_exit_code_0(signal_number: int) -> None:
    async with command("--port", "0") as process:
        lines = await told(process)
        process.send_signal(signal_number)
        async with asyncio.timeout(20):
            assert await process.wait() == 0
        assert process.stderr is not None
        assert b"Traceback" not in await process.stderr.read()
        sandbox_port = int(lines[1].partition("127.0.0.1:")[2].split(":")[0])
        with pytest.raises(ConnectionRefusedError), socket.socket() as connection:
            connection.connect(("127.0.0.1", sandbox_port))


async def test_a_taken_port_is_one_line_and_no_sandbox() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with command(environment={"PORT": str(port)}) as process:
            async with asyncio.timeout(30):
                output, complaint = await process.communicate()
        assert process.returncode == 1
        assert output == b""
        expected = f"server.py: can't listen on 127.0.0.1:{port}: Address already in use.\n"
        assert complaint.decode() == expected


@pytest.mark.parametrize(
    ("arguments", "environment", "complaint"),
    [
        (["--port", "http"], {}, "--port (PORT) must be a whole number."),
        ([], {"PORT": "65536"}, "--port (PORT) must be at most 65535."),
        (
            ["--upstream", "music.1dtouch.com"],
            {},
            "--upstream (ONEDTOUCH_UPSTREAM) must be an http or https address.",
        ),
        (
            [],
            {"ONEDTOUCH_DEADLINE": "soon"},
            "--deadline (ONEDTOUCH_DEADLINE) must be a number.",
        ),
        (["--host", "no.such.host.invalid"], {}, "can't listen on no.such.host.invalid:8000: "),
        (["--nonsense"], {}, "unrecognized arguments: --nonsense (--help lists all settings)."),
        (
            ["--trusted-documents", "/nowhere", "--port", "0"],
            {"ONEDTOUCH_UPSTREAM": "http://127.0.0.1:9"},
            "--trusted-documents (ONEDTOUCH_TRUSTED_DOCUMENTS): there is no such folder.",
        ),
        (
            ["--redis-url", "http://127.0.0.1"],
            {"ONEDTOUCH_UPSTREAM": "http://127.0.0.1:9"},
            (
                "--redis-url (ONEDTOUCH_REDIS_URL) must be redis://, rediss:// or unix://, as in "
                "redis://host."
            ),
        ),
    ],
)
async def test_a_bad_setting_is_one_line_and_exit_code_2(
    arguments: list[str], environment: dict[str, str], complaint: str
) -> None:
    async with command(*arguments, environment=environment) as process:
        async with asyncio.timeout(30):
            output, said = await process.communicate()
    assert process.returncode == 2
    assert output == b""
    assert said.decode().startswith(f"server.py: {complaint}")
    assert said.count(b"\n") == 1


async def test_ctrl_c_while_it_starts_is_no_traceback() -> None:
    for seconds in (0.0, 0.4, 0.8, 1.2):
        async with command("--port", "0", measured=False) as process:
            await begun(process)
            await asyncio.sleep(seconds)
            # As a terminal does it: to the command and whatever belongs to it.
            os.killpg(process.pid, signal.SIGINT)
            async with asyncio.timeout(20):
                _, said = await process.communicate()
        assert said == b"", seconds


async def test_a_drain_under_load_loses_no_request() -> None:
    statuses: list[int] = []
    async with command("--port", "0", "--drain-pause", "2") as process:
        url = graphql_url(await told(process))
        busy, draining = asyncio.Event(), asyncio.Event()

        async def client() -> None:
            # As behind a load balancer: it sends until /readyz says that this one is leaving.
            async with aiohttp.ClientSession() as session:
                while not draining.is_set():
                    async with session.post(url, json={"query": "{ __typename }"}) as response:
                        assert (await response.json())["data"] == {"__typename": "Query"}
                        statuses.append(response.status)
                    if len(statuses) == 100:
                        busy.set()

        clients = [asyncio.create_task(client()) for _ in range(8)]
        await busy.wait()
        process.send_signal(signal.SIGTERM)
        async with aiohttp.ClientSession() as session:
            while not draining.is_set():
                async with session.get(url.replace("/graphql", "/readyz")) as response:
                    if response.status == 503:
                        assert (await response.json())["reason"] == "DRAINING"
                        draining.set()
        async with asyncio.timeout(20):
            await asyncio.gather(*clients)
            assert await process.wait() == 0
    assert set(statuses) == {200}


async def test_a_request_under_way_is_answered_before_the_end() -> None:
    async with command("--port", "0") as process:
        port = int(graphql_url(await told(process)).split(":")[2].split("/")[0])
        body = b'{"query":"{ __typename }"}'
        reader, writer = await half_a_request(port, body[:5], len(body))
        process.send_signal(signal.SIGINT)
        await refusing(port)
        writer.write(body[5:])
        async with asyncio.timeout(10):
            answer = await reader.read()
            assert await process.wait() == 0
        assert answer.endswith(b'{"data":{"__typename":"Query"}}')
        writer.close()


async def test_a_second_ctrl_c_waits_for_nobody_and_is_no_traceback() -> None:
    async with command("--port", "0", "--body-timeout", "60", "--drain-bound", "60") as process:
        url = graphql_url(await told(process))
        port = int(url.split(":")[2].split("/")[0])
        _, writer = await half_a_request(port, b"{", 10)
        process.send_signal(signal.SIGINT)
        await refusing(port)
        assert process.returncode is None
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            assert await process.wait() == 0
        writer.close()
        assert process.stderr is not None
        assert "Traceback" not in (await process.stderr.read()).decode()
