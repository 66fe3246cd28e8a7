"""The package as its files show it: modules, rooms, and who imports what."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
PACKAGE = SRC / "capture_forwarder"
NAME = "capture_forwarder"
MODULES = tuple(sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")))
ROOMS = tuple(sorted({path.rpartition("/")[0] for path in MODULES if "/" in path}))
"""Every folder with modules: `core`, `core/ports`, `parser`, `parser/formats` and so on."""


class Import(NamedTuple):
    """One name that a module imports; `name` is empty where the module itself is imported."""

    module: str
    origin: str
    name: str

    @property
    def whole(self) -> str:
        """The dotted name of what is imported."""
        return f"{self.origin}.{self.name}" if self.name else self.origin

    @property
    def inside(self) -> str:
        """The module that is imported, or that the imported name is in."""
        path = self.whole.removeprefix(f"{NAME}.").replace(".", "/")
        is_module = f"{path}.py" in MODULES or path in ROOMS
        # A function may be called like the module that it is in; then the room offers the function.
        offered = self.name in _offers(self.origin)
        return self.whole if is_module and not offered else self.origin


@cache
def _offers(room: str) -> frozenset[str]:
    """The names that a room's `__init__` imports, for others to import from the room."""
    init = room.removeprefix(NAME).removeprefix(".").replace(".", "/") + "/__init__.py"
    if init not in MODULES:
        return frozenset()
    return frozenset(found.name for found in imports_of(init))


@cache
def imports_of(module: str) -> frozenset[Import]:
    """All that a file imports, wherever in it and for whatever reason."""
    return frozenset(_imports(module))


def _imports(module: str) -> Iterator[Import]:
    path = PACKAGE / module
    package = (NAME, *Path(module).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (Import(module, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            anchor = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            origin = ".".join(filter(None, (anchor, node.module)))
            yield from (Import(module, origin, alias.name) for alias in node.names)


def all_imports() -> Iterator[Import]:
    """All that the package imports."""
    for module in MODULES:
        yield from imports_of(module)


def room_of(module: str) -> str:
    """The room of a file, such as `parser/formats`; empty for the package's own `__init__`."""
    return module.rpartition("/")[0]


def own_room(dotted: str) -> str | None:
    """The room that a dotted name is in or is; None for what is not of this package.

    A name that no room has, such as `capture_forwarder.__version__`, is the package's own.
    """
    first, _, rest = dotted.partition(".")
    if first != NAME:
        return None
    parts = rest.split(".") if rest else []
    while parts and "/".join(parts) not in ROOMS:
        parts.pop()
    return "/".join(parts)


def first_matching(room: str, table: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """A table's entry for a room, or for the nearest room that it is in."""
    while room not in table and "/" in room:
        room = room.rpartition("/")[0]
    return frozenset(table[room])


def is_in(room: str, others: Iterable[str]) -> bool:
    """Whether a room is one of others, or in one of them."""
    return any(room == other or room.startswith(f"{other}/") for other in others)
