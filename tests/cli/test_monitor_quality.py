"""`capture-forwarder monitor quality`: the files that it writes, what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support.quality import csv_file, json_lines

NAMES = ("inference_id", "inference_time", "prediction", "label")
GOOD = [(str(n), f"2026-03-{1 + n % 9:02}T00:00:00Z", n % 2, n % 2) for n in range(300)]
BAD = [
    (str(n), time, p, (int(label) + (n % 3 == 0)) % 2) for n, (_, time, p, label) in enumerate(GOOD)
]
BINARY = ("--problem-type", "BinaryClassification", "--prediction", "prediction")


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    csv_file(Path("good.csv"), GOOD, *NAMES)
    csv_file(Path("bad.csv"), BAD, *NAMES)


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["monitor", "quality", *arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def baseline(*more: str) -> None:
    run("good.csv", *BINARY, "--label", "label", "--to", "baseline", *more)


def kept() -> Path:
    """The folder of the only execution."""
    (found,) = Path("monitor-reports").rglob("execution.json")
    return found.parent


def document(path: str) -> dict[str, Any]:
    found = json.loads(Path(path).read_text())
    assert isinstance(found, dict)
    return found


def test_a_baseline_is_statistics_and_constraints() -> None:
    baseline("--slack", "0.02")

    assert {path.name for path in Path("baseline").iterdir()} == {
        "statistics.json",
        "constraints.json",
    }
    constraints = document("baseline/constraints.json")["binary_classification_constraints"]
    assert constraints["accuracy"]["threshold"] == pytest.approx(0.98)


def test_a_window_like_the_baseline_completes_and_ends_with_0() -> None:
    baseline()

    said = run("good.csv", *BINARY, "--label", "label", "--baseline", "baseline")

    assert "300 predictions: 300 judged" in said.stdout
    assert "0 violations" in said.stdout
    execution = document(f"{kept()}/execution.json")
    assert execution["status"] == "Completed"
    assert execution["message"] == "Completed: Job completed successfully with no violations."
    assert document(f"{kept()}/constraint_violations.json") == {"violations": []}


def test_a_worse_window_ends_with_3_and_leaves_a_folder_that_tells_all() -> None:
    baseline()
    before = document("baseline/statistics.json"), document("baseline/constraints.json")

    run(
        *("bad.csv", *BINARY, "--label", "label", "--baseline", "baseline"),
        *("--endpoint", "churn", "--schedule", "daily", "--since", "2026-03-01"),
        *("--until", "2026-04-01T02:00:00+02:00"),
        exit_code=3,
    )

    execution = document(f"{kept()}/execution.json")
    count = len(document(f"{kept()}/constraint_violations.json")["violations"])
    assert count > 5
    assert execution["status"] == "CompletedWithViolations"
    assert execution["message"].endswith(f"Job completed successfully with {count} violations.")
    assert execution["violations"] == count
    assert kept() == Path("monitor-reports/churn/daily/2026/04/01/00")
    assert (execution["endpoint"], execution["schedule"]) == ("churn", "daily")
    assert execution["window_start"] == "2026-03-01T00:00:00.000Z"
    assert execution["window_end"] == "2026-04-01T00:00:00.000Z"
    assert execution["rows"] == 300
    assert document(f"{kept()}/constraints.json") == before[1]
    assert document(f"{kept()}/baseline/statistics.json") == before[0]
    assert document(f"{kept()}/baseline/constraints.json") == before[1]


def test_a_window_narrows_what_is_judged() -> None:
    run(
        *("good.csv", *BINARY, "--label", "label", "--since", "2026-03-02"),
        *("--until", "2026-03-03", "--to", "model-quality"),
    )

    coverage = document("model-quality/statistics.json")["dataset"]["coverage"]
    assert coverage["predictions"] == sum("03-02" in time for _, time, *_ in GOOD)
    assert coverage["outside_window"] == 300 - coverage["predictions"]


def test_labels_come_from_a_folder_in_the_order_of_its_hours() -> None:
    json_lines(Path("labels/2026/03/01/11/a.jsonl"), [{"inference_id": "0", "truth": 1}])
    json_lines(Path("labels/2026/03/01/10/b.jsonl"), [{"inference_id": "0", "truth": 0}])
    json_lines(Path("labels/.hidden.jsonl"), [{"inference_id": "1", "truth": 0}])
    Path("labels/_SUCCESS").touch()

    said = run(
        "good.csv", *BINARY, "--labels", "labels", "--label", "truth", "--to", "model-quality"
    )

    matrix = document("model-quality/statistics.json")["binary_classification_metrics"]
    assert matrix["confusion_matrix"] == {"0": {"0": 0, "1": 0}, "1": {"0": 1, "1": 0}}
    assert "299 without a label" in said.stdout
    assert "1 labels were replaced by a later one" in said.stdout


def monitor(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["monitor", *arguments])
    assert result.exit_code == exit_code, result.output
    return result


def test_executions_of_quality_are_listed_shown_and_reported_beside_those_of_data() -> None:
    baseline()
    check = ("bad.csv", *BINARY, "--label", "label", "--baseline", "baseline", "--endpoint", "e")
    run(*check, "--since", "2026-03-01", "--until", "2026-03-08", exit_code=3)
    monitor("baseline", "good.csv", "--to", "data-baseline")
    data = ("check", "good.csv", "--baseline", "data-baseline", "--until", "2026-03-07")
    monitor(*data, "--endpoint", "e")

    listed = json.loads(monitor("list", "--json").stdout)["executions"]
    shown = json.loads(monitor("show", "monitor-reports/e/quality", "--json").stdout)
    said = monitor("show", "monitor-reports/e/quality").stdout
    monitor("report", "monitor-reports/e/quality", "--to", "page.html")

    assert [one["monitoring_type"] for one in listed] == ["ModelQuality", "DataQuality"]
    assert shown["folder"] == "monitor-reports/e/quality/2026/03/08/00"
    kept_there = document(f"{shown['folder']}/constraint_violations.json")["violations"]
    assert shown["constraint_violations"] == kept_there
    assert shown["violations"] == len(kept_there) > 0
    assert "Metric accuracy with" in " ".join(said.split())
    assert "Confusion matrix" in Path("page.html").read_text()


def test_a_window_may_be_given_in_hours() -> None:
    until = ("--until", "2026-03-03", "--hours", "24")

    run("good.csv", *BINARY, "--label", "label", *until, "--to", "model-quality")

    coverage = document("model-quality/statistics.json")["dataset"]["coverage"]
    assert coverage["predictions"] == sum("03-02" in time for _, time, *_ in GOOD)


def test_nothing_to_judge_completes_with_a_note() -> None:
    baseline()
    csv_file(Path("none.csv"), [], *NAMES)

    said = run("none.csv", *BINARY, "--label", "label", "--baseline", "baseline")

    execution = document(f"{kept()}/execution.json")
    assert execution["status"] == "Completed"
    assert "No prediction could be judged." in execution["notes"]
    assert "Note: not judged: recall, precision" in said.stderr


def test_json_has_what_scripts_need() -> None:
    baseline()

    said = run(
        *("bad.csv", *BINARY, "--label", "label", "--baseline", "baseline"),
        *("--json", "--names", "model-monitor"),
        exit_code=3,
    )

    found = json.loads(said.stdout)
    assert found["folder"] == str(kept())
    assert found["status"] == "CompletedWithViolations"
    assert "truePositiveRate" in {one["metric_name"] for one in found["constraint_violations"]}
    whole = json.loads(run("good.csv", *BINARY, "--label", "label", "--to", "new", "--json").stdout)
    assert set(whole) == {"folder", "statistics", "constraints"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.csv", *BINARY, "--label", "label"], "gone.csv does not exist"),
        (["gs://bucket/rows/", *BINARY, "--label", "label"], "neither on this machine nor in S3"),
        (["s3://", *BINARY, "--label", "label"], "s3:// has no bucket"),
        (["good.csv", *BINARY], "not given where the labels of good.csv are"),
        (None, "not given where the new baseline goes"),
        (["good.csv", *BINARY, "--label", "truth"], "has no column 'truth'"),
        (["empty", *BINARY, "--label", "label"], "holds no file whose name tells a format"),
        (["good.csv", *BINARY, "--label", "label", "--since", "soon"], "which is no time"),
        (["good.csv", *BINARY, "--label", "label", "--baseline", "gone"], "gone cannot be read"),
        (
            ["good.csv", *BINARY, "--label", "label", "--baseline", "empty", "--slack", "1"],
            "--slack is for a new baseline",
        ),
        (["good.csv", "--problem-type", "Regression", "--label", "label"], "Give --prediction"),
    ],
)
def test_wrong_usage_says_what_to_change_and_ends_with_2(
    arguments: list[str] | None, message: str
) -> None:
    Path("empty").mkdir()
    whole = ["good.csv", *BINARY] if arguments is None else [*arguments, "--to", "model-quality"]

    said = run(*whole, exit_code=2)

    assert message in said.stderr
    assert not Path("model-quality").exists()


def test_a_baseline_is_replaced_only_when_that_is_asked_for() -> None:
    baseline()

    said = run("bad.csv", *BINARY, "--label", "label", "--to", "baseline", exit_code=2)
    assert "baseline holds a baseline already" in said.stderr
    assert document("baseline/statistics.json")["dataset"]["item_count"] == 300

    csv_file(Path("few.csv"), GOOD[:10], *NAMES)
    run("few.csv", *BINARY, "--label", "label", "--to", "baseline", "--replace")
    assert document("baseline/statistics.json")["dataset"]["item_count"] == 10


def test_a_baseline_that_is_not_json_is_refused() -> None:
    Path("constraints.json").write_text("{")

    said = run(
        *("bad.csv", *BINARY, "--label", "label", "--baseline", "constraints.json"), exit_code=2
    )

    assert "constraints.json is not JSON" in said.stderr


def test_data_that_cannot_be_read_ends_with_1_and_writes_nothing() -> None:
    Path("rows.jsonl").write_text("{]\n")

    said = run("rows.jsonl", *BINARY, "--label", "label", "--to", "model-quality", exit_code=1)

    assert "at line 1 of rows.jsonl" in said.stderr
    assert not Path("model-quality").exists()


def test_a_check_that_fails_leaves_an_execution_that_says_why() -> None:
    baseline()
    Path("rows.jsonl").write_text("{]\n")

    check = ("rows.jsonl", *BINARY, "--label", "label", "--baseline", "baseline")
    said = run(*check, exit_code=1)

    execution = document(f"{kept()}/execution.json")
    assert (execution["status"], execution["rows"]) == ("Failed", None)
    assert execution["monitoring_type"] == "ModelQuality"
    assert execution["message"] in " ".join(said.stderr.split())
    assert execution["baseline"]["source"] == "baseline"


def test_a_folder_that_cannot_be_written_ends_with_1() -> None:
    Path("file").touch()

    said = run("good.csv", *BINARY, "--label", "label", "--to", "file/inside", exit_code=1)

    assert "cannot be written" in said.stderr
