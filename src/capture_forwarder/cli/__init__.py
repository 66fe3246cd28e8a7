"""The command `capture-forwarder`. The function never imports it."""

from __future__ import annotations

import sys

from capture_forwarder.core.extras import Extra, install_command

_EXTRA = {"click", "rich", "tomlkit", "typer"}


def main() -> None:
    """Run the command, or say what it needs."""
    try:
        from capture_forwarder.cli.app import app  # noqa: PLC0415 - an extra that may be absent
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        message = f"The command needs {error.name}, which is not installed."
        print(f"{message} Install it with: {install_command(Extra.CLI)}", file=sys.stderr)
        raise SystemExit(2) from None
    app()
