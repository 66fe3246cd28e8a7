"""A window's profile against a baseline → violations, distances, and what could not be judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from capture_forwarder.monitor.constraints import violations as wording
from capture_forwarder.monitor.constraints.constraints import (
    CategoricalMethod,
    Constraints,
    FeatureConstraints,
    Method,
)
from capture_forwarder.monitor.constraints.violations import Violation
from capture_forwarder.monitor.counted import counted
from capture_forwarder.monitor.drift.measure import Drift, Measure, Rule, drift_of, watch_of
from capture_forwarder.monitor.profile.columns import ColumnProfile, Profile, Watch
from capture_forwarder.monitor.profile.statistics import (
    NUMERIC,
    FeatureStatistics,
    InferredType,
    Statistics,
)

LEAST_ROWS = 200
"""Of fewer rows, a distance says more of chance than of drift."""


_NAMED = 10


class Strictness(msgspec.Struct, frozen=True):
    """How a check is made, beside what `constraints.json` says.

    Parameters
    ----------
    measure
        How the distance of numbers is measured.
    least_rows
        Drift is not judged of columns with fewer values.
    exact_types
        Whether a whole number violates the type Fractional, as with Model Monitor.
    """

    measure: Measure = Measure.ROWS
    least_rows: int = LEAST_ROWS
    exact_types: bool = False


class Checked(msgspec.Struct, frozen=True):
    """What a check has found; notes say what was not judged, and why."""

    violations: tuple[Violation, ...]
    drifts: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = ()


def watched(constraints: Constraints, baseline: Statistics | None) -> dict[str, Watch]:
    """Say what the window's profile has to tell of which column."""
    known = baseline.by_name() if baseline else {}
    asked = constraints.by_name()
    return {
        name: watch_of(known.get(name), asked[name].domains if name in asked else None)
        for name in {*known, *asked}
    }


def fractions_of(constraints: Constraints, how: Strictness) -> frozenset[str]:
    """Say of which columns it does not matter whether a number is written as 3 or as 3.0."""
    if how.exact_types:
        return frozenset()
    asked = constraints.features
    return frozenset(one.name for one in asked if one.inferred_type is InferredType.FRACTIONAL)


def check(
    profile: Profile,
    constraints: Constraints,
    baseline: Statistics | None = None,
    strictness: Strictness | None = None,
) -> Checked:
    """Hold a window against its baseline.

    Parameters
    ----------
    profile
        The window's data, with what `watched` asks for.
    constraints
        The baseline's, perhaps edited.
    baseline
        The baseline's statistics; without them there is no drift.
    strictness
        How the check is made.
    """
    how = strictness or Strictness()
    if not profile.rows:
        return Checked((), notes=("Nothing was captured in the window, so nothing was checked.",))
    if not constraints.monitoring.evaluate:
        return Checked((), notes=("The constraints are disabled, so nothing was checked.",))
    columns = profile.by_name()
    known = baseline.by_name() if baseline else {}
    found = list(_missing_or_extra(columns, constraints))
    drifts: list[Drift] = []
    too_few: list[str] = []
    for feature in constraints.features:
        column = columns.get(feature.name)
        if column is None or not feature.monitoring.evaluate:
            continue
        found += _of_values(column, feature, how)
        if not feature.monitoring.compare or feature.name not in known:
            continue
        if column.counts.present < how.least_rows:
            too_few.append(feature.name)
        elif drift := drift_of(column, known[feature.name], _rule(feature, known, how)):
            drifts.append(drift)
            if drift.drifted:
                found.append(_drift_violation(drift, feature))
    return Checked(tuple(found), tuple(drifts), tuple(_notes(too_few, profile, how, baseline)))


def _missing_or_extra(
    columns: Mapping[str, ColumnProfile], constraints: Constraints
) -> Iterator[Violation]:
    """Compare names, not numbers of columns: a column may be missing while another is extra."""
    asked = [feature.name for feature in constraints.features]
    counts = (len(columns), len(asked))
    if missing := [name for name in asked if name not in columns]:
        yield wording.missing_columns(*counts, missing)
    if extra := sorted(set(columns) - set(asked), key=list(columns).index):
        yield wording.extra_columns(*counts, extra)


def _of_values(
    column: ColumnProfile, feature: FeatureConstraints, how: Strictness
) -> Iterator[Violation]:
    counts, rules = column.counts, feature.monitoring
    if counts.present and feature.inferred_type is not InferredType.UNKNOWN:
        share = _of_type(column, feature.inferred_type, how) / counts.present
        if share < rules.datatype_threshold:
            expected = feature.inferred_type.value
            yield wording.data_type(feature.name, expected, rules.datatype_threshold, share)
    share = counts.present / counts.rows
    if feature.completeness is not None and share < feature.completeness:
        yield wording.completeness(feature.name, share)
    if feature.domains is not None and counts.present:
        inside = sum(column.categories.get(text, 0) for text in feature.domains)
        if inside / counts.present < rules.domain_threshold:
            yield wording.categorical_values(feature.name, inside / counts.present)


def _of_type(column: ColumnProfile, expected: InferredType, how: Strictness) -> int:
    counts = column.counts
    if expected is InferredType.STRING:
        return counts.text + counts.boolean
    if expected is InferredType.INTEGRAL:
        return counts.whole + counts.looks_whole
    return counts.fractional + (0 if how.exact_types else counts.whole)


def _rule(
    feature: FeatureConstraints, known: Mapping[str, FeatureStatistics], how: Strictness
) -> Rule:
    rules = feature.monitoring
    is_number = known[feature.name].inferred_type in NUMERIC
    return Rule(
        how.measure,
        rules.method is Method.ROBUST,
        rules.threshold if is_number else rules.categorical_threshold,
        rules.categorical_method is CategoricalMethod.CHI_SQUARED,
    )


def _drift_violation(drift: Drift, feature: FeatureConstraints) -> Violation:
    rules = feature.monitoring
    by_p = (
        drift.p_value is not None
        and rules.categorical_method is CategoricalMethod.CHI_SQUARED
        and rules.method is Method.ROBUST
    )
    told = wording.drift_by_p_value if by_p else wording.drift
    return told(feature.name, drift.distance, drift.threshold)


def _notes(
    too_few: Sequence[str], profile: Profile, how: Strictness, baseline: Statistics | None
) -> Iterator[str]:
    if baseline is None:
        yield "There are no statistics of the baseline, so drift was not judged."
    elif profile.rows < how.least_rows:
        yield (
            f"Drift was not judged: the window has {counted(profile.rows, 'row', 'rows')}, and of "
            f"fewer than {how.least_rows} a distance says more of chance than of drift."
        )
    elif too_few:
        shown = ", ".join(too_few[:_NAMED]) + (", ..." if len(too_few) > _NAMED else "")
        yield (
            f"Drift was not judged of {counted(len(too_few), 'column', 'columns')} with fewer than "
            f"{how.least_rows} values: {shown}."
        )
