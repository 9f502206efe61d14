"""The server: a sandbox on a port, in the current event loop, in a thread or in a child process."""

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, Self

from aiohttp import web

from .accounts import LISTENER, PARTNER, PASSWORD
from .app import App
from .catalogue import SEED
from .database import Database, Listing, Table, account_named
from .journal import Journal
from .orders import Orders
from .rest import LARGEST_PAGE, AlbumPath, Manner

HOST: Final = "127.0.0.1"
# How long answers under way may take when the sandbox stops; hung ones never end by themselves.
GRACE_SECONDS: Final = 0.05
# A backlog for a thousand callers at once.
BACKLOG: Final = 2048
START_SECONDS: Final = 30
STOP_SECONDS: Final = 5

# The first line that `python -m sandbox` prints.
ANNOUNCEMENT: Final = "The sandbox is at {url}"


class Running:
    """A sandbox that answers at `url`, with what stands behind it."""

    def __init__(self, app: App, runner: web.ServerRunner, host: str) -> None:
        self.app = app
        self._runner = runner
        self._loop = asyncio.get_running_loop()
        self._host = host
        self._port = int(runner.addresses[0][1])
        named = f"[{host}]" if ":" in host else host
        self.url = f"http://{named}:{self._port}"

    @property
    def journal(self) -> Journal:
        """The requests it got."""
        return self.app.journal

    @property
    def orders(self) -> Orders:
        """How it misbehaves."""
        return self.app.orders

    @property
    def database(self) -> Database:
        """Its rows, to read and to change."""
        return self.app.database

    def token(self, username: str = LISTENER) -> str:
        """A new token of an account, valid until it is revoked."""
        return self.database.issue_token(username)

    def rows(
        self,
        table: Table,
        username: str = LISTENER,
        since: date | None = None,
        until: date | None = None,
    ) -> list[dict[str, Any]]:
        """All rows of a listing as the API would serve them to an account now, page by page."""
        return self.database.rows(listing(table, username, since, until))

    def numbers(
        self,
        table: Table,
        username: str = LISTENER,
        since: date | None = None,
        until: date | None = None,
    ) -> list[int]:
        """The numbers (REST ids) of those rows, much faster."""
        return self.database.numbers(listing(table, username, since, until))

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        """Drop every connection and refuse new ones until the block ends; then it is back."""
        await self._in_its_loop(self._stop_listening())
        try:
            yield
        finally:
            await self._in_its_loop(self._listen_again())

    async def _in_its_loop(self, work: Coroutine[Any, Any, None]) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _stop_listening(self) -> None:
        for site in list(self._runner.sites):
            await site.stop()
        server = self._runner.server
        for connection in server.connections if server else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def _listen_again(self) -> None:
        await web.TCPSite(self._runner, self._host, self._port, backlog=BACKLOG).start()


def listing(
    table: Table,
    username: str = LISTENER,
    since: date | None = None,
    until: date | None = None,
) -> Listing:
    """The rows of a table that an account sees; without dates, yesterday's."""
    account = account_named(username)
    if account is None:
        raise ValueError(f"There is no account {username}: use {LISTENER} or {PARTNER}.")
    return Listing(table, account, since, until)


@asynccontextmanager
async def running(  # noqa: PLR0913 - each is a setting of its own, and by keyword
    *,
    host: str = HOST,
    port: int = 0,
    seed: int = SEED,
    today: date | None = None,
    per_page_ignored: frozenset[str] | set[str] | tuple[str, ...] = ("labels", "deliveries"),
    largest_page: int = LARGEST_PAGE,
    album_path: AlbumPath = "singular",
) -> AsyncIterator[Running]:
    """A sandbox in the current event loop, until the block ends.

    `port` 0 takes a free one. `today` fixes the day (else the clock's, UTC). `per_page_ignored`
    names the lists that serve 25 items a page whatever is asked, `largest_page` caps the others.
    `album_path` says which of /album/:id and /albums/:id answers.
    """
    manner = Manner(frozenset(per_page_ignored), largest_page, "true", album_path)
    app = App(Database(seed=seed, today=today), manner)
    server = web.Server(app, handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=GRACE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=BACKLOG).start()
        yield Running(app, runner, host)
    finally:
        await runner.cleanup()
        app.database.close()


@contextmanager
def running_in_thread(**options: Any) -> Iterator[Running]:
    """A sandbox in an event loop and a thread of its own, until the block ends.

    The options are those of `running`.
    """
    started: Future[Running] = Future()
    stop: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        ended = asyncio.Event()
        stop.set_result((asyncio.get_running_loop(), ended))
        async with running(**options) as sandbox:
            started.set_result(sandbox)
            await ended.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    try:
        yield started.result(START_SECONDS)
    finally:
        loop, ended = stop.result(START_SECONDS)
        if thread.is_alive():
            loop.call_soon_threadsafe(ended.set)
            thread.join(STOP_SECONDS)


class Child:
    """A sandbox in a process of its own, for as long as its parent lives.

    The child leaves Ctrl-C to its parent and ends when `stop` is called, or when the parent is
    gone however it went: it holds the other end of a pipe.
    """

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self.url = url
        self.username = LISTENER
        self.password = PASSWORD

    def stop(self) -> None:
        """End the child and wait for it; nothing happens the second time."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        """The child itself, to be stopped at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


def start_child(*, host: str = HOST, port: int = 0) -> Child:
    """A sandbox in a child process, once it answers.

    OSError where it can't; it has said why on standard error, which is its parent's.
    """
    process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        [
            *(sys.executable, "-m", __package__, "--host", host, "--port", str(port)),
            "--until-stdin-closes",
        ],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A Ctrl-C would reach it before it can leave that to its parent.
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        announced = process.stdout.readline()
    except BaseException:
        process.kill()
        process.wait()
        raise
    matched = re.match(ANNOUNCEMENT.format(url=r"(http://\S+)"), announced)
    if matched is None:
        Child(process, "").stop()
        raise OSError("The sandbox ended before it answered.")
    return Child(process, matched[1])
