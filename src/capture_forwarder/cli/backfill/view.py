"""What `backfill` shows."""

from __future__ import annotations

from datetime import timedelta

from rich.filesize import decimal

from capture_forwarder.backfill.estimate import Estimate
from capture_forwarder.backfill.progress import Progress
from capture_forwarder.cli.terminal.console import ERR, OUT, number_of, say, say_json
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.wiring.backfill import Source

_MOST_ROWS = 40
_CENT = 0.01


def show_estimate(
    source: Source, found: Estimate, progress: Progress, *, as_json: bool, applied: bool = False
) -> None:
    """Show what would be sent, by endpoint and day, what it costs and how long it takes.

    Parameters
    ----------
    source
        What is sent.
    found
        How much that is.
    progress
        How far an earlier run came.
    as_json
        Whether to print one JSON object.
    applied
        Whether it is sent now.
    """
    if as_json:
        say_json(_json(source, found, progress) | {"applied": applied})
        return
    heads = ("endpoint", "day", "files", "size")
    table = new_table(_title(source), *heads, numbers=("files", "size"), unbroken=("day",))
    rows = sorted(found.days.items())
    for (endpoint, day), amount in rows[:_MOST_ROWS]:
        add(table, endpoint, day, amount.files, decimal(amount.bytes))
    if len(rows) > _MOST_ROWS:
        add(table, f"... {len(rows) - _MOST_ROWS} more days", style="dim")
    table.add_section()
    add(table, "all", "", found.total.files, decimal(found.total.bytes), style="bold")
    OUT.print(table)
    if found.passed_over:
        files = number_of(found.passed_over, "file does", "files do")
        say(
            f"{files} not go by the route {source.selected.selection.route}.",
            to=ERR,
            style="yellow",
        )
    if not found.total.files:
        say("There is nothing to send.")
        return
    if progress.sent:
        say(f"Of these, {progress.sent} were sent by an earlier run, which this goes on with.")
    hours = timedelta(seconds=round(found.seconds(_concurrency(source))))
    say(
        f"Announcing costs about {_dollars(found.announcing)}, forwarding about "
        f"{_dollars(found.forwarding)}, and takes about {hours},"
    )
    say("if files have 100 lines and the platform answers in 50 ms (docs/cost.md).")
    if not applied:
        say("Nothing was sent. Add --apply to send them.")


def show_sent(source: Source, found: Estimate, progress: Progress, *, as_json: bool) -> None:
    """Show that everything was sent."""
    if as_json:
        say_json(_json(source, found, progress) | {"applied": True})
        return
    say(f"Sent {number_of(progress.sent, 'file', 'files')} to the function's queue.")
    say(f"See how they go: capture-forwarder doctor --stack {source.stack.name}")


def _title(source: Source) -> str:
    chosen = source.selected.selection
    since = f"from {chosen.since:%Y-%m-%dT%H} " if chosen.since else ""
    until = f"before {chosen.until:%Y-%m-%dT%H} " if chosen.until else ""
    return f"Capture files {since}{until}(UTC)"


def _concurrency(source: Source) -> int:
    return int(source.stack.parameters.get("MaximumConcurrency", "5"))


def _dollars(amount: float) -> str:
    return f"${amount:.2f}" if amount >= _CENT else "less than a cent"


def _json(source: Source, found: Estimate, progress: Progress) -> dict[str, object]:
    return {
        **source.selected.selection.described(),
        "files": found.total.files,
        "bytes": found.total.bytes,
        "passed_over": found.passed_over,
        "days": [
            {"endpoint": endpoint, "day": day, "files": amount.files, "bytes": amount.bytes}
            for (endpoint, day), amount in sorted(found.days.items())
        ],
        "dollars_announcing": round(found.announcing, 6),
        "dollars_forwarding": round(found.forwarding, 6),
        "seconds": round(found.seconds(_concurrency(source))),
        "sent": progress.sent,
        "done": progress.done,
    }
