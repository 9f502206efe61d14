"""The ASGI application: every path that the facade serves, and what lives as long as it does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from strawberry import Schema

from execution import Statistics
from resolvers.context import Context as OurContext
from resolvers.habits import Habits
from resolvers.live import Live
from resolvers.turns import Turns
from schema import schema as our_schema
from schema.errors import INTERNAL, presented
from upstream.caller import Caller
from upstream.client import Upstream

from .answers import Send, refusal
from .documents import Documents
from .drain import Drain
from .health import Health
from .incoming import Receive
from .live import LiveEndpoint
from .logs import log_request
from .metrics import Metrics
from .parts import persisted_operations, rate_limits, tracing_of
from .playground import Playground, SandboxUser
from .refusals import Refused
from .service import Application, Context, Scope, Service, graphql_schema
from .settings import BadSetting, Settings, with_its_flag

if TYPE_CHECKING:
    from .tracing import Tracing

_EXPOSED = (
    "ETag",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Server-Timing",
    "X-Request-Id",
)
_ALLOWED = (
    "Accept",
    "Apollo-Require-Preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "Authorization",
    "Content-Type",
    "GraphQL-Require-Preflight",
    "If-None-Match",
    "traceparent",
    "X-Apollo-Operation-Name",
    "X-Deadline-Ms",
    "X-Explain",
    "X-Include",
    "X-Most-Upstream-Requests",
    "X-Request-Id",
)


class App:
    """The facade as one ASGI application; `drain` is begun by who is going to stop it."""

    def __init__(  # noqa: PLR0913 - each is a part of its own, and by keyword
        self,
        settings: Settings,
        *,
        schema: Schema,
        upstream: Upstream,
        open_context: Callable[[Caller], Context],
        habits: Habits,
        metrics: Metrics,
        sandbox_user: SandboxUser | None = None,
        tracing: "Tracing | None" = None,
    ) -> None:
        """`open_context` makes what the resolvers of one operation share.

        `habits` is what its resolvers learn of the REST API's lists; `metrics` are those that the
        upstream reports to; `sandbox_user` is offered to log in with. Raises BadSetting where
        what the settings name can't be had.
        """
        self.settings = settings
        self.drain = Drain()
        self._upstream = upstream
        self._persisted = persisted_operations(settings, metrics)
        self._rates = rate_limits(settings, metrics)
        playground = Playground(sandbox_user)
        observers = [metrics.count]
        if tracing is not None:
            observers.append(tracing.trace)
        self._tracing = tracing
        if settings.log_requests:
            observers.append(log_request)
        endpoint = LiveEndpoint(
            settings,
            Service(
                schema=schema,
                documents=Documents(
                    graphql_schema(schema),
                    settings.limits,
                    introspection=settings.introspection,
                ),
                persisted=self._persisted,
                open_context=open_context,
                presented=presented,
                page=Route("/graphql", playground.page).app,
                keepsakes=upstream.keepsakes,
                habits=habits,
                admit=self._rates.admit if self._rates else None,
                observers=observers,
            ),
            Live(upstream, interval=settings.live_interval, patience=settings.deadline),
            self.drain,
        )
        compiled = getattr(schema.execution_context_class, "statistics", Statistics())
        metrics.watch(upstream.state, lambda: endpoint.under_way, compiled)
        self._graphql: Application = endpoint
        self._websocket: Application = endpoint.websocket
        health = Health(upstream, self.drain, presented)
        self._others = Starlette(
            routes=[
                Route("/", _to_graphql),
                Route("/healthz", health.healthz),
                Route("/readyz", health.readyz),
                Route("/metrics", metrics.metrics),
                *playground.routes(),
            ],
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _refused, Exception: _failed},
        )
        self._application: Application = self._routed
        if settings.cors_origins:
            self._application = _with_cors(self._routed, settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the application's start and end."""
        if scope["type"] == "http":
            if self.drain.begun:
                send = _closing(send)
            await self._application(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._others(scope, receive, send)
        elif scope["path"] == "/graphql":
            await self._websocket(scope, receive, send)
        else:
            # A WebSocket elsewhere: nothing there speaks it.
            await send({"type": "websocket.close", "code": 1008})

    async def _routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/graphql":
            await self._graphql(scope, receive, send)
        else:
            await self._others(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._upstream)
            stack.push_async_callback(self._persisted.close)
            if self._tracing is not None:
                # It sends what is left, and waits for that.
                stack.push_async_callback(asyncio.to_thread, self._tracing.close)
            if self._rates is not None:
                stack.push_async_callback(self._rates.close)
            yield


def _with_cors(application: Application, origins: tuple[str, ...]) -> Application:
    """The application for pages of other origins, too."""
    return CORSMiddleware(
        application,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=_ALLOWED,
        expose_headers=_EXPOSED,
    )


def _closing(send: Send) -> Send:
    """A send that tells the client to use another connection for its next request."""

    async def closing(message: Scope) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
        await send(message)

    return closing


async def _to_graphql(_: Request) -> Response:
    return RedirectResponse("/graphql", status_code=307)


async def _refused(_: Request, error: Exception) -> Any:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    sentences = {404: "There is nothing here.", 405: "This path does not take that method."}
    sentence = sentences.get(error.status_code, "That is not possible.")
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in (error.headers or {}).items()
    ]
    return refusal(None, Refused(error.status_code, "BAD_USER_INPUT", sentence, headers))


async def _failed(_: Request, error: Exception) -> Any:
    del error
    code, sentence = INTERNAL
    return refusal(None, Refused(500, code, sentence))


def create_app(
    settings: Settings,
    *,
    schema: Schema | None = None,
    open_context: Callable[[Caller], Context] | None = None,
    sandbox_user: SandboxUser | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> App:
    """The application for these settings, with our own schema unless another is given.

    `environment` may turn tracing on, by OpenTelemetry's own variables. Raises BadSetting where
    the upstream's address, or what a setting names, can't be used.
    """
    metrics = Metrics()
    try:
        upstream = Upstream(
            settings.upstream, settings.policy, metrics, longest_wait=settings.deadline
        )
    except ValueError as error:
        wrong = str(error)
        named = with_its_flag("policy", wrong)
        if named == wrong:
            named = f"--upstream (ONEDTOUCH_UPSTREAM): {wrong}"
        raise BadSetting(f"{named}.") from None
    habits, turns = Habits(), Turns()
    return App(
        settings,
        schema=schema or our_schema,
        upstream=upstream,
        open_context=open_context
        or (lambda caller: OurContext(caller, upstream, habits, turns, scans=settings.scans)),
        habits=habits,
        metrics=metrics,
        sandbox_user=sandbox_user,
        tracing=tracing_of(environment),
    )
