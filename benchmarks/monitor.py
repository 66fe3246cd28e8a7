"""CPU seconds and memory of checking a million rows of twenty columns against a baseline.

python -m benchmarks.monitor [--rows N]
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

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


def main() -> None:
    """Make the data, check it in each form, and print what it took."""
    parser = argparse.ArgumentParser(description="Measure the monitor.")
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    with TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder, rows)
        _run("baseline", folder / "rows.parquet", "--to", folder / "baseline")
        print(plain(HEADINGS, [row.cells() for form in _TARGETS for row in _rows(folder, form)]))


def _rows(folder: Path, form: str) -> list[Row]:
    baseline, out = folder / "baseline", folder / "out"
    seconds, megabytes = _run("check", folder / form, "--baseline", baseline, "--to", out)
    what = f"monitor check of {_NAMES[form]}"
    return [
        Row(
            f"{what}, CPU seconds",
            seconds,
            None,
            _TARGETS[form],
            higher=False,
            absolute=True,
            form="{:.1f}",
        ),
        Row(
            f"{what}, MB",
            megabytes,
            None,
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


def _run(*arguments: str | Path) -> tuple[float, float]:
    """Run a command of the monitor; return its CPU seconds and its most memory in MB."""
    command = [sys.executable, "-c", _START, "monitor", *map(str, arguments), "--json"]
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(sys.executable, command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(process, 0)
    assert os.waitstatus_to_exitcode(status) in {0, 3}, arguments
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
