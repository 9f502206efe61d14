"""The command `python -m sandbox`: a sandbox on a port of this machine, until Ctrl-C."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Final

from .accounts import ACCOUNTS
from .server import ANNOUNCEMENT, HOST, running

LARGEST_PORT: Final = 65_535


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="The REST API of 1D touch, embedded."
    )
    parser.add_argument("--host", default=HOST, help="the address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="the port; 0, the default, is any")
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end when standard input closes instead of on Ctrl-C (for a parent process)",
    )
    chosen = parser.parse_args(arguments)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(chosen.host, chosen.port, until_stdin=chosen.until_stdin_closes))
    except BrokenPipeError:
        # Whoever started it left before it could say where it is: nothing is left to be flushed.
        sys.stdout = None
    except OSError as error:
        sys.stderr.write(f"The sandbox can't listen on {chosen.host}:{chosen.port}: {error}\n")
        return 1
    return 0


def _port(text: str) -> int:
    # uvloop takes 70000 for 4464.
    if not (text.isascii() and text.isdecimal() and int(text) <= LARGEST_PORT):
        raise argparse.ArgumentTypeError(f"{text} is no port: use 0 to {LARGEST_PORT}")
    return int(text)


async def _serve(host: str, port: int, *, until_stdin: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    if until_stdin:
        # Ctrl-C reaches every process of the terminal; the parent decides when we end.
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        await loop.connect_read_pipe(lambda: _End(ended), sys.stdin)
    else:
        loop.add_signal_handler(signal.SIGINT, ended.set)
    async with running(host=host, port=port) as sandbox:
        lines = [ANNOUNCEMENT.format(url=sandbox.url)]
        lines += [
            f"  user {account.username}, password {account.password}, token {account.token}"
            for account in ACCOUNTS
        ]
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        await ended.wait()


class _End(asyncio.Protocol):
    """What reads standard input only to notice its end."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._ended.set()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop in C, where it can be had."""
    try:
        import uvloop  # noqa: PLC0415 - it does not exist for every platform
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
