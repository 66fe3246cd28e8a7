"""What the docs say of settings, commands, metrics and log fields, held against the code."""

from __future__ import annotations

import ast
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from capture_forwarder.core import errors
from capture_forwarder.core.rejection import Reason
from capture_forwarder.settings import load, variables
from docs.generate import blocks, command, settings, texts
from tests.support.fresh_process import INTERRUPTIBLE

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
GROUPS = (
    "publisher",
    "fiddler",
    "arthur",
    "openscale",
    "otlp",
    "files",
    "duckdb",
    "mapping",
    "labels",
    "routes",
    "running",
)
COMMANDS = [words for words, _ in command.commands()]


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


# --- generated blocks ----------------------------------------------------------------------


@pytest.mark.parametrize("name", blocks.pages())
def test_generated_blocks_are_as_the_code_is_now(name: str) -> None:
    assert blocks.names(page(name))
    assert blocks.renewed(name, page(name)) == page(name), "run `make docs`"


def test_every_variable_has_a_row_and_no_other_has_one() -> None:
    assert blocks.names(page("settings.md")) == list(GROUPS)
    rows = re.findall(r"^\| (`[A-Z_]+`(?: or `[A-Z_]+`)?) \|", page("settings.md"), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"[A-Z_]+", row)]
    ours = [name for name in named if not name.startswith(("POWERTOOLS_", "TQDM_"))]
    assert sorted(ours[: len(variables.NAMES)]) == sorted(variables.NAMES)


def test_every_command_has_a_block() -> None:
    assert blocks.names(page("command.md")) == [*COMMANDS, "mapping options"]


def examples(group: str) -> dict[str, str]:
    """Each variable of a table with its example."""
    return {name: row[4].strip("`") for name, row in settings.variable_rows(group)}


def test_examples_are_settings_that_the_code_takes() -> None:
    running = _one_secret(examples("running"), "FORWARDER_REDACT_KEY")
    shared = running | examples("mapping")
    load(shared | _one_secret(examples("fiddler"), "FIDDLER_TOKEN"))
    load(shared | examples("files") | {"FORWARDER_PUBLISHER": "files"})
    load(shared | examples("duckdb") | {"FORWARDER_PUBLISHER": "duckdb"})
    load(running | examples("routes"))
    columns = {
        name: value
        for name, value in shared.items()
        if not name.endswith(("TIMESTAMP_COLUMN", "EVENT_ID_COLUMN", "METADATA_COLUMNS"))
    }
    load(columns | _one_secret(examples("arthur"), "ARTHUR_ACCESS_TOKEN"))
    labels = {name: value for name, value in examples("labels").items() if "FEATURES" not in name}
    load(shared | labels | _one_secret(examples("fiddler"), "FIDDLER_TOKEN"))
    cloud_pak = _one_secret(examples("openscale"), "OPENSCALE_PASSWORD")
    load(shared | _without(cloud_pak, "API_KEY", "ACCOUNT_ID") | {"OPENSCALE_AUTH": "cloud-pak"})
    mcsp = _one_secret(examples("openscale"), "OPENSCALE_API_KEY")
    load(shared | _without(mcsp, "PASSWORD", "USERNAME") | {"OPENSCALE_AUTH": "mcsp"})


def _without(given: dict[str, str], *words: str) -> dict[str, str]:
    """The examples of all variables but those with one of these words in their names."""
    return {name: value for name, value in given.items() if not any(one in name for one in words)}


def _one_secret(given: dict[str, str], secret: str) -> dict[str, str]:
    """The examples with the secret in Secrets Manager alone."""
    return {
        name: value for name, value in given.items() if name not in {secret, f"{secret}_PARAMETER"}
    }


def test_an_example_shows_something_else_than_the_default() -> None:
    shown = {name: row for group in GROUPS for name, row in settings.variable_rows(group)}
    same = {name for name, row in shown.items() if row[3] == row[4]}
    # There is only one address of IBM's for each kind of token, and v1 is for those who must.
    assert same <= {"OPENSCALE_API", "OPENSCALE_IAM_URL", "OPENSCALE_MCSP_URL"}


def test_no_text_describes_a_setting_that_is_gone() -> None:
    for name, fields in texts.PUBLISHERS.items():
        given = {row[0].strip("`") for row in _rows(settings.routes_table(name))}
        assert set(fields) == given
    for block, told in (
        ("match", texts.MATCH),
        ("mapping", texts.MAPPING),
        ("labels", texts.LABELS),
        ("route", texts.ROUTE),
    ):
        assert set(told) == {row[0].strip("`") for row in _rows(settings.routes_table(block))}
    assert set(texts.SHARED) == set(variables.SHARED.values())


def _rows(table: str) -> Iterator[list[str]]:
    for line in table.splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


# --- the command ---------------------------------------------------------------------------


START = "from capture_forwarder.cli import main; main()"
ENVIRONMENT = {"PYTHONPATH": str(REPOSITORY / "src"), "COLUMNS": "200"}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", START, *words],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


