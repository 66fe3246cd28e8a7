"""What the commands print on: results on standard output, the rest on standard error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from capture_forwarder.core.errors import ForwarderError, SettingsError, UsageError

OUT = Console()
ERR = Console(stderr=True)


def say(text: str = "", *, to: Console = OUT, style: str | None = None) -> None:
    """Print a text as it stands: never wrapped, so that it can be copied."""
    to.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def say_json(document: object) -> None:
    """Print a document as one line on standard output."""
    print(json.dumps(document, ensure_ascii=False))


def complain(message: str, advice: str = "") -> None:
    """Tell of an error and what to do, on standard error."""
    say(f"Error: {message}", to=ERR, style="red")
    if advice:
        say(f"       {advice}", to=ERR)


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn our errors into a message and an exit code: 2 for usage and settings, else 1."""
    try:
        yield
    except ForwarderError as error:
        complain(error.message, error.advice)
        raise typer.Exit(2 if isinstance(error, (SettingsError, UsageError)) else 1) from None
