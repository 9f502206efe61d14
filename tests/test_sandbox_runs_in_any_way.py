"""The sandbox runs in the current loop, in a thread, in a child process and by itself."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import aiohttp
import pytest

import sandbox
from sandbox import __main__ as command

ROOT = Path(sandbox.__file__).parent.parent
HEADERS = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}

PARENT = """
import sandbox
import time

child = sandbox.start_child()
print(child.url, flush=True)
time.sleep(60)
"""


def _get(address: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(address, headers=headers or HEADERS)  # noqa: S310 - http
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - http
        return response.status, response.read()


def _listens(address: str) -> bool:
    host, port = address.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def _taken_port() -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


async def test_it_ends_with_its_block_whatever_is_under_way() -> None:
    async with aiohttp.ClientSession() as session:
        async with sandbox.running() as upstream:
            upstream.orders.add(sandbox.Hang())
            address = upstream.url
            hanging = asyncio.ensure_future(session.get(f"{address}/api/v1/albums"))
            await upstream.journal.until(lambda journal: journal.under_way == 1)
            assert _listens(address)
        assert not _listens(address)
        with pytest.raises(aiohttp.ClientConnectionError):
            await hanging


async def test_it_listens_on_a_port_of_its_own_choice_or_a_given_one() -> None:
    async with sandbox.running() as one, sandbox.running() as other:
        assert one.url != other.url
    port = int(one.url.rpartition(":")[2])
    async with sandbox.running(port=port) as again:
        assert again.url == one.url


def test_in_a_thread_it_is_steered_from_outside() -> None:
    with sandbox.running_in_thread(album_path="plural") as upstream:
        assert _get(f"{upstream.url}/api/v1/albums/273")[0] == 200
        upstream.orders.add(sandbox.Status(503), times=1)
        with pytest.raises(urllib.error.HTTPError, match="503"):
            _get(f"{upstream.url}/api/v1/albums/273")
        upstream.database.delete(sandbox.listing("albums"), number=273)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            _get(f"{upstream.url}/api/v1/albums/273")
        asyncio.run(_while_down(upstream))
        assert _get(f"{upstream.url}/api/v1/albums/1")[0] == 200
        assert [entry.status for entry in upstream.journal.entries] == [200, 503, 404, 200]
        address = upstream.url
    assert not _listens(address)


async def _while_down(upstream: sandbox.Running) -> None:
    async with upstream.down():
        assert not _listens(upstream.url)


def test_in_a_thread_a_port_that_is_taken_is_an_error() -> None:
    with (
        _taken_port() as taken,
        pytest.raises(OSError, match="address already in use"),
        sandbox.running_in_thread(port=taken.getsockname()[1]),
    ):
        pass


def test_a_child_answers_until_it_is_stopped() -> None:
    with sandbox.start_child() as child:
        assert (child.username, child.password) == ("listener@example.com", "sandbox")
        status, body = _get(f"{child.url}/api/v1/artists/544")
        assert (status, body) == (200, b'{"id":544,"name":"1902"}')
        assert _listens(child.url)
    child.stop()
    assert not _listens(child.url)


def test_a_child_resets_connections_too() -> None:
    with sandbox.start_child() as child:
        order = b'{"effect": {"kind": "reset"}}'
        request = urllib.request.Request(f"{child.url}/_sandbox/orders", data=order)  # noqa: S310 - http
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - http
        with pytest.raises(ConnectionResetError, match="reset by peer"):
            _get(f"{child.url}/api/v1/albums")


def test_a_child_does_not_outlive_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(  # noqa: S603 - our own interpreter and words
        [
            sys.executable,
            "-c",
            PARENT,
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent, parent.stdout as said:
        address = said.readline().strip()
        assert _listens(address)
        parent.kill()
    for _ in range(500):
        if not _listens(address):
            break
        signal.sigtimedwait([], 0.01)
    assert not _listens(address)


def test_a_child_whose_parent_left_while_it_started_ends_without_a_word() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--until-stdin-closes"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(10) == 0


def test_a_child_leaves_ctrl_c_to_its_parent() -> None:
    with sandbox.start_child() as child:
        child._process.send_signal(signal.SIGINT)
        assert _get(f"{child.url}/api/v1/artists/544")[0] == 200


def test_a_child_that_can_not_listen_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with _taken_port() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="The sandbox ended before it answered"):
            sandbox.start_child(port=port)
    assert f"The sandbox can't listen on 127.0.0.1:{port}" in capfd.readouterr().err


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_by_itself_it_says_how_to_log_in_and_stops_cleanly(signal_number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox"],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        address = lines[0].split()[-1]
        assert _get(f"{address}/api/v1/artists/544")[0] == 200
        process.send_signal(signal_number)
        _, complaints = process.communicate(timeout=10)
    assert lines[0].startswith("The sandbox is at http://127.0.0.1:")
    assert lines[1] == (
        f"  user listener@example.com, password sandbox, token {sandbox.LISTENER_TOKEN}\n"
    )
    assert lines[2] == (
        f"  user partner@example.com, password sandbox, token {sandbox.PARTNER_TOKEN}\n"
    )
    assert (process.returncode, complaints) == (0, "")


def test_a_port_that_is_taken_or_none_is_one_clear_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with _taken_port() as taken:
        port = taken.getsockname()[1]
        assert command.main(["--port", str(port)]) == 1
    assert capsys.readouterr().err.startswith(f"The sandbox can't listen on 127.0.0.1:{port}: ")
    for wrong in ("70000", "-1", "x"):
        with pytest.raises(SystemExit, match="2"):
            command.main([f"--port={wrong}"])
        assert f"{wrong} is no port: use 0 to 65535" in capsys.readouterr().err


def test_a_host_that_has_colons_stands_in_brackets() -> None:
    with sandbox.running_in_thread(host="::1") as upstream:
        assert upstream.url.startswith("http://[::1]:")
        assert _get(f"{upstream.url}/api/v1/artists/544")[0] == 200
