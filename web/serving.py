"""The serving: uvicorn around the application, until a signal asks for the end."""

import asyncio
import gc
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any, Final

import uvicorn

from .app import App
from .connections import bounded
from .settings import Settings
from .stalls import WatchedWebSocket

BACKLOG = 2048

_ALLOCATIONS: Final = 5_000
"""Objects that come into being, beyond those that go, before the garbage collector looks at the
young ones; Python's 700 are about a third of a page of albums."""


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens there; OSError with the system's words where it can't."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def serve(app: App, listening: socket.socket, started: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, then drain; `started` is called once it can be asked.

    Raises SystemExit where the application can't start.
    """
    Server(app, started).run(sockets=[listening])


def configuration(app: App) -> uvicorn.Config:
    """How uvicorn serves the application: without logs of its own, within the settings' bounds."""
    settings: Settings = app.settings
    return uvicorn.Config(
        app,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http=bounded(settings.header_limit, settings.header_timeout),
        ws=WatchedWebSocket,
        ws_max_size=settings.body_limit,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=settings.idle_timeout,
        timeout_graceful_shutdown=settings.drain_bound,
    )


def _accepted(listening: socket.socket) -> Iterator[socket.socket]:
    """The connections that wait to be accepted."""
    with suppress(OSError):
        while True:
            yield listening.accept()[0]


class Server(uvicorn.Server):
    """Uvicorn that, asked to stop, first says so on /readyz for a moment and then ends well."""

    def __init__(self, app: App, started: Callable[[], None]) -> None:
        super().__init__(configuration(app))
        self._app = app
        self._told = started
        self._listens_until = float("inf")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        # What is there now stays: the collector need not look at it again. And what comes goes by
        # itself, for an operation leaves no cycles: so it need not look often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
        self._told()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; asked once more, stop waiting."""
        # Uvicorn's own would raise the signal again at the end: no exit code 0.
        del frame
        if self._app.drain.begun:
            self.should_exit = True
            self.force_exit = sig == signal.SIGINT
            return
        self._app.drain.begin()
        # A person at a terminal has no load balancer that needs to hear of it first.
        pause = self._app.settings.drain_pause if sig == signal.SIGTERM else 0.0
        self._listens_until = time.monotonic() + pause

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop to listen, and end what is under way.

        Who has connected by now is served as well: with the listening socket, the system would
        reset those that wait in its queue.
        """
        waiting = [each for listening in sockets or () for each in _accepted(listening)]
        for server in self.servers:
            server.close()
        connection: Any = self.config.http_protocol_class
        made = partial(
            connection,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        loop = asyncio.get_running_loop()
        for each in waiting:
            await loop.connect_accepted_socket(made, each)
        await super().shutdown(sockets)
        if self.force_exit:
            # Uvicorn leaves that out then, and logs a traceback of it when the loop ends.
            await self.lifespan.shutdown()

    async def on_tick(self, counter: int) -> bool:
        """Whether it is time to stop."""
        return await super().on_tick(counter) or time.monotonic() >= self._listens_until
