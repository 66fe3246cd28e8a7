"""Statistics that the service has published, made anew from the data that they are of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from capture_forwarder.monitor.data.opening import DataChoice
from capture_forwarder.monitor.profile.profiling import statistics_of
from capture_forwarder.monitor.profile.statistics import (
    NumericalStatistics,
    read_statistics,
    write_statistics,
)
from tests.support.monitoring import PUBLISHED, profiled, published


def the_same(ours: Any, theirs: Any, path: str = "$") -> None:
    """Whether all that theirs has is in ours, of the same types."""
    if isinstance(theirs, dict):
        for key, value in theirs.items():
            assert key in ours, f"{path}.{key}"
            the_same(ours[key], value, f"{path}.{key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), path
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            the_same(one, other, f"{path}[{index}]")
    else:
        assert (ours, type(ours)) == (theirs, type(theirs)), path


@published
def test_a_hundred_rows_give_every_number_of_the_sdk_bit_for_bit() -> None:
    data = PUBLISHED / "sdk" / "quality_check_data_baseline.csv"
    ours = statistics_of(profiled(DataChoice(data, header=False)))
    theirs = json.loads((PUBLISHED / "sdk" / "quality_check_data_statistics.json").read_text())

    assert len(theirs["features"]) == 6
    the_same(json.loads(write_statistics(ours)), theirs)


@published
def test_two_thousand_rows_give_the_printed_numbers() -> None:
    ours = statistics_of(profiled(PUBLISHED / "churn" / "training-dataset-with-header.csv"))
    theirs = json.loads((PUBLISHED / "churn" / "expected_data_quality.json").read_text())

    assert ours.dataset.item_count == theirs["item_count"]
    assert len(ours.features) == theirs["columns"]
    features = ours.by_name()
    for feature in theirs["features_first_ten"]:
        found = features[feature["name"]]
        numbers = found.numerical_statistics
        assert isinstance(numbers, NumericalStatistics)
        assert found.inferred_type == feature["inferred_type"]
        assert numbers.common.num_present == feature["num_present"]
        for key in ("sum", "min", "max", "completeness"):
            assert getattr(numbers, key) == feature[key]
        for key in ("mean", "std_dev"):
            assert getattr(numbers, key) == pytest.approx(feature[key], abs=5e-7)
    for name, (low, high) in theirs["first_bucket_bounds"].items():
        distribution = features[name].numerical_statistics.distribution  # type: ignore[union-attr]
        bucket = distribution.kll.buckets[0]  # type: ignore[union-attr]
        assert bucket.lower_bound == low
        assert bucket.upper_bound == pytest.approx(high, abs=5e-7)


@published
@pytest.mark.parametrize("name", ["quality_check_data_statistics", "monitor_statistics"])
def test_published_files_are_read_and_written_again_unchanged(name: str) -> None:
    data = (PUBLISHED / "sdk" / f"{name}.json").read_bytes()

    the_same(json.loads(write_statistics(read_statistics(data, name))), json.loads(data))
