"""A real Redis, or Valkey, for one test: on a port of its own, in memory alone."""

import socket
import subprocess
import time
from contextlib import suppress

from tests import needs


class RedisServer:
    """A real Redis on a port of its own, that can be stopped, frozen and started again."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, empty."""
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(  # noqa: S603 - a server of our own choice
            [needs.program("redis-server", "valkey-server"), "--port", str(self.port), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with suppress(OSError):
                if self.command("PING") == b"+PONG\r\n":
                    return
            time.sleep(0.02)
        self.stop()
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
        """The raw answer to a command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall((" ".join(words) + "\r\n").encode())
            return connection.recv(1 << 22)

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
