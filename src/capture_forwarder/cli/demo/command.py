"""`capture-forwarder demo`: the sample captures through our own code and monitor, no account."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from capture_forwarder.cli.demo.monitoring import monitor_demo
from capture_forwarder.cli.demo.place import DemoPlace
from capture_forwarder.cli.demo.view import (
    show_arrived,
    show_failures,
    show_monitored,
    show_query,
)
from capture_forwarder.cli.terminal.console import user_errors
from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.extras import Extra, install_command, is_installed
from capture_forwarder.local.objects import FolderObjectStore
from capture_forwarder.settings import load
from capture_forwarder.wiring.forwarder import build_forwarder

_SAMPLES = (Path("events/captures"), Path(__file__).with_name("captures"))
"""Where the samples are: in a checkout, and in what pip has installed."""
_LIBRARIES = ("duckdb", "jinja2")
_DATABASE = Path("capture-forwarder-demo.duckdb")
_BUCKET = "capture-bucket"
_MESSAGES_AN_EVENT = 10  # the template's default batch size

# The model of the sample captures. The user's environment has no say in the demo.
_SETTINGS = {
    "FORWARDER_PUBLISHER": "duckdb",
    "FORWARDER_INPUT_COLUMNS": (
        "tenure_months,monthly_charges,total_charges,contract,payment_method,senior,"
        "support_calls,data_usage_gb"
    ),
    "FORWARDER_OUTPUT_COLUMNS": "score",
    "FORWARDER_METADATA_COLUMNS": "endpoint=endpoint,variant=variant",
}

HELP = """Forward the sample captures into a new DuckDB file, and monitor them; needs no account.

The files go through the code that runs in Lambda, announced by events like those of the
template's queue. Then the rows become a baseline, a day a month later is checked against it, and a
page reports what has drifted. The DuckDB file and the folders for quarantine and monitoring beside
it belong to the demo: the next demo replaces them.

Example: `capture-forwarder demo`

Exit code: 0; 1 when a file failed; 2 for wrong usage; 130 when interrupted.
"""


def demo(
    *,
    database: Annotated[
        Path, typer.Option("--database", metavar="PATH", help="The DuckDB file to make.")
    ] = _DATABASE,
    captures: Annotated[
        Path | None,
        typer.Option(
            "--captures",
            metavar="DIR",
            help="The folder with the sample captures.",
            show_default="those that come with the command",
        ),
    ] = None,
) -> None:
    """Forward the sample captures into a new DuckDB file, and monitor them."""
    place = DemoPlace(database)
    reporter = CollectingReporter()
    with user_errors():
        _check_libraries()
        samples = captures or next((one for one in _SAMPLES if one.is_dir()), _SAMPLES[0])
        keys = _keys_below(samples)
        place.clear()
        settings = load(
            _SETTINGS
            | {
                "FORWARDER_DUCKDB_PATH": str(place.database),
                "FORWARDER_QUARANTINE": str(place.quarantine),
            }
        )
        forwarder = build_forwarder(settings, store=FolderObjectStore(samples), reporter=reporter)
        for event in events_of(keys):
            forwarder.handle(event)
    if reporter.failures:
        show_failures(reporter.failures)
        raise typer.Exit(1)
    with user_errors():
        place.mark()
        rows = show_arrived(reporter.reports, place)
        show_query(place)
        if rows:
            show_monitored(monitor_demo(place, place.table(rows).rows), place)


def _check_libraries() -> None:
    """Say at the start what the end needs, too."""
    missing = [name for name in _LIBRARIES if not is_installed(name)]
    if missing:
        which = "which is" if len(missing) == 1 else "which are"
        problem = f"The demo needs {' and '.join(missing)}, {which} not installed."
        advice = f"Install what it needs: {install_command(Extra.CLI, Extra.MONITOR)}"
        raise UsageError(problem, advice)


def _keys_below(captures: Path) -> list[str]:
    files = sorted(path for path in captures.rglob("*.jsonl") if path.is_file())
    if not files:
        message = f"There are no sample captures in {captures}."
        advice = "Run the demo in a checkout of the project, or name its folder with --captures."
        raise UsageError(message, advice)
    return [file.relative_to(captures).as_posix() for file in files]


def events_of(keys: Sequence[str]) -> Iterator[dict[str, object]]:
    """Announce objects as the template does: EventBridge events, in messages of an SQS queue."""
    for start in range(0, len(keys), _MESSAGES_AN_EVENT):
        batch = enumerate(keys[start : start + _MESSAGES_AN_EVENT], start=start)
        yield {
            "Records": [
                {"messageId": str(number), "eventSource": "aws:sqs", "body": _body(key)}
                for number, key in batch
            ]
        }


def _body(key: str) -> str:
    detail = {"bucket": {"name": _BUCKET}, "object": {"key": key}}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
