"""What a check has found → metrics under Model Monitor's namespaces, names and dimensions.

Source: "CloudWatch Metrics for Monitoring Data Quality" in Amazon SageMaker's developer guide, and
alarms that are in use: they have the dimensions `Endpoint` and `MonitoringSchedule`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from capture_forwarder.core.ports import Metrics
from capture_forwarder.monitor.constraints.check import Checked
from capture_forwarder.monitor.profile.statistics import FeatureStatistics, Statistics
from capture_forwarder.monitor.scheduled.event import ALL

NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
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


def totals_of(
    checked: Checked, statistics: Statistics, endpoint: str, schedule: str, service: str
) -> Metrics:
    """Count rows and violations, beside the forwarder's own metrics."""
    return Metrics(
        OWN_NAMESPACE,
        {"service": service, "endpoint": endpoint, "schedule": schedule},
        {
            "MonitorRows": statistics.dataset.item_count,
            "MonitorViolations": len(checked.violations),
        },
    )


def _of_values(feature: FeatureStatistics, *, with_mean: bool) -> Iterator[tuple[str, float]]:
    common, numbers = feature.common, feature.numerical_statistics
    if common and (rows := common.num_present + common.num_missing):
        yield f"feature_non_null_{feature.name}", common.num_present / rows
    if with_mean and numbers and numbers.mean is not None:
        yield f"feature_data_{feature.name}", numbers.mean


def _can_be_a_name(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and name.isascii() and name.isprintable()
