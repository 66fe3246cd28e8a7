"""A row for each feature: its type, completeness, drift and distribution beside the baseline's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from capture_forwarder.monitor.report.documents import (
    Document,
    Documents,
    entries,
    inner,
    number,
    text,
)
from capture_forwarder.monitor.report.histogram import Histogram, buckets_of, draw
from capture_forwarder.monitor.report.violations import Severity, Violation

MOST = 200
"""More features than this are counted, and not shown: those without violations come last."""

_CATEGORIES = 6


@dataclass(frozen=True)
class Category:
    """A value of a text column, with its shares of the rows that have one."""

    value: str
    baseline: float | None
    current: float


@dataclass(frozen=True)
class Drift:
    """How far a feature has drifted, and how far it may; a threshold may be unknown."""

    distance: float
    threshold: float | None
    drifted: bool


@dataclass(frozen=True)
class Feature:
    """What the report says of a feature; None stands for what is not known."""

    name: str
    type: str
    baseline_type: str
    completeness: float | None
    baseline_completeness: float | None
    mean: float | None
    baseline_mean: float | None
    drift: Drift | None
    histogram: Histogram | None
    categories: Sequence[Category]
    other_categories: int
    violations: Sequence[Violation]

    @property
    def severity(self) -> Severity | None:
        """That of its most serious violation."""
        return min((one.severity for one in self.violations), default=None)


@dataclass(frozen=True)
class Features:
    """The features that are shown, the worst first, and how many more there are."""

    shown: Sequence[Feature]
    more: int
    violating: int


def features_of(documents: Documents, violations: Sequence[Violation]) -> Features:
    """Make the rows, those with the most serious violations and the greatest drift first."""
    current = _by_name(documents.statistics)
    baseline = _by_name(documents.baseline)
    drifts = {text(one.get("feature")): one for one in entries(documents.drift, "features")}
    of_feature: dict[str, list[Violation]] = {}
    for one in violations:
        of_feature.setdefault(one.name, []).append(one)
    names = list(dict.fromkeys([*current, *baseline]))
    violating = sum(name in of_feature for name in names)

    def order(name: str) -> tuple[int, float]:
        worst = min((one.severity for one in of_feature.get(name, ())), default=len(Severity) + 1)
        drift = _drift(name, drifts, of_feature.get(name, ()))
        return worst, -(drift.distance if drift else -1.0)

    names.sort(key=order)
    shown = [
        _feature(
            name,
            current.get(name, {}),
            baseline.get(name, {}),
            _drift(name, drifts, of_feature.get(name, ())),
            of_feature.get(name, ()),
        )
        for name in names[:MOST]
    ]
    return Features(shown, len(names) - len(shown), violating)


def _by_name(statistics: Document) -> dict[str, Document]:
    return {text(one.get("name")): one for one in entries(statistics, "features")}


def _drift(
    name: str, drifts: Mapping[str, Document], violations: Sequence[Violation]
) -> Drift | None:
    """What the execution measured; of Model Monitor's, what a violation says."""
    measured = drifts.get(name, {})
    distance = number(measured.get("distance"))
    if distance is not None:
        return Drift(distance, number(measured.get("threshold")), measured.get("drifted") is True)
    for one in violations:
        distance = number(one.distance)
        if distance is not None:
            return Drift(distance, number(one.threshold), drifted=True)
    return None


def _feature(
    name: str,
    current: Document,
    baseline: Document,
    drift: Drift | None,
    violations: Sequence[Violation],
) -> Feature:
    categories, others = _categories(current, baseline)
    return Feature(
        name=name,
        type=text(current.get("inferred_type")),
        baseline_type=text(baseline.get("inferred_type")),
        completeness=_completeness(current),
        baseline_completeness=_completeness(baseline),
        mean=number(inner(current, "numerical_statistics").get("mean")),
        baseline_mean=number(inner(baseline, "numerical_statistics").get("mean")),
        drift=drift,
        histogram=draw(buckets_of(baseline), buckets_of(current)),
        categories=categories,
        other_categories=others,
        violations=violations,
    )


def _completeness(feature: Document) -> float | None:
    for kind in ("numerical_statistics", "string_statistics"):
        common = inner(feature, kind, "common")
        present, missing = number(common.get("num_present")), number(common.get("num_missing"))
        if present is not None and missing is not None and present + missing:
            return present / (present + missing)
    return None


def _categories(current: Document, baseline: Document) -> tuple[list[Category], int]:
    """The most frequent categories of both, and how many there are beside them."""
    now, before = _category_shares(current), _category_shares(baseline)
    names = sorted(
        now | before, key=lambda name: (-max(now.get(name, 0), before.get(name, 0)), name)
    )
    shown = [
        Category(name, before.get(name, 0.0) if before else None, now.get(name, 0.0))
        for name in names[:_CATEGORIES]
    ]
    return shown, max(0, len(names) - _CATEGORIES)


def _category_shares(feature: Document) -> dict[str, float]:
    found = inner(feature, "string_statistics", "distribution", "categorical")
    counts = {
        str(one.get("value", "")): count
        for one in entries(found, "buckets")
        if (count := number(one.get("count"))) is not None and count >= 0
    }
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()} if total else {}
