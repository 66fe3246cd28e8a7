"""A baseline's profile → the constraints that it suggests."""

from __future__ import annotations

from capture_forwarder.monitor.constraints.constraints import (
    Constraints,
    Document,
    constraints_of,
)
from capture_forwarder.monitor.profile.columns import ColumnProfile, Profile
from capture_forwarder.monitor.profile.statistics import MOST_CATEGORIES, NUMERIC, InferredType

ENABLED = "Enabled"

MONITORING: Document = {
    "evaluate_constraints": ENABLED,
    "emit_metrics": ENABLED,
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": ENABLED,
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}
"""What Model Monitor's own baselines say since 2021."""


def suggest(profile: Profile, *, completeness_slack: float = 0.0) -> Constraints:
    """Suggest constraints that the baseline itself fulfils.

    Parameters
    ----------
    profile
        The baseline's data.
    completeness_slack
        How much less of a column may have a value than in the baseline, from 0 to 1.
    """
    features = [_feature(column, completeness_slack) for column in profile.columns]
    return constraints_of({"version": 0.0, "features": features, "monitoring_config": MONITORING})


def _feature(column: ColumnProfile, slack: float) -> Document:
    counts = column.counts
    share = counts.present / counts.rows if counts.rows else 0.0
    feature: Document = {
        "name": column.name,
        "inferred_type": column.inferred.value,
        "completeness": max(0.0, share - slack),
    }
    if column.inferred in NUMERIC:
        low = column.moments.min
        feature["num_constraints"] = {"is_non_negative": low is None or low >= 0}
    elif column.inferred is InferredType.STRING:
        if column.all_categories and len(column.categories) <= MOST_CATEGORIES:
            feature["string_constraints"] = {"domains": list(column.categories)}
        texts = (counts.text + counts.boolean) / counts.present
        if texts < 1:
            # Numbers among its texts are of another type, so that it would violate itself.
            feature["monitoringConfigOverrides"] = {"datatype_check_threshold": texts}
    return feature
