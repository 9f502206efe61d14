"""The audits of GraphQL over HTTP, all of them: MUST, SHOULD and MAY."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests import needs
from tests.served import application, served

FOLDER = Path(__file__).parent / "clients" / "graphql-http"


@pytest.fixture(scope="module")
def node() -> str:
    """The node command, with the audits installed beside their lock."""
    needs.program("npm")
    return needs.program("node")


async def _output(*command: str) -> str:
    running = await asyncio.create_subprocess_exec(
        *command, cwd=FOLDER, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, complaints = await running.communicate()
    assert running.returncode == 0, complaints.decode()
    return told.decode()


async def test_every_audit_passes(node: str) -> None:
    if not (FOLDER / "node_modules" / "graphql-http").exists():
        await _output("npm", "ci", "--loglevel=error")
    async with served(application()) as here:
        results: list[dict[str, Any]] = json.loads(await _output(node, "audit.js", here.url))
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
