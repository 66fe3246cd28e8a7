"""The monitor's commands under one name."""

from __future__ import annotations

import typer

from capture_forwarder.cli.monitor import baseline, check, executions

app = typer.Typer(
    help="Monitor without a platform: a baseline, and checks of windows against it.",
    no_args_is_help=True,
)

app.command("baseline", help=baseline.HELP)(baseline.baseline)
app.command("check", help=check.HELP)(check.check)
app.command("list", help=executions.LIST_HELP)(executions.list_them)
app.command("show", help=executions.SHOW_HELP)(executions.show)
