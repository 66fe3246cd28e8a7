"""The monitor's function on model quality: predictions and labels in S3, to report and metrics."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from capture_forwarder.core.errors import ForwarderError, OutOfTimeError, UsageError
from tests.support.quality import captured, labelled
from tests.support.scheduled import (
    BUCKET,
    DUE,
    Context,
    MonitorWorld,
    Row,
    labels,
    metric_documents,
    metrics,
    predictions,
)

MODEL_METRICS = "aws/sagemaker/Endpoints/model-metrics"
REPORT = "reports/churn/quality-check/2026/03/02/10"
ASKED: dict[str, Any] = {
    "schedule": "quality-check",
    "problem_type": "BinaryClassification",
    "probability": "score",
    "label": "churned",
}
GOOD = predictions(300)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MonitorWorld]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("MONITOR_LABELS", f"s3://{BUCKET}/truth")
    with mock_aws():
        made = MonitorWorld(monkeypatch, tmp_path)
        made.quality_baseline(
            [{**row, **known} for row, known in zip(GOOD, labels(GOOD), strict=True)]
        )
        yield made


def put(world: MonitorWorld, key: str, lines: Sequence[object]) -> None:
    world.put(key, gzip.compress("".join(json.dumps(one) + "\n" for one in lines).encode()))


def tell(world: MonitorWorld, of: Sequence[Row], hours_ago: int = 0, wrong: float = 0.1) -> None:
    """Write labels as they are collected, in the folder of an hour."""
    hour = DUE - timedelta(hours=hours_ago)
    number = len(world.keys("truth/"))
    put(world, f"truth/churn/{hour:%Y/%m/%d/%H}/{number}.jsonl.gz", labels(of, wrong))


def test_a_worse_model_becomes_a_report_metrics_a_message_and_an_event(
    world: MonitorWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = predictions(400, seed=2)
    world.publish(rows)
    tell(world, rows[:300], wrong=0.4)

    answer = world.run(**ASKED)

    assert sorted(key.removeprefix(f"{REPORT}/") for key in world.keys("reports/")) == [
        "baseline/constraints.json",
        "baseline/statistics.json",
        "constraint_violations.json",
        "constraints.json",
        "execution.json",
        "report.html",
        "statistics.json",
    ]
    execution = world.read(f"{REPORT}/execution.json")
    assert execution["status"] == "CompletedWithViolations"
    assert execution["monitoring_type"] == "ModelQuality"
    assert (execution["window_start"], execution["window_end"], execution["rows"]) == (
        "2026-03-02T08:00:00.000Z",
        "2026-03-02T10:00:00.000Z",
        300,
    )
    assert execution["notes"] == ["Without a label: 100 of 400 predictions."]
    found = world.read(f"{REPORT}/statistics.json")["binary_classification_metrics"]
    violations = world.read(f"{REPORT}/constraint_violations.json")["violations"]
    assert "accuracy" in {one["metric_name"] for one in violations}
    printed = capsys.readouterr().out
    measured = metrics(printed)
    assert measured[MODEL_METRICS]["auc"] == found["auc"]["value"] < 0.8
    assert {"recall", "precision", "f2", "true_positive_rate"} < measured[MODEL_METRICS].keys()
    assert measured["CaptureForwarder"] == {
        "MonitorRows": 300,
        "MonitorViolations": len(violations),
        "MonitorPredictions": 400,
    }
    (told,) = world.told()
    assert told["Subject"] == "Monitor: churn violates its baseline (quality-check)"
    assert "Without a label: 100 of 400 predictions." in told["Message"]
    assert violations[0]["description"] in told["Message"]
    (announced,) = world.announced()
    assert announced["detail"] == answer
    assert answer["monitoring_type"] == "ModelQuality"
    assert answer["metrics"] == [one["metric_name"] for one in violations]
    page = world.s3.get_object(Bucket=BUCKET, Key=f"{REPORT}/report.html")["Body"].read()
    assert b"Confusion matrix" in page
    # What the function writes of rows is counts and shares: no value, no id.
    assert "p-2-" not in printed + json.dumps([told, announced])


def test_alarms_on_model_monitors_metrics_find_them_whatever_is_found(
    world: MonitorWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish(GOOD)
    tell(world, GOOD)

    answer = world.run(**ASKED)

    assert (answer["status"], answer["alert"], answer["violations"]) == ("Completed", "OK", 0)
    assert (world.told(), world.announced()) == ([], [])
    (theirs,) = [
        one
        for one in metric_documents(capsys.readouterr().out)
        if one["_aws"]["CloudWatchMetrics"][0]["Namespace"] == MODEL_METRICS
    ]
    described = theirs["_aws"]["CloudWatchMetrics"][0]
    assert described["Dimensions"] == [["Endpoint", "MonitoringSchedule"]]
    assert (theirs["Endpoint"], theirs["MonitoringSchedule"]) == ("churn", "quality-check")
    baseline = world.read("baselines/churn/quality/constraints.json")
    constrained = baseline["binary_classification_constraints"]
    assert {one["Name"] for one in described["Metrics"]} == constrained.keys()


def test_labels_count_from_the_windows_start_on_and_the_last_one_of_an_id_wins(
    world: MonitorWorld,
) -> None:
    world.publish(GOOD[:100], hours_ago=1)
    world.publish(GOOD[100:200], hours_ago=2, variant="Canary")
    world.publish(GOOD[200:], hours_ago=3)
    tell(world, GOOD, hours_ago=3, wrong=1.0)
    tell(world, GOOD[:50], hours_ago=2, wrong=1.0)
    tell(world, GOOD[:150], hours_ago=-20, wrong=0.0)

    world.run(**ASKED)

    found = world.read(f"{REPORT}/statistics.json")
    assert found["dataset"]["coverage"] == {
        "predictions": 200,
        "judged": 150,
        "without_label": 50,
        "unusable": 0,
        "labels": 150,
        "labels_without_prediction": 0,
        "repeated_labels": 50,
        "outside_window": 0,
    }
    assert found["binary_classification_metrics"]["accuracy"]["value"] == 1.0


def test_the_window_ends_so_many_hours_earlier_as_labels_take_to_come(world: MonitorWorld) -> None:
    world.publish(GOOD[:10], hours_ago=1)
    world.publish(GOOD[10:30], hours_ago=26)
    tell(world, GOOD, hours_ago=0)

    answer = world.run(**ASKED, delay=24)

    assert (answer["rows"], answer["window_end"]) == (20, "2026-03-01T10:00:00.000Z")
    assert world.keys("reports/churn/quality-check/2026/03/01/10/")


def test_ground_truth_of_model_monitor_csv_and_rows_of_the_publisher_are_labels(
    world: MonitorWorld,
) -> None:
    world.publish(GOOD)
    known = labels(GOOD)
    put(world, "truth/churn/other/other/2026/03/02/12/00-1.jsonl.gz", known[100:200])
    table = "".join(f"{one['inference_id']},{one['churned']}\n" for one in known[200:])
    world.put("truth/churn/late.csv", f"inference_id,churned\n{table}".encode())
    world.put("truth/churn/README.txt", b"not labels")
    truth = [labelled(str(one["inference_id"]), str(one["churned"])) for one in known[:60]]
    put(world, "truth/old-name/2026/03/02/11/ours.jsonl.gz", truth)

    assert world.run(**ASKED)["rows"] == 200
    of_model_monitor = {name: value for name, value in ASKED.items() if name != "label"}
    assert world.run(**of_model_monitor, labels="old-name")["rows"] == 60


def test_csv_without_names_is_read_by_positions_and_metrics_may_be_named_as_they_were(
    world: MonitorWorld,
) -> None:
    world.publish(GOOD)
    table = "".join(f"{one['churned']},{one['inference_id']}\n" for one in labels(GOOD, wrong=0.5))
    world.put("truth/churn/labels.csv", table.encode())

    by_position = ASKED | {"label": "0", "labels_id": "1", "header": "false"}
    answer = world.run(**by_position, names="model-monitor")

    assert answer["rows"] == 300
    assert {"accuracy", "truePositiveRate"} <= set(answer["metrics"])


def test_captures_and_merged_files_are_judged_by_attributes(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged = [
        captured(str(row["inference_id"]), str(row["score"]))
        | {"groundTruthData": {"data": str(known["churned"]), "encoding": "CSV"}}
        for row, known in zip(GOOD, labels(GOOD), strict=True)
    ]
    put(world, "out/merge/churn/AllTraffic/2026/03/02/09/part-0.jsonl.gz", merged)
    monkeypatch.delenv("MONITOR_LABELS")

    only = {name: value for name, value in ASKED.items() if name != "label"}
    answer = world.run(**(only | {"probability": "0", "rows": f"s3://{BUCKET}/out/merge"}))

    assert (answer["rows"], answer["violations"]) == (300, 0)


def test_without_labels_it_is_completed_with_notes_and_nobody_is_told(
    world: MonitorWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish(GOOD)

    answer = world.run(**ASKED)

    assert (answer["status"], answer["rows"], answer["alert"]) == ("Completed", 0, "OK")
    notes = world.read(f"{REPORT}/execution.json")["notes"]
    assert notes[:2] == [
        "No prediction could be judged.",
        "Without a label: 300 of 300 predictions.",
    ]
    assert world.told() == []
    measured = metrics(capsys.readouterr().out)
    assert measured == {
        "CaptureForwarder": {"MonitorRows": 0, "MonitorViolations": 0, "MonitorPredictions": 300}
    }


def test_an_hour_without_calls_is_completed(world: MonitorWorld) -> None:
    tell(world, GOOD)

    assert world.run(**ASKED)["status"] == "Completed"


def test_without_a_baseline_the_error_names_the_command_that_makes_one(
    world: MonitorWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.s3.delete_object(Bucket=BUCKET, Key="baselines/churn/quality/constraints.json")
    world.publish(GOOD)

    with pytest.raises(UsageError) as raised:
        world.run(**ASKED)

    to = f"s3://{BUCKET}/baselines/churn/quality"
    assert raised.value.message == f"There is no baseline: {to}/constraints.json does not exist."
    assert f"capture-forwarder monitor quality DATA ... --to {to}" in raised.value.advice
    execution = world.read(f"{REPORT}/execution.json")
    assert (execution["status"], execution["message"]) == ("Failed", raised.value.message)
    assert execution["monitoring_type"] == "ModelQuality"
    (logged,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert logged["advice"] == raised.value.advice


@pytest.mark.parametrize(
    ("broken", "changes", "said"),
    [
        ({"baselines/churn/quality/constraints.json": b"{"}, {}, "constraints.json is not JSON"),
        ({}, {"problem_type": "Regression", "probability": None, "prediction": "score"}, "has no"),
        (
            {},
            {"probability": "skore"},
            "has a value for 'skore'. Look at a line, and correct `pred",
        ),
        ({"truth/churn/x.csv": b"a,b\n1,2\n"}, {}, "has no column 'inference_id'"),
        ({"truth/churn/x.jsonl": b"{]\n"}, {}, "s3://rows/truth/churn/x.jsonl"),
    ],
)
def test_what_cannot_be_judged_is_told_by_addresses_and_keys(
    world: MonitorWorld, broken: dict[str, bytes], changes: dict[str, Any], said: str
) -> None:
    world.publish(GOOD)
    tell(world, GOOD)
    for key, data in broken.items():
        world.put(key, data)

    with pytest.raises(ForwarderError) as raised:
        world.run(**(ASKED | changes))

    assert said in str(raised.value)
    assert "/tmp" not in str(raised.value)  # noqa: S108 - where the copy was
    assert world.read(f"{REPORT}/execution.json")["status"] == "Failed"


def test_people_are_told_when_n_of_m_runs_violate_and_when_that_is_over(
    world: MonitorWorld,
) -> None:
    alerts = []
    for number, wrong in enumerate([0.5, 0.5, 0.0, 0.0]):
        rows = predictions(250, seed=10 + number)
        world.publish(rows, hours_ago=1 - number)
        tell(world, rows, hours_ago=-number, wrong=wrong)
        due = (DUE + timedelta(hours=number)).isoformat()
        alerts.append(world.run(**ASKED, time=due, hours=1, alert="2 of 3")["alert"])

    assert alerts == ["OK", "InAlert", "InAlert", "OK"]
    assert [one["Subject"] for one in world.told()] == [
        "Monitor: churn violates its baseline (quality-check)",
        "Monitor: churn fits its baseline again (quality-check)",
    ]


def test_it_stops_in_time_and_leaves_nothing_on_the_disk(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    world.publish(GOOD)
    tell(world, GOOD)

    world.run(**ASKED)
    with pytest.raises(OutOfTimeError) as raised:
        world.run(Context(seconds=5), **ASKED)

    assert "MonitorMemorySize" in raised.value.advice
    assert list(disk.iterdir()) == []


def test_a_disk_that_is_too_small_is_told_with_what_to_raise(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish(GOOD)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 100})())

    with pytest.raises(UsageError, match="do not fit on the disk") as raised:
        world.run(**ASKED)

    assert "MonitorStorage" in raised.value.advice
