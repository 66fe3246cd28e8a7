"""What `forward` shows of its work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from capture_forwarder.cli.forward.nothing import show_command, why_nothing
from capture_forwarder.cli.forward.outcomes import (
    Outcome,
    Sending,
    add_up,
    nothing_arrived,
    reports_of,
)
from capture_forwarder.cli.query.command import query_command
from capture_forwarder.cli.terminal.console import (
    ERR,
    OUT,
    complain,
    number_of,
    say,
    show_problems,
    show_warnings,
)
from capture_forwarder.cli.terminal.tables import (
    COUNTS,
    REFUSED,
    add,
    counts_of,
    long_name,
    new_table,
)
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.rejection import Reason
from capture_forwarder.core.report import FileReport
from capture_forwarder.quarantine.dropping import Dropped
from capture_forwarder.settings import PublisherName
from capture_forwarder.settings.publishers import DuckDbSettings

_MOST_ROWS = 40
_MOST_TABLES = 3


def show_outcomes(outcomes: Sequence[Outcome], sending: Sending, warnings: Sequence[str]) -> None:
    """Print a table of the files and what else the user should know."""
    _show_table(outcomes, sending)
    total = add_up(reports_of(outcomes))
    if before := sum(outcome.done_before for outcome in outcomes):
        say(f"{number_of(before, 'file', 'files')} had been forwarded before, says the ledger.")
    if total.quarantined_lines:
        reasons = ", ".join(f"{count} {reason}" for reason, count in total.quarantined.items())
        say(f"{total.quarantined_lines} line(s) went to {sending.quarantine}: {reasons}")
    if total.refused:
        rows = number_of(total.refused, "row", "rows")
        say(f"The platform refused {rows}, which went to {sending.quarantine}.")
        say(f"See why: {show_command(sending, Reason.REJECTED_BY_PLATFORM)}")
    if total.cast_failures:
        columns = ", ".join(f"{name} {count}" for name, count in total.cast_failures.items())
        say(f"Values that do not have their column's type were sent unchanged: {columns}")
    if total.redacted:
        say(f"{number_of(total.redacted, 'value was', 'values were')} redacted.")
    if total.equal_ids:
        say(f"{total.equal_ids} line(s) have the id of an earlier line of their file.")
    for warning in total.warnings:
        complain(warning)
    _show_queries(outcomes, sending)
    _show_problems(outcomes, sending, warnings)
    if nothing_arrived(outcomes) and not any(outcome.failed for outcome in outcomes):
        reason, advice = why_nothing(outcomes, sending)
        complain(f"Not one row has arrived. {reason}", advice)


def _show_queries(outcomes: Sequence[Outcome], sending: Sending) -> None:
    """Print the commands that show the rows in DuckDB."""
    tables = []
    for route in sending.routes:
        own = [outcome for outcome in outcomes if route.name in outcome.reports]
        if isinstance(route.publisher, DuckDbSettings) and not nothing_arrived(own):
            name = f"{route.labels.inferences}_labels" if route.labels else route.name
            tables.append((route.publisher.path, name))
    for path, name in tables[:_MOST_TABLES]:
        say(f"Query them: {query_command(path, name)}")
    if len(tables) > _MOST_TABLES:
        say(f"... and {len(tables) - _MOST_TABLES} more tables", style="dim")


def show_cleared(cleared: Dropped, sending: Sending) -> None:
    """Say what has left the quarantine since its lines were read again."""
    if count := cleared.reasons.total():
        entries = number_of(count, "entry of an earlier run has", "entries of earlier runs have")
        say(f"{entries} left {sending.quarantine}: their lines were read again.")
    show_problems(cleared.problems)


def show_interrupt(outcomes: Sequence[Outcome], files: int, ledger: str | None) -> None:
    """Say what was done before an interrupt, and how to go on."""
    done = sum(not outcome.failed for outcome in outcomes)
    complain(
        f"Interrupted: {done} of {number_of(files, 'file', 'files')} done.",
        "Run the same command again: it goes on where it was stopped."
        if ledger
        else "Run the same command again to go on from the start, with the same ids. With "
        "`--ledger ledger.sqlite` it would pass over what is done.",
    )


def _show_table(outcomes: Sequence[Outcome], sending: Sending) -> None:
    """Print a row for each file and, with a routes file, for each of its routes."""
    way = f"by {sending.file}" if sending.file else f"to {sending.publisher}"
    refused = [REFUSED] if add_up(reports_of(outcomes)).refused else []
    heads = ("file", *(["route"] if sending.file else []), *COUNTS, *refused)
    table = new_table(f"Forwarded {way}", *heads, numbers=(*COUNTS, REFUSED), unbroken=("route",))

    def numbers(report: FileReport) -> list[int]:
        return [*counts_of(report), *([report.refused] if refused else [])]

    rows = [
        (outcome.file, name, report)
        for outcome in outcomes
        for name, report in outcome.reports.items()
        if not report.repeated
    ]
    for file, name, report in rows[:_MOST_ROWS]:
        name_shown = long_name(file.capture_file, file.name)
        add(table, name_shown, *([name] if sending.file else []), *numbers(report))
    if len(rows) > _MOST_ROWS:
        add(table, f"... {len(rows) - _MOST_ROWS} more files", style="dim")
    table.add_section()
    only = next(iter(sending.publishers)) if not rows else None
    for name in sending.publishers:
        reports = reports_of(outcomes, name)
        if not (reports or sending.file or name == only):
            continue
        names = [f"{name} → {sending.publishers[name]}"] if sending.file else []
        where = f" in table {name}" if sending.publisher == PublisherName.DUCKDB else ""
        what = f"{len(reports)} file(s){where}"
        add(table, what, *names, *numbers(add_up(reports)), style="bold")
    OUT.print(table)


def _show_problems(outcomes: Sequence[Outcome], sending: Sending, warnings: Sequence[str]) -> None:
    show_warnings(warnings)
    why = Counter(outcome.skipped for outcome in outcomes if outcome.skipped)
    for reason, count in why.items():
        say(f"{count} file(s) skipped: {reason}", to=ERR, style="yellow")
    failed = [outcome for outcome in outcomes if outcome.failed and not outcome.was_stopped]
    if failed:
        say(f"{len(failed)} of {len(outcomes)} file(s) failed:", to=ERR, style="red")
    # A platform that is down fails its other files by the same error, untried.
    times = Counter(_told(error) for outcome in failed for error in outcome.errors.values())
    for outcome in failed:
        for name, error in outcome.errors.items():
            if count := times.pop(_told(error), 0):
                more = f" and {count - 1} more file(s)" if count > 1 else ""
                problem = outcome.problem(name if sending.file else "", error)
                complain(f"{outcome.file.name}{more}: {problem}", sending.spell(error.advice))


def _told(error: ForwarderError) -> tuple[type[ForwarderError], str]:
    return type(error), str(error)
