"""Constraints from a baseline, and what violates them."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.quality import (
    Names,
    ProblemType,
    Slack,
    check_quality,
    read_constraints,
    suggest_constraints,
)
from capture_forwarder.monitor.quality.violations import java_double

BINARY = ProblemType.BINARY


def document(**metrics: tuple[float, float | str]) -> dict[str, Any]:
    written = {
        name: {"value": value, "standard_deviation": deviation}
        for name, (value, deviation) in metrics.items()
    }
    return {"version": 0.0, BINARY.metrics: written | {"confusion_matrix": {}}}


BASELINE = document(
    auc=(0.9, 0.01),
    false_positive_rate=(0.1, 0.02),
    recall_best_constant_classifier=(0.0, 0.0),
)


def limits(slack: Slack = Slack()) -> dict[str, float]:  # noqa: B008
    found = suggest_constraints(BASELINE, BINARY, slack)[BINARY.constraints]
    return {name: one["threshold"] for name, one in found.items()}


def test_a_constraint_is_the_baselines_value_and_only_for_the_models_own_metrics() -> None:
    assert suggest_constraints(BASELINE, BINARY) == {
        "version": 0.0,
        "binary_classification_constraints": {
            "auc": {"threshold": 0.9, "comparison_operator": "LessThanThreshold"},
            "false_positive_rate": {
                "threshold": 0.1,
                "comparison_operator": "GreaterThanThreshold",
            },
        },
    }


def test_slack_gives_room_for_the_worse_alone() -> None:
    assert limits(Slack(absolute=0.05)) == pytest.approx({"auc": 0.85, "false_positive_rate": 0.15})
    assert limits(Slack(deviations=2)) == pytest.approx({"auc": 0.88, "false_positive_rate": 0.14})
    assert limits(Slack(0.05, 2)) == pytest.approx({"auc": 0.83, "false_positive_rate": 0.19})


def test_slack_in_deviations_needs_a_baseline_that_has_them() -> None:
    with pytest.raises(UsageError, match="too few rows"):
        suggest_constraints(document(auc=(0.9, "NaN")), BINARY, Slack(deviations=1))


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_a_value_violates_its_constraint_on_one_side_alone(value: float, threshold: float) -> None:
    given_limits = {
        "auc": {"threshold": threshold, "comparison_operator": "LessThanThreshold"},
        "mae": {"threshold": threshold, "comparison_operator": "GreaterThanThreshold"},
    }
    constraints = read_constraints({BINARY.constraints: given_limits}, BINARY, "b")

    checked = check_quality(document(auc=(value, 0), mae=(value, 0)), constraints, BINARY)

    if math.isclose(value, threshold, rel_tol=1e-12, abs_tol=1e-12):
        assert checked.violated == ()
    else:
        assert checked.violated == (("auc",) if value < threshold else ("mae",))


def test_a_violation_reads_as_model_monitors_do() -> None:
    # Published by a run of October 2021.
    found = document(
        auc=(0.515453080147537, 8.080858763541535e-4),
        true_positive_rate=(0.11591086786551993, 0.0014500957184854933),
        false_positive_rate=(0.1312691914022518, 0.0018092804739749451),
    )
    given_limits = {
        "auc": {"threshold": 0.9395127993393898, "comparison_operator": "LessThanThreshold"},
        "true_positive_rate": {
            "threshold": 0.5714285714285714,
            "comparison_operator": "LessThanThreshold",
        },
        "false_positive_rate": {"threshold": 0, "comparison_operator": "GreaterThanThreshold"},
    }
    constraints = read_constraints({BINARY.constraints: given_limits}, BINARY, "b")

    checked = check_quality(found, constraints, BINARY, Names.MODEL_MONITOR)
    ours = check_quality(found, constraints, BINARY)

    assert checked.violations == (
        {
            "constraint_check_type": "LessThanThreshold",
            "description": "Metric auc with 0.515453080147537 +/- 8.080858763541535E-4 "
            "was LessThanThreshold '0.9395127993393898'",
            "metric_name": "auc",
        },
        {
            "constraint_check_type": "LessThanThreshold",
            "description": "Metric truePositiveRate with 0.11591086786551993 +/- "
            "0.0014500957184854933 was LessThanThreshold '0.5714285714285714'",
            "metric_name": "truePositiveRate",
        },
        {
            "constraint_check_type": "GreaterThanThreshold",
            "description": "Metric falsePositiveRate with 0.1312691914022518 +/- "
            "0.0018092804739749451 was GreaterThanThreshold '0.0'",
            "metric_name": "falsePositiveRate",
        },
    )
    assert [one["metric_name"] for one in ours.violations] == [
        "auc",
        "true_positive_rate",
        "false_positive_rate",
    ]


@pytest.mark.parametrize(
    ("name", "camel"),
    [("f0_5", "f0_5"), ("weighted_recall", "weightedRecall"), ("accuracy", "accuracy")],
)
def test_an_underscore_before_a_digit_stays(name: str, camel: str) -> None:
    given_limits = {name: {"threshold": 1, "comparison_operator": "LessThanThreshold"}}
    constraints = read_constraints({BINARY.constraints: given_limits}, BINARY, "b")

    (found,) = check_quality(
        document(**{name: (0.5, 0)}), constraints, BINARY, Names.MODEL_MONITOR
    ).violations

    assert found["metric_name"] == camel


def test_a_metric_without_a_value_is_not_judged() -> None:
    constraints = read_constraints(suggest_constraints(BASELINE, BINARY), BINARY, "b")

    checked = check_quality(document(auc=("NaN", "NaN")), constraints, BINARY)  # type: ignore[arg-type]

    assert checked.violations == ()
    assert checked.not_judged == ("auc", "false_positive_rate")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(8.080858763541535e-4, "8.080858763541535E-4"), (1e-3, "0.001"), (0.0, "0.0")],
        *[(1e7, "1.0E7"), (9999999.0, "9999999.0"), (-1.5e-10, "-1.5E-10"), (1e21, "1.0E21")],
        *[(123456789.125, "1.23456789125E8"), (math.nan, "NaN"), (-math.inf, "-Infinity")],
    ],
)
def test_numbers_are_written_as_java_writes_them(value: float, text: str) -> None:
    assert java_double(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_written_as_java_does_is_the_same_number(value: float) -> None:
    text = java_double(value)

    assert float(text) == value
    assert re.fullmatch(r"-?\d+\.\d+(E-?\d+)?", text)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"regression_constraints": {}}, "has no 'binary_classification_constraints'"),
        ([], "has no"),
        ({BINARY.constraints: {"auc": {"threshold": 1}}}, "cannot be read"),
        ({BINARY.constraints: {"auc": 5}}, "cannot be read"),
        (
            {BINARY.constraints: {"auc": {"threshold": 1, "comparison_operator": "Equals"}}},
            "cannot be read",
        ),
    ],
)
def test_a_file_that_is_not_of_constraints_is_refused(found: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_constraints(found, BINARY, "constraints.json")


def test_keys_that_we_do_not_know_are_ignored() -> None:
    one = {
        "threshold": 1,
        "comparison_operator": "LessThanThreshold",
        "additional_properties": None,
    }

    found = read_constraints({"version": 0, BINARY.constraints: {"auc": one}}, BINARY, "b")

    assert found["auc"].threshold == 1
