"""The values that travel through the forwarder. Plain and frozen, no I/O.

Those made once a line or once a row are msgspec structs, which cost a quarter of a frozen
dataclass to make, and `gc=False`: they are never part of a cycle, and having them looked at by
the collector costs as much as making them. The others are dataclasses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import msgspec

Row = dict[str, object]
"""An inference as column name → value; values are what JSON can hold."""

# {any prefix}/{endpoint}/{variant}/yyyy/mm/dd/hh/{file}. A destination with a trailing slash
# gives empty parts in the prefix, never behind the endpoint (seen in real listings).
_KEY = re.compile(
    r"(?:^|/)(?P<endpoint>[^/]+)/(?P<variant>[^/]+)"
    r"/(?P<year>\d{4})/(?P<month>0[1-9]|1[0-2])/(?P<day>0[1-9]|[12]\d|3[01])"
    r"/(?P<hour>[01]\d|2[0-3])/[^/]+$"
)


@dataclass(frozen=True)
class CaptureObject:
    """One S3 object with capture lines.

    Parameters
    ----------
    bucket, key
        Where it lies; the key as S3 knows it, decoded.
    version_id
        The version to read, on a versioned bucket; else None.
    """

    bucket: str
    key: str
    version_id: str | None = None

    @cached_property
    def _parts(self) -> Mapping[str, str]:
        found = _KEY.search(self.key)
        return found.groupdict() if found else {}

    @property
    def endpoint(self) -> str | None:
        """The endpoint's name, parsed from the right of the key; None for another layout."""
        return self._parts.get("endpoint")

    @property
    def variant(self) -> str | None:
        """The production variant's name, parsed from the right of the key."""
        return self._parts.get("variant")

    @property
    def capture_hour(self) -> str | None:
        """The hour the file belongs to, as ISO 8601 in UTC (`2026-03-01T10:00:00Z`)."""
        if not self._parts:
            return None
        return "{year}-{month}-{day}T{hour}:00:00Z".format(**self._parts)

    def __str__(self) -> str:
        version = f" (version {self.version_id})" if self.version_id else ""
        return f"s3://{self.bucket}/{self.key}{version}"


class Reason(StrEnum):
    """Why a line or an inference cannot be delivered."""

    INVALID_JSON = "invalid-json"
    NOT_A_CAPTURE_RECORD = "not-a-capture-record"
    MISSING_INPUT = "missing-input"
    MISSING_OUTPUT = "missing-output"
    UNDECODABLE_PAYLOAD = "undecodable-payload"
    UNSUPPORTED_CONTENT_TYPE = "unsupported-content-type"
    COLUMN_COUNT_MISMATCH = "column-count-mismatch"
    RECORD_COUNT_MISMATCH = "record-count-mismatch"
    ERROR_RESPONSE = "error-response"
    LINE_TOO_LONG = "line-too-long"
    REJECTED_BY_PLATFORM = "rejected-by-platform"


class DataType(StrEnum):
    """The column types of a platform's model schema."""

    FLOAT = "float"
    INT = "int"
    BOOL = "bool"
    STR = "str"
    CATEGORY = "category"
    TIMESTAMP = "timestamp"
    VECTOR = "vector"


class Inference(msgspec.Struct, frozen=True, gc=False):
    """One scored row with its stable id: inferenceId, else eventId, with `_{index}` if several.

    The names are shared by all rows of a route, so that making a row costs no dictionary.
    """

    id: str
    names: tuple[str, ...]
    values: tuple[object, ...]

    @classmethod
    def of(cls, name: str, row: Row) -> Inference:
        """Make an inference from its id and its row."""
        return cls(name, tuple(row), tuple(row.values()))

    @property
    def row(self) -> Row:
        """The row as a dictionary, made anew."""
        # There are as many values as names by construction; checking it costs a third more.
        return dict(zip(self.names, self.values, strict=False))


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """Why a line cannot be forwarded. `detail` tells a person more and quotes no data."""

    reason: Reason
    detail: str


