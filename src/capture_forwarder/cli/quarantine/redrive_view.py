"""What `quarantine redrive` shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from capture_forwarder.cli.forward.outcomes import Sending
from capture_forwarder.cli.terminal.console import (
    ERR,
    OUT,
    complain,
    number_of,
    plain,
    say,
    say_json,
    show_problems,
    show_warnings,
)
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.quarantine.tally import Counts, RouteTally, Tally

_COUNTS = {
    "entries": "entries",
    "delivered": "delivered",
    "empty": "empty",
    "repeated": "repeated",
    "rejected": "rejected again",
    "cut": "too long",
    "unsent": "not sent",
}
_DRY = {"delivered": "would be sent", "rejected": "would be rejected"}
_ALWAYS = {"entries", "delivered", "rejected"}


@dataclasses.dataclass(frozen=True)
class Done:
    """What was done with the entries of a quarantine.

    Parameters
    ----------
    address
        The quarantine.
    sending
        The present routes.
    tally
        What became of the entries.
    dry_run
        Whether nothing was sent.
    max_line_bytes
        The longest line that is read.
    warnings
        What an operator should look at.
    """

    address: str
    sending: Sending
    tally: Tally
    dry_run: bool
    max_line_bytes: int
    warnings: tuple[str, ...] = ()


def show_done(done: Done, *, as_json: bool) -> None:
    """Show what became of entries that were sent again."""
    if as_json:
        say_json(_json(done))
        return
    _show_counts(done)
    verb = "would go" if done.dry_run else "went"
    for name, tally in _shown(done).items():
        of_route = f"of route {name} " if done.sending.file else ""
        inferences = number_of(tally.inferences, "inference", "inferences")
        entries = number_of(tally.total.delivered, "entry", "entries")
        say(f"{inferences} of {entries} {of_route}{verb} to {_publisher(done, name)}.")
    _show_again(done)
    _show_left(done)


def _shown(done: Done) -> Mapping[str, RouteTally]:
    """The routes with entries or an error; the only route always."""
    routes = done.tally.routes
    if not done.sending.file:
        return routes
    return {name: tally for name, tally in routes.items() if tally.reasons or tally.stopped}


def _publisher(done: Done, route: str) -> str:
    return done.sending.publisher or done.sending.publishers[route]


def _show_counts(done: Done) -> None:
    total = done.tally.total
    titles = _COUNTS | (_DRY if done.dry_run else {})
    shown = [name for name in titles if name in _ALWAYS or getattr(total, name)]
    heads = [titles[name] for name in shown]
    verb = "Dry run of" if done.dry_run else "Sent again from"
    keys = ["route", "reason"] if done.sending.file else ["reason"]
    table = new_table(f"{verb} {done.address}", *keys, *heads, numbers=heads, unbroken=keys)

    def row(route: str, reason: str, counts: Counts, style: str | None = None) -> None:
        names = [route, reason] if done.sending.file else [reason]
        add(table, *names, *(getattr(counts, name) for name in shown), style=style)

    for name, tally in done.tally.routes.items():
        for reason, counts in sorted(tally.reasons.items()):
            row(name, reason, counts)
    table.add_section()
    row("all", "" if done.sending.file else "all", total, "bold")
    OUT.print(table)


def _show_again(done: Done) -> None:
    heads = ["reason", "rejections", "for example"]
    table = new_table("Rejected again", *(["route"] if done.sending.file else []), *heads)
    for name, tally in done.tally.routes.items():
        for reason, count in tally.again.most_common():
            names = [name] if done.sending.file else []
            add(table, *names, reason, count, plain(tally.examples[reason]))
    if table.row_count:
        OUT.print(table)


def _show_left(done: Done) -> None:
    tally, total = done.tally, done.tally.total
    show_warnings(done.warnings)
    for route, count in tally.other_routes.items():
        entries = number_of(count, "entry", "entries")
        say(f"Left alone: {entries} of route {route}; {_hint(done, route)}.", to=ERR)
    if advice := _advice_on_cut(done):
        cut = number_of(total.cut, "entry holds", "entries hold")
        complain(f"{cut} only the beginning of a line that was too long.", advice)
    show_problems(tally.problems)
    stopped = {name: one.stopped for name, one in tally.routes.items() if one.stopped}
    for name, error in stopped.items():
        complain(
            f"route {name}: {error.message}" if done.sending.file else error.message, error.advice
        )
    if stopped:
        entries = number_of(total.unsent, "entry", "entries")
        files = number_of(tally.files_left, "more file", "more files")
        say(f"Not sent: {entries} and {files}; run the command again.", to=ERR, style="red")


def _hint(done: Done, route: str) -> str:
    if done.sending.file and route not in done.sending.publishers:
        return f"{done.sending.file} has no such route"
    return f"to send them, add --route {route}"


def _advice_on_cut(done: Done) -> str:
    entry = done.tally.together.longest_cut
    if entry is None:
        return ""
    source = plain(f"s3://{entry.bucket}/{entry.key}")
    return (
        f"Forward their capture files with a higher limit (now {done.max_line_bytes} bytes): "
        f"FORWARDER_MAX_LINE_BYTES={entry.length} capture-forwarder forward '{source}'. "
        "The other lines of the file are sent again too, with the same ids."
    )


def _json(done: Done) -> object:
    tally, whole = done.tally, done.tally.together
    facts: dict[str, object] = {
        "place": done.address,
        "dry_run": done.dry_run,
        "publisher": done.sending.publisher,
        "files": tally.files,
        **_tally_json(whole),
        "advice_on_too_long": _advice_on_cut(done),
        "other_routes": dict(tally.other_routes),
        "problems": [problem.message for problem in tally.problems],
        "warnings": list(done.warnings),
        "files_left": tally.files_left,
    }
    if done.sending.file:
        facts["routes_file"] = done.sending.file
        facts["routes"] = {
            name: {"publisher": _publisher(done, name), **_tally_json(one)}
            for name, one in tally.routes.items()
        }
    return facts


def _tally_json(tally: RouteTally) -> dict[str, object]:
    return {
        **_counts_json(tally.total),
        "inferences": tally.inferences,
        "reasons": {reason: _counts_json(counts) for reason, counts in tally.reasons.items()},
        "again": dict(tally.again),
        "examples": tally.examples,
        "stopped": None if tally.stopped is None else tally.stopped.message,
    }


def _counts_json(counts: Counts) -> dict[str, int]:
    names = {"rejected": "rejected_again", "cut": "too_long", "unsent": "not_sent"}
    return {names.get(name, name): value for name, value in dataclasses.asdict(counts).items()}
