"""`capture-forwarder monitor report`: an execution as one HTML page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from capture_forwarder.cli.monitor.report_files import read_documents, root_of, write_page
from capture_forwarder.cli.terminal.console import say, user_errors
from capture_forwarder.monitor.report import render_report

HELP = """Make a page of an execution that a browser shows and a printer prints.

The page is one HTML file without any script. It asks for nothing from the network, so that it can
be mailed or kept in a bucket. It shows names and categories of your data.

FOLDER is an execution of ours or of Model Monitor; of a folder with several, the newest is taken.

Examples:

- `capture-forwarder monitor report monitor-reports/churn/daily/2026/03/01/10`

- `capture-forwarder monitor report monitor-reports/churn/daily --quality
monitor-reports/churn/quality --to churn.html`

Exit code: 0; 1 when an execution cannot be read or the page cannot be written; 2 for wrong usage;
130 when interrupted.
"""


def report(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The execution, or a folder of executions.", show_default=False
        ),
    ],
    *,
    quality: Annotated[
        Path | None,
        typer.Option(
            "--quality",
            metavar="FOLDER",
            help="An execution of model quality that the page shows, too.",
            show_default=False,
        ),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            metavar="FOLDER",
            help="Where earlier executions are.",
            show_default="where FOLDER is kept",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="FOLDER",
            help="The baseline, where the execution holds no copy of it.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FILE",
            help="The page to write.",
            show_default="report.html in the execution's folder",
        ),
    ] = None,
) -> None:
    """Make a page of an execution."""
    with user_errors():
        documents, place = read_documents(folder, quality, history, baseline)
        page = to or place / "report.html"
        write_page(page, render_report(documents, datetime.now(UTC)))
    say(f"{page} shows {place}; open it in a browser. {root_of(place)} has other executions.")
