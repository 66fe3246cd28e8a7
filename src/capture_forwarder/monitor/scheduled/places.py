"""Where the monitor's function finds rows, labels and baselines, and keeps what it found."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from capture_forwarder.core.errors import SettingsError


class Places(msgspec.Struct, frozen=True):
    """Where everything is, as addresses without a slash at their ends.

    Parameters
    ----------
    rows
        What the publisher of files writes: `{rows}/{endpoint}/{variant}/yyyy/mm/dd/hh/`.
    baselines
        Baselines: `{baselines}/{endpoint}/constraints.json`.
    reports
        Where executions are kept: `{reports}/{endpoint}/{schedule}/yyyy/mm/dd/hh/`.
    labels
        Labels: `{labels}/{endpoint}/`; None where rows have them, or none are needed.
    """

    rows: str
    baselines: str
    reports: str
    labels: str | None = None


def read_places(environment: Mapping[str, str]) -> Places:
    """Read the function's variables.

    Raises
    ------
    SettingsError
        Lists each that is missing or is no address of a folder.
    """
    names = {
        "rows": "MONITOR_ROWS",
        "baselines": "MONITOR_BASELINES",
        "reports": "MONITOR_REPORTS",
        "labels": "MONITOR_LABELS",
    }
    given = {field: environment.get(name, "").rstrip("/") for field, name in names.items()}
    if not given["labels"]:
        del given["labels"]
    problems = [
        f"{names[field]}: must be s3://bucket/prefix"
        for field, value in given.items()
        if not value.startswith("s3://") or not value.removeprefix("s3://").partition("/")[2]
    ]
    if problems:
        raise SettingsError(problems)
    return Places(**given)
