"""Imports run one way: a package imports only what stands to its right, and its own relatively."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MAY_IMPORT = {
    "server.py": {"web", "sandbox"},
    "web": {"schema", "resolvers", "upstream", "execution"},
    "schema": {"resolvers", "upstream", "execution"},
    "resolvers": {"upstream"},
    "upstream": set(),
    "execution": set(),
    "sandbox": set(),
}


def imported(module: Path) -> set[str]:
    """The top-level packages of this project that a module imports by their names."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    ours = {name.removesuffix(".py") for name in MAY_IMPORT} | {"tests", "benchmarks"}
    return names & ours


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_stands_to_its_right(package: str) -> None:
    place = ROOT / package
    modules = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert modules
    wrong = {
        str(module.relative_to(ROOT)): sorted(names)
        for module in modules
        if (names := imported(module) - MAY_IMPORT[package])
    }
    assert wrong == {}
