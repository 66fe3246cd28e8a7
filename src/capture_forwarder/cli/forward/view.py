"""What `forward` shows of its work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from capture_forwarder.cli.forward.outcomes import (
    Outcome,
    Sending,
    add_up,
    nothing_arrived,
    reports_of,
)
from capture_forwarder.cli.terminal.console import ERR, OUT, complain, number_of, say, show_warnings
from capture_forwarder.cli.terminal.tables import COUNTS, add, counts_of, long_name, new_table
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.report import FileReport
from capture_forwarder.settings.publishers import DuckDbSettings

_MOST_ROWS = 40


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
        "status": "done before" if report.repeated else "forwarded",
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
    total = add_up(reports_of(outcomes))
    summary: dict[str, object] = {
        "files": len(outcomes),
        "forwarded_files": sum(one.forwarded for one in outcomes),
        "failed_files": sum(outcome.failed for outcome in outcomes),
        "done_before_files": sum(outcome.done_before for outcome in outcomes),
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
        reports = reports_of(outcomes, name)
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
    total = add_up(reports_of(outcomes))
    if before := sum(outcome.done_before for outcome in outcomes):
        say(f"{number_of(before, 'file', 'files')} had been forwarded before, says the ledger.")
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
        own = [outcome for outcome in outcomes if route.name in outcome.reports]
        if isinstance(database, DuckDbSettings) and not nothing_arrived(own):
            name = f"{route.labels.inferences}_labels" if route.labels else route.name
            table = name if name.isidentifier() else f'"{name}"'
            say(f"Query them: duckdb {database.path} 'FROM {table} LIMIT 10'")
    _show_problems(outcomes, sending, warnings)
    if nothing_arrived(outcomes) and not any(outcome.failed for outcome in outcomes):
        reason, advice = _why_nothing(total, sending)
        complain(f"Not one row has arrived. {reason}", advice)


def _why_nothing(total: FileReport, sending: Sending) -> tuple[str, str]:
    """One reason in words, and the next command to type."""
    if total.quarantined:
        reason = max(total.quarantined, key=lambda one: total.quarantined[one])
        count = number_of(total.quarantined[reason], "line is", "lines are")
        advice = f"`capture-forwarder quarantine list {sending.quarantine}` tells more; "
        advice += "`capture-forwarder inspect` proposes columns for your files."
        return f"{count} in the quarantine as {reason}.", advice
    if total.lines:
        return "The lines hold no inferences.", "`capture-forwarder inspect` shows what they hold."
    return "The files are empty.", "Name other files; `capture-forwarder inspect` shows them."


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
    heads = ("file", *(["route"] if sending.file else []), *COUNTS)
    table = new_table(f"Forwarded {way}", *heads, numbers=COUNTS, unbroken=("route",))
    rows = [
        (outcome.file, name, report)
        for outcome in outcomes
        for name, report in outcome.reports.items()
        if not report.repeated
    ]
    for file, name, report in rows[:_MOST_ROWS]:
        name_shown = long_name(file.capture_file, file.name)
        add(table, name_shown, *([name] if sending.file else []), *counts_of(report))
    if len(rows) > _MOST_ROWS:
        add(table, f"... {len(rows) - _MOST_ROWS} more files", style="dim")
    table.add_section()
    for name in sending.publishers:
        reports = reports_of(outcomes, name)
        names = [f"{name} → {sending.publishers[name]}"] if sending.file else []
        add(table, f"{len(reports)} file(s)", *names, *counts_of(add_up(reports)), style="bold")
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
                complain(f"{outcome.file.name}{more}: {problem}", error.advice)


def _told(error: ForwarderError) -> tuple[type[ForwarderError], str]:
    return type(error), str(error)
