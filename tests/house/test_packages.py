"""What a function imports, wherever and however late, is in its package."""

from __future__ import annotations

import pytest

from lambda_package.packages import FORWARDER, MONITOR, Package
from tests.support.house import MODULES, NAME, imports_of

HANDLERS = {FORWARDER.function: "handlers/forwarder.py", MONITOR.function: "handlers/monitor.py"}


def reached(start: str) -> set[str]:
    """The modules that one imports, those that they import, and so on."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        folders = module.split("/")[:-1]
        # Not that of the whole: what notebooks import from there, no handler asks for.
        rooms = ("/".join(folders[:depth]) for depth in range(1, len(folders) + 1))
        waiting += [f"{room}/__init__.py" for room in rooms]
        for one in imports_of(module):
            for name in (one.inside, one.origin):
                if name.startswith(f"{NAME}."):
                    path = name.removeprefix(f"{NAME}.").replace(".", "/")
                    waiting += [
                        file for file in (f"{path}.py", f"{path}/__init__.py") if file in MODULES
                    ]
    return found


@pytest.mark.parametrize("package", [FORWARDER, MONITOR], ids=lambda package: package.function)
def test_what_a_handler_imports_however_late_is_in_its_package(package: Package) -> None:
    needed = reached(HANDLERS[package.function])

    assert sorted(module for module in needed if not package.holds(module)) == []


@pytest.mark.parametrize("package", [FORWARDER, MONITOR], ids=lambda package: package.function)
def test_what_a_package_names_is_there(package: Package) -> None:
    named = {*package.only, *package.without} - {""}

    assert [
        name
        for name in sorted(named)
        if not any(module == name or module.startswith(f"{name}/") for module in MODULES)
    ] == []
