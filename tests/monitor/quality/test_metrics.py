"""Every metric against its formula, written out once more over plain lists."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture_forwarder.monitor.quality import ProblemType, Question
from capture_forwarder.monitor.quality.curves import MOST_POINTS
from tests.support.quality import csv_file, measured, source, values

BINARY = ProblemType.BINARY
COLUMNS = ("label", "prediction", "probability")
both = given(
    rows=st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from([0.1, 0.25, 0.5, 0.75, 1])),
        max_size=30,
    )
)
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def of(rows: Sequence[Sequence[object]], problem: ProblemType, **more: Any) -> dict[str, Any]:
    """The statistics of rows with label, prediction and probability."""
    with tempfile.TemporaryDirectory() as folder:
        whole = [[*row, ""][:3] for row in rows]
        path = csv_file(Path(folder) / "rows.csv", whole, *COLUMNS)
        question = Question(problem, label="label", **{"prediction": "prediction", **more})
        return measured(question, source(path))


def same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12) or (
        math.isnan(one) and math.isnan(other)
    )


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
def test_regression_metrics_are_their_formulas(rows: list[tuple[float, float]]) -> None:
    found = values(of(rows, ProblemType.REGRESSION), ProblemType.REGRESSION)

    actual = [Fraction(label) for label, _ in rows]
    errors = [Fraction(prediction) - Fraction(label) for label, prediction in rows]
    mse = sum(error**2 for error in errors) / len(rows)
    spread = sum((one - sum(actual) / len(rows)) ** 2 for one in actual) / len(rows)
    assert math.isclose(found["mae"], float(sum(map(abs, errors)) / len(rows)), rel_tol=1e-12)
    assert math.isclose(found["mse"], float(mse), rel_tol=1e-12)
    assert math.isclose(found["rmse"], math.sqrt(mse), rel_tol=1e-12)
    if len({label for label, _ in rows}) == 1:
        assert math.isnan(found["r2"])
    elif spread > 1e-3:
        assert math.isclose(found["r2"], float(1 - mse / spread), rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=80)
@both
def test_the_area_under_the_curve_is_the_share_of_rightly_ordered_pairs(
    rows: list[tuple[int, int, float]],
) -> None:
    found = values(of(rows, BINARY, probability="probability"), BINARY)

    positive = [score for label, _, score in rows if label]
    negative = [score for label, _, score in rows if not label]
    pairs = [(high > low) + (high == low) / 2 for high in positive for low in negative]
    assert same(found["auc"], statistics.fmean(pairs) if pairs else math.nan)


@settings(max_examples=80)
@both
def test_binary_metrics_are_their_formulas(rows: list[tuple[int, int, float]]) -> None:
    document = of(rows, BINARY)
    found, matrix = values(document, BINARY), document[BINARY.metrics]["confusion_matrix"]

    def cell(label: int, prediction: int) -> int:
        return sum((label, prediction) == row[:2] for row in rows)

    tn, fp, fn, tp = cell(0, 0), cell(0, 1), cell(1, 0), cell(1, 1)
    assert matrix == {"0": {"0": tn, "1": fp}, "1": {"0": fn, "1": tp}}
    precision = tp / (tp + fp) if tp + fp else 0.0 if rows else math.nan
    recall = tp / (tp + fn) if tp + fn else math.nan
    assert same(found["precision"], precision)
    assert same(found["recall"], recall)
    assert same(found["true_positive_rate"], recall)
    assert same(found["false_negative_rate"], fn / (tp + fn) if tp + fn else math.nan)
    assert same(found["true_negative_rate"], tn / (tn + fp) if tn + fp else math.nan)
    assert same(found["false_positive_rate"], fp / (tn + fp) if tn + fp else math.nan)
    assert same(found["accuracy"], (tp + tn) / len(rows) if rows else math.nan)
    for name, beta in (("f0_5", 0.5), ("f1", 1), ("f2", 2)):
        # From the counts alone, which needs no precision or recall.
        whole = (1 + beta**2) * tp + beta**2 * fn + fp
        expected = (1 + beta**2) * tp / whole if tp + fn else math.nan
        assert same(found[name], expected), name


@settings(max_examples=60)
@both
def test_the_best_constant_classifier_predicts_the_more_frequent_label(
    rows: list[tuple[int, int, float]],
) -> None:
    found = values(of(rows, BINARY), BINARY)

    ones = sum(label for label, *_ in rows)
    best = int(2 * ones > len(rows))
    constant = values(of([(label, best, score) for label, _, score in rows], BINARY), BINARY)
    for name in ("recall", "precision", "accuracy", "f0_5", "f1", "f2"):
        assert same(found[f"{name}_best_constant_classifier"], constant[name]), name


@settings(max_examples=60)
@both
def test_curves_have_a_point_for_each_score_and_end_where_all_are_positive(
    rows: list[tuple[int, int, float]],
) -> None:
    metrics = of(rows, BINARY, probability="probability")[BINARY.metrics]
    roc = metrics["receiver_operating_characteristic_curve"]
    recall = metrics["precision_recall_curve"]

    points = list(zip(roc["false_positive_rates"], roc["true_positive_rates"], strict=True))
    expected = [(0.0, 0.0), *_roc(rows)]
    assert points == (expected if expected[-1] == (1.0, 1.0) else [*expected, (1.0, 1.0)])
    assert list(zip(recall["recalls"], recall["precisions"], strict=True)) == [
        (0.0, 1.0),
        *_precision_recall(rows),
    ]


def _at_each_score(rows: list[tuple[int, int, float]]) -> Iterator[tuple[int, int, int, int]]:
    labels = [label for label, *_ in rows]
    for limit in sorted({score for *_, score in rows}, reverse=True):
        taken = [label for label, _, score in rows if score >= limit]
        yield sum(taken), len(taken) - sum(taken), sum(labels), len(labels) - sum(labels)


def _roc(rows: list[tuple[int, int, float]]) -> list[tuple[float, float]]:
    return [
        (fp / negative if negative else 0.0, tp / positive if positive else 0.0)
        for tp, fp, positive, negative in _at_each_score(rows)
    ]


def _precision_recall(rows: list[tuple[int, int, float]]) -> list[tuple[float, float]]:
    return [
        (tp / positive if positive else 0.0, tp / (tp + fp))
        for tp, fp, positive, _ in _at_each_score(rows)
    ]


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=30
    )
)
def test_multiclass_metrics_weigh_those_of_one_class_against_the_rest(
    rows: list[tuple[str, str]],
) -> None:
    problem = ProblemType.MULTICLASS
    document = of(rows, problem)
    found, matrix = values(document, problem), document[problem.metrics]["confusion_matrix"]

    for label, predictions in matrix.items():
        for prediction, times in predictions.items():
            assert times == rows.count((label, prediction))
    totals = dict.fromkeys(("recall", "precision", "f0_5", "f1", "f2"), 0.0)
    for one in {label for label, _ in rows}:
        binary = values(
            of([(int(label == one), int(guess == one), 0) for label, guess in rows], BINARY), BINARY
        )
        weight = sum(label == one for label, _ in rows) / len(rows)
        totals = {name: total + weight * binary[name] for name, total in totals.items()}
    for name, total in totals.items():
        assert same(found[f"weighted_{name}"], total), name
    assert same(found["accuracy"], sum(a == b for a, b in rows) / len(rows))
    labels = [label for label, _ in rows]
    best = min(sorted(set(labels)), key=lambda one: -labels.count(one))
    constant = values(of([(label, best) for label in labels], problem), problem)
    for name, value in constant.items():
        if not name.endswith("classifier"):
            assert same(found[f"{name}_best_constant_classifier"], value), name


def test_long_curves_are_thinned_and_keep_both_ends() -> None:
    rows = [(number % 3 == 0, 0, number / 5000) for number in range(5000)]
    metrics = of([(int(a), b, c) for a, b, c in rows], BINARY, probability="probability")[
        BINARY.metrics
    ]

    rates = metrics["receiver_operating_characteristic_curve"]
    assert len(rates["true_positive_rates"]) == MOST_POINTS + 1
    assert rates["true_positive_rates"][0] == 0
    assert rates["true_positive_rates"][-1] == 1
    assert rates["true_positive_rates"] == sorted(rates["true_positive_rates"])
    gaps = [after - before for before, after in pairwise(rates["false_positive_rates"])]
    assert max(gaps) < 3 / MOST_POINTS


def test_deviations_are_those_of_five_samples_and_the_same_in_every_run() -> None:
    rows = [(number % 7, (number * 5) % 11) for number in range(200)]
    first, again = (of(rows, ProblemType.REGRESSION) for _ in range(2))

    assert first == again
    metrics = first["regression_metrics"]
    errors = [abs(prediction - label) for label, prediction in rows]
    # What a mean of 160 of 200 varies by, when they are drawn without putting back.
    expected = statistics.pstdev(errors) / math.sqrt(160) * math.sqrt(1 - 0.8)
    assert metrics["mae"]["standard_deviation"] == pytest.approx(expected, rel=0.9)
    assert metrics["mae"]["standard_deviation"] > 0


def test_there_are_no_deviations_below_200_rows() -> None:
    rows = [(number % 7, number % 5) for number in range(199)]

    metrics = of(rows, ProblemType.REGRESSION)["regression_metrics"]

    assert {one["standard_deviation"] for one in metrics.values()} == {"NaN"}
