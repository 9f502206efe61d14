"""A real Redis, or Valkey, for one test: on a port of its own, in memory alone."""

import socket
import subprocess
import time
from contextlib import suppress
from typing import BinaryIO

from tests import needs

_START_SECONDS = 10.0


class RedisServer:
    """A real Redis on a port of its own, that can be stopped, frozen and started again."""

    def __init__(self) -> None:
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_before = False

    @property
    def url(self) -> str:
        """Where it is; the same from the first start on."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, empty.

        Between the moment in which a port was found to be free and the one in which Redis takes
        it, another process may take it, and that may be the Redis of another test. So whoever
        answers says which process it is; and a Redis that has ended is started once more, on
        another port as long as nobody knows of this one.
        """
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            self._process = self._started()
            while time.monotonic() < until and self._process.poll() is None:
                if self._answers():
                    self._started_before = True
                    return
                time.sleep(0.02)
            self.stop()
            if not self._started_before:
                self.port = _free_port()
        raise AssertionError("Redis does not answer")

    def stop(self) -> None:
        """Stop, and lose everything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: int) -> None:
        """Freeze it with SIGSTOP, or thaw it with SIGCONT."""
        assert self._process is not None
        self._process.send_signal(number)

    def command(self, *words: str) -> bytes:
        """The whole answer to a command, raw."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection,
            connection.makefile("rb") as answers,
        ):
            connection.sendall((" ".join(words) + "\r\n").encode())
            return _answer(answers)

    def keys(self) -> list[str]:
        """The names of all keys."""
        return [
            line.decode()
            for line in self.command("KEYS", "*").split(b"\r\n")
            if line.startswith(b"onedtouch")
        ]

    def dump(self) -> bytes:
        """All keys with all values."""
        return b"".join(self.command("GET", key) + key.encode() for key in self.keys())

    def _started(self) -> subprocess.Popen[bytes]:
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        return subprocess.Popen(  # noqa: S603 - a server of our own choice
            [needs.program("redis-server", "valkey-server"), "--port", str(self.port), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _answers(self) -> bool:
        """Whether it is our own process that answers at the port."""
        assert self._process is not None
        with suppress(OSError):
            said = self.command("INFO", "server").splitlines()
            return b"process_id:%d" % self._process.pid in said
        return False


def _answer(answers: BinaryIO) -> bytes:
    """One answer to its end: a long one comes in pieces, and an array holds others."""
    line = answers.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("Redis closed the connection amid an answer")
    count = int(line[1:]) if line[:1] in {b"$", b"*"} else -1
    if count < 0:
        return line
    if line.startswith(b"*"):
        return line + b"".join(_answer(answers) for _ in range(count))
    value = answers.read(count + 2)
    if len(value) < count + 2:
        raise ConnectionError("Redis closed the connection amid an answer")
    return line + value


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
