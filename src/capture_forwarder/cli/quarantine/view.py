"""What `quarantine list` and `quarantine show` show."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from capture_forwarder.cli.terminal.console import OUT, complain, say, say_json
from capture_forwarder.cli.terminal.tables import add, long_name, new_table
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.quarantine.place import Kept, is_cut, line_of

_MOST_SHOWN = 40
_LONGEST_LINE = 240


@dataclass
class _Group:
    entries: int
    first: str
    last: str


@dataclass
class Contents:
    """What a quarantine holds, counted by reason, capture object and route."""

    files: int = 0
    groups: dict[tuple[str, CaptureFile, str], _Group] = field(default_factory=dict)

    def add(self, kept: Sequence[Kept]) -> None:
        """Count the entries of one file."""
        self.files += 1
        for entry in (one.entry for one in kept):
            capture_file = CaptureFile(entry.bucket, entry.key, entry.version_id)
            place = (entry.reason, capture_file, entry.route)
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
                **dataclasses.asdict(capture_file),
                "route": route,
                **dataclasses.asdict(group),
            }
            for (reason, capture_file, route), group in contents.groups.items()
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
    for (reason, capture_file, route), group in most[:_MOST_SHOWN]:
        add(table, plain(long_name(capture_file, str(capture_file))), route, reason, group.entries)
    if len(most) > _MOST_SHOWN:
        add(table, f"... {len(most) - _MOST_SHOWN} more", style="dim")
    OUT.print(table)


def show_entry(name: str, entry: QuarantineEntry, *, as_json: bool) -> None:
    """Show one entry; the line is shortened unless `as_json`."""
    if as_json:
        say_json({"file": name, **msgspec.to_builtins(entry)})
        return
    where = f"{plain(str(CaptureFile(entry.bucket, entry.key, entry.version_id)))}"
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


def show_problems(problems: Sequence[ForwarderError]) -> None:
    """Tell of files that could not be used."""
    for problem in problems:
        complain(problem.message, problem.advice)


def plain(text: str) -> str:
    """Make control characters of captured data visible, so that they do nothing to a terminal."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def _time(time: str) -> str:
    return time[:16].replace("T", " ")
