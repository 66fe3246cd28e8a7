"""The monitor's function, from a schedule's event to report, metrics, message and event."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from capture_forwarder.core.errors import (
    FileStoreError,
    OutOfTimeError,
    SettingsError,
    SignalError,
    UsageError,
)
from capture_forwarder.handlers.monitor import lambda_handler
from capture_forwarder.monitor.errors import MonitorFileError
from tests.support.aws_answers import AwsAnswers
from tests.support.scheduled import (
    BUCKET,
    DUE,
    REPORT,
    Context,
    MonitorWorld,
    event,
    metric_documents,
    metrics,
    rows,
)

DATA_METRICS = "aws/sagemaker/Endpoints/data-metrics"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MonitorWorld]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        made = MonitorWorld(monkeypatch, tmp_path)
        made.baseline(rows(400))
        yield made


def test_a_drifted_window_becomes_a_report_metrics_a_message_and_an_event(
    world: MonitorWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish(rows(300, shift=0.5, seed=2))

    answer = world.run()

    assert sorted(key.removeprefix(f"{REPORT}/") for key in world.keys("reports/")) == [
        "baseline/constraints.json",
        "baseline/statistics.json",
        "constraint_violations.json",
        "constraints.json",
        "drift.json",
        "execution.json",
        "report.html",
        "statistics.json",
    ]
    execution = world.read(f"{REPORT}/execution.json")
    assert execution["status"] == "CompletedWithViolations"
    assert (execution["window_start"], execution["window_end"], execution["rows"]) == (
        "2026-03-02T08:00:00.000Z",
        "2026-03-02T10:00:00.000Z",
        300,
    )
    assert execution["baseline"]["source"] == f"s3://{BUCKET}/baselines/churn"
    (violation,) = world.read(f"{REPORT}/constraint_violations.json")["violations"]
    assert (violation["feature_name"], violation["constraint_check_type"]) == (
        "score",
        "baseline_drift_check",
    )
    printed = capsys.readouterr().out
    measured = metrics(printed)
    assert measured[DATA_METRICS].keys() == {
        "feature_baseline_drift_score",
        "feature_non_null_score",
    }
    assert measured[DATA_METRICS]["feature_baseline_drift_score"] > 0.1
    assert measured["CaptureForwarder"] == {"MonitorRows": 300, "MonitorViolations": 1}
    (told,) = world.told()
    assert told["Subject"] == "Monitor: churn violates its baseline (hourly)"
    assert f"aws s3 cp s3://{BUCKET}/{REPORT}/report.html ." in told["Message"]
    assert violation["description"] in told["Message"]
    (announced,) = world.announced()
    assert announced["source"] == "capture-forwarder"
    assert announced["detail-type"] == "Monitoring Execution Completed With Violations"
    assert announced["detail"] == answer
    assert (answer["features"], answer["alert"], answer["violations"]) == (["score"], "InAlert", 1)
    page = world.s3.get_object(Bucket=BUCKET, Key=f"{REPORT}/report.html")
    assert page["ContentType"].startswith("text/html")
    assert b"1 violation" in page["Body"].read()
    # What the function writes of rows is counts and shares: no value, no id.
    assert "i-2-" not in printed + json.dumps([told, announced])


def test_alarms_on_model_monitors_metrics_find_their_dimensions(
    world: MonitorWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish(rows(300, shift=0.5, seed=2))

    world.run()

    documents = metric_documents(capsys.readouterr().out)
    (theirs,) = [
        one for one in documents if one["_aws"]["CloudWatchMetrics"][0]["Namespace"] == DATA_METRICS
    ]
    assert theirs["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [
        ["Endpoint", "MonitoringSchedule"]
    ]
    assert (theirs["Endpoint"], theirs["MonitoringSchedule"]) == ("churn", "hourly")


def test_a_window_that_fits_is_kept_and_measured_and_nobody_is_told(
    world: MonitorWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish(rows(300, seed=2))

    answer = world.run()

    assert (answer["status"], answer["alert"]) == ("Completed", "OK")
    assert (world.told(), world.announced()) == ([], [])
    assert metrics(capsys.readouterr().out) == {
        "CaptureForwarder": {"MonitorRows": 300, "MonitorViolations": 0}
    }


@pytest.mark.parametrize(("asked", "with_score"), [("all", True), ("age", False)])
def test_metrics_of_columns_that_are_asked_for_are_there_whatever_is_found(
    world: MonitorWorld, capsys: pytest.CaptureFixture[str], asked: str, with_score: bool
) -> None:
    world.publish(rows(300, seed=2))

    world.run(metrics=asked)

    measured = metrics(capsys.readouterr().out)[DATA_METRICS]
    columns = {"age", "score"} if with_score else {"age"}
    kinds = ("feature_data", "feature_non_null", "feature_baseline_drift")
    assert measured.keys() == {f"{kind}_{name}" for kind in kinds for name in columns}
    assert 50 < measured["feature_data_age"] < 58


def test_only_the_rows_of_the_window_and_of_every_variant_count(world: MonitorWorld) -> None:
    world.publish(rows(10, seed=2), hours_ago=1)
    world.publish(rows(20, seed=3), hours_ago=2, variant="Canary")
    world.publish(rows(40, seed=4), hours_ago=3)
    world.publish(rows(80, seed=5), hours_ago=0)
    world.put("out/other/AllTraffic/2026/03/02/09/a.jsonl.gz", b"not of this endpoint")

    assert world.run()["rows"] == 30


def test_an_empty_window_is_completed_with_a_note(world: MonitorWorld) -> None:
    answer = world.run()

    assert (answer["status"], answer["rows"], answer["alert"]) == ("Completed", 0, "OK")
    (note,) = world.read(f"{REPORT}/execution.json")["notes"]
    assert note == "Nothing was captured in the window, so nothing was checked."
    assert world.told() == []


def test_without_a_baseline_the_error_names_the_commands_that_make_one(
    world: MonitorWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.s3.delete_object(Bucket=BUCKET, Key="baselines/churn/constraints.json")
    world.publish(rows(10))

    with pytest.raises(UsageError) as raised:
        world.run()

    assert f"s3://{BUCKET}/baselines/churn/constraints.json does not exist" in str(raised.value)
    made = f"capture-forwarder monitor baseline DATA --to s3://{BUCKET}/baselines/churn"
    assert made in raised.value.advice
    execution = world.read(f"{REPORT}/execution.json")
    assert (execution["status"], execution["message"]) == ("Failed", raised.value.message)
    (logged,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (logged["message"], logged["level"], logged["advice"]) == (
        "check failed",
        "ERROR",
        raised.value.advice,
    )


def test_a_second_try_replaces_what_the_first_has_written(world: MonitorWorld) -> None:
    world.publish(rows(300, shift=0.5, seed=2))

    first, second = world.run(), world.run()

    assert first == second
    assert len([key for key in world.keys("reports/") if key.endswith("execution.json")]) == 1
    # Whether an alert began is told of the executions before, so that each try says the same.
    assert [one["Subject"] for one in world.told()] == [
        "Monitor: churn violates its baseline (hourly)"
    ] * 2


def test_people_are_told_when_n_of_m_runs_violate_and_when_that_is_over(
    world: MonitorWorld,
) -> None:
    shifts = [0.5, 0.0, 0.5, 0.5, 0.0, 0.0]
    answers, subjects = [], []
    for number, shift in enumerate(shifts):
        world.publish(rows(300, shift=shift, seed=number), hours_ago=1 - number)
        due = DUE + timedelta(hours=number)
        answers.append(world.run(time=due.isoformat(), hours=1, alert="2 of 3"))
        subjects.append([one["Subject"] for one in world.told()])

    assert [one["alert"] for one in answers] == ["OK", "OK", "InAlert", "InAlert", "InAlert", "OK"]
    assert [len(one) for one in subjects] == [0, 0, 1, 0, 0, 1]
    assert subjects[-1] == ["Monitor: churn fits its baseline again (hourly)"]
    assert len(world.announced()) == 3
    page = world.s3.get_object(Bucket=BUCKET, Key="reports/churn/hourly/2026/03/02/15/report.html")[
        "Body"
    ].read()
    assert page.count(b"2026-03-02") >= len(shifts)


def test_runs_without_rows_and_runs_that_failed_neither_begin_nor_end_an_alert(
    world: MonitorWorld,
) -> None:
    world.publish(rows(300, shift=0.5, seed=2))
    assert world.run(hours=1)["alert"] == "InAlert"

    empty = world.run(hours=1, time=(DUE + timedelta(hours=1)).isoformat())
    baseline = world.read("baselines/churn/constraints.json")
    world.put("baselines/churn/constraints.json", b"{")
    with pytest.raises(MonitorFileError):
        world.run(hours=1, time=(DUE + timedelta(hours=2)).isoformat())
    world.put("baselines/churn/constraints.json", json.dumps(baseline).encode())
    again = world.run(hours=1, time=(DUE + timedelta(hours=3)).isoformat())

    assert (empty["alert"], again["alert"]) == ("InAlert", "InAlert")
    assert len(world.told()) == 1


def test_nothing_is_left_on_the_disk(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    world.publish(rows(300, seed=2))

    world.run()
    with pytest.raises(UsageError):
        world.run(endpoint="unknown")

    assert list(disk.iterdir()) == []


def test_a_disk_that_is_too_small_is_told_with_what_to_raise(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish(rows(300, seed=2))
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 100})())

    with pytest.raises(UsageError, match="do not fit on the disk") as raised:
        world.run()

    assert "MonitorStorage" in raised.value.advice
    assert world.read(f"{REPORT}/execution.json")["status"] == "Failed"


def test_the_check_stops_in_time_and_says_what_to_raise(world: MonitorWorld) -> None:
    world.publish(rows(300, seed=2))

    with pytest.raises(OutOfTimeError) as raised:
        world.run(Context(seconds=5))

    assert "MonitorMemorySize" in raised.value.advice
    execution = world.read(f"{REPORT}/execution.json")
    assert (execution["status"], execution["rows"]) == ("Failed", None)


def test_rows_that_cannot_be_read_are_told_by_the_address_of_their_file(
    world: MonitorWorld,
) -> None:
    key = world.publish(rows(3))
    world.put(key, b"this is not gzip\n")

    with pytest.raises(UsageError) as raised:
        world.run()

    assert f"s3://{BUCKET}/{key}" in raised.value.message
    assert "/tmp" not in str(raised.value)  # noqa: S108 - where the copy was


def test_what_cannot_be_told_fails_the_run_after_the_report_is_kept(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish(rows(300, shift=0.5, seed=2))
    aws = AwsAnswers(monkeypatch)
    aws.refuse("PutEvents", "AccessDeniedException")

    with pytest.raises(SignalError, match="events:PutEvents"):
        world.run()

    assert world.read(f"{REPORT}/execution.json")["status"] == "CompletedWithViolations"
    # Nothing was measured, so that the next try does not count twice.
    assert metrics(capsys.readouterr().out) == {}


@pytest.mark.parametrize("operation", ["PutObject", "ListObjectsV2"])
def test_what_s3_refuses_is_told_with_the_permission(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    world.publish(rows(300, seed=2))
    AwsAnswers(monkeypatch).refuse(operation)
    action = {"PutObject": "s3:PutObject", "ListObjectsV2": "s3:ListBucket"}[operation]

    with pytest.raises(FileStoreError) as raised:
        world.run()

    assert action in raised.value.advice


def test_a_wrong_event_and_missing_variables_are_refused_before_anything_is_read(
    world: MonitorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = AwsAnswers(monkeypatch)
    wrong: Any = event(hour=3)

    with pytest.raises(UsageError, match="hour"):
        lambda_handler(wrong, None)
    for name in ("MONITOR_ROWS", "MONITOR_BASELINES", "MONITOR_REPORTS"):
        monkeypatch.delenv(name)
    with pytest.raises(SettingsError) as raised:
        lambda_handler(event(), None)

    assert len(raised.value.problems) == 3
    assert aws.asked == []
    assert world.keys("reports/") == []
