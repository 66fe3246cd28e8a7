"""CPU seconds and memory of checking a million rows of twenty columns against a baseline.

python -m benchmarks.monitor [--rows N]

Beside the check of a Parquet file stands Evidently's drift preset on the same rows, where it is
installed: in an environment of its own, since it brings some eighty packages, whose interpreter
`VENDOR_PYTHONS` names (tests/support/vendor.py). Only then docs/performance.md is written. And, as
a check of model quality, predictions are joined with their labels by id.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from benchmarks import document
from benchmarks.report import HEADINGS, Row, plain

ROWS = 1_000_000
_FILES = 100
_MOST_MEMORY = 250.0
_TARGETS = {"gz": 6.0, "rows.parquet": 3.0, "rows.duckdb": 3.0}
_NAMES = {
    "gz": f"{_FILES} gzip JSON Lines files",
    "rows.parquet": "a Parquet file",
    "rows.duckdb": "a DuckDB table",
}
_START = "from capture_forwarder.cli import main; main()"
_MOST_MEMORY_OF_QUALITY = 300.0
_EVIDENTLY = """
import sys
import pandas
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
now, then = (pandas.read_parquet(path) for path in sys.argv[1:])
made = [Dataset.from_pandas(one, data_definition=DataDefinition()) for one in (now, then)]
assert Report([DataDriftPreset()]).run(*made).dict()["metrics"]
"""
_VERSION = "from importlib import metadata; print(metadata.version('evidently'))"


def main() -> None:
    """Make the data, check it in each form, and print what it took."""
    parser = argparse.ArgumentParser(description="Measure the monitor.")
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    with TemporaryDirectory() as name:
        folder = Path(name)
        _apart(_make, folder, rows)
        _run("baseline", folder / "rows.parquet", "--to", folder / "baseline")
        python, version = _evidently()
        theirs = None if python is None else _drift(python, folder / "rows.parquet")
        measured = [
            row
            for form in _TARGETS
            for row in _rows(folder, form, theirs if form == "rows.parquet" else None)
        ]
        measured += _quality(folder, rows)
    headings = ("", f"Evidently {version}".strip(), *HEADINGS[2:])
    print(plain(headings, [row.cells() for row in measured]))
    if theirs is None:
        print("Evidently is not measured: VENDOR_PYTHONS names no interpreter that has it.")
    elif rows == ROWS:
        document.write_monitoring(headings, measured)


def _rows(folder: Path, form: str, theirs: tuple[float, float] | None) -> list[Row]:
    baseline, out = folder / "baseline", folder / "out"
    seconds, megabytes = _run("check", folder / form, "--baseline", baseline, "--to", out)
    what = f"a check of {_NAMES[form]}"
    return [
        Row(
            f"{what}, CPU seconds",
            seconds,
            theirs and theirs[0],
            _TARGETS[form],
            higher=False,
            absolute=True,
            form="{:.1f}",
        ),
        Row(
            f"{what}, MB",
            megabytes,
            theirs and theirs[1],
            _MOST_MEMORY,
            higher=False,
            absolute=True,
            form="{:.0f}",
        ),
    ]


def _make(folder: Path, rows: int) -> None:
    """Twelve floats of which 1 % are null, four integers, and four texts."""
    floats = [
        f"CASE WHEN random() < 0.01 THEN NULL ELSE round(random() * {100 * n}, 4) END AS f{n}"
        for n in range(1, 13)
    ]
    integers = [f"CAST(random() * {10**n} AS BIGINT) AS i{n}" for n in range(1, 5)]
    texts = [
        f"'v' || CAST(random() * {most} AS INT) AS t{n}"
        for n, most in enumerate((3, 20, 90, 5_000))
    ]
    (folder / "gz").mkdir()
    with duckdb.connect(str(folder / "rows.duckdb")) as connection:
        connection.execute("SET threads = 1; SELECT setseed(0.5)")
        columns = ", ".join([*floats, *integers, *texts])
        connection.execute(f"CREATE TABLE t AS SELECT {columns} FROM range({rows})")  # noqa: S608 - its own
        connection.execute(f"COPY t TO '{folder}/rows.parquet' (FORMAT parquet)")
        some = rows // _FILES
        for n in range(_FILES):
            part = f"(FROM t LIMIT {some} OFFSET {n * some})"
            path = f"{folder}/gz/{n:03}.jsonl.gz"
            connection.execute(f"COPY {part} TO '{path}' (FORMAT json, COMPRESSION gzip)")


def _quality(folder: Path, rows: int) -> list[Row]:
    """Measure predictions of a binary model by labels of another file."""
    _apart(_make_labels, folder, rows)
    seconds, megabytes = _run(
        "quality",
        folder / "predictions.csv",
        *("--labels", folder / "labels.csv", "--label", "label", "--probability", "score"),
        *("--problem-type", "BinaryClassification", "--to", folder / "quality"),
    )
    what = "the quality of as many predictions with labels by id"
    return [
        Row(f"{what}, CPU seconds", seconds, form="{:.1f}"),
        Row(
            f"{what}, MB",
            megabytes,
            None,
            _MOST_MEMORY_OF_QUALITY,
            higher=False,
            absolute=True,
            form="{:.0f}",
        ),
    ]


def _make_labels(folder: Path, rows: int) -> None:
    """Predictions with ids, and in another order what was true."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1; SELECT setseed(0.5)")
        columns = "uuid()::VARCHAR AS inference_id, round(random(), 6) AS score"
        connection.execute(f"CREATE TABLE p AS SELECT {columns} FROM range({rows})")  # noqa: S608 - its own
        connection.execute(f"COPY p TO '{folder}/predictions.csv'")
        labels = "SELECT inference_id, (random() < score)::INT AS label FROM p ORDER BY random()"
        connection.execute(f"COPY ({labels}) TO '{folder}/labels.csv'")


def _apart(make: Callable[[Path, int], None], folder: Path, rows: int) -> None:
    """Make data in a process of its own: what one has used, Linux counts for those it starts."""
    process = get_context("spawn").Process(target=make, args=(folder, rows))
    process.start()
    process.join()
    assert process.exitcode == 0, f"{make.__name__} failed; see above"


def _evidently() -> tuple[str | None, str]:
    """Find an interpreter that has Evidently, and its version; None where there is none."""
    for python in filter(None, os.environ.get("VENDOR_PYTHONS", "").split(":")):
        asked = subprocess.run(  # noqa: S603 - whom the caller names
            [python, "-c", _VERSION], capture_output=True, text=True, check=False
        )
        if asked.returncode == 0:
            return python, asked.stdout.strip()
    return None, ""


def _drift(python: str, data: Path) -> tuple[float, float]:
    """Run Evidently's drift preset on rows against themselves."""
    status, used = _started([python, "-c", _EVIDENTLY, str(data), str(data)])
    assert os.waitstatus_to_exitcode(status) == 0, "Evidently failed; see above"
    return used


def _run(*arguments: str | Path) -> tuple[float, float]:
    """Run a command of the monitor; return its CPU seconds and its most memory in MB."""
    command = [sys.executable, "-c", _START, "monitor", *map(str, arguments), "--json"]
    status, used = _started(command)
    assert os.waitstatus_to_exitcode(status) in {0, 3}, arguments
    return used


def _started(command: list[str]) -> tuple[int, tuple[float, float]]:
    """Run a process to its end; return its status, CPU seconds and most memory in MB."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(process, 0)
    return status, (used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
