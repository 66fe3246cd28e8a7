"""Constraints that a baseline suggests, and what of a window violates them."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from capture_forwarder.monitor.constraints.check import Checked, Strictness, check, watched
from capture_forwarder.monitor.constraints.constraints import (
    CategoricalMethod,
    Constraints,
    Method,
    constraints_of,
    read_constraints,
    with_monitoring,
    write_constraints,
)
from capture_forwarder.monitor.constraints.shift import shift_note
from capture_forwarder.monitor.constraints.suggest import suggest
from capture_forwarder.monitor.data.opening import DataChoice
from capture_forwarder.monitor.drift.measure import Measure
from capture_forwarder.monitor.errors import MonitorFileError
from capture_forwarder.monitor.profile import profiling
from capture_forwarder.monitor.profile.profiling import statistics_of
from tests.support.monitoring import PUBLISHED, chance, profiled, published, write_csv, write_lines

Rows = Sequence[tuple[object, ...]]
NAMES = ["count", "price", "colour"]


def rows_of(number: int, seed: int = 1, shift: float = 0.0) -> Rows:
    made = chance(seed)
    return [
        (made.randrange(10), f"{made.gauss(50 + shift, 5):.3f}", made.choice("rgb"))
        for _ in range(number)
    ]


def checked(  # noqa: PLR0913 - each test changes one of them
    tmp_path: Path,
    before: Rows,
    after: Rows,
    how: Strictness | None = None,
    *,
    names: list[str] = NAMES,
    changes: dict[str, Any] | None = None,
    document: dict[str, Any] | None = None,
) -> Checked:
    baseline = profiled(write_csv(tmp_path / "before.csv", NAMES, before))
    statistics = statistics_of(baseline)
    constraints = constraints_of(document) if document else suggest(baseline)
    if changes:
        constraints = with_monitoring(constraints, changes)
    window = write_csv(tmp_path / "after.csv", names, after)
    profile = profiled(DataChoice(window), watched(constraints, statistics))
    return check(profile, constraints, statistics, how)


def kinds(found: Checked) -> list[tuple[str, str]]:
    return [(one.feature_name, one.constraint_check_type) for one in found.violations]


@published
@pytest.mark.parametrize(("rows", "share"), [(1977, 1970 / 1977), (959, 955 / 959)])
def test_the_published_runs_have_their_sixty_violations(
    tmp_path: Path, rows: int, share: float
) -> None:
    churn = PUBLISHED / "churn"
    training = churn / "training-dataset-with-header.csv"
    sample, test = (
        list(csv.reader((churn / name).read_text().splitlines()))
        for name in ("test_sample.csv", "test-dataset-input-cols.csv")
    )
    inputs = itertools.islice(itertools.chain(sample, itertools.cycle(test)), rows)
    names = next(csv.reader(training.read_text().splitlines()))
    made = chance(1)
    window = write_csv(tmp_path / "w.csv", names, [(made.random(), *one) for one in inputs])
    baseline = profiled(training)
    constraints, statistics = suggest(baseline), statistics_of(baseline)

    profile = profiled(window, watched(constraints, statistics))
    found = check(profile, constraints, statistics, Strictness(Measure.MODEL_MONITOR))

    assert len(found.violations) == 60
    assert Counter(kind for _, kind in kinds(found)) == {"data_type_check": 60}
    told = Counter(re.search(r"Only (.+)% of", one.description)[1] for one in found.violations)  # type: ignore[index]
    assert told == {str(share * 100): 59, "0.0": 1}


def test_a_baseline_does_not_violate_itself(tmp_path: Path) -> None:
    rows = [*rows_of(300), (None, "1", "7")]

    assert checked(tmp_path, rows, rows).violations == ()


def test_texts_with_numbers_among_them_do_not_violate_themselves(tmp_path: Path) -> None:
    rows: Rows = [(n, n, "85086.0" if n % 3 else "unknown") for n in range(300)]

    assert checked(tmp_path, rows, rows).violations == ()


def test_a_fraction_in_a_column_of_integers_is_a_violation(tmp_path: Path) -> None:
    found = checked(tmp_path, rows_of(300), [*rows_of(299), (0.5, "1.5", "r")])

    assert kinds(found) == [("count", "data_type_check")]
    assert f"Observed: Only {299 / 300 * 100}% of data is Integral." in (
        found.violations[0].description
    )


def test_whole_numbers_satisfy_fractional_unless_types_are_exact(tmp_path: Path) -> None:
    rows = [(one, str(round(float(str(price)))), colour) for one, price, colour in rows_of(300)]

    assert kinds(checked(tmp_path, rows_of(300), rows, Strictness(least_rows=999))) == []
    exact = Strictness(exact_types=True, least_rows=999)
    assert kinds(checked(tmp_path, rows_of(300), rows, exact)) == [("price", "data_type_check")]


def test_fewer_values_than_in_the_baseline_are_a_violation(tmp_path: Path) -> None:
    found = checked(tmp_path, rows_of(300), [*rows_of(299), (None, "1.5", "r")])

    assert kinds(found) == [("count", "completeness_check")]
    assert found.violations[0].description == (
        f"Value: {299 / 300} does not meet the constraint requirement! "
    )


def test_a_text_that_the_baseline_lacks_is_a_violation(tmp_path: Path) -> None:
    found = checked(tmp_path, rows_of(300), [*rows_of(299), (1, "1.5", "mauve")])

    assert kinds(found) == [("colour", "categorical_values_check")]
    assert f"Value: {299 / 300} does" in found.violations[0].description


def test_a_shifted_column_has_drifted_and_says_how_far(tmp_path: Path) -> None:
    found = checked(tmp_path, rows_of(500), rows_of(500, seed=2, shift=5))

    assert kinds(found) == [("price", "baseline_drift_check")]
    told = re.search(r"distance: (.+) exceeds threshold: (.+)", found.violations[0].description)
    assert told is not None
    (drift,) = [one for one in found.drifts if one.drifted]
    assert (float(told[1]), float(told[2])) == (drift.distance, 0.1)
    assert drift.population_stability_index is not None
    assert drift.population_stability_index > 0.25


def test_columns_are_missing_or_extra_by_name(tmp_path: Path) -> None:
    found = checked(tmp_path, rows_of(300), rows_of(300), names=["count", "cost", "colour"])

    missing, extra = found.violations
    assert (missing.constraint_check_type, missing.feature_name) == (
        "missing_column_check",
        "Missing columns",
    )
    assert "current dataset: 3, Number of columns in baseline constraints: 3" in missing.description
    assert missing.description.endswith("They are: price")
    assert (extra.constraint_check_type, extra.feature_name) == (
        "extra_column_check",
        "Extra columns",
    )
    assert extra.description.endswith("They are: cost")


def test_of_few_rows_drift_is_not_judged_and_this_is_said(tmp_path: Path) -> None:
    found = checked(tmp_path, rows_of(500), rows_of(199, shift=30))

    assert found.violations == ()
    assert found.drifts == ()
    assert found.notes[0].startswith("Drift was not judged: the window has 199 rows")
    assert checked(tmp_path, rows_of(500), rows_of(200, shift=30)).violations != ()


def test_an_empty_window_is_no_failure(tmp_path: Path) -> None:
    found = checked(tmp_path, rows_of(300), [])

    assert found.violations == ()
    assert found.notes == ("Nothing was captured in the window, so nothing was checked.",)


def test_texts_can_be_judged_by_chi_squared(tmp_path: Path) -> None:
    after: Rows = [(one, price, "r") for one, price, _ in rows_of(300)]
    compared = {"categorical_drift_method": "ChiSquared"}

    found = checked(tmp_path, rows_of(300), after, changes={"distribution_constraints": compared})

    assert kinds(found) == [("colour", "baseline_drift_check")]
    assert "p-value (chi-squared)" in found.violations[0].description
    same = checked(
        tmp_path, rows_of(300), rows_of(300), changes={"distribution_constraints": compared}
    )
    assert same.violations == ()


@pytest.mark.parametrize(
    "changes",
    [{"evaluate_constraints": "Disabled"}, {"datatype_check_threshold": 0.5}],
)
def test_settings_for_all_columns_hold(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert (
        checked(
            tmp_path, rows_of(300), [*rows_of(299), (0.5, "1.5", "r")], changes=changes
        ).violations
        == ()
    )


@pytest.mark.parametrize("place", ["feature", "string_constraints"])
@pytest.mark.parametrize("key", ["monitoringConfigOverrides", "monitoring_config_overrides"])
def test_a_column_can_be_left_alone_in_either_spelling(
    tmp_path: Path, place: str, key: str
) -> None:
    before, after = rows_of(300), [*rows_of(299), (1, "1.5", "mauve")]
    constraints = suggest(profiled(write_csv(tmp_path / "x.csv", NAMES, before)))
    document: dict[str, Any] = json.loads(write_constraints(constraints))
    feature = document["features"][2]
    holder = feature if place == "feature" else feature[place]
    holder[key] = {"evaluate_constraints": "Disabled"}

    assert checked(tmp_path, before, after, document=document).violations == ()


def test_files_of_2021_have_one_threshold_and_unknown_keys_stay() -> None:
    document = {
        "version": 0.0,
        "features": [{"name": "a", "inferred_type": "String", "completeness": 1.0, "new": 1}],
        "monitoring_config": {
            "distribution_constraints": {"comparison_threshold": 0.3, "comparion_method": "x"}
        },
    }
    read = read_constraints(json.dumps(document).encode(), "c")

    rules = read.by_name()["a"].monitoring
    assert (rules.threshold, rules.categorical_threshold) == (0.3, 0.3)
    assert (rules.method, rules.categorical_method) == (Method.ROBUST, CategoricalMethod.L_INFINITY)
    assert json.loads(write_constraints(read)) == document


@published
@pytest.mark.parametrize(
    "name",
    [
        "monitor_constraints",
        "quality_check_data_constraints_good",
        "quality_check_data_constraints_bad",
    ],
)
def test_published_constraints_are_read(name: str) -> None:
    data = (PUBLISHED / "sdk" / f"{name}.json").read_bytes()

    read = read_constraints(data, name)

    assert isinstance(read, Constraints)
    assert json.loads(write_constraints(read)) == json.loads(data)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        "nonsense",
        '{"features": [{"name": "a", "inferred_type": "Secret"}]}',
        (
            '{"features": [{"name": "a", "inferred_type": "String"},'
            '{"name": "a", "inferred_type": "String"}]}'
        ),
        '{"features": [], "monitoring_config": {"evaluate_constraints": "yes"}}',
        (
            '{"features": [], "monitoring_config":'
            '{"distribution_constraints": {"comparison_method": "x"}}}'
        ),
    ],
)
def test_a_wrong_file_is_named_with_what_to_do(text: str) -> None:
    with pytest.raises(
        MonitorFileError, match=r"^here is no constraints.json .*monitor baseline"
    ) as told:
        read_constraints(text.encode(), "here")

    assert "Secret" not in str(told.value)


def test_large_data_gives_the_verdict_of_small_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [
        dict(zip(NAMES, (one, float(str(price)), colour), strict=True))
        for one, price, colour in rows_of(3000)
    ]
    after = [
        dict(zip(NAMES, (one, float(str(price)), colour), strict=True))
        for one, price, colour in rows_of(3000, 2, 4)
    ]
    after[2999]["colour"] = "late"
    baseline = profiled(write_lines(tmp_path / "b.jsonl", before))
    constraints, statistics = suggest(baseline), statistics_of(baseline)
    watch = watched(constraints, statistics)
    data = write_lines(tmp_path / "a.jsonl", after)
    small = check(profiled(data, watch), constraints, statistics)
    monkeypatch.setattr(profiling, "_MOST_ROWS", 100)
    monkeypatch.setattr(profiling, "_LEAST_ROWS", 100)

    for fractions in (frozenset[str](), frozenset({"price"})):
        profile = profiled(DataChoice(data, fractions=fractions), watch)
        found = check(profile, constraints, statistics)

        assert (
            kinds(found)
            == kinds(small)
            == [
                ("price", "baseline_drift_check"),
                ("colour", "categorical_values_check"),
            ]
        )
        colours = profile.by_name()["colour"]
        assert (colours.categories["late"], colours.all_categories) == (1, True)
        for one, other in zip(found.drifts, small.drifts, strict=True):
            assert one.distance == pytest.approx(other.distance, abs=0.005)


def test_columns_that_fit_as_they_stand_are_not_shifted(tmp_path: Path) -> None:
    profile = profiled(write_csv(tmp_path / "x.csv", ["a", "b"], [(1, 2), (3, 4)]))

    assert shift_note(profile.columns, suggest(profile).features) is None


def test_large_data_that_is_not_clean_is_read_by_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling, "_MOST_ROWS", 100)
    monkeypatch.setattr(profiling, "_LEAST_ROWS", 100)
    lines: list[dict[str, object]] = [{"price": n + 0.5, "n": n} for n in range(30_000)]
    lines[29_999] = {"price": "NaN", "n": "x"}
    data = write_lines(tmp_path / "a.jsonl", lines)

    profile = profiled(DataChoice(data, fractions=frozenset({"price"})))

    for column in profile.columns:
        assert (column.counts.text, column.counts.present) == (1, 30_000)
        assert column.moments.count == 29_999
