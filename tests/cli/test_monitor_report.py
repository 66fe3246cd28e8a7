"""`capture-forwarder monitor report`: which execution it takes, and where the page goes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support import executions as made

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["monitor", "report", *arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def day(number: int, **facts: object) -> Path:
    """An execution of a day of March, in its folder."""
    end = f"2026-03-{number:02}T00:00:00.000Z"
    files = made.churn() | {"execution.json": made.execution(window_end=end, **facts)}
    return made.write(Path(f"kept/churn/daily/2026/03/{number:02}/00"), files)


def test_the_page_stands_beside_the_files_that_it_shows() -> None:
    folder = day(1)

    said = run(str(folder))

    page = folder / "report.html"
    assert str(page) in said.stdout
    assert "monthly_charges" in page.read_text()


@pytest.mark.parametrize(
    ("days", "said"),
    [((1,), None), ((1, 2), "has 1 other execution."), ((1, 2, 3), "has 2 other executions.")],
)
def test_other_executions_are_told_of_where_there_are_any(
    days: tuple[int, ...], said: str | None
) -> None:
    made.write(Path("kept/churn/weekly/2026/03/01/00"), made.churn())
    folders = [day(number) for number in days]

    told = " ".join(run(str(folders[0])).stdout.split())

    assert ("other execution" in told) == (said is not None)
    assert said is None or said in told


def test_an_execution_that_stands_alone_in_its_folder_has_no_others() -> None:
    made.write(Path("alone/this"), made.churn())

    assert "other" not in run("alone/this").stdout


def test_an_execution_that_is_named_from_within_its_schedule_is_not_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day(1)
    monkeypatch.chdir("kept/churn/daily")

    assert "other" not in run("2026/03/01/00").stdout


def test_of_several_executions_the_newest_is_shown_and_the_others_make_the_strip() -> None:
    for number in (3, 12, 7):
        day(number, violations=number, status="CompletedWithViolations")

    run("kept", "--to", "page.html")

    page = Path("page.html").read_text()
    titles = re.findall(r'<li class="[^"]+" title="([^"]+)"', page)
    assert [title.partition(",")[0] for title in titles] == [
        "2026-03-03 00:00: 3 violations",
        "2026-03-07 00:00: 7 violations",
        "2026-03-12 00:00: 12 violations",
    ]


def test_history_may_be_elsewhere() -> None:
    folder = made.write(Path("alone"), made.churn())
    day(1)

    run("alone", "--history", "kept")

    assert (folder / "report.html").read_text().count("<li class=") >= 2


def test_model_quality_is_taken_from_its_own_execution() -> None:
    day(1)
    made.write(Path("kept/churn/quality/2026/03/01/00"), made.churn_quality())

    run("kept/churn/daily", "--quality", "kept/churn/quality", "--to", "page.html")

    page = Path("page.html").read_text()
    assert "Confusion matrix" in page
    assert "monthly_charges" in page


def test_a_folder_of_model_monitor_needs_its_baseline_named() -> None:
    files = made.churn()
    baseline = files.pop("baseline/statistics.json")
    del files["execution.json"], files["drift.json"]
    made.write(Path("theirs"), files)
    made.write(Path("base"), {"statistics.json": baseline})

    run("theirs", "--baseline", "base")

    assert "Rows of the baseline" in Path("theirs/report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gone"], 2, "gone: there is no such folder"),
        (["empty"], 2, "There is no execution in empty"),
        (["broken"], 1, "statistics.json is not JSON"),
        (["listed"], 1, "statistics.json is not a JSON object"),
        (["good", "--baseline", "empty"], 1, "cannot be read"),
        (["good", "--to", "good/statistics.json/page.html"], 1, "cannot be written"),
    ],
)
def test_what_cannot_be_shown_is_named(arguments: list[str], code: int, message: str) -> None:
    Path("empty").mkdir()
    made.write(Path("good"), made.churn())
    made.write(Path("broken"), {"execution.json": made.execution()})
    Path("broken/statistics.json").write_text("{")
    made.write(Path("listed"), {"statistics.json": []})

    assert message in run(*arguments, exit_code=code).stderr


def test_without_jinja_the_extra_is_named() -> None:
    made.write(Path("good"), made.churn())
    code = (
        "import sys; sys.modules['jinja2'] = None\nfrom capture_forwarder.cli import main\nmain()\n"
    )
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])

    done = subprocess.run(
        [sys.executable, "-c", code, "monitor", "report", "good"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "The report needs jinja2, which is not installed" in " ".join(done.stderr.split())
    assert "pip install 'capture-forwarder[monitor]'" in done.stderr


def test_without_duckdb_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("prediction,label\n1,1\n")
    code = (
        "import sys; sys.modules['duckdb'] = None\nfrom capture_forwarder.cli import main\nmain()\n"
    )
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    options = ["--problem-type", "Regression", "--prediction", "prediction", "--label", "label"]

    done = subprocess.run(
        [sys.executable, "-c", code, "monitor", "quality", "rows.csv", *options, "--to", "b"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "Monitoring needs duckdb, which is not installed" in " ".join(done.stderr.split())
    assert "pip install 'capture-forwarder[duckdb]'" in done.stderr


def test_a_quality_execution_of_the_command_makes_a_page(tmp_path: Path) -> None:
    rows = "".join(f"{n % 2},{(n % 10) / 10},{int(n % 10 > 4)}\n" for n in range(300))
    (tmp_path / "rows.csv").write_text(f"prediction,probability,label\n{rows}")
    options = ["--problem-type", "BinaryClassification", "--prediction", "prediction"]
    more = ["--probability", "probability", "--label", "label"]
    quality = ["monitor", "quality", "rows.csv", *options, *more]
    CliRunner().invoke(app, [*quality, "--to", "base"], catch_exceptions=False)
    constraints = json.loads(Path("base/constraints.json").read_text())
    constraints["binary_classification_constraints"]["auc"]["threshold"] = 1.5
    Path("base/constraints.json").write_text(json.dumps(constraints))

    done = CliRunner().invoke(app, [*quality, "--baseline", "base"], catch_exceptions=False)
    run("monitor-reports", "--to", "page.html")

    assert done.exit_code == 3
    page = Path("page.html").read_text()
    assert "1 violation<" in page
    assert "1 is less than 1.5." in page
