"""Every module is in a room, and the map of docs/architecture.md says what is in each."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.house import MODULES, PACKAGE, ROOMS, ROOT


def test_every_module_is_in_a_room() -> None:
    assert {module for module in MODULES if "/" not in module} <= {"__init__.py", "__main__.py"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_in_its_first_line_what_is_in_it(room: str) -> None:
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text())

    assert (ast.get_docstring(tree) or "").strip()


def the_map() -> dict[str, str]:
    """Each room that docs/architecture.md's map names → its sentence."""
    rows = re.findall(
        r"^\| (`[^|]+`) \| ([^|]+) \|$",
        (ROOT / "docs" / "architecture.md").read_text(),
        re.MULTILINE,
    )
    return {
        name.rstrip("/"): sentence.strip()
        for names, sentence in rows
        for name in re.findall(r"`([a-z_/]+)`", names)
    }


def test_the_map_names_every_room_and_no_other() -> None:
    assert sorted(the_map()) == sorted(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_its_sentence_in_the_map(room: str) -> None:
    assert re.fullmatch(r"[A-Z].{15,}\.", the_map()[room])


def test_the_tests_stand_in_the_same_rooms() -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in ROOT.glob("tests/**/test_*.py")}
    rooms = {folder.as_posix() for folder in folders} - {".", "system", "house", "release"}

    assert rooms <= set(ROOMS)
