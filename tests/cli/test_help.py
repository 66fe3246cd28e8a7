"""What every command says of itself, and how it ends when somebody interrupts it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from capture_forwarder.cli.app import app
from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.core.capture_file import CaptureFile
from tests.support.fresh_process import INTERRUPTIBLE

COMMANDS = (
    "demo",
    "inspect",
    "init",
    "forward",
    "query",
    "report",
    "doctor",
    "status",
    "backfill",
    "labels send",
    "connect endpoint",
    "connect bucket",
    "routes check",
    "routes schema",
    "quarantine list",
    "quarantine show",
    "quarantine discard",
    "quarantine redrive",
    "dead-letters list",
    "dead-letters redrive",
    "monitor baseline",
    "monitor check",
    "monitor list",
    "monitor show",
    "monitor quality",
    "monitor report",
)


def names(command: Any, words: tuple[str, ...] = ()) -> Iterator[str]:
    """The words of every command that does something."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words)
    else:
        for name in inner:
            yield from names(inner[name], (*words, name))


def test_these_are_all_commands() -> None:
    assert sorted(names(get_command(app))) == sorted(COMMANDS)


def test_the_help_of_a_group_lists_its_commands_with_what_each_does() -> None:
    for group in {command.rpartition(" ")[0] for command in COMMANDS}:
        shown = CliRunner().invoke(app, [*group.split(), "--help"], env={"COLUMNS": "200"})

        assert shown.exit_code == 0
        inside = {c.rpartition(" ")[2] for c in COMMANDS if c.rpartition(" ")[0] == group}
        lines = {
            words[1]: words[2:]
            for words in map(str.split, shown.stdout.splitlines())
            if len(words) > 3
        }
        assert all(lines.get(name) for name in inside), group
        assert ("--install-completion" in shown.stdout) == (group == ""), group


def test_a_mistyped_command_is_answered_by_the_one_that_was_meant() -> None:
    for words, meant in ((["forwad"], "forward"), (["monitor", "chek"], "check")):
        done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})

        assert done.exit_code == 2
        assert f"Did you mean '{meant}'?" in done.output


def test_a_command_imports_no_other_commands_modules() -> None:
    asked = "import sys; from capture_forwarder.cli import main\n"
    asked += "sys.argv = ['capture-forwarder', 'monitor', 'list', '--help']\n"
    asked += "try:\n    main()\nexcept SystemExit:\n    print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    found = set(done.stdout.split())
    assert "capture_forwarder.cli.monitor.executions" in found
    others = {name for name in found if name.startswith("capture_forwarder.cli.")}
    rooms = {name.split(".")[2] for name in others}
    assert rooms == {"app", "monitor", "terminal"}
    assert "capture_forwarder.cli.monitor.quality" not in found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example_and_tells_its_exit_codes(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})

    text = " ".join(shown.stdout.split())
    assert f"capture-forwarder {command}" in text
    codes = text.partition("Exit code: ")[2]
    assert codes.startswith("0")
    assert "2 for wrong usage" in codes or "2 when the file is wrong" in codes
    assert "130 when interrupted." in codes


GROUPS = sorted({command.rpartition(" ")[0] for command in COMMANDS})


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize("command", [*GROUPS, *COMMANDS])
def test_no_help_shows_a_type_of_python(command: str, columns: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": columns}).stdout

    assert "--help" in shown
    assert re.findall(r"<.*", shown) == []
    assert re.findall(r"\b(?:list\[|(?:bool|str|int|float|None|range)\b).*", shown) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_usage_line_shows_arguments_as_they_are_typed(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "120"}).stdout

    (usage,) = re.findall(rf"Usage: capture-forwarder {command}(.*)", shown)
    assert re.fullmatch(r"( [A-Z_-]+(\.{3})?| \[[A-Z_-]+(\.{3})?\])*", usage.rstrip())


@pytest.mark.parametrize(
    ("command", "takes"),
    [
        ("forward", "--limit N [1 or more]"),
        ("status", "--hours N [1 to 336]"),
        ("quarantine list", "--json Print"),
    ],
)
def test_an_option_says_in_words_which_numbers_it_takes(command: str, takes: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "120"}).stdout

    assert takes in " ".join(shown.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("forward", "x", "--publisher", "ducdb"),
            (
                "'--publisher': 'ducdb' is none of fiddler, arthur, openscale, duckdb, files, "
                "otlp; did you mean duckdb?"
            ),
        ),
        (
            ("quarantine", "show", "x", "--reason", "invalid-jsn"),
            "rejected-by-platform; did you mean invalid-json?",
        ),
        (("status", "--hours", "0"), "'--hours': 0 is not what it takes: 1 to 336."),
        (("forward", "x", "--limit", "few"), "'--limit': few is not what it takes: 1 or more."),
    ],
)
def test_a_mistyped_value_is_answered_by_what_the_option_takes(
    words: tuple[str, ...], told: str
) -> None:
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "300"})

    assert done.exit_code == 2
    assert told in done.output


def test_an_argument_that_may_be_left_out_or_repeated_says_so() -> None:
    shown = CliRunner().invoke(app, ["routes", "check", "--help"]).stdout
    assert "check [OPTIONS] FILE [KEY...]" in shown

    shown = CliRunner().invoke(app, ["forward", "--help"]).stdout
    assert "forward [OPTIONS] ADDRESS..." in shown


@pytest.mark.parametrize(
    ("typed", "offered"), [("sta", ["status"]), ("routes ", ["check", "schema"])]
)
def test_a_shell_can_complete_commands(typed: str, offered: list[str]) -> None:
    words = f"capture-forwarder {typed}"
    code = (
        "import sys; sys.argv = ['capture-forwarder']\n"
        "from capture_forwarder.cli import main; main()"
    )
    completion = {
        "_CAPTURE_FORWARDER_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **completion},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == offered


@pytest.mark.parametrize(
    "arguments",
    [
        ["quarantine", "list", "s3://bucket/quarantine"],
        ["forward", "s3://bucket/captures", "--database", "x.duckdb", "--inputs", "a"],
    ],
)
def test_an_interrupted_command_ends_with_130_and_without_a_traceback(arguments: list[str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(60)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        own = {"AWS_ENDPOINT_URL": address, "NO_PROXY": "127.0.0.1"}
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, *arguments],
            env={**os.environ, **own},
            stderr=subprocess.PIPE,
        )
        connection, _ = silent.accept()  # it waits for S3 now
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        connection.close()

    assert process.returncode == 130
    assert b"Traceback" not in said


@pytest.mark.parametrize(("hops", "words"), [(1, "once"), (2, "2 times"), (13, "13 times")])
def test_a_continuation_is_told_in_grammatical_words(hops: int, words: str) -> None:
    reporter = CollectingReporter()

    reporter.continued(CaptureFile("b", "k"), hops, None)

    assert reporter.warnings == [f"s3://b/k is continued later; it was handed over {words}"]
