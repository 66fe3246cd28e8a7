"""What `forward` shows of its work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from capture_forwarder.cli.terminal.console import ERR, OUT, complain, say, show_warnings
from capture_forwarder.cli.terminal.tables import COUNTS, add, counts_of, long_name, new_table
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.report import FileReport
from capture_forwarder.settings import RouteSettings
from capture_forwarder.settings.publishers import DuckDbSettings

_MOST_ROWS = 40


@dataclass(frozen=True)
class Sending:
    """Where files go: the environment's one route, or those of a routes file."""

    routes: Sequence[RouteSettings]
    file: str | None = None
    quarantine: str | None = None

    @property
    def publisher(self) -> str | None:
        """The publisher, unless a routes file names one or several."""
        return None if self.file else self.routes[0].publisher_name.value

    @property
    def publishers(self) -> dict[str, str]:
        """Route → its publisher."""
        return {route.name: route.publisher_name.value for route in self.routes}


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

    def problem(self, name: str, error: ForwarderError) -> str:
        """Say what failed, in the names that the user gave."""
        return self.file.rename(error.message if not name else f"route {name}: {error.message}")


def outcome_json(outcome: Outcome, sending: Sending) -> dict[str, object]:
    """Write an outcome as a JSON object; with a routes file, also route by route."""
    facts: dict[str, object] = {"file": outcome.file.name}
    if outcome.skipped:
        return facts | {"status": "skipped", "why": outcome.skipped}
    if not sending.file or outcome.error:
        (result,) = outcome.routes.values() if not outcome.error else [outcome.error]
        return facts | _result_json(outcome, result)
    problems = [outcome.problem(name, error) for name, error in outcome.errors.items()]
    return {
        **facts,
        **_report_json(add_up(list(outcome.reports.values()))),
        **({"status": "failed", "error": "; ".join(problems)} if problems else {}),
        "routes": {name: _result_json(outcome, result) for name, result in outcome.routes.items()},
    }


def _result_json(outcome: Outcome, result: FileReport | ForwarderError) -> dict[str, object]:
    if isinstance(result, ForwarderError):
        problem = outcome.problem("", result)
        return {"status": "failed", "error": problem, "advice": result.advice}
    return _report_json(result)


def _report_json(report: FileReport) -> dict[str, object]:
    return {
        "status": "forwarded",
        "lines": report.lines,
        "forwarded": report.forwarded,
        "empty": report.empty,
        "quarantined": dict(report.quarantined),
        "inferences": report.inferences,
        "published": report.published,
        "requests": report.requests,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "cast_failures": dict(report.cast_failures),
        "columns_never_found": list(report.warnings),
        "equal_ids": report.equal_ids,
    }


def summary_json(
    outcomes: Sequence[Outcome], sending: Sending, warnings: Sequence[str]
) -> dict[str, object]:
    """Write what became of all files as a JSON object."""
    total = add_up(_reports(outcomes))
    summary: dict[str, object] = {
        "files": len(outcomes),
        "forwarded_files": sum(bool(one.reports) and not one.failed for one in outcomes),
        "failed_files": sum(outcome.failed for outcome in outcomes),
        "skipped_files": sum(bool(outcome.skipped) for outcome in outcomes),
        **dict(zip(COUNTS, counts_of(total), strict=True)),
        "published": total.published,
        "cast_failures": dict(total.cast_failures),
        "columns_never_found": list(total.warnings),
        "equal_ids": total.equal_ids,
        "publisher": sending.publisher,
        "quarantine": sending.quarantine,
        "warnings": list(warnings),
    }
    if sending.file:
        summary |= {"routes_file": sending.file, "routes": dict(_routes_json(outcomes, sending))}
    return {"summary": summary}


def _routes_json(
    outcomes: Sequence[Outcome], sending: Sending
) -> Iterator[tuple[str, dict[str, object]]]:
    for name, publisher in sending.publishers.items():
        reports = _reports(outcomes, name)
        total = add_up(reports)
        yield (
            name,
            {
                "publisher": publisher,
                "forwarded_files": len(reports),
                "failed_files": sum(name in outcome.errors for outcome in outcomes),
                **dict(zip(COUNTS, counts_of(total), strict=True)),
                "published": total.published,
            },
        )


