"""Which room may import which distribution, and what rooms without I/O never import."""

from __future__ import annotations

import ast
import re
import sys

import pytest

from tests.house.test_house import FEATURES
from tests.support.house import (
    MODULES,
    NAME,
    PACKAGE,
    ROOMS,
    all_imports,
    first_matching,
    is_in,
    room_of,
)

# A room → the distributions that it may import, by their import names. Values are msgspec's
# everywhere, so that is not listed; stubs are imported for types alone.
CLIENTS: dict[str, set[str]] = {
    "": set(),
    "core": set(),
    "triggers": set(),
    "parser": {"jmespath"},
    "settings": {"pydantic", "pydantic_core", "yaml"},
    "publishers": {"requests", "urllib3"},
    "publishers/fiddler": {"fiddler", "requests", "urllib3"},
    "publishers/duckdb": {"duckdb"},
    "publishers/files": {"duckdb", "pyarrow"},  # either writes Parquet
    "aws": {"boto3", "botocore", "aws_lambda_powertools"},
    "local": set(),
    "forwarding": set(),
    **{feature: set() for feature in FEATURES},
    "inspection": {"jmespath"},  # tries the expressions that it proposes
    "inspection/drafting": {"yaml"},
    "setup/sam": {"tomlkit", "yaml"},
    "monitor": {"duckdb"},
    "monitor/engines/spark": {"pyspark", "py4j", "sqlglot"},
    "monitor/report": {"jinja2"},
    "wiring": {"pydantic"},
    "handlers": set(),
    "cli": {"typer", "rich"},
}
STUBS = re.compile(r"mypy_boto3_\w+|typing_extensions")

PURE = ("core", "triggers", "settings", "parser")
IO = frozenset(
    {"socket", "ssl", "http.client", "urllib.request", "subprocess", "sqlite3", "shutil"}
)


def test_the_table_names_every_room_that_stands_on_the_ground() -> None:
    assert {room.partition("/")[0] for room in ROOMS} <= CLIENTS.keys()


def test_a_room_imports_only_the_distributions_that_it_is_for() -> None:
    found = {
        (one.module, client)
        for one in all_imports()
        if (client := one.origin.partition(".")[0]) not in {NAME, "msgspec", "__future__"}
        and client not in sys.stdlib_module_names
        and not (STUBS.fullmatch(client) and is_in(room_of(one.module), ["aws", "wiring"]))
        and client not in first_matching(room_of(one.module), CLIENTS)
    }

    assert sorted(found) == []


def _named(node: ast.ImportFrom | ast.Import) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names]


def test_stubs_are_imported_for_types_alone() -> None:
    found = []
    for module in MODULES:
        tree = ast.parse((PACKAGE / module).read_text())
        for_types = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        found += [
            module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom | ast.Import)
            and id(node) not in for_types
            and any(STUBS.fullmatch(name.partition(".")[0]) for name in _named(node))
        ]

    assert found == []


@pytest.mark.parametrize("room", PURE)
def test_what_is_pure_imports_nothing_that_does_io(room: str) -> None:
    found = {
        (one.module, one.whole)
        for one in all_imports()
        if is_in(room_of(one.module), [room])
        and any(one.whole == name or one.whole.startswith(f"{name}.") for name in IO)
    }

    assert found == set()
