"""The questions in the README are what a shell would send, and get the answers that stand there."""

import json
import re
from pathlib import Path

import aiohttp

import sandbox
from tests.facade import facade

README = (Path(__file__).parent.parent / "README.md").read_text()
BODIES = [json.loads(body) for body in re.findall(r"-d '(\{.*?\})'\n", README, re.DOTALL)]


async def test_the_readme_logs_in_and_asks() -> None:
    log_in, albums, _ = BODIES
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        created = await here.ask(log_in["query"], log_in["variables"], token=None)
        token = created.data["createToken"]["accessToken"]
        answer = await here.ask(albums["query"], token=token)
        count = len(upstream.rows("albums"))
    found = answer.data["albums"]
    shown = re.search(r'^    (\{"data":\{"albums".*?\n)\n', README, re.DOTALL | re.MULTILINE)
    assert shown is not None
    told = json.loads(shown.group(1))["data"]["albums"]
    assert found["nodes"] == told["nodes"]
    assert found["pageInfo"] == told["pageInfo"]
    assert found["totalCount"] == told["totalCount"] == count


async def test_the_readme_tells_the_sandbox_to_misbehave() -> None:
    order = BODIES[-1]
    async with sandbox.running() as upstream, aiohttp.ClientSession() as client:
        address = f"{upstream.url}/_sandbox/orders"
        async with client.post(address, data=json.dumps(order)) as response:
            told = await response.text()
        headers = {"Authorization": f"Bearer {upstream.token()}"}
        statuses = []
        for _ in range(3):
            async with client.get(f"{upstream.url}/api/v1/albums", headers=headers) as response:
                statuses.append(response.status)
    assert statuses == [503, 503, 200]
    assert f"    {told}\n" in README


def test_the_readme_says_who_sees_what_in_the_sandbox() -> None:
    with sandbox.running_in_thread() as upstream:
        labels = upstream.rows("labels")
        shared = upstream.rows("labels", sandbox.PARTNER)
        deliveries = upstream.rows("deliveries", sandbox.PARTNER)
    for word in (sandbox.LISTENER, sandbox.PARTNER, sandbox.PASSWORD):
        assert f"`{word}`" in README
    assert 0.2 < len(shared) / len(labels) < 0.3
    assert deliveries == []
