"""The commands of `capture-forwarder monitor` under one name."""

from __future__ import annotations

import typer

from capture_forwarder.cli.monitor import quality, report

app = typer.Typer(help="Watch data and models without a platform.", no_args_is_help=True)

app.command("quality", help=quality.HELP)(quality.quality)
app.command("report", help=report.HELP)(report.report)
