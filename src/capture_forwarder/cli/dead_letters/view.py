"""What `dead-letters` shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from capture_forwarder.cli.quarantine.view import plain
from capture_forwarder.cli.terminal.console import ERR, OUT, say, say_json
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.triggers import read_event

if TYPE_CHECKING:
    from capture_forwarder.aws.queues import Message
    from capture_forwarder.dead_letters.redrive import Moved


@dataclass(frozen=True)
class Letter:
    """A message as the function would read it; `problem` is set where it could not."""

    id: str
    sent: str | None
    receives: int
    objects: tuple[CaptureFile, ...]
    problem: str | None


def read_letter(message: Message) -> Letter:
    """Read a message as the function reads it."""
    sent = None
    if message.sent is not None:
        sent = datetime.fromtimestamp(message.sent / 1000, UTC).isoformat(timespec="seconds")
    record = {"messageId": message.id, "eventSource": "aws:sqs", "body": message.body}
    try:
        (delivery,) = read_event({"Records": [record]}).messages
    except ForwarderError as error:
        return Letter(message.id, sent, message.receives, (), error.message)
    return Letter(message.id, sent, message.receives, delivery.objects, delivery.problem)


def show_letters(
    url: str, count: int, letters: Sequence[Letter], *, as_json: bool, to: str | None = None
) -> None:
    """Show messages.

    Parameters
    ----------
    url
        The dead-letter queue.
    count
        About how many are in it.
    letters
        Those that were looked at.
    as_json
        As one JSON object.
    to
        Where they would be sent, for a dry run.
    """
    if as_json:
        facts: dict[str, object] = {"queue": url, "approximate_messages": count}
        if to is not None:
            facts |= {"dry_run": True, "to": to}
        say_json(facts | {"messages": [_letter_json(letter) for letter in letters]})
        return
    if not letters:
        say(f"{url} holds no messages that can be received now.")
    else:
        heads = ("sent", "receives", "announces")
        table = new_table(f"In {url}", *heads, numbers=("receives",), unbroken=("sent",))
        for letter in letters:
            sent = (letter.sent or "-")[:19].replace("T", " ")
            add(table, sent, letter.receives, _announced(letter))
        OUT.print(table)
        say(f"{len(letters)} of about {max(count, len(letters))} message(s)")
    unreadable = sum(letter.problem is not None for letter in letters)
    if unreadable:
        advice = "the function will refuse them again; look at who sent them"
        say(f"{unreadable} message(s) cannot be read: {advice}.", to=ERR, style="yellow")
    if to is not None and letters:
        say(f"Dry run: {len(letters)} message(s) would be sent to {to}.")


def show_moved(moved: Moved, to: str, *, as_json: bool) -> None:
    """Show what became of messages that were sent back."""
    if as_json:
        error = moved.error.message if moved.error else None
        say_json({"to": to, **dataclasses.asdict(moved), "error": error})
        return
    say(f"{moved.sent} message(s) were sent to {to}.")
    if moved.undeleted:
        text = f"{moved.undeleted} of them could not be deleted and may be sent again."
        say(text, to=ERR, style="yellow")
    if moved.came_back:
        text = f"{moved.came_back} message(s) failed again meanwhile and are left."
        say(text, to=ERR, style="yellow")


def _announced(letter: Letter) -> str:
    if letter.problem is not None:
        return plain(letter.problem)
    return "\n".join(plain(str(file)) for file in letter.objects) or "no object (a test event)"


def _letter_json(letter: Letter) -> dict[str, object]:
    return dataclasses.asdict(letter)
