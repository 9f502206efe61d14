"""The playground over HTTP: one page and its files, from this process, to keep for good."""

import gzip
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from urllib.parse import urljoin

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from tests import needs
from tests.served import application, served
from web.playground import ASSETS, QUERIES, VENDOR, Playground, SandboxUser, examples

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """A folder of the page's own files, with short files in the place of third-party ones."""
    copy = tmp_path / "assets"
    shutil.copytree(ASSETS, copy, ignore=shutil.ignore_patterns("vendor", "node_modules"))
    (copy / "vendor").mkdir()
    for name in VENDOR:
        (copy / name).write_text(f"/* {name} */" + " " * 2_000)
    return copy


@asynccontextmanager
async def listening(playground: Playground, prefix: str = "") -> AsyncIterator[str]:
    """The address of a playground's page, on loopback, below a prefix."""
    here = [Route("/graphql", playground.page), *playground.routes()]
    app = Starlette(routes=[Mount(prefix, routes=here)] if prefix else here)
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup([bound])
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}{prefix}/graphql"
        finally:
            await server.shutdown([bound])


async def get(
    url: str, headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body as they were sent; nothing compressed unless that is asked for."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as client,
        client.get(url, headers={"Accept-Encoding": "identity", **(headers or {})}) as response,
    ):
        return response.status, response.headers, await response.read()


async def addresses(page: str) -> list[str]:
    """The absolute addresses of everything that the page names."""
    _, _, content = await get(page, HTML)
    found = re.findall(r'(?:src|href)="([^"]+)"', content.decode())
    return [urljoin(page, each) for each in dict.fromkeys(found)]


async def test_the_page_is_for_whoever_asks_for_html_and_for_nobody_else() -> None:
    async with served(application()) as facade:
        _, as_person, page = await get(facade.url, HTML)
        status, as_client, _ = await get(
            facade.url + "?query={__typename}", {"Accept": "application/json"}
        )
    assert as_person["content-type"] == "text/html; charset=utf-8"
    assert page.startswith(b"<!doctype html>")
    assert (status, as_client["content-type"]) == (200, "application/json; charset=utf-8")


async def test_the_page_may_load_nothing_from_elsewhere_and_stand_in_no_frame(assets: Path) -> None:
    async with listening(Playground(assets=assets)) as page:
        status, headers, content = await get(page, HTML)
    assert status == 200
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["vary"] == "Accept"
    assert b"//" not in re.sub(rb"<!doctype html>", b"", content)


async def test_every_file_that_the_page_names_is_there_with_its_type(assets: Path) -> None:
    types = {}
    async with listening(Playground(assets=assets)) as page:
        for address in await addresses(page):
            status, headers, _ = await get(address)
            assert status == 200, address
            assert headers["x-content-type-options"] == "nosniff"
            types[address.rsplit("/", 1)[1]] = headers["content-type"]
    assert types["start.js"] == "text/javascript; charset=utf-8"
    assert types["graphiql.css"] == "text/css; charset=utf-8"
    assert types["mark.svg"] == "image/svg+xml"


async def test_files_are_kept_for_good_under_an_address_that_changes_with_them(
    assets: Path,
) -> None:
    async with listening(Playground(assets=assets)) as page:
        before = await addresses(page)
        _, headers, _ = await get(before[0])
    (assets / "start.js").write_text("// something else")
    async with listening(Playground(assets=assets)) as page:
        after = await addresses(page)
        gone, _, _ = await get(urljoin(page, "/".join(before[0].split("/")[3:])))
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert {each.split("/")[5] for each in before}.isdisjoint(each.split("/")[5] for each in after)
    assert gone == 404


async def test_a_file_is_compressed_for_who_can_read_that(assets: Path) -> None:
    async with listening(Playground(assets=assets)) as page:
        address = next(each for each in await addresses(page) if each.endswith("graphiql.js"))
        _, plain_headers, plain = await get(address, {"Accept-Encoding": "identity"})
        _, headers, compressed = await get(address, {"Accept-Encoding": "gzip, br"})
    assert "content-encoding" not in plain_headers
    assert headers["content-encoding"] == "gzip"
    assert headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(compressed) == plain == (assets / "vendor/graphiql.js").read_bytes()


