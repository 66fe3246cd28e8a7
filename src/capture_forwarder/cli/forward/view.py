"""What `forward` shows of its work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from capture_forwarder.cli.forward.counts import show_counts
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
    complain,
    note,
    number_of,
    say,
    show_problems,
    show_warnings,
)
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.rejection import Reason
from capture_forwarder.quarantine.dropping import Dropped
from capture_forwarder.settings.publishers import DuckDbSettings

_MOST_TABLES = 3
_MOST_PROBLEMS = 20


def show_outcomes(
    outcomes: Sequence[Outcome],
    sending: Sending,
    warnings: Sequence[str],
    *,
    strict: bool = False,
) -> None:
    """Print a table of the files and what else the user should know.

    Parameters
    ----------
    outcomes, sending
        What became of the files, and where they went.
    warnings
        What else there is to say.
    strict
        Whether it is an error if nothing has arrived.
    """
    show_counts(outcomes, sending)
    total = add_up(reports_of(outcomes))
    if before := sum(outcome.done_before for outcome in outcomes):
        say(f"{number_of(before, 'file', 'files')} had been forwarded before, says the ledger.")
        ledger = sending.spell("FORWARDER_LEDGER")
        say(f"To forward again, as with other columns, name another file by {ledger}.", style="dim")
    if total.quarantined_lines:
        reasons = ", ".join(f"{count} {reason}" for reason, count in total.quarantined.items())
        lines = number_of(total.quarantined_lines, "line", "lines")
        say(f"{lines} went to {sending.quarantine}: {reasons}")
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
        lines = number_of(total.equal_ids, "line has", "lines have")
        say(f"{lines} the id of an earlier line of the same file.")
    for warning in total.warnings:
        note(warning)
    _show_queries(outcomes, sending)
    _show_problems(outcomes, sending, warnings)
    if nothing_arrived(outcomes) and not any(outcome.failed for outcome in outcomes):
        reason, advice = why_nothing(outcomes, sending)
        tell = complain if strict else note
        tell(f"Not one row has arrived. {reason}", advice)


def _show_queries(outcomes: Sequence[Outcome], sending: Sending) -> None:
    """Print the commands that show the rows in DuckDB."""
    tables = []
    for route in sending.routes:
        own = [outcome for outcome in outcomes if route.name in outcome.reports]
        if isinstance(route.publisher, DuckDbSettings) and not nothing_arrived(own):
            tables.append((route.publisher.path, sending.tables[route.name]))
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


def _show_problems(outcomes: Sequence[Outcome], sending: Sending, warnings: Sequence[str]) -> None:
    show_warnings(warnings)
    why = Counter(outcome.skipped for outcome in outcomes if outcome.skipped)
    for reason, count in why.items():
        files = number_of(count, "file", "files")
        say(f"{files} skipped: {reason}", to=ERR, style="yellow")
    failed = [outcome for outcome in outcomes if outcome.failed and not outcome.was_stopped]
    if failed:
        files = number_of(len(outcomes), "file", "files")
        say(f"{len(failed)} of {files} failed:", to=ERR, style="red")
    # What is wrong with one file is often wrong with others, such as a platform that is down.
    found = [(one, name, error) for one in failed for name, error in one.errors.items()]
    times = Counter(_alike(*one) for one in found)
    shown = {_alike(*one): one for one in reversed(found)}
    first = list(reversed(shown.items()))
    for kind, (outcome, name, error) in first[:_MOST_PROBLEMS]:
        others = number_of(times[kind] - 1, "file", "files")
        more = f" and {others} more" if times[kind] > 1 else ""
        problem = outcome.problem(name if sending.file else "", error)
        complain(f"{outcome.file.name}{more}: {problem}", sending.spell(error.advice))
    if len(first) > _MOST_PROBLEMS:
        left = number_of(len(first) - _MOST_PROBLEMS, "error more", "errors more")
        say(f"... and {left}; --json prints all of them.", to=ERR)


def _alike(outcome: Outcome, name: str, error: ForwarderError) -> tuple[type[ForwarderError], str]:
    """What an error has in common with those of other files, which it may name."""
    text = str(error)
    own = (outcome.file.name, str(outcome.file.capture_file), f"route {name}")
    for one in sorted(own, key=len, reverse=True):
        text = text.replace(one, "")
    return type(error), text
