"""The end of the demo: a baseline, a month later with four changes, and the report."""

from __future__ import annotations

import json
import re
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from capture_forwarder.cli.demo.monitoring import monitor_demo
from capture_forwarder.cli.demo.month_later import days_of, month_later
from capture_forwarder.cli.demo.place import DemoPlace

CAPTURES = Path(__file__).parents[2] / "events" / "captures"
MONITOR = Path("capture-forwarder-demo-monitor")
EXECUTION = MONITOR / "reports/churn/daily/2026/04/02/00"
FOUND = {
    ("contract", "baseline_drift_check"),
    ("contract", "categorical_values_check"),
    ("data_usage_gb", "completeness_check"),
    ("monthly_charges", "baseline_drift_check"),
    ("senior", "baseline_drift_check"),
}


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")


def run(*arguments: str | Path, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def violations() -> set[tuple[str, str]]:
    document = json.loads((EXECUTION / "constraint_violations.json").read_text())
    return {(one["feature_name"], one["constraint_check_type"]) for one in document["violations"]}


def test_the_demo_ends_with_the_path_of_a_report_of_what_has_drifted() -> None:
    lines = run("demo", "--captures", CAPTURES).stdout.rstrip().splitlines()

    page = Path(lines[-1].rpartition(" ")[2])
    assert page == EXECUTION / "report.html"
    assert "Week-to-week" in page.read_text()
    assert violations() == FOUND
    assert (MONITOR / "baseline" / "constraints.json").is_file()
    assert any("would not have seen the drift of: senior" in line for line in lines)


def test_a_second_demo_finds_the_same() -> None:
    run("demo", "--captures", CAPTURES)
    names = (
        "baseline/statistics.json",
        "april.csv",
        f"{EXECUTION.relative_to(MONITOR)}/drift.json",
    )
    before = [(MONITOR / name).read_bytes() for name in names]

    run("demo", "--captures", CAPTURES)

    assert [(MONITOR / name).read_bytes() for name in names] == before


def test_what_is_wrong_with_every_file_is_said_once_with_the_option_that_helps() -> None:
    unwritable = ("--database", "/proc/demo.duckdb")

    told = run("demo", "--captures", CAPTURES, *unwritable, exit_code=1).stderr

    assert told.count("Error: ") == told.count("Error: 4 files: ") == 1
    assert "s3://" not in told
    assert "by --database" in told


def test_the_environment_is_to_be_entered_where_the_command_is_not_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".venv/bin").mkdir(parents=True)
    Path(".venv/bin/activate").write_text("")
    monkeypatch.setattr("sys.prefix", str(Path(".venv").absolute()))
    monkeypatch.setenv("PATH", "/nowhere")

    shown = run("demo", "--captures", CAPTURES).stdout
    assert "  . .venv/bin/activate   # once in each terminal\n  capture-forwarder query" in shown

    found = Path(".venv/bin/capture-forwarder")
    found.write_text("#!/bin/sh\n")
    found.chmod(0o755)
    monkeypatch.setenv("PATH", str(found.parent.absolute()))
    assert "activate" not in run("demo", "--captures", CAPTURES).stdout


def test_the_order_in_which_rows_arrived_changes_nothing() -> None:
    rows: list[dict[str, object]] = [
        {
            "inference_id": f"call-{number}",
            "inference_time": datetime(2026, 3, 1, 10),  # noqa: DTZ001 - as DuckDB gives them
            "monthly_charges": 20.0 + number,
            "senior": 0,
            "contract": "One year",
            "data_usage_gb": number / 2,
        }
        for number in range(20)
    ]
    one, other = DemoPlace(Path("one.duckdb")), DemoPlace(Path("other.duckdb"))

    monitor_demo(one, rows)
    monitor_demo(other, rows[::-1])

    assert one.first_rows.read_bytes() == other.first_rows.read_bytes()
    assert one.later_rows.read_bytes() == other.later_rows.read_bytes()


def test_the_commands_that_the_demo_shows_do_the_same() -> None:
    said = run("demo", "--captures", CAPTURES).stdout
    (EXECUTION / "constraint_violations.json").unlink()
    (EXECUTION / "report.html").unlink()

    made, checked, reported = re.findall(r"^  capture-forwarder (monitor .*)$", said, re.MULTILINE)
    run(*shlex.split(made))
    run(*shlex.split(checked), exit_code=3)
    run(*shlex.split(reported))

    assert violations() == FOUND
    assert (EXECUTION / "report.html").is_file()


def test_of_few_rows_the_demo_says_that_drift_is_not_judged() -> None:
    said = run("demo", "--captures", CAPTURES / "datacapture" / "churn-untyped").output

    assert "Drift was not judged" in said
    assert ("senior", "baseline_drift_check") not in violations()


def test_the_demo_never_removes_a_folder_that_is_not_its_own() -> None:
    MONITOR.mkdir()
    (MONITOR / "letters.txt").write_text("dear")

    run("demo", "--captures", CAPTURES, exit_code=2)

    assert (MONITOR / "letters.txt").exists()


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "inference_id": st.text(max_size=4),
            "inference_time": st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - as DuckDB gives them
            "monthly_charges": st.none() | st.floats(0, 200),
            "senior": st.sampled_from([0, 1]),
            "contract": st.just("One year"),
            "data_usage_gb": st.floats(0, 50),
            "score": st.floats(0, 1),
        }
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda row: row["inference_id"],
)


@given(ROWS)
def test_a_month_later_all_rows_are_there_within_their_days(rows: list[dict[str, Any]]) -> None:
    later = month_later(rows)
    since, until = days_of(later)

    scores = {row["inference_id"]: row["score"] for row in rows}
    assert {row["inference_id"]: row["score"] for row in later} == scores
    for row in later:
        time = row["inference_time"]
        assert isinstance(time, datetime)
        assert since <= time < until
    assert month_later(rows) == later
