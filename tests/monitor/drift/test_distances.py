"""Distances: those that deequ has published, and what each measure sees."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.monitor.drift.categories import chi_squared, l_infinity
from capture_forwarder.monitor.drift.chi_squared import upper_tail
from capture_forwarder.monitor.drift.divergence import (
    jensen_shannon,
    population_stability_index,
)
from capture_forwarder.monitor.drift.numbers import by_rows, without_ties
from capture_forwarder.monitor.profile.columns import Ranks
from capture_forwarder.monitor.profile.sketch import weighted
from tests.support.monitoring import PUBLISHED, published

NUMBERS = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=60)
COUNTS = st.lists(st.integers(1, 500), min_size=2, max_size=8)


def ranks_of(values: list[float], points: list[float]) -> Ranks:
    below = tuple(sum(value < point for value in values) for point in points)
    up_to = tuple(sum(value <= point for value in values) for point in points)
    return Ranks(tuple(points), below, up_to, len(values))


@published
def test_deequs_distances_are_reproduced() -> None:
    cases = json.loads((PUBLISHED / "deequ" / "distances.json").read_text())

    for case in cases["numerical"]:
        shift = without_ties([case["sample"]], [case["baseline"]])
        assert (shift.distance, shift.robust) == (case["simple"], case["robust"])
    for case in cases["categorical_linf"]:
        rows = sum(case["sample"].values())
        shift = l_infinity(case["sample"], case["baseline"], rows)
        assert (shift.distance, shift.robust) == (case["simple"], case["robust"])
    for case in cases["chi_squared"]:
        tested = chi_squared(case["sample"], case["baseline"])
        assert tested is not None
        assert tested[0] == pytest.approx(case.get("statistic", tested[0]), rel=1e-12)
        assert tested[1] == pytest.approx(case.get("p", tested[1]), rel=1e-8)
    psi = cases["psi"]
    found = population_stability_index(psi["sample"], psi["baseline"])
    assert found == pytest.approx(psi["value"], rel=1e-12)


def test_a_flag_that_flips_is_drift_by_rows_and_none_to_model_monitor() -> None:
    before, after = [0.0] * 900 + [1.0] * 100, [0.0] * 100 + [1.0] * 900

    rows = by_rows(ranks_of(after, [0.0, 1.0]), weighted([before]))

    assert rows.distance == pytest.approx(0.8)
    assert rows.robust == pytest.approx(0.8 - 1.8 * math.sqrt(2000 / 1_000_000))
    assert without_ties([after], [before]).distance == 0


@given(NUMBERS, NUMBERS)
def test_by_rows_is_the_largest_distance_anywhere(now: list[float], then: list[float]) -> None:
    shift = by_rows(ranks_of(now, sorted(set(then))), weighted([then]))

    def share(values: list[float], at: float) -> float:
        return sum(value <= at for value in values) / len(values)

    everywhere = {*now, *then}
    expected = max(abs(share(now, at) - share(then, at)) for at in everywhere)
    assert shift.distance == pytest.approx(expected)


@given(st.lists(st.integers(-99, 99), min_size=1, unique=True))
def test_without_equal_values_both_measures_agree(values: list[int]) -> None:
    then = [float(value) for value in values]
    now = [value + 0.5 for value in then[: len(then) // 2 + 1]]

    rows = by_rows(ranks_of(now, sorted(then)), weighted([then]))

    assert without_ties([now], [then]).distance == pytest.approx(rows.distance)


@given(st.floats(0, 200), st.integers(1, 30))
def test_the_chi_squared_tail_of_an_even_number_of_degrees(statistic: float, half: int) -> None:
    """There is a closed form: Abramowitz and Stegun, 26.4.21."""
    x = statistic / 2
    expected = math.fsum(
        math.exp(n * math.log(x) - x - math.lgamma(n + 1)) if x else n == 0 for n in range(half)
    )

    assert upper_tail(statistic, 2 * half) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(st.floats(0.001, 60))
def test_the_chi_squared_tail_of_one_degree(statistic: float) -> None:
    expected = math.erfc(math.sqrt(statistic / 2))

    assert upper_tail(statistic, 1) == pytest.approx(expected, rel=1e-9)


def test_fewer_than_two_texts_cannot_be_tested() -> None:
    assert chi_squared({"a": 5}, {"a": 100}) is None
    assert chi_squared({"new": 500}, {"a": 50, "b": 50}) is None


@given(COUNTS)
def test_equal_counts_have_no_distance(counts: list[int]) -> None:
    assert population_stability_index(counts, counts) == 0
    assert jensen_shannon(counts, counts) == 0


def test_counts_in_other_buckets_are_as_far_apart_as_can_be() -> None:
    assert jensen_shannon([10, 0], [0, 7]) == pytest.approx(1)
    assert math.isfinite(population_stability_index([10, 0], [0, 7]))
