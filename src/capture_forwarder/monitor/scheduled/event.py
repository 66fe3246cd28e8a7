"""A schedule's event → what to check, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.constraints.check import LEAST_ROWS, Strictness
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.drift.measure import Measure
from capture_forwarder.monitor.executions.folder import safe_name
from capture_forwarder.monitor.quality import Names, ProblemType, Question
from capture_forwarder.monitor.scheduled.alert import AlertRule
from capture_forwarder.monitor.scheduled.places import Places

_MOST_HOURS = 24 * 366
_COUNT = "(?:[1-9][0-9]?|100)"  # Model Monitor looks at as many runs (EvaluationPeriod)
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
_Address = Annotated[str, msgspec.Meta(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^/]+")]

_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")

VIOLATIONS = "violations"
ALL = "all"
QUALITY = "quality"
"""The folder of a model's baseline, in that of its endpoint."""


class Scheduled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a schedule's event asks for, of whatever kind the check is.

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
    metrics
        Which metrics there are, of columns or of a model: `violations`, `all`, or names, with
        commas between, that are wanted beside those of violations.
    alert
        When people are told: `2 of 3` is when two of the last three executions had violations.
    """

    endpoint: _Text
    schedule: _Text
    time: datetime | None = None
    hours: Annotated[int, msgspec.Meta(ge=1, le=_MOST_HOURS)] = 24
    rows: _Address | None = None
    baseline: _Address | None = None
    metrics: str = VIOLATIONS
    alert: Annotated[str, msgspec.Meta(pattern=rf"^{_COUNT} of {_COUNT}$")] = "1 of 1"

    @property
    def alert_rule(self) -> AlertRule:
        """When an alert is raised."""
        runs, _, of = self.alert.partition(" of ")
        return AlertRule(int(runs), int(of))

    @property
    def wanted_metrics(self) -> frozenset[str]:
        """The names whose metrics are wanted whatever is found."""
        return frozenset(name for one in self.metrics.split(",") if (name := one.strip()))

    def window(self, now: datetime) -> Window:
        """The whole hours before the hour in which the schedule was due."""
        return self._hours_before(self.time or now)

    def _hours_before(self, time: datetime) -> Window:
        end = time.replace(minute=0, second=0, microsecond=0)
        return Window(end - timedelta(hours=self.hours), end)

    def rows_address(self, places: Places) -> str:
        """Where the endpoint's rows are: the folder of its variants."""
        return f"{(self.rows or places.rows).rstrip('/')}/{self.endpoint}"

    def baseline_address(self, places: Places) -> str:
        """Where the endpoint's baseline is."""
        return (self.baseline or f"{places.baselines}/{self.endpoint}").rstrip("/")


class ScheduledCheck(Scheduled, frozen=True, kw_only=True):
    """What the event of a check of data asks for, beside what every check has.

    Parameters
    ----------
    exclude
        Columns of which nothing is asked.
    drift
        How the distance of numbers is measured.
    min_rows
        Drift is not judged of columns with fewer values.
    strict_types
        Whether a whole number violates the type Fractional.
    """

    schedule: _Text = "data-quality"
    exclude: tuple[str, ...] = ()
    drift: Measure = Measure.ROWS
    min_rows: Annotated[int, msgspec.Meta(ge=1)] = LEAST_ROWS
    strict_types: bool = False

    @property
    def strictness(self) -> Strictness:
        """How the check is made."""
        return Strictness(self.drift, self.min_rows, self.strict_types)


