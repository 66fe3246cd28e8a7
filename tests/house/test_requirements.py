"""What is pinned: each version once, by hash, from no index by name, and for the demo no pandas."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
PINNED = sorted(REQUIREMENTS.glob("*.txt"))
ENTRY = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)", re.MULTILINE)


def pins(file: str) -> dict[str, str]:
    text = (REQUIREMENTS / file).read_text()
    return {found["name"]: found["version"] for found in ENTRY.finditer(text)}


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_every_requirement_is_pinned_by_hash_and_names_no_index(path: Path) -> None:
    text = re.sub(r"\\\n", "", path.read_text())
    entries = re.findall(r"^[^ #\n].*", text, re.MULTILINE)

    assert entries
    assert all(ENTRY.match(entry) and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


@pytest.mark.parametrize("file", [path.name for path in PINNED if path.name != "dev.txt"])
def test_what_is_shipped_or_shown_has_the_versions_that_are_tested(file: str) -> None:
    tested = pins("dev.txt")

    assert {name: tested.get(name, own) for name, own in pins(file).items()} == pins(file)


def test_the_demo_installs_no_client_of_a_platform_and_no_pandas() -> None:
    demo = pins("demo.txt").keys()

    assert {"duckdb", "typer", "hatchling"} <= demo
    assert not {"fiddler-client", "numpy", "pandas", "pyarrow"} & demo


def test_the_function_has_fiddlers_client_and_neither_duckdb_nor_the_commands_libraries() -> None:
    function = pins("lambda.txt").keys()

    assert "fiddler-client" in function
    assert not {"duckdb", "rich", "typer", "pandas", "pyarrow"} & function
