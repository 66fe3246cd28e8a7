"""Files sent one after the other, with a bar where somebody looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from capture_forwarder.cli.forward.view import Outcome
from capture_forwarder.cli.terminal.console import ERR
from capture_forwarder.core.errors import ForwarderError, UnexpectedError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.forwarding.forwarder import Forwarder

QUARANTINE = "capture-forwarder-quarantine"
"""The folder of the quarantine where settings name none."""


def send_files(
    forwarder: Forwarder, found: Sequence[FoundFile], *, quiet: bool
) -> Iterator[Outcome]:
    """Forward the files one after the other; one that fails does not stop the others."""
    down: dict[str, ForwarderError] = {}
    outcomes = (_outcome(forwarder, file, down) for file in found)
    if quiet or not ERR.is_terminal:
        yield from outcomes
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=ERR, transient=True) as progress:
        task = progress.add_task(f"0 of {len(found)} files", total=sum(file.size for file in found))
        for number, outcome in enumerate(outcomes, start=1):
            told = f"{number} of {len(found)} files"
            progress.update(task, advance=outcome.file.size, description=told)
            yield outcome


def _outcome(forwarder: Forwarder, file: FoundFile, down: dict[str, ForwarderError]) -> Outcome:
    try:
        if forwarder.is_output(file.capture_file):
            return Outcome(file, skipped="The forwarder itself wrote it.")
        routes = forwarder.forward(file.capture_file, down)
    except ForwarderError as error:
        return Outcome(file, error=error)
    except Exception as error:  # noqa: BLE001 - ends as a failure of this file, never as a success
        return Outcome(file, error=UnexpectedError(file.name, error))
    return Outcome(file, routes, skipped="" if routes else "No route matches it.")
