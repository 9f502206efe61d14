"""docs/gateways-and-clients.md shows the very files that the tests run."""

import re

import pytest

from tests.node_programs import ROOT

PAGE = (ROOT / "docs" / "gateways-and-clients.md").read_text()
BLOCKS = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```\n", PAGE, re.DOTALL))


def test_gateways_and_each_client_are_shown() -> None:
    assert {
        "deploy/gateway/gateway.config.js",
        "tests/gateways/apollo.js",
        "tests/gateways/nodes.js",
        "tests/clients/apollo.mjs",
        "tests/clients/urql.mjs",
        "tests/clients/relay/environment.mjs",
    } <= set(BLOCKS)


@pytest.mark.parametrize("path", BLOCKS)
def test_a_block_is_its_file(path: str) -> None:
    assert (ROOT / path).read_text() == BLOCKS[path]


@pytest.mark.parametrize("path", ["apollo.mjs", "urql.mjs", "relay/environment.mjs"])
def test_a_client_takes_about_ten_lines(path: str) -> None:
    lines = BLOCKS[f"tests/clients/{path}"].splitlines()
    assert sum(1 for line in lines if line and not line.startswith("import ")) <= 12


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", PAGE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
