"""The commands under one name."""

from __future__ import annotations

from typing import Annotated

import typer

from capture_forwarder import __version__
from capture_forwarder.cli.terminal.on_demand import SETTINGS, Place, group_of
from capture_forwarder.cli.terminal.plain_help import PlainTyper

_COMMANDS = {
    "demo": Place("demo.command", "demo"),
    "inspect": Place("inspect.command", "inspect"),
    "init": Place("init.command", "init"),
    "forward": Place("forward.command", "forward"),
    "query": Place("query.command", "query"),
    "report": Place("report.command", "report"),
    "doctor": Place("doctor.command", "doctor"),
    "status": Place("status.command", "status"),
    "backfill": Place("backfill.command", "backfill"),
    "labels": Place("labels.command"),
    "connect": Place("connect.command"),
    "routes": Place("routes.command"),
    "quarantine": Place("quarantine.command"),
    "dead-letters": Place("dead_letters.command"),
    "monitor": Place("monitor.app"),
}

_HELP = """Forward SageMaker Data Capture files to a model monitoring platform.

`demo` shows what it does; `inspect` proposes settings for your own capture files; `forward` sends
files by hand, as the Lambda function does for every new file, `report` shows what has arrived, and
`query` asks for its rows in DuckDB; `labels` sends the ground truth that comes later. `init` drafts
a routes file and a deployment from your capture files. `connect` has calls captured and new files
announced to the deployed function, `backfill` sends earlier ones through it, `doctor` says whether
it works, and `status` what went through. `quarantine` and `dead-letters` show what could not be
delivered, and send it again; `routes` checks a routes file; `monitor` watches data and models
without a platform.
"""

app = PlainTyper(name="capture-forwarder", help=_HELP, cls=group_of(_COMMANDS), **SETTINGS)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer passes the value by position
    if wanted:
        print(f"capture-forwarder {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    del version
