"""A folder to run the command in, as a new user would, and capture files in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support.captures import line, side

_OURS = ("FORWARDER_", "FIDDLER_", "ARTHUR_", "OPENSCALE_", "AWS_")


def work_in(folder: Path, monkeypatch: pytest.MonkeyPatch, columns: int = 120) -> None:
    """Work in a folder, without settings of the developer, in a terminal of so many columns."""
    monkeypatch.chdir(folder)
    for name in os.environ:
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", str(columns))


def run(*arguments: str, exit_code: int = 0) -> Result:
    """Run the command, and make sure how it ends."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == exit_code, result.output
    return result


def call(rows: str) -> str:
    """A captured line, called after its request: CSV of one row or more, each answered by 0.5."""
    answer = "\n".join("0.5" for _ in rows.splitlines())
    return line(side(rows), side(answer), eventId=f"call {rows}").decode() + "\n"


def capture(endpoint: str, *calls: str, hour: str = "10", folder: str = "in") -> Path:
    """Write a capture file of an endpoint, with a line for each request."""
    path = Path(folder, endpoint, "blue", "2026/03/01", hour, "20-30-123-x.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(map(call, calls)))
    return path
