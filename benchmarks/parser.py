"""How fast lines become typed rows, as a ratio to the loop of the vendors' guides.

The baseline is what those guides paste: `json.loads` of the line, `split(',')`, `dict(zip())`. It
handles one record a line, types nothing and reads nothing but plain CSV; it runs in the same
process, alternating with the parser, and the best of several rounds of each counts.

    python benchmarks/parser.py
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence

from capture_forwarder.columns import Column, ColumnMapping
from capture_forwarder.model import CaptureObject, DataType, ParsedLine, Schema
from capture_forwarder.parser import LineParser

COLUMNS = [f"feature_{n}" for n in range(20)]
ROUNDS = 7
INFERENCES = 20_000
TARGETS = {1: 1.5, 100: 3.0}


def main() -> None:
    """Measure and print both shapes of line."""
    print(f"{'records a line':>15} {'baseline':>12} {'parser':>12} {'ratio':>7} {'target':>7}")
    for records, target in TARGETS.items():
        lines = make_lines(INFERENCES // records, records)
        baseline, parser = measure(lines, records)
        ratio = parser / baseline
        print(f"{records:>15} {baseline:>10,.0f}/s {parser:>10,.0f}/s {ratio:>7.2f} {target:>7.2f}")


def measure(lines: Sequence[bytes], records: int) -> tuple[float, float]:
    """Return inferences a second of the baseline and of the parser."""
    mapping = ColumnMapping(tuple(Column(name) for name in COLUMNS), (Column("score"),))
    types = dict.fromkeys((*COLUMNS, "score"), DataType.FLOAT)
    parse = LineParser(mapping, Schema(types)).for_object(CaptureObject("bucket", "key"))

    def parser() -> int:
        count = 0
        for line in lines:
            parsed = parse(line)
            assert isinstance(parsed, ParsedLine), parsed
            count += len(parsed.inferences)
        return count

    def baseline() -> int:
        names = (*COLUMNS, "score")
        count = 0
        for line in lines:
            data = json.loads(line)["captureData"]
            requests = data["endpointInput"]["data"].split("\n")
            responses = data["endpointOutput"]["data"].split("\n")
            for request, response in zip(requests, responses, strict=True):
                row = dict(zip(names, (*request.split(","), response), strict=True))
                count += len(row) > 0
        return count

    rounds = [
        (rate(baseline, len(lines) * records), rate(parser, len(lines) * records))
        for _ in range(ROUNDS)
    ]
    return max(slow for slow, _ in rounds), max(fast for _, fast in rounds)


def rate(work: Callable[[], int], expected: int) -> float:
    """Run once and return inferences a second."""
    started = time.perf_counter()
    count = work()
    seconds = time.perf_counter() - started
    assert count == expected
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
