"""`forward` into DuckDB: a table for each endpoint, with columns that say where rows come from."""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.command_line import call, capture, run, work_in

MAPPING = ("--inputs", "a,b", "--outputs", "score")
DATABASE = ("--database", "rows.duckdb")


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    work_in(tmp_path, monkeypatch)


def query(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect("rows.duckdb") as connection:
        return connection.execute(sql).fetchall()


def tables() -> list[str]:
    return [name for (name,) in query("SHOW TABLES")]


def test_each_endpoint_has_a_table_and_files_of_none_have_captures() -> None:
    capture("churn", "1,x", "2,y")
    capture("fraud-2", "3,z")
    Path("in/alone.jsonl").write_text(call("4,w"))

    result = run("forward", "in", *DATABASE, *MAPPING)

    assert tables() == ["captures", "churn", "fraud-2"]
    assert query("SELECT a FROM churn ORDER BY a") == [(1,), (2,)]
    assert query('SELECT a FROM "fraud-2"') == [(3,)]
    assert query("SELECT a, endpoint, variant, capture_hour FROM captures") == [
        (4, None, None, None)
    ]
    commands = re.findall(r"Query them: capture-forwarder (query .*)", result.stdout)
    shown = "".join(run(*shlex.split(command)).stdout for command in commands)
    assert len(commands) == 3
    assert all(f"call {row}" in shown for row in ("1,x", "3,z", "4,w"))


def test_one_table_can_be_named_for_all_rows() -> None:
    capture("churn", "1,x")
    capture("fraud", "2,y")

    run("forward", "in", *DATABASE, "--table", "all", *MAPPING)

    assert tables() == ["all"]
    assert query('SELECT a, endpoint FROM "all" ORDER BY a') == [(1, "churn"), (2, "fraud")]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--publisher", "fiddler"), "--table can only be used with --publisher duckdb"),
        (("--files", "rows"), "--table can only be used with --publisher duckdb"),
        ((*DATABASE, "--table", "a table"), "--table cannot be 'a table'"),
    ],
)
def test_a_table_is_refused_where_it_means_nothing(
    options: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("URL", "TOKEN", "MODEL_UUID"):
        value = "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15" if name == "MODEL_UUID" else "https://x.io"
        monkeypatch.setenv(f"FIDDLER_{name}", value)
    capture("churn", "1,x")

    table = () if "--table" in options else ("--table", "x")
    result = run("forward", "in", *options, *table, *MAPPING, exit_code=2)

    assert told in result.stderr


def test_rows_say_where_they_come_from_and_times_are_in_utc() -> None:
    capture("churn", "1,x", hour="23")

    run("forward", "in", *DATABASE, *MAPPING)

    (row,) = query("SELECT endpoint, variant, capture_hour, inference_time FROM churn")
    at = datetime(2026, 3, 1, 10, 20, 30)  # noqa: DTZ001
    assert row == ("churn", "blue", at.replace(hour=23, minute=0, second=0), at)
    comments = dict(query("SELECT column_name, comment FROM duckdb_columns()"))
    assert comments["capture_hour"] == comments["inference_time"] == "UTC"


def test_a_column_of_the_model_keeps_its_name_and_metadata_columns_replace_ours() -> None:
    capture("churn", "1,x")

    run("forward", "in", *DATABASE, "--inputs", "a,Variant", "--outputs", "score")
    run("forward", "in", *DATABASE, "--table", "own", *MAPPING, "--metadata", "who=endpoint")

    assert query("SELECT Variant, endpoint FROM churn") == [("x", "churn")]
    assert {name for name, *_ in query("DESCRIBE own")} == {
        *("inference_id", "line_digest", "inference_time", "a", "b", "score", "who")
    }


def test_endpoints_whose_names_are_one_to_duckdb_do_not_overwrite_each_other() -> None:
    capture("Churn", "1,x")
    capture("churn", "2,y")
    capture("captures", "3,z")

    run("forward", "in", *DATABASE, *MAPPING)

    held = [
        row
        for name in tables()
        for row in query(f'SELECT endpoint, a FROM "{name}" ORDER BY a')  # noqa: S608 - ours
    ]
    assert sorted(held) == [("Churn", 1), ("captures", 3), ("churn", 2)]


def test_what_was_rejected_goes_into_the_table_of_its_endpoint_when_it_is_sent_again() -> None:
    capture("churn", "1,x", "2,y,too many")
    capture("fraud", "3,z,too many")
    run("forward", "in", *DATABASE, *MAPPING)

    corrected = ("--inputs", "a,b,c", "--outputs", "score")
    run("quarantine", "redrive", "capture-forwarder-quarantine", *DATABASE, *corrected)

    assert query("SELECT a, c FROM churn ORDER BY a") == [(1, None), (2, "too many")]
    assert query("SELECT a, c FROM fraud") == [(3, "too many")]
    assert tables() == ["churn", "fraud"]


def test_labels_go_to_the_only_table_or_to_the_one_that_is_named() -> None:
    capture("churn", "1,x")
    run("forward", "in", *DATABASE, *MAPPING)
    Path("labels.csv").write_text('id,label\n"call 1,x",yes\n')

    run("labels", "send", "labels.csv", *DATABASE)
    assert query("SELECT a, label FROM churn_labeled") == [(1, "yes")]

    capture("fraud", "2,y")
    run("forward", "in", *DATABASE, *MAPPING)
    unsaid = run("labels", "send", "labels.csv", *DATABASE, exit_code=2)
    assert "several tables with rows: churn, fraud" in unsaid.stderr
    assert "--table NAME" in unsaid.stderr
    Path("labels.csv").write_text('id,label\n"call 2,y",no\n')
    run("labels", "send", "labels.csv", *DATABASE, "--table", "fraud")
    assert query("SELECT a, label FROM fraud_labeled") == [(2, "no")]


def test_settings_are_named_as_they_were_written(monkeypatch: pytest.MonkeyPatch) -> None:
    capture("churn", "1,x")
    wrong = run("forward", "in", *DATABASE, "--inputs", "a,,b", "--outputs", "c", exit_code=2)
    assert "--inputs: " in wrong.stderr
    assert "FORWARDER" not in wrong.stderr

    missing = run("forward", "in", *DATABASE, exit_code=2).stderr
    assert "--inputs (FORWARDER_INPUT_COLUMNS)" in missing
    assert "capture-forwarder inspect in" in missing

    monkeypatch.setenv("FORWARDER_INPUT_COLUMNS", "a,,b")
    by_variable = run("forward", "in", *DATABASE, "--outputs", "c", exit_code=2).stderr
    assert "FORWARDER_INPUT_COLUMNS: " in by_variable
    assert "--inputs" not in by_variable


@pytest.mark.parametrize(
    "command", [("inspect", "in"), ("quarantine", "redrive", "in", "--database", "rows.duckdb")]
)
def test_other_commands_name_the_option_as_well(command: tuple[str, ...]) -> None:
    capture("churn", "1,x")

    wrong = run(*command, "--inputs", "a,,b", "--outputs", "c", exit_code=2).stderr

    assert "--inputs: " in wrong
    assert "FORWARDER" not in wrong


def test_advice_of_an_error_names_the_option() -> None:
    capture("churn", "1,x")

    failed = run("forward", "in", *DATABASE, "--inputs", "inference_id,b", exit_code=1).stderr

    assert "Set --event-id (FORWARDER_EVENT_ID_COLUMN)." in failed
