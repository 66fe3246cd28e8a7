"""Numbers that Model Monitor published, from the same data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from capture_forwarder.monitor.quality import (
    ProblemType,
    Question,
    check_quality,
    read_constraints,
    suggest_constraints,
)
from tests.support.quality import PUBLISHED, csv_file, measured, source, values

BINARY = ProblemType.BINARY
here = pytest.mark.skipif(not PUBLISHED.exists(), reason="the published cases are not here")


@here
@pytest.mark.parametrize("kind", ["good", "bad"])
def test_a_regression_has_the_metrics_and_violations_of_the_sdks_own_files(kind: str) -> None:
    # The SDK's test takes the label for the prediction, and the other way round.
    question = Question(ProblemType.REGRESSION, prediction="Label", label="Prediction")
    found = measured(question, source(PUBLISHED / "sdk/quality_check_model_baseline.csv"))
    expected = json.loads((PUBLISHED / "sdk/quality_check_model_statistics.json").read_text())
    constraints = json.loads(
        (PUBLISHED / f"sdk/quality_check_model_constraints_{kind}.json").read_text()
    )

    assert found["dataset"]["item_count"] == expected["dataset"]["item_count"]
    assert found["regression_metrics"].keys() == expected["regression_metrics"].keys()
    for name, one in expected["regression_metrics"].items():
        assert found["regression_metrics"][name]["value"] == pytest.approx(one["value"], rel=1e-14)
        assert found["regression_metrics"][name]["standard_deviation"] == "NaN"
    checked = check_quality(
        found,
        read_constraints(constraints, ProblemType.REGRESSION, "constraints"),
        ProblemType.REGRESSION,
    )
    assert checked.violated == (("mse",) if kind == "bad" else ())


@here
def test_a_binary_model_has_the_metrics_of_a_published_run() -> None:
    question = Question(BINARY, prediction="prediction", probability="probability", label="label")
    found = measured(question, source(PUBLISHED / "churn/validation_with_predictions.csv"))
    metrics = found[BINARY.metrics]
    numbers = values(found, BINARY)

    assert metrics["confusion_matrix"] == {"0": {"0": 173, "1": 0}, "1": {"0": 12, "1": 16}}
    expected = {
        "recall": 16 / 28,
        "precision": 1,
        "accuracy": 189 / 201,
        "auc": 0.9395127993393898,
        "true_positive_rate": 16 / 28,
        "true_negative_rate": 1,
        "false_positive_rate": 0,
        "false_negative_rate": 12 / 28,
        "f0_5": 20 / 23,
        "f1": 8 / 11,
        "f2": 0.625,
        "accuracy_best_constant_classifier": 173 / 201,
        **{
            f"{name}_best_constant_classifier": 0
            for name in ("recall", "precision", "f0_5", "f1", "f2")
        },
    }
    assert numbers == pytest.approx(expected, rel=1e-12)
    curve = metrics["receiver_operating_characteristic_curve"]
    assert curve["true_positive_rates"][:3] == [0, 1 / 28, 2 / 28]
    # Another five samples than theirs, but of the same size.
    assert metrics["accuracy"]["standard_deviation"] == pytest.approx(0.00589, rel=1)
    # Theirs adds up the area in another order, and is 9e-16 greater.
    theirs = suggest_constraints(found, BINARY)
    theirs[BINARY.constraints]["auc"]["threshold"] = 0.9395127993393898
    assert check_quality(found, read_constraints(theirs, BINARY, "theirs"), BINARY).violated == ()


@here
def test_captures_and_labels_of_the_sdks_tests_are_joined_by_their_ids() -> None:
    question = Question(BINARY, probability="0")
    found = measured(
        question,
        source(PUBLISHED / "sdk/monitor_capture.jsonl"),
        source(PUBLISHED / "sdk/monitor_actuals.jsonl"),
    )
    labels = [
        json.loads(line)["groundTruthData"]["data"]
        for line in (PUBLISHED / "sdk/monitor_actuals.jsonl").read_text().splitlines()
    ]

    assert found["dataset"]["coverage"]["judged"] == len(labels)
    matrix = found[BINARY.metrics]["confusion_matrix"]
    assert sum(matrix["1"].values()) == labels.count("1")


@here
def test_a_merged_record_of_a_batch_transform_is_read_by_its_attributes(tmp_path: Path) -> None:
    document = json.loads((PUBLISHED / "capture/merged_and_environment.json").read_text())
    path = tmp_path / "merged.jsonl"
    path.write_text(json.dumps(document["merged_record"]) + "\n")
    question = Question(
        BINARY,
        prediction="SageMakerOutput.predicted_label",
        probability="SageMakerOutput.score",
        label="label",
    )

    metrics = measured(question, source(path))[BINARY.metrics]

    assert metrics["confusion_matrix"] == {"0": {"0": 0, "1": 0}, "1": {"0": 0, "1": 1}}


def test_multiclass_metrics_are_those_of_the_documentation(tmp_path: Path) -> None:
    cells = {("0", "0"): 1180, ("0", "1"): 510, ("1", "0"): 268, ("1", "1"): 138}
    rows = [cell for cell, times in cells.items() for _ in range(times)]
    path = csv_file(tmp_path / "rows.csv", rows, "label", "prediction")
    problem = ProblemType.MULTICLASS

    found = measured(Question(problem, prediction="prediction", label="label"), source(path))

    numbers = values(found, problem)
    assert found[problem.metrics]["confusion_matrix"] == {
        "0": {"0": 1180, "1": 510},
        "1": {"0": 268, "1": 138},
    }
    documented = {
        "accuracy": 0.6288167938931297,
        "weighted_recall": 0.6288167938931297,
        "weighted_precision": 0.6983172269629505,
        "weighted_f0_5": 0.6803947317178771,
        "weighted_f1": 0.6571162346664904,
        "weighted_f2": 0.6384024354394601,
    }
    assert {name: numbers[name] for name in documented} == pytest.approx(documented, rel=1e-12)
    # The documentation's constant classifier takes the rarer class; a published run, the other.
    share = 1690 / 2096
    assert numbers["accuracy_best_constant_classifier"] == pytest.approx(share, rel=1e-15)
    assert numbers["weighted_precision_best_constant_classifier"] == pytest.approx(share**2)


def test_a_regression_has_the_errors_of_the_documentation(tmp_path: Path) -> None:
    # The same rows once more: 778 of 2096 are wrong by one.
    rows = [(0, 0)] * 1180 + [(0, 1)] * 510 + [(1, 0)] * 268 + [(1, 1)] * 138
    path = csv_file(tmp_path / "rows.csv", rows, "label", "prediction")
    question = Question(ProblemType.REGRESSION, prediction="prediction", label="label")

    found = values(measured(question, source(path)), ProblemType.REGRESSION)

    expected = {"mae": 0.3711832061068702, "mse": 0.3711832061068702, "rmse": 0.609248066149471}
    assert found == pytest.approx(expected | {"r2": -1.3766111872212665}, rel=1e-12)


def test_a_binary_matrix_has_the_metrics_of_the_documentation(tmp_path: Path) -> None:
    rows = [(0, 0), (0, 1), (0, 1), (1, 1)]
    path = csv_file(tmp_path / "rows.csv", rows, "label", "prediction")

    found = measured(Question(BINARY, prediction="prediction", label="label"), source(path))

    numbers = values(found, BINARY)
    documented = {
        "recall": 1.0,
        "precision": 0.3333333333333333,
        "accuracy": 0.5,
        "true_positive_rate": 1.0,
        "true_negative_rate": 0.33333333333333337,
        "false_positive_rate": 0.6666666666666666,
        "false_negative_rate": 0.0,
        "f0_5": 0.3846153846153846,
        "f1": 0.5,
        "f2": 0.7142857142857143,
    }
    assert {name: numbers[name] for name in documented} == pytest.approx(documented, rel=1e-12)
    assert "auc" not in numbers
    assert "precision_recall_curve" not in found[BINARY.metrics]
