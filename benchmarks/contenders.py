"""The contenders: the facade, with and without each of its means, and what one could run instead.

Each is configured for speed as its own documentation advises, in one process, without a log line
a request, and keeps between requests what the scenario's mode allows.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .children import child, free_port, wait_until_answering
from .scenarios import Mode

ROOT: Final = Path(__file__).resolve().parent.parent
PEERS: Final = ROOT / "benchmarks" / "peers"
LOGS: Final = ROOT / "benchmarks" / "results" / "logs"

_NOTHING_KEPT: Final = (
    *("--fresh-catalogue", "0", "--fresh-finished-days", "0", "--fresh-open-days", "0"),
    *("--cache-bytes", "0", "--readings-bytes", "0"),
)
_MODES: Final[Mapping[Mode, tuple[str, ...]]] = {
    "plain": _NOTHING_KEPT,
    "default": (),
    "shared": _NOTHING_KEPT,
    "cached": (),
}


@dataclass(frozen=True)
class Running:
    """A contender that answers at `url`."""

    url: str
    process_id: int


@dataclass(frozen=True)
class Contender:
    """A server that can be started; `modes` are those in which it does something of its own."""

    name: str
    program: str
    modes: frozenset[Mode] = frozenset({"plain", "shared", "cached"})
    flags: tuple[str, ...] = field(default=())

    @contextmanager
    def running(self, mode: Mode, upstream: str, core: int, name: str) -> Iterator[Running]:
        """The server on a core, until the block ends; its complaints are in a file of that name."""
        port = free_port()
        log = LOGS / f"{name}.txt"
        command, environment = self._command(mode, upstream, port)
        with child(command, core, log, environment, ROOT) as process:
            url = f"http://127.0.0.1:{port}/graphql"
            wait_until_answering(process, url, log)
            yield Running(url, process.pid)

    def _command(self, mode: Mode, upstream: str, port: int) -> tuple[list[str], Mapping[str, str]]:
        where = ["--upstream", upstream, "--port", str(port)]
        if self.program == "server.py":
            flags = [*where, "--log-requests", "false", *_MODES[mode], *self.flags]
            return [sys.executable, "server.py", *flags], {}
        if self.program.endswith(".js"):
            environment = {
                "UPSTREAM": upstream,
                "PORT": str(port),
                "MODE": mode,
                "NODE_ENV": "production",
            }
            return ["node", str(PEERS / self.program)], environment
        return [sys.executable, "-m", self.program, upstream, str(port)], {}


_FACADE_MODES: Final[frozenset[Mode]] = frozenset(_MODES)
FACADE: Final = Contender("this facade", "server.py", _FACADE_MODES)
MERCURIUS: Final = Contender("Mercurius + jit", "mercurius.js")
YOGA: Final = Contender("Yoga + jit", "yoga.js")
APOLLO: Final = Contender("Apollo Server", "apollo.js")
PLAIN_STRAWBERRY: Final = Contender(
    "plain Strawberry", "benchmarks.plain_strawberry", frozenset({"plain", "shared"})
)

CONTENDERS: Final = (FACADE, MERCURIUS, YOGA, APOLLO, PLAIN_STRAWBERRY)


@dataclass(frozen=True)
class Without:
    """The facade without one of its means, and the scenarios (by name) in which that matters."""

    contender: Contender
    scenarios: tuple[str, ...]


def _without(what: str, scenarios: tuple[str, ...], *flags: str) -> Without:
    return Without(Contender(f"without {what}", "server.py", _FACADE_MODES, flags), scenarios)


MEANS: Final = (
    _without(
        "compiled completion",
        ("album", "albums", "listenings", "shared"),
        *("--compiled", "false"),
    ),
    _without("readings", ("default-albums", "default-listenings"), "--readings-bytes", "0"),
    _without("turns of batches", ("listenings",), "--batch-wait", "0"),
    _without("turns of large bodies", ("albums",), "--large-body-bytes", "0"),
    _without("kept memory", ("albums", "listenings"), "--malloc-threshold", "0"),
    _without("shared executions", ("shared",), "--share-operations", "false"),
    _without(
        "kept answers",
        ("nothing", "cached-album", "cached-albums"),
        *("--keep-answers", "false"),
    ),
    _without("caches", ("cached-album", "cached-albums"), *_NOTHING_KEPT),
)
