"""Schemathesis against the served facade: what it reads from introspection, it may ask.

FUZZ_EXAMPLES in the environment sets how many requests of each field, valid and not, are sent.
"""

import asyncio
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes
from schemathesis.core.result import Ok

import sandbox
from schema.errors import Code
from tests.served import application, served

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
TOLD = {code.value for code in Code} - {"INTERNAL_SERVER_ERROR"}
HEADERS = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}
VALUES = {
    "CountryCode": ["FR", "x"],
    "Date": ["2015-01-26", "x"],
    "_Any": ["x"],
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where a facade in front of a sandbox is asked, served by another thread."""
    found: list[str] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    end = asyncio.Event()

    async def serve() -> None:
        async with (
            sandbox.running() as upstream,
            served(application({"ONEDTOUCH_DEADLINE": "20"}, upstream=upstream.url)) as here,
        ):
            found.append(here.url)
            ready.set()
            await end.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(30)
    yield found[0]
    loop.call_soon_threadsafe(end.set)
    thread.join(30)
    assert not thread.is_alive()


def test_every_field_is_answered_with_the_contracts_codes(url: str) -> None:
    for name, values in VALUES.items():
        schemathesis.graphql.scalar(name, st.sampled_from(values).map(nodes.String))
    found = schemathesis.graphql.from_url(url, headers=HEADERS)
    asked: set[str] = set()
    codes: set[str] = set()
    for result in found.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        for mode in schemathesis.GenerationMode:
            if (operation.label, mode.value) == ("Query._service", "negative"):
                continue  # there is nothing to be wrong in it

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize="FUZZ_EXAMPLES" not in os.environ,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                response = case.call(headers=HEADERS)
                assert response.status_code < 500, case.body
                errors = response.json().get("errors", [])
                told = {error["extensions"]["code"] for error in errors}
                assert told <= TOLD, (case.body, told)
                codes.update(told)

            ask()
            asked.add(operation.label)
    assert {"Query.albums", "Query.node", "Mutation.createToken"} <= asked
    assert {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"} <= codes
