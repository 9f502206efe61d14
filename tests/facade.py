"""A facade to ask: the real application, served over loopback in front of a sandbox."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

import sandbox
from tests.served import served
from web.app import create_app
from web.settings import settings_from

COLD = {
    "ONEDTOUCH_CACHE_BYTES": "0",
    "ONEDTOUCH_LOG_REQUESTS": "false",
    "ONEDTOUCH_LIMIT_UPSTREAM_REQUESTS": "1000",
}
"""Settings under which each operation pays for what it asks: nothing is kept between two."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer of the facade."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        """What was asked for; fails the test where there are errors that it did not look at."""
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The errors, none being an empty list."""
        errors: list[dict[str, Any]] = self.body.get("errors", [])
        return errors

    @property
    def codes(self) -> list[str]:
        """The errors' codes, in their order."""
        return [error["extensions"]["code"] for error in self.errors]


class Facade:
    """A facade at a URL, and a client for it."""

    def __init__(self, url: str, client: aiohttp.ClientSession) -> None:
        """`client` belongs to the caller."""
        self.url = url
        self.client = client

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        token: str | None = sandbox.LISTENER_TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to one operation, POSTed."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        body = {"query": query, "variables": dict(variables or {})}
        async with self.client.post(self.url + "/graphql", json=body, headers=sent) as response:
            return Answer(response.status, response.headers, await response.json())

    async def data(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of one operation that has no errors, asked as the listener."""
        return (await self.ask(query, variables)).data


@asynccontextmanager
async def facade(upstream_url: str, environment: Mapping[str, str] = COLD) -> AsyncIterator[Facade]:
    """A facade in the current event loop, in front of a REST API, until the block ends."""
    settings = settings_from(["--upstream", upstream_url], environment)
    async with served(create_app(settings)) as here:
        yield Facade(here.base, here.client)
