"""The commands of `capture-forwarder monitor` under one name."""

from __future__ import annotations

import typer

from capture_forwarder.cli.monitor import baseline, check, executions, quality, report

app = typer.Typer(
    help="Monitor without a platform: baselines, checks, model quality and reports.",
    no_args_is_help=True,
)

app.command("baseline", help=baseline.HELP)(baseline.baseline)
app.command("check", help=check.HELP)(check.check)
app.command("list", help=executions.LIST_HELP)(executions.list_them)
app.command("show", help=executions.SHOW_HELP)(executions.show)
app.command("quality", help=quality.HELP)(quality.quality)
app.command("report", help=report.HELP)(report.report)
