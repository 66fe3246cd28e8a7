"""What `routes check` shows."""

from __future__ import annotations

from collections.abc import Sequence

from capture_forwarder.cli.terminal.console import OUT, plain, say, say_json, show_warnings
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.settings import RouteSettings
from capture_forwarder.settings.labels import LabelSettings
from capture_forwarder.settings.routes_check import RoutesCheck

_MOST_NAMES = 3


def show_checked(file: str, checked: RoutesCheck, *, as_json: bool) -> None:
    """Show the routes, what is odd about them, and what they make of the keys."""
    if as_json:
        say_json(_json(file, checked))
        return
    heads = ("route", "takes", "publisher", "columns", "continues")
    table = new_table(f"Routes in {file}", *heads, unbroken=("route", "publisher"))
    for route in checked.routes:
        goes_on = "yes" if route.goes_on else "no"
        columns = _labels(route.labels) if route.labels else _columns(route.columns)
        add(table, route.name, _takes(route), route.publisher_name.value, columns, goes_on)
    OUT.print(table)
    show_warnings(checked.warnings)
    for key, found in checked.keys.items():
        taken = [one.route for one in found if one.taken]
        say()
        say(plain(key), style="bold")
        say(
            f"  takes {', '.join(taken)}" if taken else "  takes no route",
            style=None if taken else "red",
        )
        for verdict in found:
            say(f"  {verdict.route}: {plain(str(verdict))}")


def _takes(route: RouteSettings) -> str:
    conditions = [f"{name} {value}" for name, value in _conditions(route).items()]
    return "\n".join(conditions) or "every capture file"


def _conditions(route: RouteSettings) -> dict[str, str]:
    return {name: str(value) for name, value in route.match.model_dump(exclude_none=True).items()}


def _columns(mapping: ColumnMapping) -> str:
    if mapping.conversations:
        further = len(mapping.metadata)
        return "conversations" + (f", {further} more" if further else "")
    if not mapping.names:
        return "lines as they are"
    inputs = [column.name for column in mapping.inputs]
    outputs = [column.name for column in mapping.outputs]
    sides = [_few(inputs), _few(outputs)]
    extra = len(mapping.names) - len(inputs) - len(outputs)
    return " → ".join(sides) + (f", {extra} more" if extra else "")


def _labels(labels: LabelSettings) -> str:
    columns = [column.name for column in labels.mapping.columns]
    waits = f", after {labels.delay} seconds" if labels.delay else ""
    return f"labels: {_few(columns) if columns else 'the targets'}{waits}"


def _few(names: Sequence[str]) -> str:
    if not names:
        return "nothing"
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _labels_json(labels: LabelSettings) -> dict[str, object]:
    mapping = labels.mapping
    return {"id": mapping.id, "columns": [column.name for column in mapping.columns]}


def _json(file: str, checked: RoutesCheck) -> dict[str, object]:
    return {
        "file": file,
        "routes": [
            {
                "name": route.name,
                "match": _conditions(route),
                "publisher": route.publisher_name.value,
                "inputs": [column.name for column in route.mapping.columns.inputs],
                "outputs": [column.name for column in route.mapping.columns.outputs],
                "columns": list(route.columns.names),
                "labels": route.labels and _labels_json(route.labels),
                "continue": route.goes_on,
                "unreachable_behind": checked.unreachable.get(route.name),
            }
            for route in checked.routes
        ],
        "warnings": checked.warnings,
        "keys": [
            {
                "key": key,
                "takes": [one.route for one in found if one.taken],
                "routes": [
                    {"name": one.route, "taken": one.taken, "why": one.why} for one in found
                ],
            }
            for key, found in checked.keys.items()
        ],
    }
