"""What a check has found → metrics under Model Monitor's namespaces, names and dimensions.

Source: "CloudWatch Metrics for Monitoring Data Quality" and "Model quality metrics and Amazon
CloudWatch monitoring" in Amazon SageMaker's developer guide, and alarms that are in use: they have
the dimensions `Endpoint` and `MonitoringSchedule`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from capture_forwarder.core.ports import Metrics
from capture_forwarder.monitor.constraints.check import Checked
from capture_forwarder.monitor.executions.execution import Execution
from capture_forwarder.monitor.profile.statistics import FeatureStatistics, Statistics
from capture_forwarder.monitor.quality.problem import OPERATORS
from capture_forwarder.monitor.scheduled.event import ALL

NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
QUALITY_NAMESPACE = "aws/sagemaker/Endpoints/model-metrics"
OWN_NAMESPACE = "CaptureForwarder"
_LONGEST_NAME = 255  # of a metric, in printable ASCII: PutMetricData of CloudWatch's API


def metrics_of(
    checked: Checked, statistics: Statistics, wanted: Collection[str], endpoint: str, schedule: str
) -> Metrics:
    """Measure columns: `feature_non_null_{name}`, `feature_baseline_drift_{name}` and so on.

    Each metric costs, so that there are only those of columns that violate something or are
    wanted. `feature_data_{name}`, the mean of numbers, is there only of wanted columns.

    Parameters
    ----------
    checked
        What was found.
    statistics
        Of the window.
    wanted
        Names of columns; with `all` among them, every column is.
    endpoint, schedule
        The dimensions.
    """
    violating = {violation.feature_name for violation in checked.violations}
    values: dict[str, float] = {}
    for feature in statistics.features:
        is_wanted = ALL in wanted or feature.name in wanted
        if is_wanted or feature.name in violating:
            values.update(_of_values(feature, with_mean=is_wanted))
    for drift in checked.drifts:
        if ALL in wanted or drift.feature in wanted or drift.feature in violating:
            values[f"feature_baseline_drift_{drift.feature}"] = drift.distance
    named = {name: value for name, value in values.items() if _can_be_a_name(name)}
    return Metrics(NAMESPACE, {"Endpoint": endpoint, "MonitoringSchedule": schedule}, named)


def quality_metrics_of(
    measured: Mapping[str, Any],
    violated: Collection[str],
    wanted: Collection[str],
    endpoint: str,
    schedule: str,
) -> Metrics:
    """Measure a model: `f1`, `auc`, `rmse` and so on, each under its own name.

    Parameters
    ----------
    measured
        The metrics of `statistics.json`.
    violated
        Which of them violate their constraints.
    wanted
        Names of metrics; with `all` among them, every one is that can be held against a constraint.
    endpoint, schedule
        The dimensions.
    """
    values = {
        name: value
        for name, one in measured.items()
        if name in wanted or name in violated or (ALL in wanted and name in OPERATORS)
        if isinstance(one, Mapping) and math.isfinite(value := float(one.get("value", math.nan)))
    }
    return Metrics(
        QUALITY_NAMESPACE, {"Endpoint": endpoint, "MonitoringSchedule": schedule}, values
    )


def totals_of(execution: Execution, service: str) -> Metrics:
    """Count rows and violations, beside the forwarder's own metrics."""
    dimensions = {
        "service": service,
        "endpoint": execution.endpoint or "",
        "schedule": execution.schedule,
    }
    values = {"MonitorRows": execution.rows or 0, "MonitorViolations": execution.violations}
    return Metrics(OWN_NAMESPACE, dimensions, values)


def quality_totals_of(execution: Execution, statistics: Mapping[str, Any], service: str) -> Metrics:
    """Count predictions besides, of which the rows are those that could be judged."""
    totals = totals_of(execution, service)
    predictions = statistics["dataset"]["coverage"]["predictions"]
    values = {**totals.values, "MonitorPredictions": predictions}
    return msgspec.structs.replace(totals, values=values)


def _of_values(feature: FeatureStatistics, *, with_mean: bool) -> Iterator[tuple[str, float]]:
    common, numbers = feature.common, feature.numerical_statistics
    if common and (rows := common.num_present + common.num_missing):
        yield f"feature_non_null_{feature.name}", common.num_present / rows
    if with_mean and numbers and numbers.mean is not None:
        yield f"feature_data_{feature.name}", numbers.mean


def _can_be_a_name(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and name.isascii() and name.isprintable()
