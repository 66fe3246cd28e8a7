"""What the commands print on: results on standard output, the rest on standard error."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console, ConsoleDimensions
from rich.measure import Measurement
from rich.table import Table

from capture_forwarder.core.errors import ForwarderError, SettingsError, UsageError

_UNBROKEN = 10_000  # columns: more than any table has


class PipedConsole(Console):
    """A console that breaks no line where nobody sees it: in a pipe or a file.

    COLUMNS, where it is set, is the width nevertheless.
    """

    @property
    def size(self) -> ConsoleDimensions:
        """The width that tables may take, and the height."""
        found = super().size
        # Rich reads it once, when the console is made.
        columns = os.environ.get("COLUMNS", "")
        if columns.isdecimal() and int(columns):
            return ConsoleDimensions(int(columns), found.height)
        return found if self.is_terminal else ConsoleDimensions(_UNBROKEN, found.height)

    @size.setter
    def size(self, size: tuple[int, int]) -> None:
        self.width, self.height = size


OUT = PipedConsole()
ERR = PipedConsole(stderr=True)
_ANY_WIDTH = 1_000_000


def say(text: str = "", *, to: Console = OUT, style: str | None = None) -> None:
    """Print a text as it stands: never wrapped, so that it can be copied."""
    to.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def width_of(table: Table) -> int:
    """How many signs wide a table is where nothing in it is broken into lines."""
    unlimited = OUT.options.update(width=_ANY_WIDTH, max_width=_ANY_WIDTH)
    return Measurement.get(OUT, unlimited, table).maximum


def say_json(document: object) -> None:
    """Print a document as one line on standard output."""
    print(json.dumps(document, ensure_ascii=False))


def plain(text: str) -> str:
    """Make control characters of captured data visible, so that they do nothing to a terminal."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def number_of(count: int, one: str, several: str) -> str:
    """Write how many things there are: `1 entry`, `2 entries`."""
    return f"{count} {one if count == 1 else several}"


def complain(message: str, advice: str = "") -> None:
    """Print an error and what to do about it, on standard error; advice may have lines."""
    say(f"Error: {message}", to=ERR, style="red")
    for line in advice.splitlines():
        say(f"       {line}", to=ERR)


def note(message: str, advice: str = "") -> None:
    """Print what is no error and should be known, with what to do about it, on standard error."""
    say(f"Note: {message}", to=ERR, style="yellow")
    for line in advice.splitlines():
        say(f"      {line}", to=ERR)


def show_problems(problems: Iterable[ForwarderError]) -> None:
    """Print errors that did not stop the command."""
    for problem in problems:
        complain(problem.message, problem.advice)


def show_warnings(warnings: Iterable[str]) -> None:
    """Print warnings, each once, on standard error."""
    for warning in dict.fromkeys(warnings):
        say(f"Note: {warning}", to=ERR, style="yellow")


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn our errors into a message and an exit code: 2 for usage and settings, else 1."""
    try:
        yield
    except ForwarderError as error:
        complain(error.message, error.advice)
        raise typer.Exit(2 if isinstance(error, (SettingsError, UsageError)) else 1) from None
