"""The commands of `capture-forwarder monitor` under one name."""

from __future__ import annotations

from capture_forwarder.cli.terminal.on_demand import SETTINGS, Place, group_of
from capture_forwarder.cli.terminal.plain_help import PlainTyper

_COMMANDS = {
    "baseline": Place("monitor.baseline", "baseline"),
    "check": Place("monitor.check", "check"),
    "list": Place("monitor.executions", "list_them", "LIST_HELP"),
    "show": Place("monitor.executions", "show", "SHOW_HELP"),
    "quality": Place("monitor.quality", "quality"),
    "report": Place("monitor.report", "report"),
}

app = PlainTyper(
    help="Monitor without a platform: baselines, checks, model quality and reports.",
    cls=group_of(_COMMANDS),
    **SETTINGS,
)
