"""What was decided for data at the edges: nothing, all alike, without end, or with odd names."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import duckdb
import pytest

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.quality import (
    ProblemType,
    Question,
    check_quality,
    read_constraints,
    suggest_constraints,
)
from capture_forwarder.monitor.quality.classes import MOST_CLASSES
from tests.support.quality import csv_file, json_lines, measured, source, values

REGRESSION, BINARY, MULTICLASS = ProblemType
HOSTILE = [
    "<script>alert(1)</script>",
    'quo"te',
    "apo'strophe",
    '"; DROP TABLE judged; --',
    "'); DROP TABLE judged; --",
    "{format} %s $1 ?",
    "back\\slash",
    "tilde~/slash",
    "ünïcode 🦆",
    " spaces ",
    "n\0ul",
    "prediction.label[0]",
    "*",
    "$",
]


def of(folder: Path, problem: ProblemType, rows: list[Any], **more: Any) -> dict[str, Any]:
    path = csv_file(folder / "rows.csv", rows, "label", "prediction", "probability")
    question = Question(problem, label="label", **{"prediction": "prediction", **more})
    return measured(question, source(path))


@pytest.mark.parametrize("problem", ProblemType)
@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.csv.gz", "header.csv"])
def test_without_rows_there_are_metrics_without_values_and_nothing_is_violated(
    tmp_path: Path, problem: ProblemType, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"") if name.endswith("gz") else b"")
    if name == "header.csv":
        csv_file(path, [], "label", "prediction")
    question = Question(problem, prediction="prediction", label="label")

    found = measured(question, source(path))

    assert found["dataset"]["item_count"] == 0
    assert all(map(math.isnan, values(found, problem).values()))
    assert suggest_constraints(found, problem)[problem.constraints] == {}
    baseline = {
        problem.constraints: {
            "mae": {"threshold": 0, "comparison_operator": "GreaterThanThreshold"}
        }
    }
    checked = check_quality(found, read_constraints(baseline, problem, "b"), problem)
    assert checked.violations == ()
    assert checked.not_judged == ("mae",)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("problem", ProblemType)
def test_without_any_label_nothing_is_judged_and_the_coverage_says_so(
    tmp_path: Path, problem: ProblemType
) -> None:
    found = of(tmp_path, problem, [("", 1, 1), ("", 0, 0)])

    coverage = found["dataset"]["coverage"]
    assert (coverage["predictions"], coverage["without_label"], coverage["judged"]) == (2, 2, 0)
    assert all(map(math.isnan, values(found, problem).values()))


def test_constant_labels_have_no_r2(tmp_path: Path) -> None:
    found = values(of(tmp_path, REGRESSION, [(3, 1, 0), (3, 5, 0)]), REGRESSION)

    assert found["mae"] == 2
    assert math.isnan(found["r2"])


@pytest.mark.parametrize("label", [0, 1])
def test_rates_of_a_class_that_no_label_has_are_not_judged(tmp_path: Path, label: int) -> None:
    document = of(tmp_path, BINARY, [(label, 1, 0.7), (label, 0, 0.2)], probability="probability")
    found = values(document, BINARY)

    assert found["accuracy"] == 0.5
    assert math.isnan(found["auc"])
    assert math.isnan(found["recall"]) == (label == 0)
    assert math.isnan(found["true_negative_rate"]) == (label == 1)
    assert found["accuracy_best_constant_classifier"] == 1
    assert set(document[BINARY.metrics]["confusion_matrix"]) == {"0", "1"}
    undefined = {name for name, value in found.items() if math.isnan(value)}
    assert not undefined & suggest_constraints(document, BINARY)[BINARY.constraints].keys()


def test_one_class_of_several_is_as_good_as_it_gets(tmp_path: Path) -> None:
    document = of(tmp_path, MULTICLASS, [("a", "a", 0), ("a", "a", 0)])

    assert document[MULTICLASS.metrics]["confusion_matrix"] == {"a": {"a": 2}}
    assert set(values(document, MULTICLASS).values()) == {1.0}


@pytest.mark.parametrize("odd", ["inf", "-Infinity", "NaN", "1e400", "text", ""])
def test_a_prediction_that_is_no_finite_number_is_counted_and_not_judged(
    tmp_path: Path, odd: str
) -> None:
    found = of(tmp_path, REGRESSION, [(1, odd, 0), (2, 3, 0)])

    assert found["dataset"]["coverage"]["unusable"] == 1
    assert values(found, REGRESSION)["mae"] == 1


@pytest.mark.parametrize("odd", ["inf", "nan", "text"])
def test_a_label_that_is_no_finite_number_is_counted_and_not_judged(
    tmp_path: Path, odd: str
) -> None:
    coverage = of(tmp_path, REGRESSION, [(odd, 1, 0), (2, 3, 0)])["dataset"]["coverage"]

    assert (coverage["judged"], coverage["unusable"], coverage["without_label"]) == (1, 1, 0)


@pytest.mark.parametrize("odd", ["inf", "nan", "text", ""])
def test_a_row_without_a_finite_probability_is_not_judged(tmp_path: Path, odd: str) -> None:
    rows = [(1, 1, odd), (1, 1, 0.9), (0, 0, 0.1)]

    coverage = of(tmp_path, BINARY, rows, probability="probability")["dataset"]["coverage"]

    assert (coverage["judged"], coverage["unusable"]) == (2, 1)


def test_errors_beyond_all_numbers_are_infinite_and_violate(tmp_path: Path) -> None:
    document = of(tmp_path, REGRESSION, [(0, 1e200, 0), (1, -1e200, 0)])

    assert document["regression_metrics"]["mse"]["value"] == "Infinity"
    assert document["regression_metrics"]["r2"]["value"] == "-Infinity"
    limits = {
        "mse": {"threshold": 5, "comparison_operator": "GreaterThanThreshold"},
        "r2": {"threshold": 0, "comparison_operator": "LessThanThreshold"},
    }
    constraints = read_constraints({"regression_constraints": limits}, REGRESSION, "b")
    assert check_quality(document, constraints, REGRESSION).violated == ("mse", "r2")


def test_whole_numbers_beyond_2_to_53_are_different_classes(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "rows.jsonl", [{"label": 2**53 + 1, "prediction": 2**53}])
    question = Question(MULTICLASS, prediction="prediction", label="label")

    assert values(measured(question, source(path)), MULTICLASS)["accuracy"] == 0


@pytest.mark.parametrize(
    ("label", "prediction"),
    [("1", "1.0"), ("true", "True"), ("TRUE", "1"), (" 1 ", "1.00"), ("0.0", "false")],
)
def test_spellings_of_a_binary_class_are_the_same(
    tmp_path: Path, label: str, prediction: str
) -> None:
    assert values(of(tmp_path, BINARY, [(label, prediction, 0)]), BINARY)["accuracy"] == 1


def test_a_leading_zero_makes_another_class(tmp_path: Path) -> None:
    assert values(of(tmp_path, MULTICLASS, [("007", "7", 0)]), MULTICLASS)["accuracy"] == 0


def test_classes_are_listed_numbers_first_and_by_size(tmp_path: Path) -> None:
    document = of(tmp_path, MULTICLASS, [("10", "9", 0), ("b", "a", 0)])

    assert list(document[MULTICLASS.metrics]["confusion_matrix"]) == ["9", "10", "a", "b"]


def test_a_positive_class_of_ones_own_names_the_matrix(tmp_path: Path) -> None:
    rows = [("churn", "churn", 0.9), ("stay", "churn", 0.6), ("stay", "stay", 0.2)]

    matrix = of(tmp_path, BINARY, rows, positive="churn")[BINARY.metrics]["confusion_matrix"]

    assert matrix == {"stay": {"stay": 1, "churn": 1}, "churn": {"stay": 0, "churn": 1}}
    assert list(matrix) == ["stay", "churn"]


def test_a_probability_predicts_the_positive_class_above_the_threshold_alone(
    tmp_path: Path,
) -> None:
    rows = [(1, "", 0.6), (1, "", 0.61)]

    found = of(tmp_path, BINARY, rows, prediction=None, probability="probability", threshold=0.6)

    assert found[BINARY.metrics]["confusion_matrix"]["1"] == {"0": 1, "1": 1}


@pytest.mark.parametrize(
    ("rows", "more", "message"),
    [
        ([("yes", 1, 0)], {}, "labels that are neither 1 nor 0"),
        ([(1, 0.25, 0)], {}, "predictions that are neither 1 nor 0"),
        ([("a", "b", 0), ("c", "a", 0)], {"positive": "a"}, "there are 2 others"),
    ],
)
def test_other_classes_than_two_are_no_binary_model_and_are_not_shown(
    tmp_path: Path, rows: list[Any], more: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        of(tmp_path, BINARY, rows, **more)

    assert "yes" not in caught.value.message
    assert "0.25" not in caught.value.message


def test_numbers_are_not_taken_for_a_thousand_classes(tmp_path: Path) -> None:
    rows = [(number, number + 0.5, 0) for number in range(MOST_CLASSES)]

    with pytest.raises(UsageError, match="2000 classes"):
        of(tmp_path, MULTICLASS, rows)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_a_name(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / f"rows.{kind}"
    if kind == "jsonl":
        json_lines(path, [{name: 1, "label": 3}])
    elif "\0" in name:
        pytest.skip("neither CSV nor Parquet can have NUL in a name here")
    else:
        csv_file(tmp_path / "rows.csv", [(1, 3)], name, "label")
    if kind == "parquet":
        with duckdb.connect() as connection:
            quoted = name.replace('"', '""')
            sql = f'COPY (SELECT 1 AS "{quoted}", 3 AS label) TO $path (FORMAT parquet)'
            connection.execute(sql.replace("$path", f"'{path}'"))

    found = measured(Question(REGRESSION, prediction=name, label="label"), source(path))

    assert values(found, REGRESSION)["mae"] == 2


def test_five_thousand_columns_are_read_for_the_two_that_count(tmp_path: Path) -> None:
    names = [f"column {number}" for number in range(5000)]
    path = csv_file(tmp_path / "rows.csv", [list(range(5000))] * 3, *names)

    found = measured(Question(REGRESSION, prediction="column 4998", label="4999"), source(path))

    assert values(found, REGRESSION)["mae"] == 1


@pytest.mark.parametrize(
    ("problem", "given", "message"),
    [
        (REGRESSION, {}, "not given where the predictions are"),
        (REGRESSION, {"probability": "p"}, "not given where the predictions are"),
        (MULTICLASS, {"prediction": "a", "probability": "p"}, "not for MulticlassClassification"),
        (REGRESSION, {"prediction": "a", "positive": "1"}, "not for Regression"),
    ],
)
def test_a_question_that_does_not_fit_together_is_refused(
    problem: ProblemType, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        Question(problem, **given)
