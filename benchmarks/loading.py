"""The command filling a DuckDB file, beside DuckDB itself reading the same rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.captures import FEATURES, OUTPUT, lines
from benchmarks.lab import say
from benchmarks.report import Row

HEADINGS = ("", "DuckDB itself", "Capture Forwarder", "Ratio", "Target", "")

_ROWS = 200_000
_FILES = 2_000
_LINES = 5
_TRIES = 3
_FOLDER = "captures/endpoint/AllTraffic/2026/03/01/10"
_OPTIONS = ("--database", "rows.duckdb", "--inputs", ",".join(FEATURES), "--outputs", OUTPUT)
_TYPES = ",".join(f"{name}=float" for name in (*FEATURES, OUTPUT))
_COMMAND = "from capture_forwarder.cli import main; main()"
_ITSELF = """
import duckdb
duckdb.connect("itself.duckdb").execute("CREATE TABLE rows AS FROM read_json('rows.jsonl')")
"""
_SECONDS = "{:.1f} s"
_MB = "{:.0f} MB"


@dataclass(frozen=True)
class _Used:
    """What a process used: CPU seconds, seconds, and at most so many megabytes."""

    cpu: float
    seconds: float
    memory: float


def measure(rounds: int) -> list[Row]:
    """Measure in fresh processes, in turn.

    Returns
    -------
    list of Row
        What was measured.
    """
    say("loading into DuckDB")
    tries = range(min(_TRIES, rounds))
    with TemporaryDirectory() as place:
        root = Path(place)
        _write(root)
        works: dict[str, Callable[[], _Used]] = {
            "itself": lambda: _run(root, ["-c", _ITSELF]),
            "no types": lambda: _forward(root, "one", _ROWS),
            "with `types`": lambda: _forward(root, "one", _ROWS, FORWARDER_COLUMN_TYPES=_TYPES),
            "": lambda: _forward(root, "many", _FILES * _LINES),
            ", with a ledger": lambda: _forward(
                root, "many", _FILES * _LINES, FORWARDER_LEDGER="ledger.sqlite"
            ),
        }
        found = {name: _medians([work() for _ in tries]) for name, work in works.items()}
    itself = found["itself"]
    rows = []
    for name in ("no types", "with `types`"):
        what, used = f"{_ROWS:,} rows of {len(FEATURES)} columns, {name}", found[name]
        rows += [
            _row(f"{what}: CPU", used.cpu, 3, _SECONDS, itself.cpu),
            _row(f"{what}: peak memory", used.memory, 250, _MB, itself.memory),
        ]
    for name in ("", ", with a ledger"):
        rows.append(_row(f"{_FILES:,} files of {_LINES} lines{name}", found[name].seconds, 6))
    return rows


def _row(
    what: str, ours: float, target: float, form: str = _SECONDS, baseline: float | None = None
) -> Row:
    return Row(what, ours, baseline, target, higher=False, absolute=True, form=form)


def _medians(found: Sequence[_Used]) -> _Used:
    return _Used(
        median(one.cpu for one in found),
        median(one.seconds for one in found),
        median(one.memory for one in found),
    )


def _write(root: Path) -> None:
    """Write the rows as one capture file, as many of them, and as DuckDB itself reads them."""
    one = root / "one" / _FOLDER
    one.mkdir(parents=True)
    with (one / "20-30-123-one.jsonl").open("wb") as file, (root / "rows.jsonl").open("w") as rows:
        for line in lines(_ROWS, 1):
            file.write(line)
            rows.write(json.dumps(_row_of(line)) + "\n")
    many = root / "many" / _FOLDER
    many.mkdir(parents=True)
    for number, content in enumerate(_in_parts(lines(_FILES * _LINES, 1))):
        name = f"{number // 60 % 60:02}-{number % 60:02}-{number % 1000:03}-{number}.jsonl"
        (many / name).write_bytes(content)


def _row_of(line: bytes) -> Mapping[str, object]:
    call = json.loads(line)
    data, about = call["captureData"], call["eventMetadata"]
    values = f"{data['endpointInput']['data']},{data['endpointOutput']['data']}".split(",")
    row: dict[str, object] = dict(zip((*FEATURES, OUTPUT), map(float, values), strict=True))
    return row | {"inference_id": about["eventId"], "inference_time": about["inferenceTime"]}


def _in_parts(found: Iterator[bytes]) -> Iterator[bytes]:
    while part := b"".join(line for _, line in zip(range(_LINES), found, strict=False)):
        yield part


def _forward(root: Path, address: str, rows: int, **variables: str) -> _Used:
    """Forward a folder into a new database, and make sure that all rows are in it."""
    for name in ("rows.duckdb", "ledger.sqlite"):
        (root / name).unlink(missing_ok=True)
    used = _run(root, ["-c", _COMMAND, "forward", address, *_OPTIONS], **variables)
    count = "import duckdb; print(*duckdb.connect('rows.duckdb').execute('{}').fetchone())"
    sql = "SELECT count(*), count(DISTINCT inference_id) FROM endpoint"
    stored = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", count.format(sql)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert stored.stdout.split() == [str(rows)] * 2, stored.stdout
    return used


def _run(root: Path, arguments: Sequence[str], **variables: str) -> _Used:
    (root / "itself.duckdb").unlink(missing_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), **variables}
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, *arguments], cwd=root, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    kilobyte = 1 if sys.platform == "darwin" else 1024
    seconds = time.perf_counter() - began
    return _Used(used.ru_utime + used.ru_stime, seconds, used.ru_maxrss * kilobyte / 1e6)
