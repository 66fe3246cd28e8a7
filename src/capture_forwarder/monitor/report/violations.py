"""What violates its constraint, the most serious first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from capture_forwarder.monitor.report.documents import Document, entries, number, text
from capture_forwarder.monitor.report.wording import percent, short_number, visible

MOST = 200
"""More violations than this are counted, and not listed."""

# What descriptions say, ours and Model Monitor's alike.
_DISTANCE = re.compile(r"distance: (?P<distance>\S+) exceeds threshold: (?P<threshold>\S+)")
_SHARE = re.compile(r"Value: (?P<share>\S+) does not meet")
_TYPE = re.compile(r"Expected data type: (?P<type>\w+).*Only (?P<share>[^%\s]+)%")
_METRIC = re.compile(r"with (?P<value>\S+) \+/- \S+ was (?P<side>\w+)Than\w+ '(?P<limit>[^']+)'")


class Severity(IntEnum):
    """How much of what a model sees or says is in doubt."""

    HIGH = 1
    MEDIUM = 2
    LOW = 3

    @property
    def word(self) -> str:
        """How the report calls it."""
        return self.name.capitalize()


# Check → how serious it is, and what it is about in a reader's words.
_CHECKS = {
    "missing_column_check": (Severity.HIGH, "Columns are missing"),
    "data_type_check": (Severity.HIGH, "Type"),
    "LessThanThreshold": (Severity.HIGH, "Model quality"),
    "GreaterThanThreshold": (Severity.HIGH, "Model quality"),
    "completeness_check": (Severity.MEDIUM, "Completeness"),
    "baseline_drift_check": (Severity.MEDIUM, "Drift"),
    "categorical_values_check": (Severity.LOW, "Unknown categories"),
    "extra_column_check": (Severity.LOW, "There are more columns"),
}


@dataclass(frozen=True)
class Violation:
    """An entry of `constraint_violations.json`.

    Parameters
    ----------
    name
        The feature or the metric.
    severity
        How serious it is.
    about
        What it is about.
    description
        What the check says of it, in a reader's words where it is one of those that are known.
    distance, threshold
        Of drift: how far it is, and how far it may be; as the description has them.
    """

    name: str
    severity: Severity
    about: str
    description: str
    distance: str = ""
    threshold: str = ""


@dataclass(frozen=True)
class Group:
    """The violations of one severity; `more` of them are not listed."""

    severity: Severity
    violations: Sequence[Violation]
    more: int


def violations_of(document: Document) -> list[Violation]:
    """Read the violations of an execution, the most serious first."""
    found = []
    for one in entries(document, "violations"):
        check = text(one.get("constraint_check_type"))
        severity, about = _CHECKS.get(check, (Severity.MEDIUM, visible(check)))
        description = text(one.get("description")).strip()
        drift = _DISTANCE.search(description) if about == "Drift" else None
        found.append(
            Violation(
                text(one.get("feature_name")) or text(one.get("metric_name")),
                severity,
                about,
                _in_plain_words(about, description),
                drift["distance"] if drift else "",
                drift["threshold"].rstrip(".") if drift else "",
            )
        )
    return sorted(found, key=lambda one: (one.severity, one.about))


def grouped(violations: Sequence[Violation]) -> list[Group]:
    """Put violations of one severity together."""
    groups, room = [], MOST
    for severity in Severity:
        inside = [one for one in violations if one.severity is severity]
        if inside:
            groups.append(Group(severity, inside[:room], max(0, len(inside) - room)))
            room = max(0, room - len(inside))
    return groups


def _in_plain_words(about: str, description: str) -> str:
    """Say what a description means; as it stands where it is none of those that are known."""
    if found := _DISTANCE.search(description):
        distance, threshold = _number(found["distance"]), found["threshold"].rstrip(".")
        return f"The distance to the baseline is {distance}, more than {threshold}."
    if found := _TYPE.search(description):
        share = percent(_share(found["share"], whole=100))
        return f"Only {share} of the values are {found['type']}, as those of the baseline are."
    if found := _METRIC.search(description):
        side = "more" if found["side"] == "Greater" else "less"
        return f"{_number(found['value'])} is {side} than {_number(found['limit'])}."
    if found := _SHARE.search(description):
        share = percent(_share(found["share"]))
        known = {
            "Completeness": f"{share} of the rows have a value, fewer than in the baseline.",
            "Unknown categories": f"{share} of the values are known from the baseline.",
            "Type": f"{share} of the values are of the baseline's type.",
        }
        return known.get(about, description)
    return description


def _number(written: str) -> str:
    return short_number(number(written)) if number(written) is not None else written


def _share(written: str, whole: int = 1) -> float | None:
    found = number(written)
    return None if found is None else found / whole
