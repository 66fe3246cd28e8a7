"""The block of model quality: metrics beside their limits, the confusion matrix, both curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capture_forwarder.monitor.report.documents import (
    Document,
    Documents,
    inner,
    number,
    numbers,
    text,
)
from capture_forwarder.monitor.report.violations import Violation

_KINDS = {
    "regression": "Regression",
    "binary_classification": "Binary classification",
    "multiclass_classification": "Multiclass classification",
}
_CLASSES = 12
_POINTS = 200
SIDE = 200
"""Width and height of a curve's drawing."""

_CONSTANT = "_best_constant_classifier"


@dataclass(frozen=True)
class Metric:
    """A metric beside its limit, and beside what a model that always says the same would have."""

    name: str
    value: float | None
    deviation: float | None
    limit: str
    threshold: float | None
    constant: float | None
    violated: bool


@dataclass(frozen=True)
class MatrixRow:
    """How often each class was predicted where one was true; `shares` are of that row."""

    actual: str
    counts: Sequence[int]
    shares: Sequence[float]


@dataclass(frozen=True)
class Matrix:
    """The confusion matrix of the most frequent classes; `more` are not shown."""

    classes: Sequence[str]
    rows: Sequence[MatrixRow]
    more: int


@dataclass(frozen=True)
class Curve:
    """A curve in a square of `SIDE`: `points` of an SVG polyline."""

    title: str
    across: str
    up: str
    points: str
    diagonal: bool


@dataclass(frozen=True)
class Quality:
    """All of the block."""

    kind: str
    rows: int | None
    predictions: int | None
    metrics: Sequence[Metric]
    matrix: Matrix | None
    curves: Sequence[Curve]


def quality_of(documents: Documents, violations: Sequence[Violation]) -> Quality | None:
    """Make the block; None where the statistics are not of model quality."""
    for stem, kind in _KINDS.items():
        measured = inner(documents.statistics, f"{stem}_metrics")
        if not measured:
            continue
        dataset = inner(documents.statistics, "dataset")
        limits = inner(documents.constraints, f"{stem}_constraints")
        violated = {_plain(one.name) for one in violations}
        return Quality(
            kind,
            _whole(dataset.get("item_count")),
            _whole(inner(dataset, "coverage").get("predictions")),
            _metrics(measured, limits, violated),
            _matrix(inner(measured, "confusion_matrix")),
            _curves(measured),
        )
    return None


def _plain(name: str) -> str:
    """A metric's name in either spelling."""
    return name.replace("_", "").casefold()


def _whole(value: object) -> int | None:
    found = number(value)
    return None if found is None else int(found)


def _metrics(measured: Document, limits: Document, violated: set[str]) -> list[Metric]:
    found = []
    for name, one in measured.items():
        if name.endswith(_CONSTANT) or "value" not in inner({"": one}, ""):
            continue
        limit = inner(limits, name)
        sign = {"GreaterThanThreshold": "≤", "LessThanThreshold": "≥"}
        found.append(
            Metric(
                name,
                number(one.get("value")),
                number(one.get("standard_deviation")),
                sign.get(text(limit.get("comparison_operator")), ""),
                number(limit.get("threshold")),
                number(inner(measured, f"{name}{_CONSTANT}").get("value")),
                _plain(name) in violated,
            )
        )
    return found


def _matrix(counts: Document) -> Matrix | None:
    whole = {
        actual: {name: int(number(times) or 0) for name, times in inner(counts, actual).items()}
        for actual in counts
    }
    totals = {actual: sum(predicted.values()) for actual, predicted in whole.items()}
    if not whole:
        return None
    frequent = sorted(whole, key=lambda name: -totals[name])[:_CLASSES]
    classes = [name for name in whole if name in frequent]
    rows = [
        MatrixRow(
            actual,
            [whole[actual].get(name, 0) for name in classes],
            [whole[actual].get(name, 0) / (totals[actual] or 1) for name in classes],
        )
        for actual in classes
    ]
    return Matrix(classes, rows, len(whole) - len(classes))


def _curves(measured: Document) -> list[Curve]:
    roc = inner(measured, "receiver_operating_characteristic_curve")
    recall = inner(measured, "precision_recall_curve")
    drawn = (
        Curve(
            "ROC",
            "False positive rate",
            "True positive rate",
            _points(roc, "false_positive_rates", "true_positive_rates"),
            diagonal=True,
        ),
        Curve(
            "Precision and recall",
            "Recall",
            "Precision",
            _points(recall, "recalls", "precisions"),
            diagonal=False,
        ),
    )
    return [curve for curve in drawn if curve.points]


def _points(curve: Document, across: str, up: str) -> str:
    pairs = list(zip(numbers(curve.get(across)), numbers(curve.get(up)), strict=False))
    if len(pairs) > _POINTS:
        last = len(pairs) - 1
        pairs = [pairs[index * last // (_POINTS - 1)] for index in range(_POINTS)]
    return " ".join(f"{_at(x)},{_at(1 - y)}" for x, y in pairs)


def _at(share: float) -> str:
    return f"{min(max(share, 0.0), 1.0) * SIDE:.1f}".removesuffix(".0")
