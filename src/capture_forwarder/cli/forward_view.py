"""What `forward` tells of its work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from capture_forwarder.cli.console import ERR, OUT, complain, say
from capture_forwarder.cli.places import Found
from capture_forwarder.cli.tables import COUNTS, add, counts_of, long_name, new_table
from capture_forwarder.errors import ForwarderError
from capture_forwarder.model import ObjectReport
from capture_forwarder.settings import ONLY_ROUTE, Settings
from capture_forwarder.settings.platforms import DuckDbSettings

_MOST_FILES_SHOWN = 40


@dataclass(frozen=True)
class Outcome:
    """What became of a file: exactly one of the three."""

    file: Found
    report: ObjectReport | None = None
    error: ForwarderError | None = None
    skipped: str = ""


def destination(settings: Settings) -> str:
    """Where rows go, in one or two words."""
    return settings.route.platform.value if settings.route else "their routes"


def outcome_json(outcome: Outcome) -> dict[str, object]:
    """Write an outcome as a JSON object."""
    facts: dict[str, object] = {"file": outcome.file.name}
    if outcome.error is not None:
        problem = outcome.file.rename(outcome.error.message)
        return facts | {"status": "failed", "error": problem, "advice": outcome.error.advice}
    if outcome.report is None:
        return facts | {"status": "skipped", "why": outcome.skipped}
    report = outcome.report
    return facts | {
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
    }


def summary_json(
    outcomes: Sequence[Outcome], settings: Settings, warnings: Sequence[str]
) -> dict[str, object]:
    """Write what became of all files as a JSON object."""
    total = _total(outcomes)
    return {
        "summary": {
            "files": len(outcomes),
            "forwarded_files": sum(outcome.report is not None for outcome in outcomes),
            "failed_files": sum(outcome.error is not None for outcome in outcomes),
            "skipped_files": sum(bool(outcome.skipped) for outcome in outcomes),
            **dict(zip(COUNTS, counts_of(total), strict=True)),
            "published": total.published,
            "cast_failures": dict(total.cast_failures),
            "publisher": destination(settings),
            "quarantine": settings.quarantine,
            "warnings": list(warnings),
        }
    }


def show_outcomes(outcomes: Sequence[Outcome], settings: Settings, warnings: Sequence[str]) -> None:
    """Print a table of the files and what else the user should know."""
    table = new_table(f"Forwarded to {destination(settings)}", "file", *COUNTS, numbers=COUNTS)
    done = [outcome for outcome in outcomes if outcome.report]
    total = _total(outcomes)
    for outcome in done[:_MOST_FILES_SHOWN]:
        if outcome.report:
            name = long_name(outcome.file.source, outcome.file.name)
            add(table, name, *counts_of(outcome.report))
    if len(done) > _MOST_FILES_SHOWN:
        add(table, f"... {len(done) - _MOST_FILES_SHOWN} more files", style="dim")
    table.add_section()
    add(table, f"{len(done)} file(s)", *counts_of(total), style="bold")
    OUT.print(table)
    if total.quarantined_lines:
        reasons = ", ".join(f"{count} {reason}" for reason, count in total.quarantined.items())
        place = settings.quarantine
        say(f"{total.quarantined_lines} line(s) are kept in {place}: {reasons}")
    if total.cast_failures:
        columns = ", ".join(f"{name} {count}" for name, count in total.cast_failures.items())
        say(f"Values that are not of their column's type were sent as they are: {columns}")
    database = settings.route.publisher if settings.route else None
    if isinstance(database, DuckDbSettings) and done:
        say(f"""Query them: duckdb {database.path} 'FROM {ONLY_ROUTE} LIMIT 10'""")
    _show_problems(outcomes, warnings)


def _show_problems(outcomes: Sequence[Outcome], warnings: Sequence[str]) -> None:
    for warning in dict.fromkeys(warnings):
        say(f"Note: {warning}", to=ERR, style="yellow")
    skipped = [outcome for outcome in outcomes if outcome.skipped]
    if skipped:
        say(f"{len(skipped)} file(s) skipped: {skipped[0].skipped}", to=ERR, style="yellow")
    failed = [(outcome.file, outcome.error) for outcome in outcomes if outcome.error]
    if failed:
        say(f"{len(failed)} of {len(outcomes)} file(s) failed:", to=ERR, style="red")
    for file, error in failed:
        complain(f"{file.name}: {file.rename(error.message)}", error.advice)


def _total(outcomes: Sequence[Outcome]) -> ObjectReport:
    return add_up([outcome.report for outcome in outcomes if outcome.report])


def add_up(reports: Sequence[ObjectReport]) -> ObjectReport:
    """Sum up the counts of several reports."""
    if len(reports) == 1:
        return reports[0]
    quarantined: Counter[str] = Counter()
    casts: Counter[str] = Counter()
    for report in reports:
        quarantined.update(report.quarantined)
        casts.update(report.cast_failures)
    return ObjectReport(
        lines=sum(report.lines for report in reports),
        forwarded=sum(report.forwarded for report in reports),
        empty=sum(report.empty for report in reports),
        quarantined=quarantined,
        inferences=sum(report.inferences for report in reports),
        published=sum(report.published for report in reports),
        cast_failures=casts,
    )
