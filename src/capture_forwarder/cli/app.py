"""The commands under one name."""

from __future__ import annotations

from typing import Annotated

import typer

from capture_forwarder import __version__
from capture_forwarder.cli.backfill import command as backfill
from capture_forwarder.cli.connect import command as connect
from capture_forwarder.cli.dead_letters import command as dead_letters
from capture_forwarder.cli.demo import command as demo
from capture_forwarder.cli.doctor import command as doctor
from capture_forwarder.cli.forward import command as forward
from capture_forwarder.cli.init import command as init
from capture_forwarder.cli.inspect import command as inspect
from capture_forwarder.cli.labels import command as labels
from capture_forwarder.cli.monitor import app as monitor
from capture_forwarder.cli.quarantine import command as quarantine
from capture_forwarder.cli.query import command as query
from capture_forwarder.cli.report import command as report
from capture_forwarder.cli.routes import command as routes
from capture_forwarder.cli.status import command as status

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

app = typer.Typer(
    name="capture-forwarder",
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


app.command(help=demo.HELP)(demo.demo)
app.command(help=inspect.HELP)(inspect.inspect)
app.command(help=init.HELP)(init.init)
app.command(help=forward.HELP)(forward.forward)
app.command(help=query.HELP)(query.query)
app.command(help=report.HELP)(report.report)
app.command(help=doctor.HELP)(doctor.doctor)
app.command(help=status.HELP)(status.status)
app.command(help=backfill.HELP)(backfill.backfill)
app.add_typer(labels.app, name="labels")
app.add_typer(connect.app, name="connect")
app.add_typer(routes.app, name="routes")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(monitor.app, name="monitor")
