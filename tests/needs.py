"""What a test needs of the machine: a skip where it is missing, and in CI a failure."""

import os
import shutil
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """End the test, since something that it needs is not there."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def program(*names: str) -> str:
    """The path of the first of these programs that is there."""
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    missing(f"{' or '.join(names)} is not here")
