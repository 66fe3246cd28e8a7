"""The file `statistics.json` of model quality: every metric with its standard deviation.

The format: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from capture_forwarder.monitor.quality.binary import binary_metrics, confusion
from capture_forwarder.monitor.quality.classes import known_classes
from capture_forwarder.monitor.quality.curves import curves
from capture_forwarder.monitor.quality.judging import Judged
from capture_forwarder.monitor.quality.multiclass import cells, multiclass_metrics
from capture_forwarder.monitor.quality.problem import ProblemType
from capture_forwarder.monitor.quality.regression import regression_metrics

ROWS_FOR_DEVIATIONS = 200
"""With fewer rows than this, Model Monitor gives no standard deviation, and neither do we."""

_SAMPLES = 5
_SHARE = 0.8
# A digest orders the rows of a sample: the same rows in every run and version of DuckDB.
_DRAWN = """
    CREATE OR REPLACE TEMP TABLE drawn AS SELECT position FROM (
        SELECT position, row_number() OVER (ORDER BY position) AS number FROM judged)
    ORDER BY md5({sample} || ':' || number), number LIMIT {size}"""
_IN_SAMPLE = "position IN (SELECT position FROM drawn)"


def quality_statistics(judged: Judged, now: datetime) -> dict[str, Any]:
    """Measure everything.

    A standard deviation is that of five random samples of 80 % each. The samples are always the
    same for the same rows. There is none for fewer than 200 rows.

    Parameters
    ----------
    judged
        The rows; is used up.
    now
        The time of the evaluation.

    Returns
    -------
    dict
        The document. A number that is none is a text, as Model Monitor writes it: "NaN", "Infinity"
        or "-Infinity". `dataset.coverage` is ours.
    """
    values, others = _measured(judged)
    deviations = _deviations(judged, values)
    written = {
        name: {"value": number(value), "standard_deviation": number(deviations[name])}
        for name, value in values.items()
    }
    return {
        "version": 0.0,
        "dataset": {
            "item_count": judged.coverage.judged,
            "evaluation_time": now.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "coverage": msgspec.to_builtins(judged.coverage),
        },
        judged.problem.metrics: others | written,
    }


def number(value: float) -> float | str:
    """Write a number as JSON can hold it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"


def _measured(judged: Judged) -> tuple[dict[str, float], dict[str, Any]]:
    """The metrics that are numbers; the matrix and the curves."""
    values = _measure(judged)("true")
    if judged.problem is ProblemType.REGRESSION:
        return values, {}
    if judged.problem is ProblemType.MULTICLASS:
        counts, names = cells(judged.engine), known_classes(judged.engine)
        matrix = {
            actual: {predicted: counts.get((actual, predicted), 0) for predicted in names}
            for actual in names
        }
        return values, {"confusion_matrix": matrix}
    counted, negative, positive = confusion(judged), judged.negative, judged.positive
    two = {
        negative: {negative: counted.tn, positive: counted.fp},
        positive: {negative: counted.fn, positive: counted.tp},
    }
    return values, {"confusion_matrix": two} | (curves(judged) if judged.has_scores else {})


def _measure(judged: Judged) -> Callable[[str], dict[str, float]]:
    """What measures those rows that a condition in SQL chooses."""
    if judged.problem is ProblemType.REGRESSION:
        return lambda rows: regression_metrics(judged.engine, rows)
    if judged.problem is ProblemType.MULTICLASS:
        return lambda rows: multiclass_metrics(cells(judged.engine, rows))
    return lambda rows: binary_metrics(judged, rows)


def _deviations(judged: Judged, values: Mapping[str, float]) -> dict[str, float]:
    rows = judged.coverage.judged
    if rows < ROWS_FOR_DEVIATIONS:
        return dict.fromkeys(values, math.nan)
    size = round(_SHARE * rows)
    measure = _measure(judged)
    samples = []
    for sample in range(_SAMPLES):
        judged.engine.run(_DRAWN.format(sample=sample, size=size))
        samples.append(measure(_IN_SAMPLE))
    return {name: _deviation([sample[name] for sample in samples]) for name in values}


def _deviation(values: list[float]) -> float:
    return statistics.stdev(values) if all(map(math.isfinite, values)) else math.nan
