"""`capture-forwarder dead-letters`: look at messages that failed and send them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from capture_forwarder.cli.dead_letters.view import Letter, read_letter, show_letters, show_moved
from capture_forwarder.cli.terminal.console import ERR, complain, user_errors
from capture_forwarder.core.errors import UsageError
from capture_forwarder.dead_letters.redrive import Moved, move, peek

if TYPE_CHECKING:
    from capture_forwarder.core.ports import Queue

app = typer.Typer(
    help="Look at the messages that failed too often, and send them again.", no_args_is_help=True
)

_LIST_HELP = """Show what is in a dead-letter queue: which objects its messages announce.

The messages stay. They are hidden from other readers while they are looked at, and each look
counts as one receive.

Example: `capture-forwarder dead-letters list https://sqs.eu-west-1.amazonaws.com/123456789012/dead`
"""
_REDRIVE_HELP = """Send the messages of a dead-letter queue back to the function's queue.

Each goes with the same body and attributes, and is deleted only when the queue has taken it: one
that is broken off in between is there twice, never lost.

Example: `capture-forwarder dead-letters redrive DEAD_QUEUE_URL --to QUEUE_URL --dry-run`

Exit code: 0 when everything was sent, 1 when something stays, 2 for wrong usage.
"""

_QueueUrl = Annotated[
    str,
    typer.Argument(metavar="QUEUE_URL", help="The dead-letter queue.", show_default=False),
]


@app.command("list", help=_LIST_HELP)
def list_messages(
    url: _QueueUrl,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most messages to show.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what is in a dead-letter queue."""
    with user_errors():
        queue = _queue(url)
        count = queue.count()
        with _progress(min(count, limit), "looked at", quiet=as_json) as advance:
            letters = _peeked(queue, limit, advance)
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
        typer.Option("--limit", min=1, help="The most messages to send.", show_default="all"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Send messages back."""
    moved = Moved()
    with user_errors():
        queue, target = _queue(url), _queue(to)
        if url.rstrip("/") == to.rstrip("/"):
            raise UsageError("--to names the dead-letter queue itself.")
        count = queue.count()
        total = count if limit is None else min(count, limit)
        if dry_run:
            target.count()
            with _progress(total, "looked at", quiet=as_json) as advance:
                letters = _peeked(queue, limit, advance)
            show_letters(url, count, letters, as_json=as_json, to=to)
            return
        with _progress(total, "sent", quiet=as_json) as advance:
            for _ in move(queue, target, limit, moved):
                advance()
    show_moved(moved, to, as_json=as_json)
    if moved.error is not None:
        complain(moved.error.message, moved.error.advice)
        raise typer.Exit(1)


def _queue(url: str) -> Queue:
    from capture_forwarder.aws.clients import sqs_client  # noqa: PLC0415 - boto3 takes its time
    from capture_forwarder.aws.queues import SqsQueue  # noqa: PLC0415

    if not url.startswith(("https://", "http://")):
        message = f"{url} is no address of a queue; it looks like https://sqs.REGION.amazonaws.com/"
        raise UsageError(f"{message}ACCOUNT/NAME.")
    return SqsQueue(sqs_client, url)


def _peeked(queue: Queue, limit: int | None, advance: Callable[[], None]) -> list[Letter]:
    letters = []
    with closing(peek(queue, limit)) as messages:
        for message in messages:
            letters.append(read_letter(message))
            advance()
    return letters


@contextmanager
def _progress(total: int, done: str, *, quiet: bool) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    shown = ERR.is_terminal and not quiet
    with Progress(*columns, console=ERR, transient=True, disable=not shown) as progress:
        task = progress.add_task(f"messages {done}", total=total)
        yield lambda: progress.update(task, advance=1)
