"""Metrics of a binary classification.

A rate is NaN where there is nothing that it could be a share of. Precision is the exception: it is
0 where nothing was predicted to be positive, as in Model Monitor's files.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from capture_forwarder.monitor.quality.judging import Judged

_COUNTS = """
    SELECT count(*) FILTER (actual = $positive AND predicted = $positive),
        count(*) FILTER (actual <> $positive AND predicted = $positive),
        count(*) FILTER (actual <> $positive AND predicted <> $positive),
        count(*) FILTER (actual = $positive AND predicted <> $positive)
    FROM judged WHERE {rows}"""
# For each score, the positives above it and half of those beside it: how many pairs of a positive
# and a negative the score puts in the right order. Twice that is a whole number.
_PAIRS = """
    SELECT sum(negatives::HUGEINT * (2 * above + positives)), sum(positives), sum(negatives) FROM (
        SELECT positives, negatives, coalesce(sum(positives) OVER (
            ORDER BY score DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS above
        FROM (
            SELECT score, count(*) FILTER (actual = $positive) AS positives,
                count(*) FILTER (actual <> $positive) AS negatives
            FROM judged WHERE {rows} GROUP BY score))"""


class Confusion(NamedTuple):
    """How many rows were true or false positives, true or false negatives."""

    tp: int
    fp: int
    tn: int
    fn: int

    @property
    def positives(self) -> int:
        """Rows whose label is the positive class."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """Rows whose label is the negative class."""
        return self.fp + self.tn

    def constant(self) -> Confusion:
        """What the best constant classifier does: it predicts the more frequent label.

        Where both labels are as frequent, it predicts the negative class.
        """
        if self.positives > self.negatives:
            return Confusion(self.positives, self.negatives, 0, 0)
        return Confusion(0, 0, self.negatives, self.positives)


def confusion(judged: Judged, rows: str = "true") -> Confusion:
    """Count the rows of a binary model by what they are and were predicted to be."""
    (found,) = judged.engine.rows(_COUNTS.format(rows=rows), {"positive": judged.positive})
    return Confusion(*cast("tuple[int, int, int, int]", found))


def binary_metrics(judged: Judged, rows: str = "true") -> dict[str, float]:
    """Measure all numbers of a binary model, in the order of Model Monitor's files.

    Parameters
    ----------
    judged
        The rows.
    rows
        Which of them count, in SQL.
    """
    counts = confusion(judged, rows)
    own, constant = _shares(counts), _shares(counts.constant())
    metrics = {name: own[name] for name in ("recall", "precision", "accuracy")}
    metrics |= {
        f"{name}_best_constant_classifier": constant[name]
        for name in ("recall", "precision", "accuracy")
    }
    metrics |= {
        "true_positive_rate": own["recall"],
        "true_negative_rate": ratio(counts.tn, counts.negatives),
        "false_positive_rate": ratio(counts.fp, counts.negatives),
        "false_negative_rate": ratio(counts.fn, counts.positives),
    }
    if judged.has_scores:
        metrics["auc"] = _auc(judged, rows)
    metrics |= {name: own[name] for name in ("f0_5", "f1", "f2")}
    return metrics | {
        f"{name}_best_constant_classifier": constant[name] for name in ("f0_5", "f1", "f2")
    }


def ratio(part: float, whole: float) -> float:
    """Divide; NaN by nothing."""
    return part / whole if whole else math.nan


def f_beta(precision: float, recall: float, beta: float) -> float:
    """Weigh recall `beta` times as much as precision; 0 where both are 0."""
    if not precision and not recall:
        return 0.0
    square = beta * beta
    return (1 + square) * precision * recall / (square * precision + recall)


def _shares(counts: Confusion) -> dict[str, float]:
    total = sum(counts)
    predicted = counts.tp + counts.fp
    precision = ratio(counts.tp, predicted) if predicted or not total else 0.0
    recall = ratio(counts.tp, counts.positives)
    return {
        "recall": recall,
        "precision": precision,
        "accuracy": ratio(counts.tp + counts.tn, total),
        "f0_5": f_beta(precision, recall, 0.5),
        "f1": f_beta(precision, recall, 1),
        "f2": f_beta(precision, recall, 2),
    }


def _auc(judged: Judged, rows: str) -> float:
    """The share of pairs of a positive and a negative that scores order rightly, a tie for half."""
    (found,) = judged.engine.rows(_PAIRS.format(rows=rows), {"positive": judged.positive})
    pairs, positives, negatives = (int(one or 0) for one in cast("tuple[int | None, ...]", found))
    return ratio(pairs, 2 * positives * negatives)
