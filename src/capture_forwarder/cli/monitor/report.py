"""`capture-forwarder monitor report`: an execution as one HTML page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from capture_forwarder.cli.monitor.report_files import read_documents, write_page
from capture_forwarder.cli.terminal.console import number_of, say, user_errors
from capture_forwarder.monitor.report import render_report
from capture_forwarder.wiring.monitor_places import S3

HELP = """Make a page of an execution that a browser shows and a printer prints.

The page is one HTML file without any script. It asks for nothing from the network, so that it can
be mailed or kept in a bucket. It shows names and categories of your data.

FOLDER is an execution of ours or of Model Monitor; of a folder with several, the newest is taken.

Examples:

- `capture-forwarder monitor report monitor-reports/churn/daily/2026/03/01/10`

- `capture-forwarder monitor report monitor-reports/churn/daily --quality
monitor-reports/churn/quality --to churn.html`

- `capture-forwarder monitor report s3://my-bucket/monitor-reports/churn/data-quality --to
churn.html`

Exit code: 0; 1 when an execution cannot be read or the page cannot be written; 2 for wrong usage;
130 when interrupted.
"""


def report(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER",
            help="The execution, or a folder of executions, here or in S3.",
            show_default=False,
        ),
    ],
    *,
    quality: Annotated[
        str | None,
        typer.Option(
            "--quality",
            metavar="FOLDER",
            help="An execution of model quality that the page shows, too.",
            show_default=False,
        ),
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(
            "--history",
            metavar="FOLDER",
            help="Where earlier executions are.",
            show_default="where FOLDER is kept",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="FOLDER",
            help="The baseline, where the execution holds no copy of it.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str | None,
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
        shown = read_documents(folder, quality, history, baseline)
        page = to or f"{shown.place}/report.html"
        write_page(page, render_report(shown.documents, datetime.now(UTC)))
    opened = (
        f". Get it with: aws s3 cp {page} ." if page.startswith(S3) else "; open it in a browser."
    )
    say(f"{page} shows {shown.place}{opened}")
    if shown.others:
        others = number_of(shown.others, "other execution", "other executions")
        say(f"{shown.root} has {others}.")
