"""A schedule's event and the function's variables, as they are read or refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import SettingsError, UsageError
from capture_forwarder.monitor.drift.measure import Measure
from capture_forwarder.monitor.quality import Names, ProblemType
from capture_forwarder.monitor.scheduled.event import (
    ScheduledCheck,
    ScheduledQuality,
    read_event,
)
from capture_forwarder.monitor.scheduled.places import Places, read_places

PLACES = Places("s3://rows/out", "s3://models/baselines", "s3://models/reports")
NOW = datetime(2026, 3, 2, 10, 59, 59, tzinfo=UTC)
NEVER = datetime(1999, 1, 1, tzinfo=UTC)


def test_an_endpoint_is_all_that_has_to_be_named() -> None:
    check = read_event({"endpoint": "churn"})

    assert check.rows_address(PLACES) == "s3://rows/out/churn"
    assert check.baseline_address(PLACES) == "s3://models/baselines/churn"
    assert isinstance(check, ScheduledCheck)
    window = check.window(NOW)
    assert window.since == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert window.until == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert check.strictness.measure is Measure.ROWS


def test_an_event_may_say_all_of_it() -> None:
    check = read_event(
        {
            "endpoint": "churn",
            "schedule": "old-name",
            "time": "2026-03-02T05:20:00+02:00",
            "hours": 1,
            "rows": "s3://rows/out/fraud/",
            "baseline": "s3://models/other/",
            "exclude": ["id"],
            "drift": "model-monitor",
            "min_rows": 1,
            "strict_types": True,
            "metrics": "age, income",
            "alert": "2 of 3",
        }
    )

    assert isinstance(check, ScheduledCheck)
    # Folders are named by it, so that the hour has to be that of UTC as it is written.
    assert str(check.window(NOW).until) == "2026-03-02 03:00:00+00:00"
    assert check.rows_address(PLACES) == "s3://rows/out/fraud/churn"
    assert check.baseline_address(PLACES) == "s3://models/other"
    assert check.wanted_metrics == {"age", "income"}
    assert (check.alert_rule.runs, check.alert_rule.of) == (2, 3)
    assert (check.strictness.exact_types, check.strictness.least_rows) == (True, 1)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(1, 8784))
def test_a_window_is_whole_hours_before_the_hour_in_which_the_schedule_was_due(
    due: datetime, hours: int
) -> None:
    if due.year < 3:  # before the first year there is no hour
        due = due.replace(year=2026, day=1)
    window = read_event({"endpoint": "e", "time": due.isoformat(), "hours": hours}).window(NOW)

    assert window.since is not None
    assert window.until is not None
    assert window.until <= due
    assert (due - window.until).total_seconds() < 3600
    assert (window.until - window.since).total_seconds() == hours * 3600
    assert (window.until.minute, window.until.second, window.until.microsecond) == (0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"endpoint": ""}, "endpoint"),
        ({"endpoint": "a/b"}, "endpoint"),
        ({"endpoint": ".."}, "endpoint"),
        ({"schedule": "a b"}, "schedule"),
        ({"hours": 0}, "hours"),
        ({"hours": "24"}, "hours"),
        ({"hour": 24}, "hour"),
        ({"time": "yesterday"}, "time"),
        ({"rows": "rows/out"}, "rows"),
        ({"baseline": "s3://bucket"}, "baseline"),
        ({"drift": "psi"}, "drift"),
        ({"alert": "3 of 2"}, "alert"),
        ({"alert": "0 of 2"}, "alert"),
        ({"alert": "1 of 101"}, "alert"),
        ({"alert": "2 von 3"}, "alert"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        read_event({"endpoint": "churn", **changes})

    assert raised.value.advice


def test_an_event_without_an_endpoint_is_refused() -> None:
    with pytest.raises(UsageError, match="endpoint"):
        read_event({})


def test_slashes_at_the_ends_of_addresses_do_not_matter() -> None:
    variables = {
        "MONITOR_ROWS": "s3://rows/out/",
        "MONITOR_BASELINES": "s3://models/baselines",
        "MONITOR_REPORTS": "s3://models/reports/",
    }

    assert read_places(variables) == PLACES


def test_every_variable_that_is_wrong_is_named() -> None:
    with pytest.raises(SettingsError) as raised:
        read_places({"MONITOR_ROWS": "rows", "MONITOR_BASELINES": "s3://models"})

    assert [one.partition(":")[0] for one in raised.value.problems] == [
        "MONITOR_ROWS",
        "MONITOR_BASELINES",
        "MONITOR_REPORTS",
    ]


def quality(**changes: object) -> ScheduledQuality:
    event = {"endpoint": "churn", "problem_type": "BinaryClassification", "probability": "score"}
    found = read_event(event | changes)
    assert isinstance(found, ScheduledQuality)
    return found


def test_a_problem_type_makes_it_a_check_of_model_quality_with_places_of_its_own() -> None:
    check = quality(label="churned")

    assert check.schedule == "model-quality"
    assert check.wanted_metrics == {"all"}
    assert check.baseline_address(PLACES) == "s3://models/baselines/churn/quality"
    assert check.question.problem is ProblemType.BINARY
    assert (check.question.probability, check.question.label) == ("score", "churned")
    # Hours are those of folders, so that no column with times is needed.
    assert not check.question.window.is_limited


def test_what_the_template_writes_as_text_is_what_it_says() -> None:
    check = quality(threshold="0.25", delay="48", header="false", names="model-monitor")

    assert (check.threshold, check.header, check.names) == (0.25, False, Names.MODEL_MONITOR)
    assert check.question.threshold == 0.25
    for window in (check.window(NOW), quality(delay=48, time=NOW.isoformat()).window(NEVER)):
        assert window.until == datetime(2026, 2, 28, 10, tzinfo=UTC)
        assert window.since == datetime(2026, 2, 27, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("labels", "given", "found"),
    [
        (None, None, None),
        ("s3://truth/all", None, "s3://truth/all/churn"),
        ("s3://truth/all", "old/churn-1/", "s3://truth/all/old/churn-1"),
        ("s3://truth/all", "s3://other/x/", "s3://other/x"),
        (None, "s3://other/x", "s3://other/x"),
    ],
)
def test_labels_are_in_the_rows_in_the_endpoints_folder_or_where_it_is_said(
    labels: str | None, given: str | None, found: str | None
) -> None:
    places = Places(PLACES.rows, PLACES.baselines, PLACES.reports, labels)

    assert quality(labels=given).labels_address(places) == found


def test_a_folder_of_labels_without_the_place_of_all_is_an_error() -> None:
    with pytest.raises(UsageError, match="MONITOR_LABELS is not set") as raised:
        quality(labels="old/churn").labels_address(PLACES)

    assert "MonitorLabels" in raised.value.advice


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"problem_type": "Binary"}, "problem_type"),
        ({"probability": None}, "`prediction`, `probability`, or both"),
        ({"problem_type": "Regression"}, "Give `prediction`"),
        ({"problem_type": "Regression", "prediction": "x"}, "`probability` is not for Regression"),
        ({"delay": -1}, "delay"),
        ({"drift": "rows"}, "drift"),
        ({"threshold": "half"}, "threshold"),
        ({"labels_id": ""}, "labels_id"),
    ],
)
def test_what_cannot_be_of_model_quality_is_refused_by_its_keys(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError) as raised:
        quality(**changes)

    assert said in raised.value.message
    assert "--" not in str(raised.value)


def test_keys_of_model_quality_alone_are_refused_with_the_key_that_is_missing() -> None:
    with pytest.raises(UsageError, match="model quality needs `problem_type`"):
        read_event({"endpoint": "churn", "label": "churned"})


def test_a_place_of_labels_is_an_address_or_is_not_given() -> None:
    variables = {
        "MONITOR_ROWS": "s3://rows/out",
        "MONITOR_BASELINES": "s3://models/baselines",
        "MONITOR_REPORTS": "s3://models/reports",
    }

    assert read_places(variables | {"MONITOR_LABELS": ""}).labels is None
    assert read_places(variables | {"MONITOR_LABELS": "s3://a/b/"}).labels == "s3://a/b"
    with pytest.raises(SettingsError, match="MONITOR_LABELS"):
        read_places(variables | {"MONITOR_LABELS": "s3://bucket"})
