"""Child processes: started on a core of their own, asked what they cost, and stopped."""

import json
import os
import resource
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from . import upstream

START_SECONDS: Final = 30
STOP_SECONDS: Final = 10
# Enough for 8,000 callers, and for as many requests behind them.
FILES: Final = 65_536
ANY_TOKEN: Final = "one"  # noqa: S105 - the static upstream accepts any
_TICK: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cores:
    """Which core the server has for itself, and which are the others'."""

    server: int
    upstream: int
    load: int

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """The first core for the server; upstream and load share the second if it is the last."""
        there = sorted(os.sched_getaffinity(0))
        return cls(there[0], there[min(1, len(there) - 1)], there[min(2, len(there) - 1)])


@contextmanager
def _on(core: int) -> Iterator[None]:
    """What is started inside runs on that core, with all its threads."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_many_files() -> None:
    """Let this process and its children have as many sockets as the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def child(
    command: Sequence[str],
    core: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator["subprocess.Popen[str]"]:
    """A process on a core, with its complaints in a file, until the block ends."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        complaints = stack.enter_context(log.open("w"))
        with _on(core):
            process = subprocess.Popen(  # noqa: S603 - the commands are this package's own
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                env=os.environ | dict(environment or {}),
                cwd=folder,
            )
        stack.callback(_stop, process)
        yield process


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def static_upstream(core: int, log: Path) -> Iterator[str]:
    """The static upstream's address, until the block ends."""
    with child([sys.executable, "-m", "benchmarks.upstream"], core, log) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        line = process.stdout.readline()
        if not line.startswith(upstream.ANNOUNCEMENT):
            raise RuntimeError(f"the static upstream did not start: see {log}")
        yield line.removeprefix(upstream.ANNOUNCEMENT).strip()


def answer(url: str, method: str = "GET", body: str | None = None, token: str = ANY_TOKEN) -> bytes:
    """What an address answers, be it a refusal. OSError where nothing answers."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        url,
        method=method,
        data=None if body is None else body.encode(),
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Authorization": f"Bearer {token}",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=START_SECONDS) as response:  # noqa: S310
            return bytes(response.read())
    except urllib.error.HTTPError as refusal:
        return refusal.read()


def asked(url: str, method: str = "GET", body: str | None = None, token: str = ANY_TOKEN) -> Any:
    """The JSON that an address answers, be it a refusal. OSError where nothing answers."""
    return json.loads(answer(url, method, body, token))


def wait_until_answering(process: "subprocess.Popen[str]", url: str, log: Path) -> None:
    """Return once a GraphQL server answers; RuntimeError where it ends or is too slow."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if "data" in asked(url, "POST", '{"query":"{__typename}"}'):
                return
        except (OSError, ValueError):
            time.sleep(0.05)
    raise RuntimeError(f"{' '.join(map(str, process.args))} did not start: see {log}")  # type: ignore[arg-type] # always a list here


def family(process_id: int) -> list[int]:
    """A process and all below it."""
    found = [process_id]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, children.read_text().split())
    return found


def cpu_seconds(process_id: int) -> float:
    """CPU time that a process and all below it have used, in user and kernel mode."""
    ticks = 0
    for each in family(process_id):
        # The name, which may hold anything, ends at the last bracket.
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICK


def _memory(process_id: int, name: str) -> float:
    kilobytes = 0
    for each in family(process_id):
        for line in Path(f"/proc/{each}/status").read_text().splitlines():
            if line.startswith(name):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024


def peak_memory(process_id: int) -> float:
    """MiB that a process and all below it held at most, or since `forget_peak`."""
    return _memory(process_id, "VmHWM:")


def memory(process_id: int) -> float:
    """MiB that a process and all below it hold."""
    return _memory(process_id, "VmRSS:")
