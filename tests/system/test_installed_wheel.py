"""The wheel works on every Python that is supported, as far as this machine has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from capture_forwarder import __version__
from tests.support.made_once import made_once
from tests.support.package import REPOSITORY
from tests.system.installed_wheel import try_wheel

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
SUPPORTED = [
    found[1]
    for text in PROJECT["classifiers"]
    if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", text))
]
pytestmark = pytest.mark.package


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "whole-wheel", build)


def build(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def python(version: str) -> Path | None:
    """A Python of this machine: on the path, or one that pyenv has put beside it."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = shutil.which(f"python{version}")
    for one in [on_path, *map(str, versions.glob(f"{version}.*/bin/python"))]:
        if one is not None and _version(one).startswith(f"Python {version}."):
            return Path(one)
    return None


def _version(command: str) -> str:
    # What pyenv puts on the path for a Python that is not chosen ends with an error.
    said = subprocess.run([command, "--version"], check=False, capture_output=True, text=True)
    return said.stdout


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_installed_wheel_does_what_a_new_user_does_first(
    version: str, wheel: Path, tmp_path: Path
) -> None:
    found = python(version)
    if found is None:
        pytest.skip(f"this machine has no Python {version}")

    assert try_wheel(wheel, found, tmp_path) == f"capture-forwarder {__version__}"
