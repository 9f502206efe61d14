"""Documents that are named instead of sent, over HTTP: automatic persisted and trusted ones."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.served import Served, application, served

TEXT = "query Named { __typename }"
DIGEST = sha256(TEXT.encode()).hexdigest()
APQ = {"persistedQuery": {"version": 1, "sha256Hash": DIGEST}}
DATA = {"data": {"__typename": "Query"}}


@pytest.fixture
def trusted(tmp_path: Path) -> dict[str, str]:
    """The setting of a folder with one trusted document."""
    (tmp_path / "Named.graphql").write_text(TEXT)
    return {"ONEDTOUCH_TRUSTED_DOCUMENTS": str(tmp_path)}


async def get(here: Served, **parameters: str) -> tuple[int, str, Any]:
    """Status, Cache-Control and body of the answer to a GET."""
    headers = {"Accept": "application/graphql-response+json"}
    async with here.client.get(here.url, params=parameters, headers=headers) as response:
        body = await response.json(content_type=None)
        return response.status, response.headers["Cache-Control"], body


async def test_apollos_protocol_is_spoken() -> None:
    async with served(application()) as here:
        status, headers, body = await here.post({"extensions": APQ})
        assert (status, headers["Cache-Control"]) == (200, "no-store")
        assert [(error["message"], error["extensions"]["code"]) for error in body["errors"]] == [
            ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        ]
        assert (await here.post({"query": TEXT, "extensions": APQ}))[2] == DATA
        assert (await here.post({"extensions": APQ}))[2] == DATA
        assert (await get(here, extensions=json.dumps(APQ)))[2] == DATA


async def test_a_miss_by_get_is_not_to_be_kept() -> None:
    async with served(application()) as here:
        status, cache_control, _ = await get(here, extensions=json.dumps(APQ))
        assert (status, cache_control) == (400, "no-store")


async def test_an_invalid_document_is_not_registered() -> None:
    text = "{ nothing }"
    named = {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}
    async with served(application()) as here:
        await here.post({"query": text, "extensions": named})
        _, _, body = await here.post({"extensions": named})
        assert body["errors"][0]["message"] == "PersistedQueryNotFound"


async def test_registering_can_be_turned_off() -> None:
    async with served(application({"ONEDTOUCH_PERSISTED_QUERIES": "false"})) as here:
        assert (await here.post({"query": TEXT, "extensions": APQ}))[2] == DATA
        _, _, body = await here.post({"extensions": APQ})
        assert body["errors"][0]["message"] == "PersistedQueryNotSupported"


async def test_a_trusted_document_goes_by_any_of_its_names(trusted: dict[str, str]) -> None:
    async with served(application(trusted)) as here:
        for body in (
            {"documentId": DIGEST},
            {"documentId": f"sha256:{DIGEST}"},
            {"id": DIGEST},
            {"extensions": APQ},
            {"query": TEXT},
        ):
            assert (await here.post(body))[2] == DATA
        assert (await get(here, documentId=DIGEST))[2] == DATA


async def test_nothing_else_is_executed_where_only_trusted_ones_are(
    trusted: dict[str, str],
) -> None:
    async with served(application({**trusted, "ONEDTOUCH_ONLY_TRUSTED": "true"})) as here:
        assert (await here.post({"query": TEXT}))[2] == DATA
        _, headers, body = await here.post({"query": "{ __typename }"})
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert headers["Cache-Control"] == "no-store"
        _, _, body = await here.post({"documentId": "0" * 64})
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
