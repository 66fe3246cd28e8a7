"""What `quarantine` shows."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from capture_forwarder.cli.console import ERR, OUT, complain, say, say_json
from capture_forwarder.cli.forward_view import destination
from capture_forwarder.cli.quarantine_place import Kept, is_cut, line_of
from capture_forwarder.cli.quarantine_tally import Counts, Tally
from capture_forwarder.cli.tables import add, long_name, new_table
from capture_forwarder.errors import ForwarderError
from capture_forwarder.model import CaptureObject, QuarantineEntry
from capture_forwarder.settings import Settings

_MOST_SHOWN = 40
_LONGEST_LINE = 240
_COUNTS = {
    "entries": "entries",
    "delivered": "delivered",
    "empty": "empty",
    "repeated": "repeated",
    "rejected": "rejected again",
    "cut": "too long",
    "unsent": "not sent",
}


@dataclass
class _Group:
    entries: int
    first: str
    last: str


@dataclass
class Contents:
    """What a quarantine holds, counted by reason, capture object and route."""

    files: int = 0
    groups: dict[tuple[str, CaptureObject, str], _Group] = field(default_factory=dict)

    def add(self, kept: Sequence[Kept]) -> None:
        """Count the entries of one file."""
        self.files += 1
        for entry in (one.entry for one in kept):
            source = CaptureObject(entry.bucket, entry.key, entry.version_id)
            place = (entry.reason, source, entry.route)
            group = self.groups.setdefault(place, _Group(0, entry.time, entry.time))
            group.entries += 1
            group.first = min(group.first, entry.time)
            group.last = max(group.last, entry.time)

    @property
    def reasons(self) -> Counter[str]:
        """Reason → entries."""
        counts: Counter[str] = Counter()
        for (reason, _, _), group in self.groups.items():
            counts[reason] += group.entries
        return counts


def show_contents(
    place: str, contents: Contents, problems: Sequence[ForwarderError], *, as_json: bool
) -> None:
    """Show what a quarantine holds."""
    reasons = contents.reasons
    if as_json:
        groups = [
            {
                "reason": reason,
                **dataclasses.asdict(source),
                "route": route,
                **dataclasses.asdict(group),
            }
            for (reason, source, route), group in contents.groups.items()
        ]
        say_json(
            {
                "place": place,
                "files": contents.files,
                "entries": reasons.total(),
                "reasons": dict(reasons),
                "groups": groups,
                "problems": [problem.message for problem in problems],
            }
        )
        return
    if not reasons and not problems:
        say(f"{place} holds no entries.")
    if reasons:
        _show_reasons(place, contents)
        _show_objects(contents)
        say(f"{reasons.total()} entries in {contents.files} file(s)")
    show_problems(problems)


def _show_reasons(place: str, contents: Contents) -> None:
    heads = ("reason", "route", "entries", "objects", "first", "last")
    wide = ("reason", "first", "last")
    table = new_table(f"In {place}", *heads, numbers=("entries", "objects"), unbroken=wide)
    rows: dict[tuple[str, str], list[_Group]] = {}
    for (reason, _, route), group in contents.groups.items():
        rows.setdefault((reason, route), []).append(group)
    for (reason, route), groups in sorted(rows.items()):
        first, last = min(one.first for one in groups), max(one.last for one in groups)
        count = sum(one.entries for one in groups)
        add(table, reason, route, count, len(groups), _time(first), _time(last))
    OUT.print(table)


def _show_objects(contents: Contents) -> None:
    heads = ("capture object", "route", "reason", "entries")
    table = new_table("By capture object", *heads, numbers=("entries",), unbroken=("reason",))
    most = sorted(contents.groups.items(), key=lambda item: -item[1].entries)
    for (reason, source, route), group in most[:_MOST_SHOWN]:
        add(table, plain(long_name(source, str(source))), route, reason, group.entries)
    if len(most) > _MOST_SHOWN:
        add(table, f"... {len(most) - _MOST_SHOWN} more", style="dim")
    OUT.print(table)


def show_entry(name: str, entry: QuarantineEntry, *, as_json: bool) -> None:
    """Show one entry; the line is shortened unless `as_json`."""
    if as_json:
        say_json({"file": name, **msgspec.to_builtins(entry)})
        return
    where = f"{plain(str(CaptureObject(entry.bucket, entry.key, entry.version_id)))}"
    say(entry.reason, style="bold")
    say(f"  {where}")
    one = "" if entry.inference_id is None else f", inference {plain(entry.inference_id)}"
    say(f"  line {entry.line_number}, offset {entry.offset}, {entry.length} bytes{one}")
    say(f"  route {entry.route}, {entry.time}")
    say(f"  {plain(entry.detail)}")
    line = line_of(entry)
    text = plain(line[: _LONGEST_LINE * 4].decode(errors="backslashreplace"))
    short = len(text) > _LONGEST_LINE or is_cut(entry, line)
    say(f"  {text[:_LONGEST_LINE]}{'...' if short else ''}\n", style="dim")


def show_tally(
    place: str, tally: Tally, settings: Settings, *, dry_run: bool, as_json: bool
) -> None:
    """Show what became of entries that were sent again."""
    if as_json:
        say_json(_tally_json(place, tally, settings, dry_run=dry_run))
        return
    titles = _COUNTS | ({"delivered": "would be sent"} if dry_run else {})
    if dry_run:
        titles["rejected"] = "would be rejected"
    total = tally.total
    shown = [
        name
        for name in titles
        if name in {"entries", "delivered", "rejected"} or getattr(total, name)
    ]
    heads = [titles[name] for name in shown]
    verb = "Dry run of" if dry_run else "Sent again from"
    table = new_table(f"{verb} {place}", "reason", *heads, numbers=heads, unbroken=("reason",))
    for reason, counts in sorted(tally.reasons.items()):
        add(table, reason, *(getattr(counts, name) for name in shown))
    table.add_section()
    add(table, "all", *(getattr(total, name) for name in shown), style="bold")
    OUT.print(table)
    publisher = destination(settings)
    done = "would go" if dry_run else "went"
    say(f"{tally.inferences} inference(s) of {total.delivered} entries {done} to {publisher}.")
    if tally.again:
        table = new_table("Rejected again", "reason", "rejections", "for example")
        for reason, count in tally.again.most_common():
            add(table, reason, count, plain(tally.examples[reason]))
        OUT.print(table)
    _show_left(tally, settings, total)


def show_problems(problems: Sequence[ForwarderError]) -> None:
    """Tell of files that could not be used."""
    for problem in problems:
        complain(problem.message, problem.advice)


def plain(text: str) -> str:
    """Make control characters of captured data visible, so that they do nothing to a terminal."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def _show_left(tally: Tally, settings: Settings, total: Counts) -> None:
    for route, count in tally.other_routes.items():
        say(f"{count} entries of the route {route} were left alone; name it with --route.", to=ERR)
    if advice := _advice_on_cut(tally, settings):
        complain(f"{total.cut} entries hold only the beginning of their line.", advice)
    show_problems(tally.problems)
    if tally.stopped is not None:
        complain(tally.stopped.message, tally.stopped.advice)
        left = f"{total.unsent} entries and {tally.files_left} more file(s) were not sent"
        say(f"{left}; run the command again.", to=ERR, style="red")


