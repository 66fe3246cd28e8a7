"""The commands to type next, whole: what was found out, written as options."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from capture_forwarder.cli.terminal.option_names import as_options
from capture_forwarder.inspection import Inspection, assignments

_MOST_FOLDERS = 3
_HOURS_DEEP = 5  # yyyy/mm/dd/hh/{file}


def forward_command(inspection: Inspection, addresses: Sequence[str], *, alone: bool) -> str:
    """Write the command that forwards the files of an inspection into DuckDB.

    Parameters
    ----------
    inspection
        What was found out, with a mapping.
    addresses
        What the user asked about.
    alone
        Whether this is all that there is; else the files' own folders are named.
    """
    options, others = as_options(inspection.variables)
    places = list(addresses) if alone else _folders(inspection) or list(addresses)
    words = ["capture-forwarder", "forward", *places, "--publisher", "duckdb", *options]
    return " ".join([*assignments(others), shlex.join(words)])


def _folders(inspection: Inspection) -> list[str]:
    """The folders that the files are in, in front of the hours; none where these are many."""
    found: dict[str, None] = {}
    for facts in inspection.files:
        name, capture_file = facts.sample.name, facts.sample.capture_file
        found[name.rsplit("/", _HOURS_DEEP)[0] if capture_file.folder else name] = None
    return list(found) if len(found) <= _MOST_FOLDERS else []
