"""The questions in the README are what a shell would send, and get the answers that stand there."""

import json
import re
from pathlib import Path

import sandbox
from tests.facade import facade

README = (Path(__file__).parent.parent / "README.md").read_text()
BODIES = [json.loads(body) for body in re.findall(r"-d '(\{.*?\})'\n", README, re.DOTALL)]


async def test_the_readme_logs_in_and_asks() -> None:
    log_in, albums = BODIES
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
    assert found["totalCount"] == count
