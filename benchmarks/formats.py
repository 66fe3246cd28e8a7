"""The parser alone: lines and inferences a second by format, and events a second."""

from __future__ import annotations

import base64
import io
import json
import random
import time
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np

from benchmarks.captures import FEATURES, ID, MINI_BATCH, OUTPUT, TIME, line, lines, sqs_event
from benchmarks.lab import say
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.triggers import read_event

HEADINGS = ("Format", "Lines/s", "Inferences/s", "Ratio to the guides' loop")
_AS_JSON = f"CSV, {MINI_BATCH} records, written as JSON"
_INFERENCES = 10_000
_FEW = 10
_MESSAGES = 10
_EVENTS = 2_000
_CSV = ("text/csv", "CSV")
_JSON = ("application/json", "JSON")
_JSON_LINES = ("application/jsonlines", "JSON")
_CSV_BASE64 = ("text/csv", "BASE64")
_NPY = ("application/x-npy", "BASE64")


def measure(rounds: int) -> list[list[str]]:
    """Measure each format in turn.

    Returns
    -------
    list of list of str
        The cells of a table. Only the first format can be read by the guides' loop, so the ratio
        of the others is to what that loop does with as many inferences in the first.
    """
    say("formats")
    single = [data.rstrip(b"\n") for data in lines(_INFERENCES, 1)]
    batches = [data.rstrip(b"\n") for data in lines(_INFERENCES // MINI_BATCH, MINI_BATCH)]
    examples = {
        "CSV, one record": single,
        f"CSV, {MINI_BATCH} records": batches,
        _AS_JSON: batches,
        "CSV in base64, one record": _make(1, _base64_csv),
        f"JSON instances, {_FEW} records": _make(_FEW, _instances),
        f"JSON Lines, {_FEW} records": _make(_FEW, _json_lines),
        f"npy, {MINI_BATCH} records": _make(MINI_BATCH, _npy),
    }
    rates: dict[str, list[float]] = {name: [] for name in ("", *examples)}
    for _ in range(rounds):
        rates[""].append(_rate(lambda: _guides_loop(single)))
        for name, data in examples.items():
            rates[name].append(_rate(_parser(data, as_json=name == _AS_JSON)))
    loop = median(rates[""])
    cells = [["guides' loop: CSV, one record", f"{loop:,.0f}", f"{loop:,.0f}", "1.00"]]
    for name, data in examples.items():
        rate = median(rates[name])
        lines_a_second = rate * len(data) / _INFERENCES
        cells.append([name, f"{lines_a_second:,.0f}", f"{rate:,.0f}", f"{rate / loop:.2f}"])
    return cells


def microseconds_an_event() -> float:
    """Return how long it takes to read an SQS event of ten messages."""
    event = sqs_event(*(f"file-{n}" for n in range(_MESSAGES)))
    started = time.perf_counter()
    for _ in range(_EVENTS):
        read_event(event)
    return (time.perf_counter() - started) / _EVENTS * 1e6


def _parser(data: Sequence[bytes], *, as_json: bool) -> Callable[[], int]:
    mapping = ColumnMapping.of(FEATURES, [OUTPUT], timestamp=TIME, event_id=ID)
    types = dict.fromkeys((*FEATURES, OUTPUT), DataType.FLOAT)
    parser = LineParser(mapping, Schema(types), as_json=as_json)
    parse = parser.for_file(CaptureFile("bucket", "key"))

    def run() -> int:
        count = 0
        for item in data:
            parsed = parse(item)
            assert isinstance(parsed, ParsedLine), parsed
            count += len(parsed.inferences)
        return count

    return run


def _guides_loop(data: Sequence[bytes]) -> int:
    count = 0
    for item in data:
        record = json.loads(item)
        captured = record["captureData"]
        row = dict(zip(FEATURES, captured["endpointInput"]["data"].split(","), strict=False))
        row[OUTPUT] = captured["endpointOutput"]["data"]
        row[TIME] = record["eventMetadata"]["inferenceTime"]
        count += len(row) > 0
    return count


def _rate(work: Callable[[], int]) -> float:
    started = time.perf_counter()
    count = work()
    seconds = time.perf_counter() - started
    assert count == _INFERENCES, count
    return count / seconds


Rows = list[list[float]]
# What is captured of the request and of the response, and their content type and encoding.
Written = tuple[str, str, tuple[str, str]]


def _make(records: int, write: Callable[[Rows, list[float]], Written]) -> list[bytes]:
    generator = random.Random(records)  # noqa: S311 - only has to be the same every time
    data = []
    for number in range(_INFERENCES // records):
        rows = [[round(generator.uniform(-9, 99), 3) for _ in FEATURES] for _ in range(records)]
        scores = [generator.random() for _ in rows]
        sent, answered, kind = write(rows, scores)
        data.append(line(number, sent, answered, kind))
    return data


def _base64_csv(rows: Rows, scores: list[float]) -> Written:
    sent = "\n".join(",".join(map(str, row)) for row in rows)
    return _base64(sent.encode()), _base64("\n".join(map(str, scores)).encode()), _CSV_BASE64


def _instances(rows: Rows, scores: list[float]) -> Written:
    sent = json.dumps({"instances": [{"features": row} for row in rows]})
    return sent, json.dumps({"predictions": [{"score": score} for score in scores]}), _JSON


def _json_lines(rows: Rows, scores: list[float]) -> Written:
    sent = "\n".join(json.dumps({"features": row}) for row in rows)
    return sent, "\n".join(json.dumps({"score": score}) for score in scores), _JSON_LINES


def _npy(rows: Rows, scores: list[float]) -> Written:
    return _base64(_saved(rows)), _base64(_saved([[score] for score in scores])), _NPY


def _saved(rows: Rows) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(rows))
    return file.getvalue()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
