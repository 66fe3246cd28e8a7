"""How fast lines become typed rows, as a ratio to the loop of the vendors' guides.

The baseline is what those guides paste: `json.loads` of the line, `split(',')`, `dict(zip())`, on
lines of one record, the only ones it can read. It types nothing and reads nothing but plain CSV. A
second one splits the payloads of mini-batches on newlines first, which no guide does. All run
in one process in turn, and the best of several rounds of each counts.

    python benchmarks/parser.py
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence

from capture_forwarder.columns import ColumnMapping
from capture_forwarder.model import CaptureObject, DataType, ParsedLine, Schema
from capture_forwarder.parser import LineParser

COLUMNS = [f"feature_{n}" for n in range(20)]
ROUNDS = 7
INFERENCES = 20_000
BATCH = 100


def main() -> None:
    """Measure lines of one record and mini-batches, and print inferences a second."""
    single, batches = make_lines(INFERENCES, 1), make_lines(INFERENCES // BATCH, BATCH)
    works = {
        "guides' loop, one record a line": baseline(single),
        "guides' loop made to split mini-batches": baseline(batches),
        "parser, one record a line": parser(single),
        f"parser, {BATCH} records a line": parser(batches),
        f"parser, {BATCH} records a line, as dictionaries": parser(batches, rows=True),
    }
    best = dict.fromkeys(works, 0.0)
    for _ in range(ROUNDS):
        for name, work in works.items():
            best[name] = max(best[name], rate(work))
    loop = next(iter(best.values()))
    print(f"{'':45} {'inferences/s':>13} {'ratio':>6}")
    for name, found in best.items():
        print(f"{name:45} {found:>13,.0f} {found / loop:>6.2f}")


def parser(lines: Sequence[bytes], *, rows: bool = False) -> Callable[[], int]:
    """Return a run of the parser, with types for all columns; it counts the inferences."""
    mapping = ColumnMapping.of(COLUMNS, ["score"], timestamp="at", event_id="id")
    types = dict.fromkeys((*COLUMNS, "score"), DataType.FLOAT)
    parse = LineParser(mapping, Schema(types)).for_object(CaptureObject("bucket", "key"))

    def run() -> int:
        count = 0
        for line in lines:
            parsed = parse(line)
            assert isinstance(parsed, ParsedLine), parsed
            count += len(parsed.inferences)
            if rows:
                for inference in parsed.inferences:
                    assert inference.row
        return count

    return run


def baseline(lines: Sequence[bytes]) -> Callable[[], int]:
    """Return a run of the guides' loop; it counts the inferences."""
    names = (*COLUMNS, "score")

    def run() -> int:
        count = 0
        for line in lines:
            data = json.loads(line)["captureData"]
            requests = data["endpointInput"]["data"].split("\n")
            responses = data["endpointOutput"]["data"].split("\n")
            for request, response in zip(requests, responses, strict=True):
                row = dict(zip(names, (*request.split(","), response), strict=True))
                count += len(row) > 0
        return count

    return run


def rate(work: Callable[[], int]) -> float:
    """Run once and return inferences a second."""
    started = time.perf_counter()
    count = work()
    seconds = time.perf_counter() - started
    assert count == INFERENCES
    return count / seconds


def make_lines(count: int, records: int) -> list[bytes]:
    """Write lines of `records` inferences with 20 numeric columns."""
    generator = random.Random(count)  # noqa: S311 - only has to be the same every time
    lines = []
    for n in range(count):
        rows = [[f"{generator.uniform(-9, 99):.6g}" for _ in COLUMNS] for _ in range(records)]
        sides = {
            "endpointInput": "\n".join(",".join(row) for row in rows),
            "endpointOutput": "\n".join(f"{generator.random():.16g}" for _ in rows),
        }
        record = {
            "captureData": {
                name: {
                    "observedContentType": "text/csv",
                    "mode": name.removeprefix("endpoint").upper(),
                    "data": data,
                    "encoding": "CSV",
                }
                for name, data in sides.items()
            },
            "eventMetadata": {
                "eventId": f"4fae283c-7e6b-4c3b-9d2e-{n:012d}",
                "inferenceTime": "2026-03-01T10:20:30Z",
            },
            "eventVersion": "0",
        }
        lines.append(json.dumps(record, separators=(",", ":")).encode())
    return lines


if __name__ == "__main__":
    main()
