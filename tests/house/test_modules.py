"""What a module looks like, and what importing it must not do."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import pytest

from tests.support.house import MODULES, PACKAGE, SRC


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
    {
        *("boto3", "fiddler", "requests", "duckdb", "typer", "rich", "pandas", "numpy", "pyarrow"),
        *("google.protobuf", "opentelemetry"),
        *("pyspark", "py4j", "sqlglot"),
    }
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
