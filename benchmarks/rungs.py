"""What reading many lines together gains over the oracle, for the payloads that people have."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from statistics import median

from benchmarks.captures import ID, OUTPUT, TIME
from benchmarks.lab import say
from benchmarks.report import plain
from benchmarks.workloads import (
    JSON_LINES,
    JSON_NAN,
    TABLE,
    UNTYPED,
    UNTYPED_CENSUS,
    Workload,
)
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Line
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import LineParser, read_chunks
from capture_forwarder.parser.mapping.columns import ColumnMapping

_COST = ("oracle", "together", "gain")
HEADINGS = ("Columns and payloads", *_COST, f"many: {_COST[0]}", *_COST[1:])
_ROWS = 4_000
_LONGEST_LINE = 16 * 1024 * 1024


def measure(rounds: int) -> list[list[str]]:
    """Measure each workload in turn: microseconds of CPU a row, one by one and together.

    Returns
    -------
    list of list of str
        The cells of a table.
    """
    say("rungs")
    of_json = (JSON_LINES, JSON_NAN)
    return [_cells(one, rounds) for one in (*TABLE, *of_json, UNTYPED, UNTYPED_CENSUS)]


def _cells(workload: Workload, rounds: int) -> list[str]:
    cells = [workload.name]
    for records in sorted({1, workload.many}):
        chunks = list(read_chunks(_file(workload, records), _LONGEST_LINE))
        parser = _parser(workload)
        one_by_one, together = (
            median(_microseconds(work, chunks) for _ in range(rounds))
            for work in (_by_the_oracle(parser), _by_the_reader(parser))
        )
        cells += [f"{one_by_one:.1f}", f"{together:.1f}", f"{one_by_one / together:.0f} x"]
    return [*cells, *[""] * (len(HEADINGS) - len(cells))]


def _file(workload: Workload, records: int) -> io.BytesIO:
    count = _ROWS // records * records
    return io.BytesIO(b"".join(workload.lines(count, records)))


def _parser(workload: Workload) -> LineParser:
    def sourced(name: str) -> str:
        return f"{name}={workload.sources[name]}" if name in workload.sources else name

    mapping = ColumnMapping.of(
        list(map(sourced, workload.columns)), [sourced(OUTPUT)], timestamp=TIME, event_id=ID
    )
    has_schema = workload not in (UNTYPED, UNTYPED_CENSUS)
    types = {**workload.columns, OUTPUT: workload.output} if has_schema else {}
    known = {name: DataType(kind) for name, kind in types.items()}
    return LineParser(mapping, Schema(known), as_json=True)


_Work = Callable[[Chunk], int]


def _by_the_oracle(parser: LineParser) -> _Work:
    parse = parser.for_file(CaptureFile("bucket", "key"))

    def rows(chunk: Chunk) -> int:
        found = [parse(chunk.line(index).data) for index in range(len(chunk))]
        return sum(len(one.inferences) for one in found if isinstance(one, ParsedLine))

    return rows


def _by_the_reader(parser: LineParser) -> _Work:
    parse = parser.for_chunks(CaptureFile("bucket", "key"))
    return lambda chunk: sum(len(run.parsed.inferences) for run in parse(chunk))


def _microseconds(work: _Work, chunks: Sequence[Chunk | Line]) -> float:
    started = time.process_time()
    rows = sum(work(chunk) for chunk in chunks if isinstance(chunk, Chunk))
    seconds = time.process_time() - started
    assert rows, "nothing was read"
    return seconds / rows * 1e6


if __name__ == "__main__":
    print(plain(HEADINGS, measure(7)))
