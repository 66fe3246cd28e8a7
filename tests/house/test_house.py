"""The rules of the house: who may import what, and what importing must not do."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
PACKAGE = SRC / "capture_forwarder"
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

AWS = frozenset({"boto3", "botocore"})
CLIENTS = frozenset({"fiddler", "requests", "duckdb"})
# A distribution's import name → the only places that may import it.
HOMES = {
    "boto3": ("aws/",),
    "botocore": ("aws/",),
    "fiddler": ("publishers/fiddler/",),
    "requests": ("publishers/", "aws/partner_app.py"),
    "duckdb": ("publishers/duckdb/", "cli/"),
    "typer": ("cli/",),
    "rich": ("cli/",),
}
# No part of the package the first of which imports the second.
APART = [
    ("triggers/", "capture_forwarder.aws"),
    ("triggers/", "capture_forwarder.publishers"),
    ("parser/", "capture_forwarder.aws"),
    ("parser/", "capture_forwarder.publishers"),
    ("forwarding/", "capture_forwarder.aws"),
    ("forwarding/", "capture_forwarder.publishers"),
    ("publishers/", "capture_forwarder.aws"),
    ("aws/", "capture_forwarder.publishers"),
]


@cache
def imports(module: str) -> frozenset[str]:
    """Every module that a file names in an import, wherever in it and for whatever reason."""
    return frozenset(_imports(module))


def _imports(module: str) -> Iterator[str]:
    path = PACKAGE / module
    package = ("capture_forwarder", *Path(module).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            anchor = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            origin = ".".join(filter(None, (anchor, node.module)))
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def importers(name: str) -> list[str]:
    """The files that import a module or anything below it."""
    return [
        module
        for module in MODULES
        if any(found == name or found.startswith(f"{name}.") for found in imports(module))
    ]


def test_the_rules_see_the_whole_house() -> None:
    assert {
        "handlers/forwarder.py",
        "triggers/event.py",
        "parser/line.py",
        "aws/objects.py",
    } <= set(MODULES)
    assert importers("botocore.session") == ["aws/clients.py", "aws/partner_app.py"]
    assert importers("fiddler") == ["publishers/fiddler/connection.py"]


@pytest.mark.parametrize("name", HOMES)
def test_only_its_home_imports_a_client(name: str) -> None:
    strangers = [module for module in importers(name) if not module.startswith(HOMES[name])]

    assert strangers == []


@pytest.mark.parametrize("folder", ["triggers/", "parser/"])
def test_what_is_pure_imports_no_client(folder: str) -> None:
    found = {
        (module, name)
        for name in AWS | CLIENTS | {"socket", "urllib.request", "subprocess"}
        for module in importers(name)
        if module.startswith(folder)
    }

    assert found == set()


@pytest.mark.parametrize(("part", "other"), APART)
def test_parts_that_do_not_know_each_other(part: str, other: str) -> None:
    assert [module for module in importers(other) if module.startswith(part)] == []


def test_the_command_is_imported_by_nothing_outside_of_it() -> None:
    outside = [
        module for module in importers("capture_forwarder.cli") if not module.startswith("cli/")
    ]

    assert outside == []


@pytest.mark.parametrize("module", MODULES)
def test_a_file_is_short_and_says_its_subject_in_its_first_line(module: str) -> None:
    text = (PACKAGE / module).read_text()
    tree = ast.parse(text)

    assert len(text.splitlines()) <= 300
    assert (ast.get_docstring(tree) or "").strip()
    assert tree.body[0].lineno == 1


# Runs in a process of its own: what is imported here already would prove nothing.
IMPORT = """
import json, sys
seen = []

def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.mkdir", "os.remove")):
        seen.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        seen.append(f"open {arguments[0]}")

sys.dont_write_bytecode = True
source, others, ours = sys.argv[1:]
sys.path.insert(0, source)
for module in others.split():
    __import__(module)
sys.addaudithook(watch)
for module in ours.split():
    __import__(module)
print(json.dumps({"modules": sorted(sys.modules), "did": seen}))
"""
HEAVY = frozenset(
    {"boto3", "fiddler", "requests", "duckdb", "typer", "rich", "pandas", "numpy", "pyarrow"}
)


def imported(modules: str, *, others: str = "") -> tuple[set[str], list[str]]:
    """Import modules in a new process without any environment: what came along, what they did.

    What `others` do while they are imported does not count.
    """
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, str(SRC), others, modules],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    return set(told["modules"]), told["did"]


def test_the_handler_is_imported_without_settings_and_without_any_client() -> None:
    modules, did = imported("capture_forwarder.handlers.forwarder")

    assert "capture_forwarder.handlers.forwarder" in modules
    assert modules & HEAVY == set()
    assert [name for name in modules if name.startswith("capture_forwarder.cli")] == []
    assert did == []


def test_no_module_of_the_lambda_does_anything_when_it_is_imported() -> None:
    paths = [module for module in MODULES if not module.startswith("cli/")]
    dotted = [path.removesuffix(".py").removesuffix("__init__").replace("/", ".") for path in paths]
    names = [f"capture_forwarder.{name}".rstrip(".") for name in dotted]

    # urllib3, which these two bring along, tries out a socket.
    modules, did = imported(" ".join(names), others="boto3 requests")

    assert set(names) <= modules
    assert did == []
