"""What `dead-letters` shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

import msgspec

from capture_forwarder.cli.terminal.console import ERR, OUT, number_of, plain, say, say_json
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.dead_letters.letters import DeadLetter
from capture_forwarder.dead_letters.redrive import Moved


def show_letters(
    url: str, count: int, letters: Sequence[DeadLetter], *, as_json: bool, to: str | None = None
) -> None:
    """Show messages.

    Parameters
    ----------
    url
        The dead-letter queue.
    count
        About how many messages it holds.
    letters
        Those that were looked at.
    as_json
        Whether to print one JSON object.
    to
        For a dry run: where the messages would be sent.
    """
    if as_json:
        facts: dict[str, object] = {"queue": url, "approximate_messages": count}
        if to is not None:
            facts |= {"dry_run": True, "to": to}
        say_json(facts | {"messages": [_letter_json(letter) for letter in letters]})
        return
    if not letters:
        say(f"{url} holds no messages that can be received at the moment.")
    else:
        heads = ("sent", "receives", "announces")
        table = new_table(f"In {url}", *heads, numbers=("receives",), unbroken=("sent",))
        for letter in letters:
            sent = "-" if letter.sent is None else _time(letter.sent)[:19].replace("T", " ")
            add(table, sent, letter.receives, _announced(letter))
        OUT.print(table)
        say(f"{len(letters)} of about {_messages(max(count, len(letters)))}")
    unreadable = sum(letter.problem is not None for letter in letters)
    if unreadable:
        advice = "The function will fail on them again; find out who sends them."
        say(f"Unreadable: {_messages(unreadable)}. {advice}", to=ERR, style="yellow")
    if to is not None and letters:
        say(f"Dry run: would send {_messages(len(letters))} to {to}.")


def show_moved(moved: Moved, to: str, *, as_json: bool) -> None:
    """Show what became of messages that were sent back."""
    if as_json:
        error = moved.error.message if moved.error else None
        say_json({"to": to, **dataclasses.asdict(moved), "error": error})
        return
    say(f"Sent {_messages(moved.sent)} to {to}.")
    if moved.undeleted:
        text = f"{_messages(moved.undeleted)} could not be deleted and may be sent again."
        say(f"Of these, {text}", to=ERR, style="yellow")
    if moved.came_back:
        text = f"Failed again in the meantime: {_messages(moved.came_back)}."
        say(f"{text} They stay in the dead-letter queue.", to=ERR, style="yellow")


def _messages(count: int) -> str:
    return number_of(count, "message", "messages")


def _announced(letter: DeadLetter) -> str:
    if letter.problem is not None:
        return plain(letter.problem)
    if letter.backfill is not None:
        return f"a step of backfill {letter.backfill}"
    return "\n".join(plain(str(file)) for file in letter.capture_files) or "nothing (a test event)"


def _letter_json(letter: DeadLetter) -> dict[str, object]:
    return {
        "id": letter.id,
        "sent": None if letter.sent is None else _time(letter.sent),
        "receives": letter.receives,
        "objects": [msgspec.structs.asdict(file) for file in letter.capture_files],
        "backfill": letter.backfill,
        "problem": letter.problem,
    }


def _time(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
