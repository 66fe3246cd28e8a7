"""The limit: the least that the same work takes in Python, with nothing in between.

Each step is one call of C code for a thousand rows: lines are decoded into what is needed of them,
values typed, batches encoded, and posted as bytes through open connections, several under way. It
checks nothing, remembers nothing and knows one format. msgspec stands for all fast JSON libraries.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection
from threading import local
from typing import Any
from urllib.parse import urlsplit

import msgspec

COLUMNS = os.environ["FIDDLER_MODEL_COLUMNS"].split(",")
OUTPUT = os.environ["FIDDLER_MODEL_OUTPUT_COLUMN"]
TIMESTAMP = os.environ["FIDDLER_TIMESTAMP_COLUMN"]
ID = "event_id"
IN_FLIGHT = 8
BATCH = 1000
BUFFER = 256 * 1024


class Side(msgspec.Struct, gc=False):
    """One side of a call."""

    data: str


class Data(msgspec.Struct, rename="camel", gc=False):
    """Both sides."""

    endpoint_input: Side
    endpoint_output: Side


class Metadata(msgspec.Struct, rename="camel", gc=False):
    """What is needed besides."""

    event_id: str
    inference_time: str


class Record(msgspec.Struct, rename="camel", gc=False):
    """One line."""

    capture_data: Data
    event_metadata: Metadata


NAMES = [*COLUMNS, OUTPUT, TIMESTAMP, ID]
Row = msgspec.defstruct("Row", NAMES, gc=False)
ALL: Any = tuple[(float,) * (len(COLUMNS) + 1)]  # type: ignore[misc]
INPUTS: Any = tuple[(float,) * len(COLUMNS)]  # type: ignore[misc]
decode_lines = msgspec.json.Decoder(Record).decode_lines
decode_all = msgspec.json.Decoder(list[ALL]).decode
decode_inputs = msgspec.json.Decoder(list[INPUTS]).decode
decode_scores = msgspec.json.Decoder(list[float]).decode
encode = msgspec.json.Encoder().encode
PLATFORM = urlsplit(os.environ["FIDDLER_URL"]).netloc
STORE = urlsplit(os.environ["AWS_ENDPOINT_URL_S3"]).netloc
HEADERS = {
    "Authorization": f"Bearer {os.environ['FIDDLER_TOKEN']}",
    "Content-Type": "application/json",
}
HEAD = b'{"source":{"type":"EVENTS","events":'
MODEL = os.environ["FIDDLER_MODEL_UUID"]
TAIL = f'}},"model_id":"{MODEL}","env_type":"PRODUCTION","env_name":null}}'.encode()

executor = ThreadPoolExecutor(IN_FLIGHT)
connections = local()


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, object]:
    """Publish the rows of the first object that an event announces."""
    place = event["Records"][0]["s3"]
    posts: list[Future[None]] = []
    rows: list[Any] = []
    for lines in read(place["bucket"]["name"], place["object"]["key"]):
        rows += typed(decode_lines(b"\n".join(lines)))
        while len(rows) >= BATCH:
            posts.append(executor.submit(post, encode(rows[:BATCH])))
            del rows[:BATCH]
            if len(posts) > IN_FLIGHT:
                posts.pop(0).result()
    if rows:
        posts.append(executor.submit(post, encode(rows)))
    for sent in posts:
        sent.result()
    return {}


def read(bucket: str, key: str) -> Iterator[Sequence[bytes]]:
    """Read an object, some lines at a time."""
    store = HTTPConnection(STORE)
    store.request("GET", f"/{bucket}/{key}")
    answer = store.getresponse()
    rest = b""
    while data := answer.read(BUFFER):
        *lines, rest = (rest + data).split(b"\n")
        yield lines
    if rest:
        yield [rest]
    store.close()


def typed(records: Sequence[Record]) -> list[Any]:
    """Make rows of calls."""
    if not records or "\n" in records[0].capture_data.endpoint_input.data:
        return [row for record in records for row in typed_batch(record)]
    texts = [
        f"{record.capture_data.endpoint_input.data},{record.capture_data.endpoint_output.data}"
        for record in records
    ]
    values = decode_all(f"[[{'],['.join(texts)}]]")
    return [
        Row(*row, record.event_metadata.inference_time, record.event_metadata.event_id)
        for row, record in zip(values, records, strict=True)
    ]


def typed_batch(record: Record) -> list[Any]:
    """Make rows of a call with several."""
    data, metadata = record.capture_data, record.event_metadata
    inputs = decode_inputs("[[" + data.endpoint_input.data.replace("\n", "],[") + "]]")
    scores = decode_scores("[" + data.endpoint_output.data.replace("\n", ",") + "]")
    time, name = metadata.inference_time, metadata.event_id
    return [
        Row(*row, score, time, f"{name}_{n}")
        for n, (row, score) in enumerate(zip(inputs, scores, strict=True))
    ]


def post(events: bytes) -> None:
    """Post one batch."""
    connection = getattr(connections, "own", None)
    if connection is None:
        connection = connections.own = HTTPConnection(PLATFORM)
    connection.request("POST", "/v3/events", b"".join((HEAD, events, TAIL)), HEADERS)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == HTTPStatus.OK
