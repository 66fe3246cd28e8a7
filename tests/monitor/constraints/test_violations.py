"""`constraint_violations.json`: of data and of model quality, one reader."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.monitor.constraints.violations import (
    MetricViolation,
    Violation,
    read_violations,
)
from capture_forwarder.monitor.errors import MonitorFileError

TEXTS = st.text(max_size=9)
OF_FEATURES = st.builds(Violation, TEXTS, TEXTS, TEXTS)
OF_METRICS = st.builds(MetricViolation, TEXTS, TEXTS, TEXTS)


@given(st.lists(OF_FEATURES | OF_METRICS))
def test_violations_of_data_and_of_metrics_are_read_as_they_were_written(
    violations: list[Violation | MetricViolation],
) -> None:
    data = msgspec.json.encode({"violations": violations})

    assert read_violations(data, "constraint_violations.json") == tuple(violations)


@pytest.mark.parametrize("names", [{}, {"feature_name": "f", "metric_name": "m"}])
def test_a_violation_is_of_a_feature_or_of_a_metric(names: dict[str, str]) -> None:
    one = {"constraint_check_type": "c", "description": "d", **names}
    data = msgspec.json.encode({"violations": [one]})

    with pytest.raises(MonitorFileError, match=r"is no constraint_violations\.json"):
        read_violations(data, "here")
