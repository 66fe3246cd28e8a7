"""Data for the monitor's tests: rows as files, and the published numbers where they are."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from capture_forwarder.monitor.data.opening import DataChoice, open_data
from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.monitor.profile.columns import Profile, Watch
from capture_forwarder.monitor.profile.profiling import profile_of

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "cases" / "monitor"

published = pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published numbers are not here")


def chance(seed: int) -> random.Random:
    """Make random numbers that are the same every time."""
    return random.Random(seed)  # noqa: S311 - for tests, not for secrets


def write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write a CSV file with a header; None is an empty field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    return path


def write_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def profiled(choice: DataChoice | Path, watched: Mapping[str, Watch] | None = None) -> Profile:
    """Profile a file, or what is chosen of data."""
    chosen = choice if isinstance(choice, DataChoice) else DataChoice(choice)
    with open_duckdb() as engine:
        return profile_of(engine, open_data(engine, chosen), watched)
