"""What `forward --json` prints: an object for each file, and a summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from capture_forwarder.cli.forward.outcomes import Outcome, Sending, Sent, add_up, reports_of
from capture_forwarder.cli.terminal.tables import COUNTS, counts_of
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.report import FileReport


def outcome_json(outcome: Outcome, sending: Sending) -> dict[str, object]:
    """Write an outcome as a JSON object; with a routes file, also route by route."""
    facts: dict[str, object] = {"file": outcome.file.name}
    if outcome.skipped:
        return facts | {"status": "skipped", "why": outcome.skipped}
    if not sending.file or outcome.error:
        (result,) = outcome.routes.values() if not outcome.error else [outcome.error]
        return facts | _result_json(outcome, result, sending)
    problems = [outcome.problem(name, error) for name, error in outcome.errors.items()]
    return {
        **facts,
        **_report_json(add_up(list(outcome.reports.values()))),
        **({"status": "failed", "error": "; ".join(problems)} if problems else {}),
        "routes": {
            name: _result_json(outcome, result, sending) for name, result in outcome.routes.items()
        },
    }


def _result_json(
    outcome: Outcome, result: FileReport | ForwarderError, sending: Sending
) -> dict[str, object]:
    if isinstance(result, ForwarderError):
        problem = outcome.problem("", result)
        advice = sending.spell(result.advice)
        return {"status": "failed", "error": problem, "advice": advice}
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
        "refused": report.refused,
        "requests": report.requests,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "cast_failures": dict(report.cast_failures),
        "redacted": report.redacted,
        "columns_never_found": list(report.warnings),
        "equal_ids": report.equal_ids,
    }


def summary_json(sent: Sent, sending: Sending, warnings: Sequence[str]) -> dict[str, object]:
    """Write what became of all files as a JSON object."""
    outcomes = sent.outcomes
    total = add_up(reports_of(outcomes))
    summary: dict[str, object] = {
        "files": len(outcomes),
        "forwarded_files": sum(one.forwarded for one in outcomes),
        "failed_files": sum(outcome.failed for outcome in outcomes),
        "done_before_files": sum(outcome.done_before for outcome in outcomes),
        "skipped_files": sum(bool(outcome.skipped) for outcome in outcomes),
        **dict(zip(COUNTS, counts_of(total), strict=True)),
        "published": total.published,
        "refused": total.refused,
        "cast_failures": dict(total.cast_failures),
        "redacted": total.redacted,
        "columns_never_found": list(total.warnings),
        "equal_ids": total.equal_ids,
        "publisher": sending.publisher,
        "quarantine": sending.quarantine,
        "cleared": sent.cleared.reasons.total(),
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
                "refused": total.refused,
            },
        )