def show_outcomes(outcomes: Sequence[Outcome], sending: Sending, warnings: Sequence[str]) -> None:
    """Print a table of the files and what else the user should know."""
    _show_table(outcomes, sending)
    total = add_up(_reports(outcomes))
    if total.quarantined_lines:
        reasons = ", ".join(f"{count} {reason}" for reason, count in total.quarantined.items())
        say(f"{total.quarantined_lines} line(s) went to {sending.quarantine}: {reasons}")
    if total.cast_failures:
        columns = ", ".join(f"{name} {count}" for name, count in total.cast_failures.items())
        say(f"Values that do not have their column's type were sent unchanged: {columns}")
    if total.equal_ids:
        say(f"{total.equal_ids} line(s) have the id of an earlier line of their file.")
    for warning in total.warnings:
        complain(warning)
    for route in sending.routes:
        database = route.publisher
        if isinstance(database, DuckDbSettings) and _reports(outcomes, route.name):
            name = f"{route.labels.inferences}_labels" if route.labels else route.name
            table = name if name.isidentifier() else f'"{name}"'
            say(f"Query them: duckdb {database.path} 'FROM {table} LIMIT 10'")
    _show_problems(outcomes, sending, warnings)


def _show_table(outcomes: Sequence[Outcome], sending: Sending) -> None:
    """Print a row for each file and, with a routes file, for each of its routes."""
    way = f"by {sending.file}" if sending.file else f"to {sending.publisher}"
    heads = ("file", *(["route"] if sending.file else []), *COUNTS)
    table = new_table(f"Forwarded {way}", *heads, numbers=COUNTS, unbroken=("route",))
    rows = [
        (outcome.file, name, report)
        for outcome in outcomes
        for name, report in outcome.reports.items()
    ]
    for file, name, report in rows[:_MOST_ROWS]:
        name_shown = long_name(file.capture_file, file.name)
        add(table, name_shown, *([name] if sending.file else []), *counts_of(report))
    if len(rows) > _MOST_ROWS:
        add(table, f"... {len(rows) - _MOST_ROWS} more files", style="dim")
    table.add_section()
    for name in sending.publishers:
        reports = _reports(outcomes, name)
        names = [f"{name} → {sending.publishers[name]}"] if sending.file else []
        add(table, f"{len(reports)} file(s)", *names, *counts_of(add_up(reports)), style="bold")
    OUT.print(table)


def _show_problems(outcomes: Sequence[Outcome], sending: Sending, warnings: Sequence[str]) -> None:
    show_warnings(warnings)
    why = Counter(outcome.skipped for outcome in outcomes if outcome.skipped)
    for reason, count in why.items():
        say(f"{count} file(s) skipped: {reason}", to=ERR, style="yellow")
    failed = sum(outcome.failed for outcome in outcomes)
    if failed:
        say(f"{failed} of {len(outcomes)} file(s) failed:", to=ERR, style="red")
    # A platform that is down fails its other files by the same error, untried.
    times = Counter(_told(error) for outcome in outcomes for error in outcome.errors.values())
    for outcome in outcomes:
        for name, error in outcome.errors.items():
            if count := times.pop(_told(error), 0):
                more = f" and {count - 1} more file(s)" if count > 1 else ""
                problem = outcome.problem(name if sending.file else "", error)
                complain(f"{outcome.file.name}{more}: {problem}", error.advice)


def _told(error: ForwarderError) -> tuple[type[ForwarderError], str]:
    return type(error), str(error)


def _reports(outcomes: Sequence[Outcome], route: str | None = None) -> list[FileReport]:
    return [
        report
        for outcome in outcomes
        for name, report in outcome.reports.items()
        if route in {None, name}
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
        inferences=sum(report.inferences for report in reports),
        published=sum(report.published for report in reports),
        requests=sum(report.requests for report in reports),
        bytes=sum(report.bytes for report in reports),
        seconds=sum(report.seconds for report in reports),
        cast_failures=casts,
        equal_ids=sum(report.equal_ids for report in reports),
        never_found=tuple(sorted({name for report in reports for name in report.never_found})),
        warnings=tuple(dict.fromkeys(text for report in reports for text in report.warnings)),
    )
