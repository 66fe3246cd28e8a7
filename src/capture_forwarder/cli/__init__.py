"""The command `capture-forwarder`. The function never imports it."""

from __future__ import annotations

import sys

_EXTRA = {"click", "rich", "typer"}


def main() -> None:
    """Run the command, or say what it needs."""
    try:
        from capture_forwarder.cli.app import app  # noqa: PLC0415 - an extra that may be absent
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        print("The command needs `pip install 'capture-forwarder[cli]'`.", file=sys.stderr)
        raise SystemExit(2) from None
    app()
