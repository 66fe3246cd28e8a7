"""`capture-forwarder dead-letters`: look at messages that failed, and send them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from capture_forwarder.cli.dead_letters.view import show_letters, show_moved
from capture_forwarder.cli.terminal.console import complain, user_errors
from capture_forwarder.cli.terminal.plain_help import PlainTyper
from capture_forwarder.cli.terminal.progress import TransientProgress
from capture_forwarder.core.ports.operator import Queue
from capture_forwarder.dead_letters.letters import DeadLetter, look
from capture_forwarder.wiring.dead_letters import announced_files, build_redrive, open_queue

app = PlainTyper(
    help="Look at the messages that failed too often, and send them again.", no_args_is_help=True
)

_LIST_HELP = """Show which capture files the messages of a dead-letter queue announce.

The messages stay in the queue. While you look at them they are hidden from other readers, and
SQS counts one more receive for each.

Example: `capture-forwarder dead-letters list https://sqs.eu-west-1.amazonaws.com/123456789012/dead`

Exit code: 0; 1 when the queue cannot be read; 2 for wrong usage; 130 when interrupted.
"""
_REDRIVE_HELP = """Send the messages of a dead-letter queue back to the function's queue.

Each message keeps its body and attributes, and is deleted only after the queue has accepted it:
if you interrupt the command, a message may be in both queues, but none is lost.

Example: `capture-forwarder dead-letters redrive DEAD_QUEUE_URL --to QUEUE_URL --dry-run`

Exit code: 0 when everything was sent; 1 when a message could not be sent; 2 for wrong usage; 130
when interrupted.
"""

_QueueUrl = Annotated[
    str,
    typer.Argument(metavar="QUEUE_URL", help="The dead-letter queue.", show_default=False),
]


@app.command("list", help=_LIST_HELP)
def list_messages(
    url: _QueueUrl,
    *,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="The most messages to show.")
    ] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show which capture files messages announce."""
    with user_errors():
        queue = open_queue(url)
        count = queue.count()
        with _progress(min(count, limit), "looked at", quiet=as_json) as advance:
            letters = _looked_at(queue, limit, advance)
    show_letters(url, count, letters, as_json=as_json)


@app.command("redrive", help=_REDRIVE_HELP)
def redrive(
    url: _QueueUrl,
    *,
    to: Annotated[
        str,
        typer.Option("--to", metavar="QUEUE_URL", help="The function's queue.", show_default=False),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, metavar="N", help="The most messages to send.", show_default="all"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Send messages back."""
    with user_errors():
        work = build_redrive(url, to, limit)
        queue = open_queue(url)
        count = queue.count()
        total = count if limit is None else min(count, limit)
        if dry_run:
            open_queue(to).count()  # it must be there
            with _progress(total, "looked at", quiet=as_json) as advance:
                letters = _looked_at(queue, limit, advance)
            show_letters(url, count, letters, as_json=as_json, to=to)
            return
        with _progress(total, "sent", quiet=as_json) as advance:
            for _ in work.run():
                advance()
    show_moved(work.moved, to, as_json=as_json)
    if work.moved.error is not None:
        complain(work.moved.error.message, work.moved.error.advice)
        raise typer.Exit(1)


def _looked_at(queue: Queue, limit: int | None, advance: Callable[[], None]) -> list[DeadLetter]:
    letters = []
    with closing(look(queue, limit, announced_files)) as found:
        for letter in found:
            letters.append(letter)
            advance()
    return letters


@contextmanager
def _progress(total: int, done: str, *, quiet: bool) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with TransientProgress(*columns, quiet=quiet) as progress:
        task = progress.add_task(f"messages {done}", total=total)
        yield lambda: progress.update(task, advance=1)
