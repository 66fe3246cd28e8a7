"""How far a command is, on standard error."""

from __future__ import annotations

from rich.progress import Progress, ProgressColumn

from capture_forwarder.cli.terminal.console import ERR


class TransientProgress(Progress):
    """Progress of which nothing is left in the end, and of which a pipe sees nothing at all.

    Parameters
    ----------
    columns
        What is shown of each task.
    quiet
        Whether a terminal is to see nothing of it, either.
    """

    def __init__(self, *columns: ProgressColumn, quiet: bool = False) -> None:
        disable = quiet or not ERR.is_terminal
        super().__init__(*columns, console=ERR, transient=True, disable=disable)

    def stop(self) -> None:
        """End it, without the empty line that Rich prints where it has shown nothing."""
        if not self.disable:
            super().stop()
