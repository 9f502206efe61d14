"""A package of many modules says what each is for: a behaviour is found by reading one page."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("package", ["execution", "resolvers", "sandbox", "upstream", "web"])
def test_a_package_names_all_its_modules_and_no_others(package: str) -> None:
    opening = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""
    _, _, guide = opening.partition("Where to read on")
    modules = {module.stem for module in (ROOT / package).glob("*.py")} - {"__init__", "__main__"}
    assert set(re.findall(r"`(\w+)`", guide)) == modules
