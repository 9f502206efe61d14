"""deploy/: a gateway, two facades and Redis, put together of what is here and what is tested.

Nothing is built or started: that takes Docker. What can be wrong without it is looked at: names,
paths, settings, and that the gateway's configuration is the one in test_gateways_ask_the_facade.
"""

import asyncio
import json
import os
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.node_programs import HIVE, ROOT, told
from tests.served import NOWHERE, application, served
from web.settings import knobs

DEPLOY = ROOT / "deploy"
READ = """
const yaml = require("js-yaml");
console.log(JSON.stringify(yaml.load(require("node:fs").readFileSync("../compose.yaml", "utf8"))));
"""

Services = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def services() -> Services:
    """What the compose file starts, by name; read by a package that the gateway brings along."""
    compose = told(HIVE, "--input-type=commonjs", "--eval", READ)
    found: Services = compose["services"]
    return found


def stages() -> dict[str, list[list[str]]]:
    """The instructions of each stage of the Dockerfile, split into words."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    found: dict[str, list[list[str]]] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        words = shlex.split(line)
        if words[0] == "FROM":
            found[words[3]] = []
        found[list(found)[-1]].append(words)
    return found


def test_there_are_a_gateway_two_facades_and_redis(services: Services) -> None:
    assert set(services) == {"gateway", "facade", "redis"}
    assert services["facade"]["deploy"] == {"replicas": 2}
    assert "ports" not in services["facade"], "a port of the host is for one of two only"


def test_services_wait_for_services_that_have_a_health(services: Services) -> None:
    healthy = {"redis"} if "healthcheck" in services["redis"] else set()
    healthy |= {
        name
        for name, service in services.items()
        if "build" in service
        and any(words[0] == "HEALTHCHECK" for words in stages()[service["build"]["target"]])
    }
    for service in services.values():
        for awaited, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert awaited in healthy


def test_what_is_built_is_built_of_what_is_here(services: Services) -> None:
    for service in services.values():
        if "build" in service:
            build = service["build"]
            context = (DEPLOY / build["context"]).resolve()
            assert context == ROOT
            assert (context / build["dockerfile"]).is_file()
            assert build["target"] in stages()
    copied = [
        source
        for stage in stages().values()
        for words in stage
        if words[0] == "COPY" and not words[1].startswith("--from=")
        for source in words[1:-1]
    ]
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_the_image_holds_every_package_of_the_facade() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {
        name.removesuffix("*")
        for name in project["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    copied = {words[1] for words in stages()["facade"] if words[0] == "COPY"}
    assert packages | {"queries", "server.py", "requirements.txt"} <= copied


def test_every_setting_that_is_given_is_one(services: Services) -> None:
    known = {knob.environment for knob in knobs()}
    given = set(services["facade"]["environment"])
    given |= {
        word.partition("=")[0]
        for words in stages()["facade"]
        if words[0] == "ENV"
        for word in words[1:]
        if not word.startswith("PYTHON")
    }
    assert given <= known
    assert {"ONEDTOUCH_UPSTREAM", "ONEDTOUCH_REDIS_URL", "ONEDTOUCH_CACHE_SECRET"} <= given


def test_the_gateway_runs_what_the_test_runs(services: Services) -> None:
    (entry,) = (words for words in stages()["gateway"] if words[0] == "ENTRYPOINT")
    command = " ".join(entry)
    assert "node_modules/@graphql-hive/gateway/dist/bin.js, supergraph" in command
    assert "--config-path, gateway.config.js" in command
    read = set(re.findall(r"process\.env\.(\w+)", (HIVE / "gateway.config.js").read_text()))
    assert set(services["gateway"]["environment"]) <= read == {"SUPERGRAPH", "MOST_COST"}


def test_the_gateway_finds_the_facade_by_its_name_and_port(services: Services) -> None:
    (address,) = re.findall(
        r'@join__graph\(name: "catalogue", url: "([^"]+)"\)',
        (HIVE / "supergraph.graphql").read_text(),
    )
    assert address == "http://facade:8000/graphql"
    assert services["facade"]["expose"] == ["8000"]


def test_nothing_is_taken_without_a_version(services: Services) -> None:
    images = [words[1] for stage in stages().values() for words in stage if words[0] == "FROM"]
    images += [service["image"] for service in services.values() if "image" in service]
    assert [image for image in images if not re.search(r":\d", image)] == []
    assert Path(HIVE / "package-lock.json").exists()


async def test_a_container_is_healthy_while_its_process_lives_whatever_the_rest_api_does() -> None:
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    (command,) = re.findall(r"^HEALTHCHECK .*? CMD (\[.*\])$", text, re.MULTILINE)
    _, *arguments = json.loads(command)

    async def status(port: int) -> int:
        environment = {**os.environ, "PORT": str(port)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=environment, stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait()

    async with served(application(upstream=NOWHERE)) as here:
        port = int(here.base.rpartition(":")[2])
        assert await status(port) == 0
    assert await status(port) != 0