EACH_HELP = """
import json, sys
from typer.testing import CliRunner
from capture_forwarder.cli.app import app
for words in sys.argv[1:]:
    done = CliRunner().invoke(app, [*words.split(), "--help"])
    assert done.exit_code == 0, words
    print(json.dumps([words, done.stdout]))
"""


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """What each command's help shows, in a terminal that is wide enough for all of it."""
    command_line = [sys.executable, "-c", EACH_HELP, *COMMANDS]
    done = subprocess.run(command_line, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return dict(json.loads(text) for text in done.stdout.splitlines())


@pytest.mark.parametrize("words", COMMANDS)
def test_the_page_says_what_help_says(helps: dict[str, str], words: str) -> None:
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", _without_prose(helps[words]))) - {"--help"}
    section = page("command.md").split(f"\n## {words}\n")[1].split("\n## ")[0]
    if "(#mapping-options)" in section:
        section += page("command.md").split("\n## Mapping options\n")[1]
    assert shown == set(re.findall(r"^\| `(--[a-z-]+)", section, re.MULTILINE))


def _without_prose(text: str) -> str:
    """The boxes with arguments and options, without what is said above them."""
    lines = [line for line in text.splitlines() if re.match(r"\W{0,8}--[a-z]", line)]
    return "\n".join(re.split(r"\s{3,}", line.strip(" │*"))[0] for line in lines)


def test_help_lists_the_commands_that_the_page_has() -> None:
    listed = set(re.findall(r"^│ ([a-z][a-z-]+) ", run("--help").stdout, re.MULTILINE))
    assert listed == {words.split()[0] for words in COMMANDS}


def documented_codes() -> set[int]:
    section = page("command.md").split("\n## Exit codes\n")[1].split("\n## ")[0]
    return {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}


def interrupted(folder: Path) -> int:
    """The exit code of a command that is interrupted while it reads a file."""
    pipe = folder / "endless.jsonl"
    os.mkfifo(pipe)
    command_line = [sys.executable, "-c", INTERRUPTIBLE, "inspect", str(pipe)]
    # Opening the pipe waits until the command has opened its other end.
    with subprocess.Popen(command_line, env=ENVIRONMENT) as process, pipe.open("wb"):
        process.send_signal(signal.SIGINT)
        return process.wait(timeout=60)


def violating(folder: Path) -> int:
    """The exit code of a check that finds a violation."""
    rows, limits = folder / "rows.csv", folder / "constraints.json"
    rows.write_text("prediction,label\n1,3\n")
    limit = {"threshold": 1, "comparison_operator": "GreaterThanThreshold"}
    limits.write_text(json.dumps({"regression_constraints": {"mae": limit}}))
    options = ["--problem-type", "Regression", "--prediction", "prediction", "--label", "label"]
    places = ["--baseline", str(limits), "--to", str(folder)]
    return run("monitor", "quality", str(rows), *options, *places).returncode


def checked(folder: Path) -> int:
    """The exit code of a check that finds violations."""
    before, after = folder / "before.csv", folder / "after.csv"
    before.write_text("n\n1\n")
    after.write_text("n\n0.5\n")
    assert run("monitor", "baseline", str(before), "--to", str(folder / "baseline")).returncode == 0
    where = ("--baseline", str(folder / "baseline"), "--to", str(folder / "out"))
    return run("monitor", "check", str(after), *where).returncode


def test_exit_codes_are_those_of_the_page(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl.gz"
    broken.write_bytes(gzip.compress(b"{}\n" * 100)[:-20])
    codes = {
        run("routes", "schema").returncode,
        run("inspect", str(broken)).returncode,
        run("inspect", str(tmp_path / "nothing")).returncode,
        violating(tmp_path),
        checked(tmp_path),
        interrupted(tmp_path),
    }
    assert codes == {0, 1, 2, 3, 130}
    assert codes == documented_codes()


# --- metrics, log fields, errors, reasons --------------------------------------------------


def reporting() -> ast.Module:
    return ast.parse((REPOSITORY / "src/capture_forwarder/aws/reporting.py").read_text())


def test_every_log_field_is_explained_and_no_other_is() -> None:
    """Fields are the keys of the dictionaries that the reporter writes, but for metrics."""
    keys = {
        key.value
        for node in ast.walk(reporting())
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.islower()
    }
    section = page("metrics.md").split("\n## Log lines\n")[1].split("| Field |")[1]
    first = "\n".join(re.findall(r"^\| (.*?) \|", section, re.MULTILINE))
    named = set(re.findall(r"`([a-z_]+)`", first))
    assert "lag_seconds" in keys
    assert named == keys


def messages() -> Iterator[str]:
    """What the reporter writes, and what others have it warn of."""
    package = REPOSITORY / "src/capture_forwarder"
    for module in package.rglob("*.py"):
        own = module.name == "reporting.py"
        words = {"info", "warning", "error"} if own else {"warn"}
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                first = node.args[:1]
                if node.func.attr in words and first and isinstance(first[0], ast.Constant):
                    yield str(first[0].value)


def test_every_log_message_is_explained() -> None:
    said = set(messages())
    section = page("metrics.md").split("\n## Log lines\n")[1].split("| Field |")[0]
    named = set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)) - {"message"}
    assert {"delivery failed", "model columns that no setting fills"} <= said
    assert named == said


def test_every_error_that_a_failed_file_can_name_is_explained() -> None:
    section = (
        page("how-to/troubleshooting.md").split("## Why did a file fail?")[1].split("\n## ")[0]
    )
    named = set(re.findall(r"`(\w+Error)`", section))
    known = {
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, errors.ForwarderError)
    }
    # Bases, those that never leave a publisher, and those of the command, the answer, the monitor.
    inner = {
        "FileStoreError",
        "SignalError",
        "ForwarderError",
        "PublishError",
        "BatchRefusedError",
        "BatchTooLargeError",
        "UsageError",
        "QueueError",
        "ChangedMeanwhileError",
        "UpdateFailedError",
        "CaptureFilesFailedError",
    }
    assert named == known - inner


def test_every_reason_has_an_advice() -> None:
    section = page("how-to/troubleshooting.md").split("## Lines are in the quarantine")[1]
    rows = re.findall(r"^\| (`[a-z`, -]+`) \|", section.split("\n## ")[0], re.MULTILINE)
    assert {one for row in rows for one in re.findall(r"[a-z-]{4,}", row)} == set(Reason)
