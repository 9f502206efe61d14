"""Node programs: run by tests, from folders whose packages npm has installed.

What they ask is `python server.py`, as anybody runs it, in front of a sandbox in a thread.
"""

import datetime as dt
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sandbox
from tests import needs

ROOT = Path(__file__).parent.parent
GATEWAYS = ROOT / "tests" / "gateways"
CLIENTS = ROOT / "tests" / "clients"
HIVE = ROOT / "deploy" / "gateway"

_START_SECONDS = 60.0
_RUN_SECONDS = 120.0
_STOP_SECONDS = 10.0

_FACADE = {
    "ONEDTOUCH_CACHE_BYTES": "0",
    "ONEDTOUCH_LOG_REQUESTS": "false",
    "ONEDTOUCH_LIMIT_UPSTREAM_REQUESTS": "1000",
    "ONEDTOUCH_DRAIN_PAUSE": "0",
}


def installed(folder: Path) -> Path:
    """The folder, once its packages are there; without them the test is skipped, in CI it fails."""
    needs.program("node")
    if not (folder / "node_modules").exists():
        needs.missing(f"packages are missing: npm ci --prefix {folder.relative_to(ROOT)}")
    return folder


def told(
    folder: Path,
    *command: str,
    given: object = None,
    environment: Mapping[str, str] | None = None,
) -> Any:
    """What a script says in JSON on the last line that it prints; fails where it fails."""
    return json.loads(
        printed(folder, *command, given=given, environment=environment).strip().splitlines()[-1]
    )


def printed(
    folder: Path,
    *command: str,
    given: object = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What a script prints; fails the test where it fails."""
    ended = _run(folder, *command, given=given, environment=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def complaints(folder: Path, *command: str) -> str:
    """What a script prints that is expected to fail."""
    ended = _run(folder, *command)
    assert ended.returncode != 0, ended.stdout
    return ended.stdout + ended.stderr


def _run(
    folder: Path,
    *command: str,
    given: object = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own scripts
        ["node", *command],  # noqa: S607 - Node.js is where the machine has it
        cwd=installed(folder),
        env={**os.environ, **(environment or {})},
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
        check=False,
    )


@contextmanager
def serving(folder: Path, *command: str) -> Iterator[Any]:
    """A script that says in JSON where it serves, and ends with its input."""
    installed(folder)
    with _running("node", *command, folder=folder) as program:
        yield json.loads(_line(program))


@contextmanager
def listening(
    folder: Path, *command: str, port: int, environment: Mapping[str, str]
) -> Iterator[str]:
    """A script that listens on a port of 127.0.0.1 until the block ends; its address."""
    installed(folder)
    with _running("node", *command, folder=folder, environment=environment) as program:
        until = time.monotonic() + _START_SECONDS
        while not _listens(port):
            assert program.poll() is None, "it ended before it listened"
            assert time.monotonic() < until, "it does not listen"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"


@dataclass(frozen=True)
class Served:
    """The facade at an address, and the REST API behind it."""

    base: str
    upstream: sandbox.Running

    @property
    def url(self) -> str:
        """Where GraphQL is served."""
        return f"{self.base}/graphql"


@contextmanager
def facade_served(environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """`python server.py` in front of a sandbox, once it says where it is.

    The sandbox stays on the day on which it starts: what is read of it before a question is what
    the question finds, at midnight as well. The deliveries of that day are within what a
    subscription looks at, then and on the day after.
    """
    today = dt.datetime.now(dt.UTC).date()
    with sandbox.running_in_thread(today=today) as upstream:
        settings = {**_FACADE, "ONEDTOUCH_UPSTREAM": upstream.url, **(environment or {})}
        command = (sys.executable, "server.py", "--port", "0")
        with _running(*command, folder=ROOT, environment=settings) as program:
            base = _line(program).split()[-1].removesuffix("/graphql")
            yield Served(base, upstream)


@contextmanager
def _running(
    *command: str, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    program = subprocess.Popen(  # noqa: S603 - our own scripts
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield program
    finally:
        with suppress(subprocess.TimeoutExpired):
            program.terminate()
            program.wait(_STOP_SECONDS)
        program.kill()
        program.communicate()


def _line(program: subprocess.Popen[str]) -> str:
    """The first line that a program prints."""
    assert program.stdout is not None
    ready, _, _ = select.select([program.stdout], [], [], _START_SECONDS)
    assert ready, "it says nothing"
    return program.stdout.readline()


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
