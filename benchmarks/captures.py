"""The capture files and events that everything is measured with."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

MODEL_ID = "7b1e3c52-90af-4d2e-8b64-1f0a5d9c3e71"
FEATURES = [f"feature_{n}" for n in range(20)]
OUTPUT, TIME, ID = "score", "inference_time", "event_id"
BUCKET = "captures"
PREFIX = "datacapture/endpoint/AllTraffic/2026/03/01/10"
ROWS = 100_000
MINI_BATCH = 100
SMALL = 50
WARM_UP = 2_000
IN_BASE64 = 20_000

_BAD_EVERY = 100


def key(name: str) -> str:
    """Return the key of a capture file."""
    return f"{PREFIX}/20-30-123-{name}.jsonl"


def write_all(root: Path) -> dict[str, Path]:
    """Write every capture file below the folder that the S3 of the measurements serves.

    Returns
    -------
    dict
        The files by their short names.
    """
    paths: dict[str, Path] = {}
    files: dict[str, Iterable[bytes]] = {
        "warm-up": lines(WARM_UP, 1),
        "small": lines(SMALL, 1),
        "single": lines(ROWS, 1),
        "mini-batches": lines(ROWS // MINI_BATCH, MINI_BATCH),
        "base64": lines(IN_BASE64, 1, encoded=True),
        "some-bad": _spoiled(lines(ROWS, 1)),
    }
    paths |= write(root, files)
    large = paths["large"] = root / BUCKET / key("large")
    with large.open("wb") as file:
        single = paths["single"].read_bytes()
        for _ in range(10):
            file.write(single)
    return paths


def write(root: Path, files: Mapping[str, Iterable[bytes]]) -> dict[str, Path]:
    """Write capture files, given as lines by their short names; return their paths."""
    paths = {name: root / BUCKET / key(name) for name in files}
    for name, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(files[name]))
    return paths


def lines(count: int, records: int, *, encoded: bool = False) -> Iterator[bytes]:
    """Write lines of `records` inferences of 20 numbers each, as CSV, `encoded` in base64."""
    kind = ("text/csv", "BASE64" if encoded else "CSV")
    generator = random.Random(count)  # noqa: S311 - only has to be the same every time
    for n in range(count):
        rows = [[f"{generator.uniform(-9, 99):.5g}" for _ in FEATURES] for _ in range(records)]
        sent = "\n".join(",".join(row) for row in rows)
        answered = "\n".join(f"{generator.random():.16g}" for _ in rows)
        if encoded:
            sent, answered = (b64encode(text.encode()).decode() for text in (sent, answered))
        yield line(n, sent, answered, kind) + b"\n"


def line(
    number: int, sent: str, answered: str, kind: tuple[str, str] = ("text/csv", "CSV")
) -> bytes:
    """Write one line, without its end.

    Parameters
    ----------
    number
        Makes the id of the call.
    sent, answered
        What was captured of the request and of the response.
    kind
        Content type and encoding of both.
    """
    content_type, encoding = kind
    sides = {"endpointInput": sent, "endpointOutput": answered}
    record = {
        "captureData": {
            name: {
                "observedContentType": content_type,
                "mode": name.removeprefix("endpoint").upper(),
                "data": data,
                "encoding": encoding,
            }
            for name, data in sides.items()
        },
        "eventMetadata": {
            "eventId": f"4fae283c-7e6b-4c3b-9d2e-{number:012d}",
            "inferenceTime": "2026-03-01T10:20:30Z",
        },
        "eventVersion": "0",
    }
    return json.dumps(record, separators=(",", ":")).encode()


def _spoiled(good: Iterable[bytes]) -> Iterator[bytes]:
    """Break one line in a hundred: in turn cut short, and with a value too many."""
    for number, data in enumerate(good):
        if number % _BAD_EVERY:
            yield data
        elif number % (2 * _BAD_EVERY):
            yield data[: len(data) // 2] + b"\n"
        else:
            yield data.replace(b'"data":"', b'"data":"1,', 1)


def s3_event(name: str) -> dict[str, object]:
    """Return the notification that S3 sends to Lambda for one capture file."""
    source = {"bucket": {"name": BUCKET}, "object": {"key": key(name)}}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-03-01T10:21:52.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", **source},
    }
    return {"Records": [record]}


def sqs_event(*names: str) -> dict[str, object]:
    """Return what Lambda hands on from the queue of the template: one message a file."""
    records = []
    for number, name in enumerate(names):
        body = {
            "version": "0",
            "id": f"6d82c3cf-cb98-429f-8b54-{number:012d}",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": "111122223333",
            "time": "2026-03-01T10:21:52Z",
            "region": "us-east-1",
            "resources": [f"arn:aws:s3:::{BUCKET}"],
            "detail": {
                "version": "0",
                "bucket": {"name": BUCKET},
                "object": {"key": key(name), "size": 28641, "sequencer": "0069A4589BE80B069E"},
                "request-id": "844585A0BCF00231",
                "requester": "111122223333",
                "reason": "PutObject",
            },
        }
        records.append(
            {
                "messageId": f"17a1c4e6-f68f-4ff4-b964-{number:012d}",
                "receiptHandle": "AQEBFoUhLYwf1eeQpgF266ZL5doXdeg1vVm",
                "body": json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1772360512617"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:capture-files",
                "awsRegion": "us-east-1",
            }
        )
    return {"Records": records}
