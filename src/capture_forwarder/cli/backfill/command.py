"""`capture-forwarder backfill`: send earlier capture files through the deployed function."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from capture_forwarder.backfill.estimate import Estimate, estimate
from capture_forwarder.backfill.sending import Backfill
from capture_forwarder.cli.backfill.detached import detach, show_state, stop_backfill
from capture_forwarder.cli.backfill.view import show_estimate, show_sent
from capture_forwarder.cli.terminal.account import STACK, Apply, AsJson, Profile, Region, Stack
from capture_forwarder.cli.terminal.console import user_errors
from capture_forwarder.cli.terminal.progress import TransientProgress
from capture_forwarder.cli.terminal.times import Since, read_time
from capture_forwarder.core.errors import UsageError
from capture_forwarder.wiring.backfill import Source, open_backfills, open_source
from capture_forwarder.wiring.operator import open_account

_PROGRESS = "capture-forwarder-backfill.json"
HELP = """Send earlier capture files through the deployed function.

Announces them to the function's queue, as S3 announces new ones: with the function's own settings,
ledger and alarms. Live files go first. Shows how many files that are, what they cost and how long
it takes; `--apply` sends them, no faster than the function takes them. When it breaks off, run it
again with the same options: it goes on where it stopped.

`--detach` has the function do it by itself, which needs no machine of yours to stay on: for
millions of files. `--status` and `--stop` are for such backfills.

Hours count as a whole, and are those in the files' keys. Without `--until`, files of before the
stack was made are sent.

Examples:

- `capture-forwarder backfill --endpoint churn --since 2026-03-01`

- `capture-forwarder backfill --endpoint churn --since 2026-03-01 --apply`

- `capture-forwarder backfill --since 2024-01-01 --detach --apply`

Exit code: 0 when everything is sent, or shown without `--apply`; 1 when AWS refused; 2 for wrong
usage; 130 when interrupted.
"""


def backfill(  # noqa: PLR0913 - one parameter an option
    *,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="NAME", help="Only this endpoint's files."),
    ] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", metavar="NAME", help="Only this variant's files.")
    ] = None,
    since: Since = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="TIME",
            help="Only files of before this time.",
            show_default="when the stack was made",
        ),
    ] = None,
    route: Annotated[
        str | None,
        typer.Option(
            "--route",
            metavar="NAME",
            help="Send them by this route alone.",
            show_default="all of a file's routes",
        ),
    ] = None,
    apply: Apply = False,
    waiting: Annotated[
        int,
        typer.Option(
            "--waiting",
            min=10,
            max=100_000,
            metavar="N",
            help="The most messages that may wait in the queue; also the most sent in a minute.",
        ),
    ] = 10_000,
    progress: Annotated[
        str, typer.Option("--progress", metavar="FILE", help="Where to keep how far it is.")
    ] = _PROGRESS,
    detached: Annotated[
        bool, typer.Option("--detach", help="Have the function do it by itself.")
    ] = False,
    status: Annotated[
        str | None,
        typer.Option("--status", metavar="ID", help="Show how far a detached backfill is."),
    ] = None,
    stop: Annotated[
        str | None, typer.Option("--stop", metavar="ID", help="Stop a detached backfill.")
    ] = None,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Send earlier capture files."""
    with user_errors():
        if sum([detached, status is not None, stop is not None]) > 1:
            raise UsageError("Give only one of --detach, --status and --stop.")
        if status is not None:
            backfills = open_backfills(open_account(profile, region), stack)
            show_state(backfills, status, as_json=as_json)
            return
        if stop is not None:
            backfills = open_backfills(open_account(profile, region), stack)
            stop_backfill(backfills, stop, apply=apply, as_json=as_json)
            return
        first, end = read_time("--since", since), read_time("--until", until)
        source = open_source(
            open_account(profile, region),
            stack,
            endpoint=endpoint,
            variant=variant,
            since=first,
            until=end,
            route=route,
        )
        selection = source.selected.selection
        if selection.since and selection.until and selection.since >= selection.until:
            raise UsageError(
                f"No hour is since {selection.since:%Y-%m-%dT%H} and before "
                f"{selection.until:%Y-%m-%dT%H} (UTC).",
                "Give --since and --until; without --until, it is when the stack was made.",
            )
        if detached:
            detach(source, waiting, apply=apply, as_json=as_json)
            return
        work = source.start(progress, waiting)
        if work.progress.done:
            raise UsageError(
                f"This backfill is done: {progress} says so.",
                "To send all of it again, delete that file.",
            )
        found = _estimated(source, quiet=as_json)
        if not apply or not found.total.files:
            show_estimate(source, found, work.progress, as_json=as_json)
            return
        if not as_json:
            show_estimate(source, found, work.progress, as_json=False, applied=True)
        _send(work, found, quiet=as_json)
    show_sent(source, found, work.progress, as_json=as_json)


def _estimated(source: Source, *, quiet: bool) -> Estimate:
    column = TextColumn("{task.description}")
    with TransientProgress(column, quiet=quiet) as bar:
        task = bar.add_task("counting files")
        return estimate(
            source.selected,
            lambda count: bar.update(task, description=f"{count} files counted"),
        )


def _send(work: Backfill, found: Estimate, *, quiet: bool) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with TransientProgress(*columns, quiet=quiet) as bar:
        task = bar.add_task("files sent", total=found.total.files)
        for _ in work.run():
            told = f"files sent, {work.waiting} messages wait"
            bar.update(task, completed=work.progress.sent, description=told)
