"""The extras of the distribution: what each one installs, and how to get one that is missing."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec


class Extra(StrEnum):
    """A part of the package whose dependencies are installed only when they are asked for."""

    CLI = "cli"
    DUCKDB = "duckdb"
    FIDDLER = "fiddler"
    MONITOR = "monitor"
    SPARK = "spark"


def install_command(*extras: Extra) -> str:
    """Say what to type to install extras; it is quoted, since shells read brackets as patterns."""
    return f"pip install 'capture-forwarder[{','.join(extras)}]'"


def is_installed(module: str) -> bool:
    """Whether a top-level module can be found; it is not imported, which may take its time."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # a finder refuses it, or it stands there without a spec
        return False
