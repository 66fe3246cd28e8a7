"""Executions as the monitor keeps them, made up for tests of what reads them."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Document = dict[str, Any]


def numeric(
    name: str, values: Sequence[float], missing: int = 0, kind: str = "Fractional"
) -> Document:
    """A feature of numbers, as `statistics.json` has it."""
    low, high = min(values), max(values)
    edges = [low + (high - low) * index / 10 for index in range(11)]
    counts = [0.0] * 10
    for value in values:
        counts[min(int((value - low) / (high - low) * 10) if high > low else 9, 9)] += 1
    buckets = [
        {"lower_bound": edges[index], "upper_bound": edges[index + 1], "count": counts[index]}
        for index in range(10)
    ]
    return {
        "name": name,
        "inferred_type": kind,
        "numerical_statistics": {
            "common": {"num_present": len(values), "num_missing": missing},
            "mean": statistics.fmean(values),
            "sum": sum(values),
            "std_dev": statistics.pstdev(values),
            "min": low,
            "max": high,
            "distribution": {"kll": {"buckets": buckets}},
        },
    }


def textual(name: str, counts: Mapping[str, int], missing: int = 0) -> Document:
    """A feature of texts."""
    buckets = [{"value": value, "count": count} for value, count in counts.items()]
    return {
        "name": name,
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": sum(counts.values()), "num_missing": missing},
            "distinct_count": float(len(counts)),
            "distribution": {"categorical": {"buckets": buckets}},
        },
    }


def statistics_of(features: Iterable[Document], rows: int) -> Document:
    return {"version": 0.0, "dataset": {"item_count": rows}, "features": list(features)}


def execution(**facts: Any) -> Document:
    """`execution.json` with what is not given filled in."""
    return {
        "schedule": "daily",
        "endpoint": "churn",
        "window_start": "2026-02-28T00:00:00.000Z",
        "window_end": "2026-03-01T00:00:00.000Z",
        "status": "Completed",
        "message": "Completed: Job completed successfully with no violations.",
        "rows": 1000,
        "violations": 0,
        "started": "2026-03-01T00:05:00.000Z",
        "ended": "2026-03-01T00:05:02.000Z",
        "baseline": {"source": "baseline", "constraints": "baseline/constraints.json"},
        "drift_method": "rows",
        "notes": [],
        "version": 1,
    } | facts


def violation(name: str, check: str, description: str) -> Document:
    return {"feature_name": name, "constraint_check_type": check, "description": description}


def drifted(name: str, distance: float, threshold: float = 0.1) -> Document:
    return {
        "feature": name,
        "distance": distance,
        "threshold": threshold,
        "drifted": distance > threshold,
        "simple": distance,
    }


def write(folder: Path, documents: Mapping[str, object]) -> Path:
    """Write documents into a folder; names may have folders in front."""
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document), encoding="utf-8")
    return folder


def churn(features: int = 10, rows: int = 1500) -> dict[str, Document]:
    """An execution with violations of every kind, and with features that are as they were."""
    draw = random.Random(7)  # noqa: S311 - made-up data
    baseline: list[Document] = []
    current: list[Document] = []
    drifts: list[Document] = []

    def pair(before: Document, now: Document, distance: float | None) -> None:
        baseline.append(before)
        current.append(now)
        if distance is not None:
            drifts.append(drifted(before["name"], distance))

    def normal(mean: float, deviation: float, places: int = 2) -> list[float]:
        return [round(draw.gauss(mean, deviation), places) for _ in range(rows)]

    pair(
        numeric("monthly_charges", normal(65, 20)),
        numeric("monthly_charges", normal(84, 22)),
        0.351,
    )
    pair(
        textual("contract", {"month-to-month": 820, "one year": 420, "two years": 260}),
        textual(
            "contract", {"month-to-month": 610, "two years": 330, "one year": 280, "trial": 280}
        ),
        0.187,
    )
    pair(
        numeric("tenure_months", [draw.randint(0, 72) for _ in range(rows)], kind="Integral"),
        numeric("tenure_months", [draw.expovariate(1 / 25) for _ in range(rows - 90)], 90),
        0.243,
    )
    pair(
        numeric("age", [draw.randint(18, 90) for _ in range(rows)], kind="Integral"),
        numeric("age", [draw.randint(18, 90) for _ in range(1320)], 180, "Integral"),
        0.021,
    )
    pair(
        textual("payment", {"card": 700, "transfer": 500, "check": 300}),
        textual("payment", {"card": 720, "transfer": 490, "check": 290}),
        0.013,
    )
    for index in range(max(0, features - len(baseline))):
        name = f"feature_{index + 1}"
        pair(
            numeric(name, normal(10 * index, 1 + index)),
            numeric(name, normal(10 * index, 1 + index)),
            0.01 + 0.003 * (index % 9),
        )
    violations = [
        violation(
            "monthly_charges",
            "baseline_drift_check",
            "Baseline drift distance: 0.351 exceeds threshold: 0.1",
        ),
        violation(
            "contract",
            "baseline_drift_check",
            "Baseline drift distance: 0.187 exceeds threshold: 0.1",
        ),
        violation(
            "contract",
            "categorical_values_check",
            "Value: 0.8133333333333334 does not meet the constraint requirement! ",
        ),
        violation(
            "tenure_months",
            "data_type_check",
            "Data type match requirement is not met. Expected data type: Integral, Expected "
            "match: 100.0%. Observed: Only 4.25531914893617% of data is Integral.",
        ),
        violation(
            "tenure_months",
            "baseline_drift_check",
            "Baseline drift distance: 0.243 exceeds threshold: 0.1",
        ),
        violation(
            "age",
            "completeness_check",
            "Value: 0.88 does not meet the constraint requirement! ",
        ),
    ]
    status = "CompletedWithViolations"
    return {
        "execution.json": execution(
            rows=rows,
            status=status,
            violations=len(violations),
            message=f"{status}: Job completed successfully with {len(violations)} violations.",
            notes=["Drift of feature_9 was not judged: 12 values are fewer than 200."],
        ),
        "statistics.json": statistics_of(current, rows),
        "constraints.json": {"version": 0.0, "features": []},
        "constraint_violations.json": {"violations": violations},
        "drift.json": {"features": drifts},
        "baseline/statistics.json": statistics_of(baseline, rows),
    }


def churn_quality(rows: int = 400) -> dict[str, Document]:
    """An execution of a binary model's quality, with curves."""
    draw = random.Random(11)  # noqa: S311 - made-up data
    labels = [int(draw.random() < 0.3) for _ in range(rows)]
    scores = [min(max(draw.gauss(0.35 + 0.3 * label, 0.2), 0), 1) for label in labels]
    ranked = sorted(zip(scores, labels, strict=True), reverse=True)
    positives = sum(labels)
    tp = fp = 0
    roc, recall = [(0.0, 0.0)], [(0.0, 1.0)]
    for _, label in ranked:
        tp, fp = tp + label, fp + 1 - label
        roc.append((fp / (rows - positives), tp / positives))
        recall.append((tp / positives, tp / (tp + fp)))
    values = {
        "recall": 0.7521,
        "precision": 0.6013,
        "accuracy": 0.7723,
        "auc": 0.8512,
        "true_positive_rate": 0.7521,
        "true_negative_rate": 0.7811,
        "f1": 0.6683,
        "false_positive_rate": 0.2189,
        "recall_best_constant_classifier": 0.0,
        "accuracy_best_constant_classifier": 0.6975,
    }
    measured: Document = {
        name: {"value": value, "standard_deviation": value / 50} for name, value in values.items()
    }
    curves = {
        "confusion_matrix": {"0": {"0": 218, "1": 61}, "1": {"0": 30, "1": 91}},
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": [x for x, _ in roc],
            "true_positive_rates": [y for _, y in roc],
        },
        "precision_recall_curve": {
            "recalls": [x for x, _ in recall],
            "precisions": [y for _, y in recall],
        },
    }
    limits = {
        "auc": {"threshold": 0.9, "comparison_operator": "LessThanThreshold"},
        "accuracy": {"threshold": 0.75, "comparison_operator": "LessThanThreshold"},
        "false_positive_rate": {"threshold": 0.3, "comparison_operator": "GreaterThanThreshold"},
    }
    dataset = {"item_count": rows, "coverage": {"predictions": 1500, "judged": rows}}
    violations = [
        {
            "constraint_check_type": "LessThanThreshold",
            "description": "Metric auc with 0.8512 +/- 0.017024 was LessThanThreshold '0.9'",
            "metric_name": "auc",
        }
    ]
    return {
        "execution.json": execution(
            schedule="quality", rows=rows, status="CompletedWithViolations", violations=1
        ),
        "statistics.json": {
            "version": 0.0,
            "dataset": dataset,
            "binary_classification_metrics": measured | curves,
        },
        "constraints.json": {"version": 0.0, "binary_classification_constraints": limits},
        "constraint_violations.json": {"violations": violations},
    }


def history(runs: int = 34) -> list[Document]:
    """What ran on the days before."""
    found = []
    for day in range(runs):
        date = f"2026-{1 + day // 28:02}-{1 + day % 28:02}T00:00:00.000Z"
        status, rows, violations = "Completed", 1000 + day, 0
        if day % 9 == 4:
            status, violations = "CompletedWithViolations", 1 + day % 3
        if day == 20:
            status = "Failed"
        if day == 12:
            rows = 0
        found.append(
            execution(
                window_end=date, started=date, status=status, rows=rows, violations=violations
            )
        )
    return found
