"""A schedule's event, and the function's variables → what to check, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from capture_forwarder.core.errors import SettingsError, UsageError
from capture_forwarder.monitor.constraints.check import LEAST_ROWS, Strictness
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.drift.measure import Measure
from capture_forwarder.monitor.executions.folder import safe_name
from capture_forwarder.monitor.scheduled.alert import AlertRule

_MOST_HOURS = 24 * 366
_COUNT = "(?:[1-9][0-9]?|100)"  # Model Monitor looks at as many runs (EvaluationPeriod)
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
_Address = Annotated[str, msgspec.Meta(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^/]+")]

VIOLATIONS = "violations"
ALL = "all"


class Places(msgspec.Struct, frozen=True):
    """Where everything is, as addresses without a slash at their ends.

    Parameters
    ----------
    rows
        What the publisher of files writes: `{rows}/{endpoint}/{variant}/yyyy/mm/dd/hh/`.
    baselines
        Baselines: `{baselines}/{endpoint}/constraints.json`.
    reports
        Where executions are kept: `{reports}/{endpoint}/{schedule}/yyyy/mm/dd/hh/`.
    """

    rows: str
    baselines: str
    reports: str


class ScheduledCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a schedule's event asks for.

    Parameters
    ----------
    endpoint
        The endpoint whose rows are checked.
    schedule
        What the check is called, in reports and metrics.
    time
        When the schedule was due; the window ends at the beginning of this hour. None is now.
    hours
        How long the window is.
    rows, baseline
        Where this endpoint's rows and baseline are, if not where the function's variables say.
    exclude
        Columns of which nothing is asked.
    drift
        How the distance of numbers is measured.
    min_rows
        Drift is not judged of columns with fewer values.
    strict_types
        Whether a whole number violates the type Fractional.
    metrics
        Which metrics of columns there are: `violations`, `all`, or the names of columns, with
        commas between, whose metrics are wanted beside those of violations.
    alert
        When people are told: `2 of 3` is when two of the last three executions had violations.
    """

    endpoint: _Text
    schedule: _Text = "data-quality"
    time: datetime | None = None
    hours: Annotated[int, msgspec.Meta(ge=1, le=_MOST_HOURS)] = 24
    rows: _Address | None = None
    baseline: _Address | None = None
    exclude: tuple[str, ...] = ()
    drift: Measure = Measure.ROWS
    min_rows: Annotated[int, msgspec.Meta(ge=1)] = LEAST_ROWS
    strict_types: bool = False
    metrics: str = VIOLATIONS
    alert: Annotated[str, msgspec.Meta(pattern=rf"^{_COUNT} of {_COUNT}$")] = "1 of 1"

    @property
    def strictness(self) -> Strictness:
        """How the check is made."""
        return Strictness(self.drift, self.min_rows, self.strict_types)

    @property
    def alert_rule(self) -> AlertRule:
        """When an alert is raised."""
        runs, _, of = self.alert.partition(" of ")
        return AlertRule(int(runs), int(of))

    @property
    def wanted_metrics(self) -> frozenset[str]:
        """The columns whose metrics are wanted whatever is found."""
        return frozenset(name for one in self.metrics.split(",") if (name := one.strip()))

    def window(self, now: datetime) -> Window:
        """The whole hours before the hour in which the schedule was due."""
        end = (self.time or now).replace(minute=0, second=0, microsecond=0)
        return Window(end - timedelta(hours=self.hours), end)

    def rows_address(self, places: Places) -> str:
        """Where the endpoint's rows are: the folder of its variants."""
        return f"{(self.rows or places.rows).rstrip('/')}/{self.endpoint}"

    def baseline_address(self, places: Places) -> str:
        """Where the endpoint's baseline is."""
        return (self.baseline or f"{places.baselines}/{self.endpoint}").rstrip("/")


def read_event(event: Mapping[str, object]) -> ScheduledCheck:
    """Read the event that a schedule sends.

    Raises
    ------
    UsageError
        It asks for what there is not, or for what cannot be.
    """
    try:
        check = msgspec.convert(event, ScheduledCheck)
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from None
    for name, value in (("endpoint", check.endpoint), ("schedule", check.schedule)):
        if safe_name(value) != value:
            raise _wrong(f"`{name}` may hold letters, digits, `-`, `_` and `.` only")
    if check.alert_rule.runs > check.alert_rule.of:
        raise _wrong(f"`alert` is `{check.alert}`, which never happens")
    if (time := check.time) is not None:
        utc = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        return msgspec.structs.replace(check, time=utc)
    return check


def _wrong(problem: str) -> UsageError:
    message = f"The schedule's event cannot be used: {problem}."
    return UsageError(
        message, "Correct the schedule's input; docs/how-to/monitor-in-aws.md has it."
    )


def read_places(environment: Mapping[str, str]) -> Places:
    """Read the function's variables.

    Raises
    ------
    SettingsError
        Lists each that is missing or is no address of a folder.
    """
    names = {"rows": "MONITOR_ROWS", "baselines": "MONITOR_BASELINES", "reports": "MONITOR_REPORTS"}
    given = {field: environment.get(name, "").rstrip("/") for field, name in names.items()}
    problems = [
        f"{names[field]}: must be s3://bucket/prefix"
        for field, value in given.items()
        if not value.startswith("s3://") or not value.removeprefix("s3://").partition("/")[2]
    ]
    if problems:
        raise SettingsError(problems)
    return Places(**given)
