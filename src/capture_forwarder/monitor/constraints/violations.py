"""`constraint_violations.json`, with the wordings that tools parse.

The types and descriptions are those of Amazon SageMaker's developer guide ("Schema for
Violations") and of violations that the service has published.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from capture_forwarder.monitor.errors import MonitorFileError

MISSING = "Missing columns"
EXTRA = "Extra columns"


class CheckType(StrEnum):
    """The kinds of checks."""

    DATA_TYPE = "data_type_check"
    COMPLETENESS = "completeness_check"
    CATEGORICAL_VALUES = "categorical_values_check"
    BASELINE_DRIFT = "baseline_drift_check"
    MISSING_COLUMN = "missing_column_check"
    EXTRA_COLUMN = "extra_column_check"


class Violation(msgspec.Struct, frozen=True):
    """What of the data is not as its constraints ask."""

    feature_name: str
    constraint_check_type: str
    description: str

    @property
    def subject(self) -> str:
        """What violates something: the feature."""
        return self.feature_name


class MetricViolation(msgspec.Struct, frozen=True):
    """A metric of model quality that is not as its constraint asks."""

    metric_name: str
    constraint_check_type: str
    description: str

    @property
    def subject(self) -> str:
        """What violates something: the metric."""
        return self.metric_name


class _File(msgspec.Struct, frozen=True):
    violations: tuple[Violation, ...]


class _Either(msgspec.Struct, frozen=True):
    constraint_check_type: str
    description: str
    feature_name: str | None = None
    metric_name: str | None = None

    def __post_init__(self) -> None:
        if (self.feature_name is None) == (self.metric_name is None):
            problem = "A violation is of a feature or of a metric."
            raise ValueError(problem)


class _EitherFile(msgspec.Struct, frozen=True):
    violations: tuple[_Either, ...]


def write_violations(violations: tuple[Violation, ...]) -> bytes:
    """Write the file's bytes: JSON in UTF-8."""
    return msgspec.json.format(msgspec.json.encode(_File(violations)), indent=2) + b"\n"


def read_violations(data: bytes, name: str) -> tuple[Violation | MetricViolation, ...]:
    """Read a file of ours or of Model Monitor's, of data or of model quality.

    Raises
    ------
    MonitorFileError
        It is no such file; `name` is what the error calls it.
    """
    try:
        found = msgspec.json.decode(data, type=_EitherFile).violations
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{name} is no constraint_violations.json."
        raise MonitorFileError(message, "Run the check again.") from error
    return tuple(
        Violation(one.feature_name, one.constraint_check_type, one.description)
        if one.feature_name is not None
        else MetricViolation(one.metric_name or "", one.constraint_check_type, one.description)
        for one in found
    )


def data_type(name: str, expected: str, threshold: float, share: float) -> Violation:
    """Too few of a column's values are of its type."""
    return Violation(
        name,
        CheckType.DATA_TYPE.value,
        "Data type match requirement is not met. "
        f"Expected data type: {expected}, Expected match: {threshold * 100}%. "
        f"Observed: Only {share * 100}% of data is {expected}.",
    )


def completeness(name: str, share: float) -> Violation:
    """Too few rows have a value."""
    return _value(name, CheckType.COMPLETENESS, share)


def categorical_values(name: str, share: float) -> Violation:
    """Too few values are among those that the baseline had."""
    return _value(name, CheckType.CATEGORICAL_VALUES, share)


def _value(name: str, check: CheckType, share: float) -> Violation:
    description = f"Value: {share} does not meet the constraint requirement! "
    return Violation(name, check.value, description)


def drift(name: str, distance: float, threshold: float) -> Violation:
    """A column is distributed otherwise than in the baseline."""
    description = f"Baseline drift distance: {distance} exceeds threshold: {threshold}"
    return Violation(name, CheckType.BASELINE_DRIFT.value, description)


def drift_by_p_value(name: str, p: float, threshold: float) -> Violation:
    """The same, where a small number tells of drift: the p value of a chi-squared test."""
    description = f"Baseline drift p-value (chi-squared): {p} is below threshold: {threshold}"
    return Violation(name, CheckType.BASELINE_DRIFT.value, description)


def missing_columns(current: int, baseline: int, names: list[str]) -> Violation:
    """The data lacks columns."""
    counts = _counts(current, baseline)
    description = f"There are missing columns in current dataset. {counts}. {_listed(names)}"
    return Violation(MISSING, CheckType.MISSING_COLUMN.value, description)


def extra_columns(current: int, baseline: int, names: list[str]) -> Violation:
    """The data has columns that no constraint is for."""
    counts = _counts(current, baseline)
    description = f"There are extra columns in current dataset. {counts}. {_listed(names)}"
    return Violation(EXTRA, CheckType.EXTRA_COLUMN.value, description)


def _counts(current: int, baseline: int) -> str:
    return (
        f"Number of columns in current dataset: {current}, "
        f"Number of columns in baseline constraints: {baseline}"
    )


_NAMED = 20


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"They are: {', '.join(names[:_NAMED])}{more}"
