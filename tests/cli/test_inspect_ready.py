"""`inspect` ends with commands that work as they stand, and writes a routes file that does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.command_line import capture, run, work_in

DATABASE = "capture-forwarder.duckdb"


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    work_in(tmp_path, monkeypatch)


def typed(shown: str, command: str) -> list[list[str]]:
    """The commands that are shown, as words behind the program's name."""
    found = re.findall(rf"^ +(?:\S+=\S+ )*capture-forwarder ({command} .*)$", shown, re.MULTILINE)
    return [shlex.split(one) for one in found]


def counts() -> dict[str, int]:
    with duckdb.connect(DATABASE) as connection:
        names = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
        found: dict[str, Any] = {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0]  # noqa: S608
            for name in names
        }
    return found


def test_the_routes_file_is_named_before_the_command_that_uses_it() -> None:
    capture("churn", "1,x")
    capture("fraud", "1,2,3,4")

    shown = run("inspect", "in", "--write", "routes.yaml").stdout

    *_, said, empty, heading, command = shown.splitlines()
    assert said == "routes.yaml has a route for each endpoint above."
    assert (empty, heading) == ("", "Try it without an account, in a DuckDB file:")
    assert command == "  capture-forwarder forward in --routes routes.yaml"


def test_a_routes_file_that_cannot_be_written_can_be_named_anew() -> None:
    capture("churn", "1,x")

    name = f"{'x' * 300}.yaml"

    told = run("inspect", "in", "--write", name, exit_code=2).stderr

    assert f"{name} cannot be written" in told
    assert "Name another file with --write." in told


def test_a_file_that_holds_no_calls_is_answered_by_where_those_are() -> None:
    Path("notes.jsonl").write_text("no capture\n")

    shown = run("inspect", "notes.jsonl").stdout

    assert "There are no capture lines here" in shown
    assert "ENDPOINT/VARIANT/YEAR/MONTH/DAY/HOUR/NAME.jsonl" in shown


def test_the_command_of_one_endpoint_works_as_it_stands() -> None:
    capture("churn", "1,x", "2,y", folder="a folder")

    (command,) = typed(run("inspect", "a folder").stdout, "forward")
    assert command[:2] == ["forward", "a folder"]
    run(*command)

    assert counts() == {"churn": 2}


def test_each_of_several_endpoints_has_a_command_for_its_own_files() -> None:
    capture("churn", "1,x", "2,y")
    capture("fraud", "1,2,3,4")

    commands = typed(run("inspect", "in").stdout, "forward")
    for command in commands:
        run(*command)

    assert [command[1] for command in commands] == ["in/churn/blue", "in/fraud/blue"]
    assert counts() == {"churn": 2, "fraud": 1}


def test_several_endpoints_go_by_a_routes_file_that_is_written_once() -> None:
    capture("churn", "1,x", "2,y")
    capture("fraud", "1,2,3,4")
    (write,) = typed(run("inspect", "in").stdout, "inspect")

    shown = run(*write).stdout
    run("routes", "check", "routes.yaml")
    (forward,) = typed(shown, "forward")
    run(*forward)

    assert counts() == {"churn": 2, "fraud": 1}
    before = Path("routes.yaml").read_bytes()
    assert "routes.yaml is there already" in run(*write, exit_code=2).stderr
    assert Path("routes.yaml").read_bytes() == before


def test_what_is_settled_by_options_stands_in_the_command_and_in_the_file() -> None:
    capture("churn", "1,x")

    shown = run("inspect", "in", "--inputs", "age,name", "--outputs", "churned")
    (command,) = typed(shown.stdout, "forward")
    assert command[command.index("--inputs") + 1] == "age,name"

    run("inspect", "in", "--inputs", "age,name", "--write", "own.yaml", "--json")
    assert "age" in Path("own.yaml").read_text()


def test_files_without_a_call_have_no_command_and_no_routes() -> None:
    Path("a.jsonl").write_text("{}\n")

    assert not typed(run("inspect", "a.jsonl").stdout, "forward")
    assert (
        "can be read as rows"
        in run("inspect", "a.jsonl", "--write", "routes.yaml", exit_code=2).stderr
    )
    assert not Path("routes.yaml").exists()
