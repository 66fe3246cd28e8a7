"""Metrics of a multiclass classification: those of its classes, weighted by their labels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import cast

from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine
from capture_forwarder.monitor.quality.binary import f_beta, ratio

_CELLS = "SELECT actual, predicted, count(*) FROM judged WHERE {rows} GROUP BY ALL"
_BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}

Cells = Mapping[tuple[str, str], int]
"""(Actual class, predicted class) → how many rows."""


def cells(engine: DuckDBEngine, rows: str = "true") -> Cells:
    """Count the rows of the table `judged` by what they are and were predicted to be."""
    found = engine.rows(_CELLS.format(rows=rows))
    return {(str(actual), str(predicted)): cast("int", times) for actual, predicted, times in found}


def multiclass_metrics(counts: Cells) -> dict[str, float]:
    """Measure all numbers of a multiclass model, in the order of Model Monitor's files.

    The precision of a class that was never predicted is 0. The best constant classifier predicts
    the most frequent label; of several, the first by name.
    """
    actual = _by_class(counts, 0)
    best = min(actual, key=lambda name: (-actual[name], name), default="")
    metrics = _weighted(counts)
    constant = _weighted({(name, best): times for name, times in actual.items()})
    return metrics | {f"{name}_best_constant_classifier": value for name, value in constant.items()}


def _by_class(counts: Cells, place: int) -> Counter[str]:
    totals: Counter[str] = Counter()
    for classes, times in counts.items():
        totals[classes[place]] += times
    return totals


def _weighted(counts: Cells) -> dict[str, float]:
    actual, predicted = _by_class(counts, 0), _by_class(counts, 1)
    total = actual.total()
    hits = {name: counts.get((name, name), 0) for name in actual}
    accuracy = ratio(sum(hits.values()), total)
    if not total:
        names = ("accuracy", *(f"weighted_{name}" for name in ("recall", "precision", *_BETAS)))
        return dict.fromkeys(names, math.nan)
    precision = {name: hits[name] / predicted[name] if predicted[name] else 0.0 for name in actual}
    recall = {name: hits[name] / actual[name] for name in actual}

    def mean(values: Mapping[str, float]) -> float:
        return math.fsum(actual[name] * values[name] for name in actual) / total

    return {
        "accuracy": accuracy,
        "weighted_recall": accuracy,
        "weighted_precision": mean(precision),
        **{
            f"weighted_{name}": mean(
                {one: f_beta(precision[one], recall[one], beta) for one in actual}
            )
            for name, beta in _BETAS.items()
        },
    }