class ParsedLine(msgspec.Struct, frozen=True, gc=False):
    """What a line, or several alike, hold: the inferences in order, and columns that did not cast.

    `inference_time` is that of the last line that has one.
    """

    inferences: Sequence[Inference]
    inference_time: str | None = None
    cast_failures: Mapping[str, int] = {}


class Place(msgspec.Struct, frozen=True, order=True, gc=False):
    """How far an object is done: bytes (unzipped) and lines from its start."""

    offset: int = 0
    lines: int = 0


class RawLine(msgspec.Struct, frozen=True, gc=False):
    """One line of an object.

    `number` counts from 1; `offset` is in bytes from the start of the (unzipped) object;
    `data` has no line end, which `ended` says whether there was one. When `too_long`, `data` is
    only the line's beginning and `length` its true size.
    """

    number: int
    offset: int
    data: bytes
    length: int
    too_long: bool = False
    ended: bool = True

    @property
    def before(self) -> Place:
        """How far the object is done when all lines in front of this one are."""
        return Place(self.offset, self.number - 1)

    @property
    def place(self) -> Place:
        """How far the object is done when this line is."""
        return Place(self.offset + self.length + self.ended, self.number)


class LedgerKey(msgspec.Struct, frozen=True):
    """What the ledger keeps a place for: one revision of an object on one route.

    `revision` is the version id where the bucket has versions, else the ETag, so that an object
    that was overwritten is not taken for the one that was delivered.
    """

    bucket: str
    key: str
    revision: str
    route: str


class Claim(msgspec.Struct, frozen=True):
    """What the ledger says when work on an object begins: where to go on, or that it is done."""

    place: Place
    finished: bool = False


class QuarantineEntry(msgspec.Struct, frozen=True):
    """One rejected line as it is kept: enough to understand it and to send it again.

    `line` is the line itself where `encoding` is "utf-8", else its bytes in base64. For an
    inference that the platform refused, `inference_id` and `row_index` name it in its line;
    for a line, both are None.
    """

    reason: str
    detail: str
    bucket: str
    key: str
    version_id: str | None
    route: str
    line_number: int
    offset: int
    length: int
    time: str
    encoding: str
    line: str
    inference_id: str | None = None
    row_index: int | None = None


class Schema(msgspec.Struct, frozen=True):
    """What a platform knows of the model: its columns' types and its id and time columns.

    Parameters
    ----------
    types
        Column name → type; empty when the platform has no schema.
    categories
        For category columns that list their values: column name → those values.
    event_id_column, timestamp_column
        The columns that the platform reads the event's id and time from, if it has any.
    required
        Columns that the model has as inputs or outputs.
    """

    types: Mapping[str, DataType] = msgspec.field(default_factory=dict)
    categories: Mapping[str, Sequence[object]] = msgspec.field(default_factory=dict)
    event_id_column: str | None = None
    timestamp_column: str | None = None
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchLimits:
    """The most of one publish request, and of several.

    `rows` and `bytes` (of captured text) are those of one request; `requests` is how many may be
    under way at once. Where `whole_lines`, a batch holds all inferences of a line or none, and a
    line that is over the limits by itself goes alone.
    """

    rows: int
    bytes: int
    requests: int = 64
    whole_lines: bool = False


class ObjectReport(msgspec.Struct, frozen=True):
    """The accounting of one object on one route, as far as this invocation went through it.

    lines = forwarded + quarantined + empty, and inferences = published + refused. `repeated` says
    that the object had been delivered before and was not read; `resumed_at` is the line behind
    which this invocation began; `latencies` are the newest of the accepted requests, in seconds.
    """

    lines: int = 0
    forwarded: int = 0
    empty: int = 0
    quarantined: Mapping[str, int] = msgspec.field(default_factory=dict)
    inferences: int = 0
    published: int = 0
    refused: int = 0
    requests: int = 0
    retries: int = 0
    latencies: tuple[float, ...] = ()
    repeated: bool = False
    resumed_at: int = 0
    bytes: int = 0
    seconds: float = 0.0
    lag_seconds: float | None = None
    cast_failures: Mapping[str, int] = msgspec.field(default_factory=dict)

    @property
    def quarantined_lines(self) -> int:
        """How many lines went to quarantine, whatever the reason."""
        return sum(self.quarantined.values())
