"""What `pip install capture-forwarder` brings, with and without extras, and that it is typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.made_once import made_once
from tests.support.package import REPOSITORY

EXTRAS = {
    "cli": {"rich", "tomlkit", "typer"},
    "duckdb": {"duckdb"},
    "fiddler": {"fiddler-client", "numpy", "pandas", "pyarrow"},
    "monitor": {"duckdb", "jinja2"},
}
NOTEBOOKS = REPOSITORY / "docs/how-to/notebooks.md"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds, as pip would unpack it."""
    return made_once(tmp_path_factory, "wheel", unpacked_wheel)


def unpacked_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(REPOSITORY)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def own(installed: Path) -> Distribution:
    (metadata,) = installed.glob("*.dist-info")
    return PathDistribution(metadata)


def brought(package: Distribution, extra: str = "") -> set[str]:
    """The names of all distributions that pip would install with this one."""
    found: set[str] = set()
    _collect(package, {extra}, found)
    return found


def _collect(package: Distribution, extras: set[str], found: set[str]) -> None:
    for requirement in _required(package, extras):
        name = canonicalize_name(requirement.name)
        if name not in found:
            found.add(name)
            _collect(distribution(name), requirement.extras or {""}, found)


def _required(package: Distribution, extras: set[str]) -> Iterator[Requirement]:
    for text in package.requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield requirement


def test_without_extras_no_client_of_a_platform_and_no_pandas_is_installed(
    installed: Path,
) -> None:
    base = brought(own(installed))

    assert {"pydantic", "msgspec", "boto3", "requests"} <= base
    assert base & set().union(*EXTRAS.values()) == set()


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_brings_its_own_libraries_and_no_others(installed: Path, extra: str) -> None:
    found = brought(own(installed), extra)

    assert found >= EXTRAS[extra]
    for other in EXTRAS.keys() - {extra}:
        assert found & (EXTRAS[other] - EXTRAS[extra]) == set()


def test_the_extra_all_brings_what_all_others_bring(installed: Path) -> None:
    each = set().union(*(brought(own(installed), extra) for extra in EXTRAS))

    assert brought(own(installed), "all") == each


def test_only_the_minor_release_of_fiddlers_client_that_was_tried_is_taken(
    installed: Path,
) -> None:
    tried = distribution("fiddler-client").version
    major, minor = map(int, tried.split(".")[:2])
    (asked,) = {
        requirement.specifier
        for requirement in map(Requirement, own(installed).requires or ())
        if requirement.name == "fiddler-client"
    }

    assert tried in asked
    assert f"{major}.{minor}.99" in asked
    assert f"{major}.{minor + 1}.0" not in asked


def test_the_wheel_has_the_page_of_the_report(installed: Path) -> None:
    page = "capture_forwarder/monitor/report/page"
    source = REPOSITORY / "src" / page

    names = {path.name for path in source.iterdir()}
    assert {"report.html", "style.css"} <= names
    assert {path.name for path in (installed / page).iterdir()} == names


def test_the_wheel_has_the_samples_of_the_demo(installed: Path) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.jsonl")}

    samples = files(REPOSITORY / "events/captures")
    assert len(samples) == 4
    assert files(installed / "capture_forwarder/cli/demo/captures") == samples


def test_nothing_in_the_wheel_is_for_one_machine_alone(installed: Path) -> None:
    assert list(installed.rglob("*.so")) == []


def mypy(folder: Path, installed: Path, code: str) -> str:
    """What a strict mypy, which sees the wheel as pip installs it, says of code."""
    (folder / "notebook.py").write_text(code)
    (folder / "mypy.ini").write_text(
        "[mypy]\nstrict = true\n[mypy-pandas.*]\nignore_missing_imports = true\n"
        "follow_imports = skip\n"
    )
    cache = installed.parent / "mypy"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(cache), "notebook.py"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(installed)},
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def snippets() -> str:
    """The examples for notebooks, one below the other, as cells of a notebook are run."""
    found = re.findall(r"^```python\n(.*?)^```", NOTEBOOKS.read_text(), re.MULTILINE | re.DOTALL)
    assert len(found) == 4
    return "\n".join(found)


def test_the_examples_for_notebooks_pass_a_strict_type_check(
    installed: Path, tmp_path: Path
) -> None:
    assert mypy(tmp_path, installed, snippets()).startswith("Success")


def test_a_mistake_in_an_example_would_be_found_by_the_type_check(
    installed: Path, tmp_path: Path
) -> None:
    said = mypy(tmp_path, installed, f"{snippets()}\nCaptures(mapping, 'a.jsonl').lines()\n")

    assert 'incompatible type "ColumnMapping"' in said
    assert '"Captures" has no attribute "lines"' in said
