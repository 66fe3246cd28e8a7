"""The last executions of a schedule, as a strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from capture_forwarder.monitor.counted import counted
from capture_forwarder.monitor.report.documents import Document, number, text
from capture_forwarder.monitor.report.wording import short_time

MOST = 30


class Outcome(StrEnum):
    """How an execution ended; also the name of its colour."""

    FINE = "fine"
    VIOLATED = "violated"
    FAILED = "failed"
    NO_DATA = "nodata"


@dataclass(frozen=True)
class Run:
    """An execution in the strip."""

    outcome: Outcome
    title: str
    is_this: bool


def outcome_of(execution: Document, violations: int) -> Outcome:
    """Say how an execution ended."""
    status = text(execution.get("status"))
    if status in {"Failed", "Stopped"}:
        return Outcome.FAILED
    if status == "CompletedWithViolations" or violations:
        return Outcome.VIOLATED
    return Outcome.NO_DATA if number(execution.get("rows")) == 0 else Outcome.FINE


def strip(history: Sequence[Document], this: Document) -> list[Run]:
    """The last executions of the same schedule and endpoint up to this one, the oldest first."""
    same = [
        one
        for one in history
        if all(one.get(key) == this.get(key) for key in ("schedule", "endpoint"))
        and _when(one) <= _when(this)
    ]
    if this and this not in same:
        same.append(this)
    same.sort(key=_when)
    return [_run(one, is_this=one == this) for one in same[-MOST:]]


def _when(execution: Document) -> tuple[str, str]:
    return text(execution.get("window_end")), text(execution.get("started"))


def _run(execution: Document, *, is_this: bool) -> Run:
    outcome = outcome_of(execution, 0)
    violations = number(execution.get("violations"))
    said = {
        Outcome.FINE: "no violations",
        Outcome.VIOLATED: counted(int(violations), "violation", "violations")
        if violations
        else "violations",
        Outcome.FAILED: "failed",
        Outcome.NO_DATA: "no data",
    }[outcome]
    rows = number(execution.get("rows"))
    when = short_time(execution.get("window_end") or execution.get("started"))
    title = f"{when}: {said}" + (f", {counted(int(rows), 'row', 'rows')}" if rows else "")
    return Run(outcome, title, is_this)
