"""The log: one line a request, for people or machines, with what an operator asks at night."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest

import sandbox
from tests.served import NOWHERE, application, served
from web import logs
from web.request_headers import request_id
from web.request_records import RequestRecord
from web.shown_errors import log_internal


@pytest.fixture
def configured() -> Iterator[None]:
    """Logging as it was before, afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("uvicorn", "asyncio")}
    yield
    root.handlers[:], root.level = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def requests_in(said: str) -> list[dict[str, object]]:
    """The lines about requests."""
    lines = [json.loads(line) for line in said.splitlines()]
    return [line for line in lines if line["logger"] == "web.requests"]


@pytest.mark.usefixtures("configured")
async def test_a_request_is_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    loud = {"ONEDTOUCH_LOG_REQUESTS": "true"}
    async with (
        sandbox.running() as upstream,
        served(application(loud, upstream=upstream.url)) as here,
    ):
        headers = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}", "X-Request-Id": "r-1"}
        query = "query Mine { artist(id: 1) { name } }"
        await here.post({"query": query}, headers)
        await here.post({"query": query})
        await here.post({"query": "{"}, {"X-Request-Id": "r-3"})
    first, second, third = requests_in(capsys.readouterr().err)
    assert first.pop("time")
    assert float(str(first.pop("ms"))) >= 0
    assert int(str(first.pop("bytes"))) > 0
    assert first == {
        "level": "info",
        "logger": "web.requests",
        "message": "request",
        "request_id": "r-1",
        "operation": "Mine",
        "kind": "query",
        "status": 200,
        "upstream_requests": 1,
    }
    assert (second["codes"], second["upstream_requests"]) == ("UNAUTHENTICATED", 0)
    assert (third["codes"], third["operation"]) == ("GRAPHQL_PARSE_FAILED", "")


@pytest.mark.usefixtures("configured")
async def test_who_got_what_another_asked_for_has_a_line_that_says_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json", "info")
    loud = {"ONEDTOUCH_LOG_REQUESTS": "true"}
    async with (
        sandbox.running() as upstream,
        served(application(loud, upstream=upstream.url)) as here,
    ):
        upstream.orders.add(sandbox.Latency(100))
        upstream.orders.add(sandbox.Status(500), path="/api/v1/labels/*")
        headers = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}
        query = "query Both { artist(id: 544) { name } label(id: 129) { name } }"
        await asyncio.gather(*(here.post({"query": query}, headers) for _ in range(2)))
        for _ in range(2):
            await here.post({"query": "query Kept { artist(id: 544) { name } }"}, headers)
    lines = requests_in(capsys.readouterr().err)
    assert [(line["operation"], line["kind"], line.get("codes")) for line in lines] == [
        *[("Both", "query", "UPSTREAM_UNAVAILABLE")] * 2,
        *[("Kept", "query", None)] * 2,
    ]
    assert sorted(int(str(line["upstream_requests"])) for line in lines[:2]) == [0, 2]


@pytest.mark.usefixtures("configured")
async def test_a_person_reads_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console", "info")
    async with served(application({"ONEDTOUCH_LOG_REQUESTS": "true"})) as here:
        await here.post({"query": "query Mine { __typename }"}, {"X-Request-Id": "r-1"})
    (line,) = [line for line in capsys.readouterr().err.splitlines() if " request " in line]
    assert " info    request request_id=r-1 operation=Mine kind=query status=200 ms=" in line


@pytest.mark.usefixtures("configured")
async def test_no_line_has_a_secret_or_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "debug")
    async with served(application({"ONEDTOUCH_LOG_REQUESTS": "true"}, upstream=NOWHERE)) as here:
        headers = {"Authorization": "Bearer canary-token"}
        query = "query ($id: ID!) { artist(id: $id) { name } }"
        await here.post({"query": query, "variables": {"id": "1"}}, headers)
        await here.post({"query": query, "variables": {"id": "canary-value"}}, headers)
        credentials = {"username": "canary-user", "password": "canary-password"}
        query = "mutation ($i: CreateTokenInput!) { createToken(input: $i) { accessToken } }"
        await here.post({"query": query, "variables": {"i": credentials}}, headers)
        async with here.client.get(
            here.url, params={"query": "{ artist(id: 1) { name } } # canary"}, headers=headers
        ) as response:
            assert response.status == 200
    said = capsys.readouterr().err
    assert said.count('"logger": "web.requests"') == 4
    assert "canary" not in said


@pytest.mark.usefixtures("configured")
def test_a_failure_of_our_own_is_told_by_its_place_and_not_by_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("json", "info")
    try:
        int("canary")
    except ValueError as error:
        log_internal("r-1", error)
        logging.getLogger("elsewhere").exception("It broke")
    ours, elsewhere = map(json.loads, capsys.readouterr().err.splitlines())
    assert ours["message"].startswith("ValueError in request r-1\n")
    assert "test_operation_logs_one_line_a_request.py" in ours["message"]
    assert ours["request_id"] == "r-1"
    assert elsewhere["message"].startswith("It broke (ValueError at test_a_failure_of_our_own")


@pytest.mark.usefixtures("configured")
def test_a_request_that_failed_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "warning")
    logs.log_request(RequestRecord("r-1", status=200))
    logs.log_request(RequestRecord("r-2", status=500))
    (line,) = requests_in(capsys.readouterr().err)
    assert line["request_id"] == "r-2"


@pytest.mark.usefixtures("configured")
def test_a_line_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    logs.log_request(RequestRecord("r-1", "query", "N" * 10_000, status=200))
    (line,) = requests_in(capsys.readouterr().err)
    assert line["operation"] == "N" * 100


@pytest.mark.usefixtures("configured")
def test_a_failure_is_told_by_where_it_was_raised_and_not_by_where_it_was_caught(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def raising() -> None:
        raise RuntimeError

    logs.configure("console", "info")
    try:
        raising()
    except RuntimeError:
        logging.getLogger("web").exception("It failed")
    assert "raising:" in capsys.readouterr().err


@pytest.mark.usefixtures("configured")
def test_the_event_loop_warns_nobody_of_clients_that_went_away() -> None:
    logs.configure("json", "info")
    assert not logging.getLogger("asyncio").isEnabledFor(logging.WARNING)
    assert logging.getLogger("asyncio").isEnabledFor(logging.ERROR)


def test_a_request_may_have_a_name_of_128_characters_and_no_longer_one() -> None:
    assert request_id({b"x-request-id": b"x" * 128}) == b"x" * 128
    assert len(request_id({b"x-request-id": b"x" * 129})) < 40