def _advice_on_cut(tally: Tally, settings: Settings) -> str:
    entry = tally.longest_cut
    if entry is None:
        return ""
    limit = settings.max_line_bytes
    source = plain(f"s3://{entry.bucket}/{entry.key}")
    return (
        f"Send their objects again with a higher limit (now {limit} bytes): "
        f"FORWARDER_MAX_LINE_BYTES={entry.length} capture-forwarder forward '{source}'. "
        "Its other lines are sent again too, with the same ids."
    )


def _tally_json(place: str, tally: Tally, settings: Settings, *, dry_run: bool) -> object:
    stopped = tally.stopped
    return {
        "place": place,
        "dry_run": dry_run,
        "publisher": destination(settings),
        "files": tally.files,
        **_counts_json(tally.total),
        "inferences": tally.inferences,
        "reasons": {reason: _counts_json(counts) for reason, counts in tally.reasons.items()},
        "again": dict(tally.again),
        "examples": tally.examples,
        "advice_on_too_long": _advice_on_cut(tally, settings),
        "other_routes": dict(tally.other_routes),
        "problems": [problem.message for problem in tally.problems],
        "stopped": None if stopped is None else stopped.message,
        "files_left": tally.files_left,
    }


def _counts_json(counts: Counts) -> dict[str, int]:
    names = {"rejected": "rejected_again", "cut": "too_long", "unsent": "not_sent"}
    return {names.get(name, name): value for name, value in dataclasses.asdict(counts).items()}


def _time(time: str) -> str:
    return time[:16].replace("T", " ")
