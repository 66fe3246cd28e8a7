"""What `quarantine list` and `quarantine show` show."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import msgspec

from capture_forwarder.cli.terminal.console import (
    OUT,
    number_of,
    plain,
    say,
    say_json,
    show_problems,
)
from capture_forwarder.cli.terminal.tables import add, address_of, long_name, new_table
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.quarantine.contents import Contents, Group
from capture_forwarder.quarantine.dropping import Dropped
from capture_forwarder.quarantine.entries import decoded_payloads, is_cut, line_of

_MOST_SHOWN = 40
_LONGEST_LINE = 240


def show_contents(address: str, contents: Contents, *, as_json: bool) -> None:
    """Show what a quarantine holds."""
    reasons = contents.reasons
    if as_json:
        groups = [
            {
                "reason": reason,
                **msgspec.structs.asdict(capture_file),
                "route": route,
                **dataclasses.asdict(group),
            }
            for (reason, capture_file, route), group in contents.groups.items()
        ]
        say_json(
            {
                "place": address,
                "files": contents.files,
                "entries": reasons.total(),
                "reasons": dict(reasons),
                "groups": groups,
                "problems": [problem.message for problem in contents.problems],
            }
        )
        return
    if not reasons and not contents.problems:
        say(f"{address} holds no entries.")
    if reasons:
        _show_reasons(address, contents)
        _show_capture_files(contents)
        entries = number_of(reasons.total(), "entry", "entries")
        say(f"{entries} in {number_of(contents.files, 'file', 'files')}")
    show_problems(contents.problems)


def show_discarded(address: str, dropped: Dropped, *, applied: bool, as_json: bool) -> None:
    """Show which entries were deleted, or would be."""
    count = dropped.reasons.total()
    if as_json:
        problems = [problem.message for problem in dropped.problems]
        say_json(
            {
                "place": address,
                "applied": applied,
                "entries": count,
                "reasons": dict(dropped.reasons),
                "problems": problems,
            }
        )
        return
    done = "deleted" if applied else "would be deleted"
    for reason, entries in sorted(dropped.reasons.items()):
        say(f"{number_of(entries, 'entry', 'entries')} with {reason} {done}")
    if not count:
        say(f"{address} holds no such entries.")
    elif not applied:
        say("Nothing was changed. Add --apply to delete them for good.", style="yellow")
    show_problems(dropped.problems)


def _show_reasons(address: str, contents: Contents) -> None:
    heads = ("reason", "route", "entries", "files", "last (UTC)")
    wide = ("reason", "last (UTC)")
    table = new_table(f"In {address}", *heads, numbers=("entries", "files"), unbroken=wide)
    rows: dict[tuple[str, str], list[Group]] = {}
    for (reason, _, route), group in contents.groups.items():
        rows.setdefault((reason, route), []).append(group)
    for (reason, route), groups in sorted(rows.items()):
        count, last = sum(one.entries for one in groups), max(one.last for one in groups)
        add(table, reason, route, count, len(groups), _time(last))
    OUT.print(table)


def _show_capture_files(contents: Contents) -> None:
    heads = ("capture file", "route", "reason", "entries")
    table = new_table("By capture file", *heads, numbers=("entries",), unbroken=("reason",))
    most = sorted(contents.groups.items(), key=lambda item: -item[1].entries)
    for (reason, capture_file, route), group in most[:_MOST_SHOWN]:
        name = plain(long_name(capture_file, address_of(capture_file)))
        add(table, name, route, reason, group.entries)
    if len(most) > _MOST_SHOWN:
        add(table, f"... {len(most) - _MOST_SHOWN} more", style="dim")
    OUT.print(table)


def show_entry(name: str, entry: QuarantineEntry, *, as_json: bool) -> None:
    """Show one entry; the line is shortened unless `as_json`."""
    if as_json:
        say_json({"file": name, **msgspec.to_builtins(entry)})
        return
    where = plain(address_of(CaptureFile(entry.bucket, entry.key, entry.version_id)))
    say(entry.reason, style="bold")
    say(f"  {where}")
    one = "" if entry.inference_id is None else f", inference {plain(entry.inference_id)}"
    say(f"  line {entry.line_number}, offset {entry.offset}, {entry.length} bytes{one}")
    say(f"  route {entry.route}, {_time(entry.time)} UTC")
    say(f"  {plain(entry.detail)}")
    line = line_of(entry)
    say(f"  {_beginning(line, cut=is_cut(entry, line))}", style="dim")
    for side, payload in decoded_payloads(line):
        say(f"  {side}, decoded: {_beginning(payload)}", style="dim")
    say()


def _beginning(data: bytes, *, cut: bool = False) -> str:
    text = plain(data[: _LONGEST_LINE * 4].decode(errors="backslashreplace"))
    return f"{text[:_LONGEST_LINE]}..." if cut or len(text) > _LONGEST_LINE else text


def _time(text: str) -> str:
    """A time of an entry to the minute, in UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return plain(text)
    in_utc = time.astimezone(UTC) if time.tzinfo else time
    return in_utc.strftime("%Y-%m-%d %H:%M")
