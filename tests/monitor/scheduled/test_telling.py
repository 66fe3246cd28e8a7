"""What is told of a check: alerts after n of m runs, metrics and messages."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.monitor.constraints.check import Checked
from capture_forwarder.monitor.constraints.violations import Violation
from capture_forwarder.monitor.drift.measure import Drift
from capture_forwarder.monitor.executions.execution import (
    BaselineFiles,
    Execution,
    MonitoringType,
    Status,
    write_execution,
)
from capture_forwarder.monitor.profile.statistics import (
    Common,
    Dataset,
    FeatureStatistics,
    InferredType,
    NumericalStatistics,
    Statistics,
)
from capture_forwarder.monitor.scheduled.alert import AlertRule, AlertStatus
from capture_forwarder.monitor.scheduled.found import Finding
from capture_forwarder.monitor.scheduled.metrics import metrics_of, quality_metrics_of
from capture_forwarder.monitor.scheduled.reports import executions_before
from capture_forwarder.monitor.scheduled.telling import detail_of, subject_of, text_of
from tests.support.memory_files import MemoryFileStore

ADDRESS = "s3://r/churn/hourly/2026/03/02/10"


def execution(status: Status = Status.COMPLETED, rows: int | None = 300) -> Execution:
    return Execution(
        schedule="hourly",
        endpoint="churn",
        window_start="2026-03-02T09:00:00.000Z",
        window_end="2026-03-02T10:00:00.000Z",
        status=status,
        message="",
        rows=rows,
        violations=0,
        started="2026-03-02T10:20:00.000Z",
        ended="2026-03-02T10:20:01.000Z",
        baseline=BaselineFiles("s3://b"),
        drift_method="rows",
    )


GOOD, BAD = execution(), execution(Status.WITH_VIOLATIONS)
EMPTY, FAILED = execution(rows=0), execution(Status.FAILED, None)


@pytest.mark.parametrize(
    ("runs", "of", "executions", "in_alert"),
    [
        (1, 1, [], False),
        (1, 1, [BAD], True),
        (1, 1, [BAD, GOOD], False),
        (2, 3, [BAD], False),
        (2, 3, [BAD, GOOD, BAD], True),
        (2, 3, [BAD, BAD, GOOD, GOOD], False),
        (2, 2, [BAD, EMPTY, FAILED, BAD], True),
        (1, 1, [BAD, EMPTY], True),
        (1, 1, [BAD, FAILED], True),
    ],
)
def test_an_alert_counts_the_last_runs_that_judged_rows(
    runs: int, of: int, executions: list[Execution], in_alert: bool
) -> None:
    status = AlertRule(runs, of).status(executions)

    assert status is (AlertStatus.IN_ALERT if in_alert else AlertStatus.OK)


@given(st.lists(st.sampled_from([GOOD, BAD, EMPTY, FAILED])), st.integers(1, 5), st.integers(0, 5))
def test_more_violations_never_end_an_alert_and_runs_without_rows_change_nothing(
    executions: list[Execution], runs: int, more: int
) -> None:
    rule = AlertRule(runs, runs + more)
    status = rule.status(executions)

    assert rule.status([*executions, EMPTY]) is status
    assert rule.status([FAILED, *executions]) is status
    if status is AlertStatus.IN_ALERT:
        assert rule.status([*executions, BAD]) is status


def kept(*hours: str) -> MemoryFileStore:
    store = MemoryFileStore()
    for hour in hours:
        store.held[f"s3://r/churn/hourly/{hour}/execution.json"] = write_execution(GOOD)
        store.held[f"s3://r/churn/hourly/{hour}/statistics.json"] = b"{}"
    return store


def test_executions_before_one_are_found_across_the_ends_of_months_and_years() -> None:
    store = kept(
        "2025/12/31/23", "2026/01/01/00", "2026/03/02/09", "2026/03/02/10", "2026/03/02/11"
    )
    store.held["s3://r/churn/hourly/2026/03/01/00/execution.json"] = b"broken"

    assert len(executions_before(store, ADDRESS, 30, 1)) == 3
    assert len(executions_before(store, "s3://r/churn/hourly/2026/01/01/01", 30, 1)) == 2
    assert executions_before(store, "s3://r/churn/hourly/2025/12/31/23", 30, 1) == ()


def test_no_more_executions_are_read_than_are_wanted_unless_too_few_have_judged_rows() -> None:
    store = kept(*(f"2026/03/01/{hour:02}" for hour in range(24)))

    assert len(executions_before(store, ADDRESS, 5, 3)) == 5
    for hour in range(10, 24):
        store.held[f"s3://r/churn/hourly/2026/03/01/{hour:02}/execution.json"] = write_execution(
            EMPTY
        )
    assert len(executions_before(store, ADDRESS, 5, 3)) == 17


def statistics(*names: str) -> Statistics:
    numbers = NumericalStatistics(Common(8, 2), 5.0, 40.0, 1.0, 0.0, 9.0)
    features = [
        FeatureStatistics(name, InferredType.FRACTIONAL, numerical_statistics=numbers)
        for name in names
    ]
    return Statistics(Dataset(10), tuple(features))


def found(*names: str) -> Checked:
    return Checked(
        tuple(Violation(name, "baseline_drift_check", "Baseline drift") for name in names),
        tuple(Drift(name, 0.5, 0.1, drifted=True, simple=0.5) for name in ("a", "b")),
    )


def test_metrics_are_those_of_violating_columns_with_model_monitors_names() -> None:
    made = metrics_of(found("a"), statistics("a", "b"), {"violations"}, "churn", "hourly")

    assert made.namespace == "aws/sagemaker/Endpoints/data-metrics"
    assert made.dimensions == {"Endpoint": "churn", "MonitoringSchedule": "hourly"}
    assert made.values == {"feature_non_null_a": 0.8, "feature_baseline_drift_a": 0.5}


def test_columns_that_are_wanted_have_all_three_metrics_and_no_others_have_any() -> None:
    made = metrics_of(found(), statistics("a", "b"), {"b"}, "churn", "hourly")

    assert made.values.keys() == {
        "feature_non_null_b",
        "feature_data_b",
        "feature_baseline_drift_b",
    }


def test_names_that_cloudwatch_cannot_hold_have_no_metric() -> None:
    names = ("größe", "a\x00b", "a\nb", "x" * 300, "<script>", 'a "b"')

    made = metrics_of(Checked(()), statistics(*names), {"all"}, "churn", "hourly")

    assert made.values.keys() == {
        f"{kind}_{name}" for kind in ("feature_data", "feature_non_null") for name in names[-2:]
    }


MEASURED = {
    "confusion_matrix": {"0": {"0": 3}},
    "f1": {"value": 0.75, "standard_deviation": "NaN"},
    "auc": {"value": "NaN", "standard_deviation": "NaN"},
    "recall": {"value": 0.5, "standard_deviation": 0.1},
    "recall_best_constant_classifier": {"value": 0.0, "standard_deviation": 0.0},
    "rmse": {"value": "Infinity", "standard_deviation": "NaN"},
}


@pytest.mark.parametrize(
    ("violated", "wanted", "names"),
    [
        ((), {"all"}, {"f1", "recall"}),
        ((), {"violations"}, set()),
        (("recall",), {"violations"}, {"recall"}),
        (("recall",), {"violations", "f1", "auc"}, {"recall", "f1"}),
        (("rmse",), {"recall_best_constant_classifier"}, {"recall_best_constant_classifier"}),
    ],
)
def test_metrics_of_a_model_have_its_names_and_are_numbers(
    violated: tuple[str, ...], wanted: set[str], names: set[str]
) -> None:
    made = quality_metrics_of(MEASURED, violated, wanted, "churn", "old")

    assert made.namespace == "aws/sagemaker/Endpoints/model-metrics"
    assert made.dimensions == {"Endpoint": "churn", "MonitoringSchedule": "old"}
    known = {"f1": 0.75, "recall": 0.5, "recall_best_constant_classifier": 0.0}
    assert made.values == {name: known[name] for name in names}


def test_a_message_names_at_most_twenty_violations_and_its_subject_fits_sns() -> None:
    many = [Finding(f"column-{n}", "Baseline drift") for n in range(25)]
    rule = AlertRule(2, 3)

    text = text_of(BAD, many, ADDRESS, AlertStatus.IN_ALERT, rule)

    assert text.count("- column-") == 20
    assert "- and 5 more" in text
    assert "At least 2 of the last 3 checks had violations" in text
    long = msgspec.structs.replace(BAD, endpoint="e" * 63, schedule="s" * 256)
    for status in AlertStatus:
        subject = subject_of(long, status)
        assert len(subject) == 100
        assert subject.isascii()


def test_an_event_names_each_column_once_and_at_most_twenty() -> None:
    findings = [Finding(f"column-{n // 2}", f"description {n}") for n in range(50)]

    detail = detail_of(BAD, findings, ADDRESS, AlertStatus.OK)

    assert detail["features"] == [f"column-{n}" for n in range(20)]
    assert detail["report"] == f"{ADDRESS}/report.html"
    of_model = msgspec.structs.replace(BAD, monitoring_type=MonitoringType.MODEL_QUALITY)
    told = detail_of(of_model, findings[:2], ADDRESS, AlertStatus.OK)
    assert ("features" in told, told["metrics"]) == (False, ["column-0"])
