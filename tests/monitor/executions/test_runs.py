"""Executions: each a folder with its files, whatever the window held."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.baseline import make_baseline, read_baseline, write_baseline
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.data.opening import DataChoice, open_data
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.monitor.errors import MonitorFileError
from capture_forwarder.monitor.executions.folder import list_executions
from capture_forwarder.monitor.window import Finished, Run, run_check
from tests.support.monitoring import write_csv

NOW = datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)
ROWS = [(number % 7, "rgb"[number % 3]) for number in range(300)]


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    folder = tmp_path / "baseline"
    data = write_csv(tmp_path / "b.csv", ["n", "colour"], ROWS)
    with open_duckdb() as engine:
        made = make_baseline(engine, open_data(engine, DataChoice(data)), folder)
    write_baseline(made, replace=False)
    return folder


def run(tmp_path: Path, data: Path, window: Window = Window(), *, header: bool = True) -> Finished:  # noqa: B008 - frozen
    with open_duckdb() as engine:
        return run_check(
            Run(tmp_path / "out", "hourly", "churn/model", window),
            read_baseline(tmp_path / "baseline"),
            lambda: (engine, open_data(engine, DataChoice(data, header=header))),
            lambda: NOW,
        )


@pytest.mark.usefixtures("baseline")
def test_an_execution_has_all_of_its_files(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "w.csv", ["n", "colour"], [*ROWS, (1, "mauve")])

    folder = run(tmp_path, data, Window(until=datetime(2026, 2, 1, 3, tzinfo=UTC))).kept.folder

    assert folder == tmp_path / "out/churn-model/hourly/2026/02/01/03"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")} == {
        "statistics.json",
        "constraints.json",
        "constraint_violations.json",
        "drift.json",
        "execution.json",
        "baseline/statistics.json",
        "baseline/constraints.json",
    }
    execution = json.loads((folder / "execution.json").read_text())
    assert execution["status"] == "CompletedWithViolations"
    assert execution["message"] == (
        "CompletedWithViolations: Job completed successfully with 1 violations."
    )
    assert (execution["rows"], execution["violations"]) == (301, 1)
    assert execution["window_end"] == "2026-02-01T03:00:00.000Z"
    assert execution["started"] == "2026-03-01T10:20:30.000Z"
    assert execution["baseline"]["statistics"] == "baseline/statistics.json"


@pytest.mark.usefixtures("baseline")
def test_nothing_captured_is_completed_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()

    execution = run(tmp_path, tmp_path / "nothing").kept.execution

    assert execution.status == "Completed"
    assert execution.rows == 0
    assert execution.message.endswith("Nothing was captured in the window.")


@pytest.mark.usefixtures("baseline")
def test_a_check_that_fails_leaves_an_execution_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        run(tmp_path, tmp_path / "gone.csv")

    (kept,) = list_executions(tmp_path / "out")
    assert kept.execution.status == "Failed"
    assert "there is no such file" in kept.execution.message
    assert kept.folder == tmp_path / "out/churn-model/hourly/2026/03/01/10"


@pytest.mark.usefixtures("baseline")
def test_columns_without_names_take_those_of_the_baseline(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "w.csv", ["3", "r"], ROWS)

    assert run(tmp_path, data, header=False).checked.violations == ()


@pytest.mark.usefixtures("baseline")
@pytest.mark.parametrize(
    ("first", "rows", "told"),
    [
        (["r"], [("g",)] * 300, "only without its first one, 'n'"),
        (["3"], [(4,)] * 300, "only without its last one, 'colour'"),
        (["r", "3"], [("g", 4)] * 300, "only with their first one moved to the end"),
    ],
)
def test_a_shift_by_one_is_noticed(
    tmp_path: Path, first: list[str], rows: list[tuple[object, ...]], told: str
) -> None:
    data = write_csv(tmp_path / "w.csv", first, rows)

    notes = run(tmp_path, data, header=False).kept.execution.notes

    assert any(told in note for note in notes)


def test_a_baseline_is_replaced_only_when_asked(baseline: Path) -> None:
    made = read_baseline(baseline)

    with pytest.raises(UsageError, match=r"may have been edited.*--replace"):
        write_baseline(made, replace=False)
    write_baseline(made, replace=True)
    assert read_baseline(baseline).statistics == made.statistics


def test_executions_come_newest_first(baseline: Path, tmp_path: Path) -> None:
    del baseline
    data = write_csv(tmp_path / "w.csv", ["n", "colour"], ROWS)
    for day in (3, 9, 5):
        run(tmp_path, data, Window(until=datetime(2026, 2, day, tzinfo=UTC)))

    found = list_executions(tmp_path / "out")

    assert [kept.folder.parent.name for kept in found] == ["09", "05", "03"]


def test_a_broken_execution_is_named(tmp_path: Path) -> None:
    (tmp_path / "execution.json").write_text("{")

    with pytest.raises(MonitorFileError, match=r"execution.json is no execution.json"):
        list_executions(tmp_path)


def test_without_constraints_there_is_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="monitor baseline DATA --to"):
        read_baseline(tmp_path)
