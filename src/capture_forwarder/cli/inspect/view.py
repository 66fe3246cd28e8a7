"""What `inspect` found out, as a person reads it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from rich.table import Table

from capture_forwarder.cli.inspect.document import spread_of
from capture_forwarder.cli.inspect.ready import forward_command
from capture_forwarder.cli.terminal.console import OUT, complain, number_of, say
from capture_forwarder.cli.terminal.tables import add, new_table, rows_table, short_name
from capture_forwarder.inspection import FileFacts, Inspection, Refused, assignments, write_types
from capture_forwarder.labels.looking import LabelTable
from capture_forwarder.wiring.capture_files import WHERE_CAPTURES_ARE

_MOST_FILES_SHOWN = 40
_HOUR = "hour, UTC"


def show_inspections(
    inspections: Sequence[Inspection], addresses: Sequence[str], written: str | None = None
) -> None:
    """Print the facts and the proposed settings, an endpoint after the other.

    Parameters
    ----------
    inspections
        What was found out.
    addresses
        What the user asked about.
    written
        The routes file that was written.
    """
    mapped = [inspection for inspection in inspections if inspection.mapping]
    for inspection in inspections:
        if OUT.is_terminal:
            OUT.rule(style="dim")
        _show(inspection, addresses)
    if written is not None:
        say()
        say(f"{written} has a route for each endpoint above.")
    if mapped:
        say()
        say("Try it without an account, in a DuckDB file:", style="bold")
    if written is not None:
        routes = shlex.quote(written)
        say(f"  capture-forwarder forward {shlex.join(addresses)} --routes {routes}")
        return
    for inspection in mapped:
        say(f"  {forward_command(inspection, addresses, alone=len(mapped) == 1)}")
    if len(mapped) > 1:
        say("All of them at once, by a routes file that this writes:")
        say(f"  capture-forwarder inspect {shlex.join(addresses)} --write routes.yaml")


def show_labels(what: str, addresses: Sequence[str]) -> None:
    """Say that there are labels, and how they are sent."""
    say(what, style="bold")
    say("Send them to the platform that has the inferences:")
    say(f"  capture-forwarder labels send {shlex.join(addresses)} --publisher PUBLISHER")


def show_tables(tables: Sequence[LabelTable], addresses: Sequence[str]) -> None:
    """Say what tables there are, and that labels are sent by another command."""
    for table in tables:
        columns = ", ".join(table.columns) or "no header"
        say(f"{table.name}: {columns}")
    ids = any("id" in table.columns for table in tables)
    show_labels(
        f"{number_of(len(tables), 'table', 'tables')} and no capture files: labels are sent so.",
        addresses,
    )
    if not ids:
        say("  with --id COLUMN for the column that holds the ids of calls")


def _show(inspection: Inspection, addresses: Sequence[str]) -> None:
    files = inspection.files
    capture_file = files[0].sample.capture_file
    title = files[0].sample.name
    if capture_file.endpoint:
        title = f"Endpoint {capture_file.endpoint}, variant {capture_file.variant}"
    elif capture_file.folder:
        title = f"Folder {capture_file.folder}"
    say(title, style="bold")
    for facts in files:
        if facts.sample.problem:
            complain(f"{facts.sample.name}: {facts.sample.problem}")
    OUT.print(_files_table(files))
    labels = sum(facts.labels for facts in files)
    if labels:
        show_labels(
            f"{number_of(labels, 'line holds', 'lines hold')} ground truth: labels of inferences.",
            addresses,
        )
    if not any(facts.captured for facts in files):
        if not labels:
            say("There are no capture lines here, so there is nothing to map.", style="yellow")
            say(WHERE_CAPTURES_ARE, style="dim")
    else:
        _show_sides(files)
    _show_refused(files)
    if inspection.mapping is None:
        _show_notes(inspection)
        return
    if inspection.preview:
        OUT.print(rows_table("Rows it would send", [item.row for item in inspection.preview]))
    _show_settings(inspection)


def _show_settings(inspection: Inspection) -> None:
    say("Settings", style="bold")
    for line in assignments(inspection.variables):
        say(line)
    if inspection.types and "FORWARDER_COLUMN_TYPES" not in inspection.variables:
        (line,) = assignments({"FORWARDER_COLUMN_TYPES": write_types(inspection.types)})
        say(line)
        say("# The types serve where the platform has no schema of the model.", style="dim")
    _show_notes(inspection)


def _show_notes(inspection: Inspection) -> None:
    for note in inspection.notes:
        say(f"# {note}", style="yellow")


def _files_table(files: Sequence[FileFacts]) -> Table:
    numbers = ("lines", "mapped", "empty", "rejected", "records a call")
    table = new_table("Files", "file", _HOUR, *numbers, numbers=numbers, unbroken=(_HOUR,))
    for facts in files[:_MOST_FILES_SHOWN]:
        more = "" if facts.sample.complete else "+"
        hour = (facts.sample.capture_file.capture_hour or "")[:13].replace("T", " ")
        rejected = sum(refused.count for refused in facts.refused.values())
        add(
            table,
            _name(facts),
            hour,
            f"{facts.lines}{more}",
            facts.mapped,
            facts.empty,
            rejected,
            _spread(facts.records),
        )
    if len(files) > _MOST_FILES_SHOWN:
        add(table, f"... {len(files) - _MOST_FILES_SHOWN} more files", style="dim")
    return table


def _spread(numbers: Sequence[int]) -> str:
    spread = spread_of(numbers)
    if spread is None:
        return ""
    if spread["min"] == spread["max"]:
        return f"{spread['min']}"
    return f"{spread['min']} to {spread['max']}, median {spread['median']:g}"


def _show_sides(files: Sequence[FileFacts]) -> None:
    table = new_table(
        "How the calls were captured",
        *("side", "content type", "encoding", "read as", "calls"),
        numbers=("calls",),
    )
    kinds = sum((facts.sides for facts in files), Counter())
    for kind, count in sorted(kinds.items(), key=lambda item: (item[0].side, -item[1])):
        add(table, kind.side, kind.content_type or "-", kind.encoding or "-", kind.form, count)
    OUT.print(table)
    for side in ("request", "response"):
        widths = sum((facts.widths.get(side, Counter()) for facts in files), Counter())
        if widths:
            told = ", ".join(f"{width} (calls: {count})" for width, count in widths.most_common())
            say(f"Values in a record of the {side}: {told}")


def _show_refused(files: Sequence[FileFacts]) -> None:
    counts: Counter[str] = Counter()
    examples: dict[str, tuple[str, Refused]] = {}
    for facts in files:
        for reason, refused in facts.refused.items():
            counts[reason] += refused.count
            place = f" of {_name(facts)}" if len(files) > 1 else ""
            examples.setdefault(reason, (f"line {refused.line}{place}", refused))
    if not counts:
        return
    table = new_table(
        "Rejected",
        *("reason", "lines", "for example", "why"),
        numbers=("lines",),
        unbroken=("reason",),
    )
    for reason, count in counts.most_common():
        place, refused = examples[reason]
        add(table, reason, count, place, refused.detail)
    OUT.print(table)


def _name(facts: FileFacts) -> str:
    capture_file = facts.sample.capture_file
    return short_name(capture_file.key) if capture_file.endpoint else facts.sample.name
