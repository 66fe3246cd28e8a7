"""A release is the same bytes each time, and has all that a deployment takes."""

from __future__ import annotations

import hashlib
import json
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from capture_forwarder import __version__
from release.dist import make_release, templates
from release.template import functions_of
from tests.support.made_once import made_once
from tests.support.package import ARCHITECTURE, PYTHON_VERSION, REPOSITORY

NAME = f"capture-forwarder-{__version__}-{ARCHITECTURE}"
pytestmark = pytest.mark.package


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a release for this machine."""
    return made_once(tmp_path_factory, "release", make)


def make(folder: Path) -> Path:
    make_release(folder, PYTHON_VERSION, [ARCHITECTURE])
    return folder


@pytest.fixture
def unpacked(release: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(release / f"{NAME}.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path / NAME


def code_of(properties: dict[str, Any]) -> str:
    """Where the code is: SAM's functions have a CodeUri, CloudFormation's own have Code."""
    return str(properties.get("CodeUri") or properties["Code"])


def test_made_again_it_is_the_same_bytes(release: Path, tmp_path: Path) -> None:
    again = make(tmp_path / "again")
    assert (again / "SHA256SUMS").read_text() == (release / "SHA256SUMS").read_text()


def test_each_file_has_its_checksum(release: Path) -> None:
    lines = [line.split() for line in (release / "SHA256SUMS").read_text().splitlines()]
    sums = {name: digest for digest, name in lines}
    files = {path.name for path in release.iterdir()} - {"SHA256SUMS"}
    assert sums.keys() == files
    for name, digest in sums.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest


def test_every_function_of_its_templates_is_an_archive_with_the_handler_at_its_top(
    unpacked: Path,
) -> None:
    found = 0
    for template in templates():
        place = unpacked / template.relative_to(REPOSITORY)
        resources = yaml_parse(place.read_text())["Resources"]
        for function in functions_of(template.read_text()):
            properties = resources[function]["Properties"]
            module = properties["Handler"].rpartition(".")[0].replace(".", "/")
            with zipfile.ZipFile(place.parent / code_of(properties)) as archive:
                assert f"{module}.py" in archive.namelist()
            found += 1
    assert found


def test_the_sam_cli_has_nothing_to_ask_but_the_parameters(unpacked: Path) -> None:
    settings = tomllib.loads((unpacked / "samconfig.toml").read_text())["default"]
    assert "CAPABILITY_IAM" in settings["deploy"]["parameters"]["capabilities"]
    assert settings["global"]["parameters"]["stack_name"]


def test_what_the_packages_are_made_of_is_in_the_bill_and_in_the_licences(
    release: Path, package: Path
) -> None:
    bill = json.loads((release / f"{NAME}.cdx.json").read_text())
    said = {(part["name"], part["version"]) for part in bill["components"]}
    licences = (release / f"{NAME}.txt").read_text()
    for info in package.glob("*.dist-info"):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        assert any(
            one.replace("-", "_").lower() == name.replace("-", "_").lower() and known == version
            for one, known in said
        ), name
        assert f" {version}: " in licences
