"""What `quarantine redrive` shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from capture_forwarder.cli.forward.view import Sending
from capture_forwarder.cli.quarantine.view import plain, show_problems
from capture_forwarder.cli.terminal.console import ERR, OUT, complain, say, say_json
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
    """What was done with the entries of a place.

    Parameters
    ----------
    place
        The quarantine.
    sending
        The routes of now.
    tally
        What became of the entries.
    dry_run
        Whether nothing was sent.
    max_line_bytes
        The longest line that is read.
    """

    place: str
    sending: Sending
    tally: Tally
    dry_run: bool
    max_line_bytes: int


def show_done(done: Done, *, as_json: bool) -> None:
    """Show what became of entries that were sent again."""
    if as_json:
        say_json(_json(done))
        return
    _show_counts(done)
    verb = "would go" if done.dry_run else "went"
    for name, tally in _told(done).items():
        of_route = f"of the route {name} " if done.sending.file else ""
        told = f"{tally.inferences} inference(s) of {tally.total.delivered} entries {of_route}"
        say(f"{told}{verb} to {_publisher(done, name)}.")
    _show_again(done)
    _show_left(done)


def _told(done: Done) -> Mapping[str, RouteTally]:
    """The routes that there is something to tell of; the only one always."""
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
    table = new_table(f"{verb} {done.place}", *keys, *heads, numbers=heads, unbroken=keys)

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
    for route, count in tally.other_routes.items():
        say(f"{count} entries of the route {route} were left alone; {_hint(done, route)}.", to=ERR)
    if advice := _advice_on_cut(done):
        complain(f"{total.cut} entries hold only the beginning of their line.", advice)
    show_problems(tally.problems)
    stopped = {name: one.stopped for name, one in tally.routes.items() if one.stopped}
    for name, error in stopped.items():
        complain(
            f"route {name}: {error.message}" if done.sending.file else error.message, error.advice
        )
    if stopped:
        left = f"{total.unsent} entries and {tally.files_left} more file(s) were not sent"
        say(f"{left}; run the command again.", to=ERR, style="red")


def _hint(done: Done, route: str) -> str:
    if done.sending.file and route not in done.sending.publishers:
        return f"{done.sending.file} has no such route"
    return "name it with --route"


def _advice_on_cut(done: Done) -> str:
    entry = done.tally.together.longest_cut
    if entry is None:
        return ""
    source = plain(f"s3://{entry.bucket}/{entry.key}")
    return (
        f"Send their objects again with a higher limit (now {done.max_line_bytes} bytes): "
        f"FORWARDER_MAX_LINE_BYTES={entry.length} capture-forwarder forward '{source}'. "
        "Its other lines are sent again too, with the same ids."
    )


def _json(done: Done) -> object:
    tally, whole = done.tally, done.tally.together
    facts: dict[str, object] = {
        "place": done.place,
        "dry_run": done.dry_run,
        "publisher": done.sending.publisher,
        "files": tally.files,
        **_tally_json(whole),
        "advice_on_too_long": _advice_on_cut(done),
        "other_routes": dict(tally.other_routes),
        "problems": [problem.message for problem in tally.problems],
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
