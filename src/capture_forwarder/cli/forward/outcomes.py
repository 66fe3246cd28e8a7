"""What became of the files that `forward` sent, and where they went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from capture_forwarder.core.errors import ForwarderError, OutOfTimeError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.report import FileReport
from capture_forwarder.publishers.duckdb.labeled_view import LABELS
from capture_forwarder.quarantine.dropping import Dropped
from capture_forwarder.settings import RouteSettings


@dataclass(frozen=True)
class Sending:
    """Where files go: the environment's one route, or those of a routes file.

    Parameters
    ----------
    routes
        The routes. Without a routes file there are several where each endpoint has a table.
    file
        The routes file.
    quarantine
        Where lines go that are not delivered.
    addresses
        What the user asked to forward.
    spell
        A message → the same with settings named as the user wrote them.
    """

    routes: Sequence[RouteSettings]
    file: str | None = None
    quarantine: str | None = None
    addresses: Sequence[str] = ()
    spell: Callable[[str], str] = str

    @property
    def publisher(self) -> str | None:
        """The publisher, unless a routes file names one or several."""
        return None if self.file else self.routes[0].publisher_name.value

    @property
    def publishers(self) -> dict[str, str]:
        """Route → its publisher."""
        return {route.name: route.publisher_name.value for route in self.routes}

    @property
    def tables(self) -> dict[str, str]:
        """Route → the table that its rows or labels are in, where they go into a database."""
        return {
            one.name: f"{one.labels.inferences}{LABELS}" if one.labels else one.name
            for one in self.routes
        }


@dataclass(frozen=True)
class Outcome:
    """What became of a file on each of its routes.

    Parameters
    ----------
    file
        The file.
    routes
        Route → the accounting, or why it failed there.
    error
        What kept it from all routes.
    skipped
        Why it was passed over, if it was.
    """

    file: FoundFile
    routes: Mapping[str, FileReport | ForwarderError] = field(default_factory=dict)
    error: ForwarderError | None = None
    skipped: str = ""

    @property
    def reports(self) -> dict[str, FileReport]:
        """Route → the accounting, where it was forwarded."""
        found = self.routes.items()
        return {name: one for name, one in found if isinstance(one, FileReport)}

    @property
    def errors(self) -> dict[str, ForwarderError]:
        """Route → why it failed; an empty name stands for all routes."""
        every = {"": self.error} if self.error else {}
        found = self.routes.items()
        return every | {name: one for name, one in found if isinstance(one, ForwarderError)}

    @property
    def failed(self) -> bool:
        """Whether it was not forwarded on some route."""
        return bool(self.errors)

    @property
    def was_stopped(self) -> bool:
        """Whether nothing but an interrupt kept it from being forwarded."""
        errors = self.errors.values()
        return bool(errors) and all(isinstance(error, OutOfTimeError) for error in errors)

    @property
    def done_before(self) -> bool:
        """Whether an earlier run had forwarded it on all of its routes."""
        reports = self.reports.values()
        return bool(reports) and not self.failed and all(one.repeated for one in reports)

    @property
    def forwarded(self) -> bool:
        """Whether this run forwarded it, to its end on all of its routes."""
        return bool(self.reports) and not self.failed and not self.done_before

    def problem(self, name: str, error: ForwarderError) -> str:
        """Say what failed, in the names that the user gave."""
        return self.file.rename(error.message if not name else f"route {name}: {error.message}")


@dataclass(frozen=True)
class Sent:
    """What became of the files, in their order, and whether Ctrl-C kept some from being sent.

    `cleared` are the entries of earlier runs that left the quarantine.
    """

    outcomes: Sequence[Outcome]
    interrupted: bool
    cleared: Dropped


def nothing_arrived(outcomes: Sequence[Outcome]) -> bool:
    """Whether not one row arrived, neither now nor in an earlier run."""
    reports = [report for outcome in outcomes for report in outcome.reports.values()]
    return not any(report.published or report.repeated for report in reports)


def reports_of(outcomes: Sequence[Outcome], route: str | None = None) -> list[FileReport]:
    """The accounting of what this run forwarded, on one route or on all."""
    return [
        report
        for outcome in outcomes
        for name, report in outcome.reports.items()
        if route in {None, name} and not report.repeated
    ]


def add_up(reports: Sequence[FileReport]) -> FileReport:
    """Sum up the counts of several reports."""
    if len(reports) == 1:
        return reports[0]
    quarantined: Counter[str] = Counter()
    casts: Counter[str] = Counter()
    for report in reports:
        quarantined.update(report.quarantined)
        casts.update(report.cast_failures)
    return FileReport(
        lines=sum(report.lines for report in reports),
        forwarded=sum(report.forwarded for report in reports),
        empty=sum(report.empty for report in reports),
        quarantined=quarantined,
        repeated=bool(reports) and all(report.repeated for report in reports),
        inferences=sum(report.inferences for report in reports),
        published=sum(report.published for report in reports),
        refused=sum(report.refused for report in reports),
        requests=sum(report.requests for report in reports),
        retries=sum(report.retries for report in reports),
        bytes=sum(report.bytes for report in reports),
        seconds=sum(report.seconds for report in reports),
        cast_failures=casts,
        redacted=sum(report.redacted for report in reports),
        equal_ids=sum(report.equal_ids for report in reports),
        never_found=tuple(sorted({name for report in reports for name in report.never_found})),
        warnings=tuple(dict.fromkeys(text for report in reports for text in report.warnings)),
    )