class ScheduledQuality(Scheduled, frozen=True, kw_only=True):
    """What the event of a check of model quality asks for, beside what every check has.

    Parameters
    ----------
    problem_type
        What the model predicts.
    prediction, probability, label, threshold, positive, id, labels_id
        What is judged, and by which columns or attributes; see `Question`.
    labels
        Where this endpoint's labels are, as an address or as a folder below that of the function's
        variable.
    header
        Whether CSV files begin with a row of names.
    names
        How violations name a metric.
    delay
        So many hours before the schedule was due, the window ends: labels come later than calls.
    """

    schedule: _Text = "model-quality"
    metrics: str = ALL
    problem_type: ProblemType
    prediction: _Text | None = None
    probability: _Text | None = None
    label: _Text | None = None
    threshold: float = 0.5
    positive: _Text | None = None
    id: _Text = "inference_id"
    labels_id: _Text | None = None
    labels: _Text | None = None
    header: bool = True
    names: Names = Names.FILE
    delay: Annotated[int, msgspec.Meta(ge=0, le=_MOST_HOURS)] = 0

    @property
    def question(self) -> Question:
        """What is judged; rows are chosen by the folders of their hours, not by a column.

        Raises
        ------
        UsageError
            The keys do not fit together.
        """
        return Question(
            self.problem_type,
            prediction=self.prediction,
            probability=self.probability,
            label=self.label,
            threshold=self.threshold,
            positive=self.positive,
            id=self.id,
            labels_id=self.labels_id,
        )

    def window(self, now: datetime) -> Window:
        """The whole hours that end `delay` hours before the hour in which it was due."""
        return self._hours_before((self.time or now) - timedelta(hours=self.delay))

    def baseline_address(self, places: Places) -> str:
        """Where the baseline of the model's quality is: below that of the endpoint's data."""
        default = f"{places.baselines}/{self.endpoint}/{QUALITY}"
        return (self.baseline or default).rstrip("/")

    def labels_address(self, places: Places) -> str | None:
        """Where the labels are; None where the rows have them.

        Raises
        ------
        UsageError
            A folder is named, and not where it is.
        """
        if self.labels is not None and self.labels.startswith("s3://"):
            return self.labels.rstrip("/")
        if places.labels is not None:
            return f"{places.labels}/{(self.labels or self.endpoint).strip('/')}"
        if self.labels is not None:
            problem = f"`labels` is the folder {self.labels!r}, and MONITOR_LABELS is not set"
            raise UsageError(f"{problem}.", "Set MonitorLabels, or name an address: s3://...")
        return None


_PROBLEM = "problem_type"
_OF_QUALITY = frozenset(ScheduledQuality.__struct_fields__) - set(ScheduledCheck.__struct_fields__)


def read_event(event: Mapping[str, object]) -> ScheduledCheck | ScheduledQuality:
    """Read the event that a schedule sends; one with a `problem_type` is of model quality.

    Raises
    ------
    UsageError
        It asks for what there is not, or for what cannot be.
    """
    try:
        # The template writes what it was given as text, so that a number may be one here.
        found: ScheduledCheck | ScheduledQuality = (
            msgspec.convert(event, ScheduledQuality, strict=False)
            if _PROBLEM in event
            else msgspec.convert(event, ScheduledCheck)
        )
    except msgspec.ValidationError as error:
        is_without = _PROBLEM not in event and event.keys() & _OF_QUALITY
        hint = f"; a check of model quality needs `{_PROBLEM}`" if is_without else ""
        raise _wrong(f"{error}{hint}") from None
    for name, value in (("endpoint", found.endpoint), ("schedule", found.schedule)):
        if safe_name(value) != value:
            raise _wrong(f"`{name}` may hold letters, digits, `-`, `_` and `.` only")
    if found.alert_rule.runs > found.alert_rule.of:
        raise _wrong(f"`alert` is `{found.alert}`, which never happens")
    if isinstance(found, ScheduledQuality):
        _check_question(found)
    if (time := found.time) is not None:
        utc = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        return msgspec.structs.replace(found, time=utc)
    return found


def _check_question(check: ScheduledQuality) -> None:
    try:
        _ = check.question
    except UsageError as error:
        problem = f"{error.message.rstrip('.')}. {error.advice.rstrip('.')}"
        raise _wrong(keys_for_options(problem)) from None


def keys_for_options(text: str) -> str:
    """Name the keys of events in a text for those who type commands: `--labels-id`, `labels_id`."""
    return _OPTION.sub(lambda found: f"`{found[1].replace('-', '_')}`", text)


def _wrong(problem: str) -> UsageError:
    message = f"The schedule's event cannot be used: {problem}."
    return UsageError(
        message, "Correct the schedule's input; docs/how-to/monitor-in-aws.md has it."
    )