async def test_the_page_works_below_any_prefix(assets: Path) -> None:
    async with listening(Playground(assets=assets), "/music/api") as page:
        named = await addresses(page)
        statuses = {(await get(address))[0] for address in named}
    assert all("/music/api/graphql/assets/" in address for address in named)
    assert statuses == {200}


@pytest.mark.parametrize(
    "name", ["page.html", "../playground.py", "vendor/../../playground.py", ".npmrc", "nothing.js"]
)
async def test_nothing_but_the_files_of_the_page_is_served(assets: Path, name: str) -> None:
    async with listening(Playground(assets=assets)) as page:
        address = (await addresses(page))[0].rsplit("/", 1)[0]
        status, _, _ = await get(f"{address}/{name}")
    assert status == 404


async def test_without_its_files_the_page_says_which_command_installs_them(assets: Path) -> None:
    shutil.move(assets / "vendor", assets / "elsewhere")
    playground = Playground(assets=assets)
    async with listening(playground) as page:
        status, headers, content = await get(page, HTML)
        shutil.move(assets / "elsewhere", assets / "vendor")
        status_when_installed, _, _ = await get(page, HTML)
    assert status == 200
    assert b"<code>scripts/install-playground</code>" in content
    assert b"<script" not in content
    assert re.findall(rb'(?:src|href)="([^"]+)"', content) == [b"data:,"], "no /favicon.ico"
    assert headers["content-security-policy"] == POLICY
    assert status_when_installed == 200


async def test_a_user_of_the_sandbox_is_offered_where_there_is_one(assets: Path) -> None:
    async with listening(Playground(SandboxUser('a"b@example.com', "s<x"), assets=assets)) as page:
        _, _, with_sandbox = await get(page, HTML)
    async with listening(Playground(assets=assets)) as page:
        _, _, without = await get(page, HTML)
    tag = b'<meta name="sandbox-user" content="a&quot;b@example.com" data-password="s&lt;x">'
    assert tag in with_sandbox
    assert b"sandbox-user" not in without


def test_examples_are_the_operations_in_queries_by_purpose() -> None:
    sections = examples(QUERIES)
    operations = {each["name"]: each for section in sections for each in section["operations"]}
    assert [section["heading"] for section in sections][:3] == [
        "Start here",
        "For a frontend",
        "For a gateway",
    ]
    assert len(operations) == len(list(QUERIES.glob("*/*.graphql")))
    assert operations["PlayerTrack"]["purpose"] == (
        "What a player needs of a track, and whether it may play it where the listener is."
    )
    assert json.loads(operations["PlayerTrack"]["variables"]) == {
        "id": "VHJhY2s6MzI3Mg==",
        "territory": "FR",
    }
    assert operations["FirstLook"]["variables"] == ""


def test_the_lock_holds_a_hash_for_each_package_and_no_address() -> None:
    lock = json.loads((ASSETS / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages["node_modules/graphiql"]["version"] == "4.1.2"
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert not any("resolved" in each for each in packages.values())


def test_what_is_installed_is_what_was_published() -> None:
    lines = (ASSETS / "vendor.sha256").read_text().splitlines()
    wanted = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert sorted(wanted) == sorted(VENDOR)
    if not (ASSETS / "vendor").is_dir():
        needs.missing("scripts/install-playground has not been run")
    there = {name: hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() for name in VENDOR}
    assert there == wanted


def test_files_that_are_right_are_found_so_with_the_options_that_every_system_has(
    tmp_path: Path,
) -> None:
    if not all((ASSETS / name).is_file() for name in VENDOR):
        needs.missing("scripts/install-playground has not been run")
    real = needs.program("sha256sum")
    programs = {
        # BusyBox's has no long options.
        "sha256sum": f'for each; do case $each in --*) exit 1;; esac; done; exec {real} "$@"',
        "npm": "exit 1",
    }
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    command = ASSETS.parents[1] / "scripts" / "install-playground"
    installed = subprocess.run(  # noqa: S603 - our own script
        [command], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert (installed.returncode, installed.stderr) == (0, "")
