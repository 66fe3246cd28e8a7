"""Redrive as a function uses it: the same preparation and batches as forwarding, no terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    QuarantineError,
)
from capture_forwarder.core.line import Line, Position
from capture_forwarder.core.ports import Ports, Publisher
from capture_forwarder.core.quarantine_entry import QuarantineEntry, encode_entries, make_entry
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.preparation import Preparation
from capture_forwarder.forwarding.route import Route
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.quarantine.contents import Contents
from capture_forwarder.quarantine.entries import read_entries, read_files
from capture_forwarder.quarantine.entry_sender import EntrySender
from capture_forwarder.quarantine.redrive import Redrive, Selection
from tests.support.captures import line, side
from tests.support.fakes import ManualClock, MemoryQuarantine, MemoryStore

MAPPING = ColumnMapping.of("age,income", "score")
SOURCE = CaptureFile("captured", "captures/endpoint/variant/2026/03/01/10/20-30-123-a.jsonl", "v7")
SCHEMA = Schema(
    types={
        "age": DataType.INT,
        "income": DataType.FLOAT,
        "score": DataType.FLOAT,
        "event_id": DataType.STR,
        "region": DataType.STR,
    },
    event_id_column="event_id",
    required=("age", "income", "region", "score"),
)


class MemoryFiles:
    """A quarantine in memory."""

    def __init__(self, **files: bytes) -> None:
        self.files = files

    def names(self) -> list[tuple[str, int]]:
        return [(name, len(data)) for name, data in self.files.items()]

    def read(self, name: str) -> tuple[bytes, str]:
        return self.files[name], str(hash(self.files[name]))

    def replace(self, name: str, data: bytes, revision: str) -> None:
        assert revision == str(hash(self.files[name]))
        self.files[name] = data

    def remove(self, name: str, revision: str) -> None:
        assert revision == str(hash(self.files[name]))
        del self.files[name]

    @property
    def entries(self) -> list[QuarantineEntry]:
        found = [read_entries(name, data) for name, data in self.files.items()]
        return [stored.entry for entries in found for stored in entries]


class RecordingPublisher:
    """Keeps batches whole; answers as `answer` says."""

    def __init__(self, limits: BatchLimits, *, takes_json: bool = False) -> None:
        self.limits = limits
        self.takes_json = takes_json
        self.batches: list[Batch] = []
        self.tried = 0
        self.schema_answers: list[Exception] = []
        self.known = SCHEMA
        self.answer: Callable[[Batch], Receipt] = lambda _: ACCEPTED

    def schema(self) -> Schema:
        if self.schema_answers:
            raise self.schema_answers.pop(0)
        return self.known

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        del deadline
        self.tried += 1
        receipt = self.answer(batch)
        self.batches.append(batch)
        return receipt


class Warnings:
    """A reporter that keeps warnings."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, dict[str, object]]] = []

    def warn(self, message: str, **facts: object) -> None:
        self.warnings.append((message, facts))

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def call(number: int, rows: int = 1) -> bytes:
    request = "\n".join(f"{number},{row}.5" for row in range(rows))
    return line(side(request), side("\n".join(["0.5"] * rows)), eventId=f"event-{number}")


def entry(number: int, raw: bytes | None = None, **changes: Any) -> QuarantineEntry:
    raw = call(number) if raw is None else raw
    made = make_entry(
        SOURCE,
        Line(number, number * 1000, raw, len(raw)),
        Rejection(Reason.MISSING_INPUT, "as it was"),
        "captures",
        "2026-03-01T10:00:00",
    )
    return msgspec.structs.replace(made, **changes)


def redrive(  # noqa: PLR0913 - what a test may change
    files: MemoryFiles,
    publisher: Publisher,
    selection: Selection = Selection(),  # noqa: B008 - frozen
    *,
    mapping: ColumnMapping = MAPPING,
    clock: ManualClock | None = None,
    reporter: Any = None,
    retry_seconds: float = 60.0,
) -> Redrive:
    clock = clock or ManualClock()
    warned: Any = reporter or Warnings()

    def sender() -> EntrySender:
        preparation = Preparation(mapping, publisher, clock, retry_seconds, warned)
        batches = BatchSender(publisher, clock, retry_seconds=retry_seconds)
        return EntrySender(preparation, publisher, batches, dry_run=selection.dry_run)

    work = Redrive(files, {"captures": sender}, selection)
    for _ in work.run():
        pass
    return work


# --- the same preparation as forwarding -------------------------------------------------------


def test_a_platform_that_cannot_give_its_schema_at_once_is_asked_again() -> None:
    publisher = RecordingPublisher(BatchLimits(10, 10**6))
    publisher.schema_answers = [PlatformUnavailableError("It starts.")] * 3
    files = MemoryFiles(a=encode_entries([entry(1)]))
    clock = ManualClock()

    work = redrive(files, publisher, clock=clock)

    assert work.tally.complete
    assert work.tally.total.delivered == 1
    assert len(clock.sleeps) == 3


def test_columns_of_the_model_that_nothing_fills_are_warned_of_once() -> None:
    reporter = Warnings()
    files = MemoryFiles(a=encode_entries([entry(1)]), b=encode_entries([entry(2)]))

    redrive(files, RecordingPublisher(BatchLimits(10, 10**6)), reporter=reporter)

    assert reporter.warnings == [("model columns that no setting fills", {"columns": ["region"]})]


def test_the_id_column_of_the_model_is_filled_as_in_forwarding() -> None:
    publisher = RecordingPublisher(BatchLimits(10, 10**6))

    redrive(MemoryFiles(a=encode_entries([entry(1)])), publisher)

    (batch,) = publisher.batches
    assert batch.inferences[0].row["event_id"] == "event-1"


def test_a_column_that_the_model_does_not_have_stops_the_route_and_changes_nothing() -> None:
    publisher = RecordingPublisher(BatchLimits(10, 10**6))
    files = MemoryFiles(a=encode_entries([entry(1)]))

    work = redrive(files, publisher, mapping=ColumnMapping.of("age,wage", "score"))

    stopped = work.tally.routes["captures"].stopped
    assert isinstance(stopped, PublisherMisconfiguredError)
    assert "'wage'" in stopped.message
    assert (work.tally.total.unsent, publisher.tried) == (1, 0)
    assert len(files.entries) == 1


def test_a_schema_that_changes_between_two_files_is_noticed() -> None:
    publisher = RecordingPublisher(BatchLimits(10, 10**6))
    files = MemoryFiles(a=encode_entries([entry(1)]), b=encode_entries([entry(2)]))

    def rename_the_id(_: Batch) -> Receipt:
        types = dict(SCHEMA.types) | {"uuid": DataType.STR}
        publisher.known = msgspec.structs.replace(SCHEMA, types=types, event_id_column="uuid")
        return ACCEPTED

    publisher.answer = rename_the_id
    redrive(files, publisher)

    ids = [batch.inferences[0].row.keys() & {"event_id", "uuid"} for batch in publisher.batches]
    assert ids == [{"event_id"}, {"uuid"}]


# --- the same batches as forwarding -----------------------------------------------------------

LIMITS = st.builds(
    BatchLimits,
    rows=st.integers(1, 7),
    bytes=st.sampled_from([1, 700, 1500, 10**6]),
    whole_lines=st.booleans(),
)


def shape(batch: Batch) -> list[tuple[int, int, int, int]]:
    return [(part.line.number, part.first, part.count, part.total) for part in batch.line_slices]


def rows_of(batch: Batch) -> object:
    """The rows of a batch as JSON, however they are cut into fragments."""
    return msgspec.json.decode(b"[%s]" % b",".join(map(bytes, batch.json_rows)))


@given(LIMITS, st.lists(st.integers(1, 9), min_size=1, max_size=8), st.booleans())
def test_the_entries_of_a_file_are_cut_into_the_batches_that_forwarding_makes(
    limits: BatchLimits, rows: list[int], takes_json: bool
) -> None:
    lines = [call(number, count) for number, count in enumerate(rows, start=1)]
    forwarded, sent = (RecordingPublisher(limits, takes_json=takes_json) for _ in range(2))
    store = MemoryStore(**{SOURCE.key: b"\n".join(lines)})
    ports = Ports(store, forwarded, MemoryQuarantine(), ManualClock())
    options = RouteOptions("captures", 10**6, requests_in_flight=1)
    Route(MAPPING, options, ports, Warnings()).forward(SOURCE, Invocation("test"))  # type: ignore[arg-type]

    entries = [entry(number, raw) for number, raw in enumerate(lines, start=1)]
    redrive(MemoryFiles(a=encode_entries(entries)), sent)

    assert [shape(batch) for batch in sent.batches] == [shape(one) for one in forwarded.batches]
    assert [list(one.inferences) for one in sent.batches] == [
        list(one.inferences) for one in forwarded.batches
    ]
    assert [rows_of(batch) for batch in sent.batches] == [rows_of(one) for one in forwarded.batches]
    assert all(bool(batch.json_rows) is takes_json for batch in sent.batches)


def test_a_batch_says_nothing_of_how_far_its_capture_file_is_done() -> None:
    publisher = RecordingPublisher(BatchLimits(1, 10**6))

    redrive(MemoryFiles(a=encode_entries([entry(1), entry(2)])), publisher)

    assert [batch.position for batch in publisher.batches] == [Position()] * 2
    assert [(batch.capture_file, batch.revision) for batch in publisher.batches] == [
        (SOURCE, "v7")
    ] * 2


@pytest.mark.parametrize("takes_json", [False, True])
def test_an_inference_alone_keeps_its_place_in_its_line(takes_json: bool) -> None:
    publisher = RecordingPublisher(BatchLimits(10, 10**6), takes_json=takes_json)
    raw = call(1, rows=5)
    entries = [entry(1, raw, inference_id=f"event-1_{index}", row_index=index) for index in (3, 1)]

    redrive(MemoryFiles(a=encode_entries(entries)), publisher)

    (batch,) = publisher.batches
    assert shape(batch) == [(1, 3, 1, 5), (1, 1, 1, 5)]
    assert [one.row["income"] for one in batch.inferences] == [3.5, 1.5]


def test_entries_of_two_capture_files_never_share_a_batch() -> None:
    publisher = RecordingPublisher(BatchLimits(10, 10**6))
    other = entry(2, bucket="elsewhere")

    redrive(MemoryFiles(a=encode_entries([entry(1), other, entry(3)])), publisher)

    assert [batch.capture_file.bucket for batch in publisher.batches] == [
        "captured",
        "elsewhere",
        "captured",
    ]


# --- what becomes of the entries --------------------------------------------------------------


@pytest.mark.parametrize("takes_json", [False, True])
def test_a_refused_inference_becomes_an_entry_with_the_words_of_the_platform(
    takes_json: bool,
) -> None:
    publisher = RecordingPublisher(BatchLimits(10, 10**6), takes_json=takes_json)
    publisher.answer = lambda _: Receipt(refused={2: "not this one"})
    files = MemoryFiles(a=encode_entries([entry(1), entry(2, call(2, rows=3))]))

    work = redrive(files, publisher)

    (left,) = files.entries
    assert (left.line_number, left.inference_id, left.row_index) == (2, "event-2_1", 1)
    assert (left.reason, left.detail) == ("rejected-by-platform", "not this one")
    assert work.tally.together.inferences == 3


@given(
    st.lists(
        st.sampled_from(["good", "wide", "broken", "cut", "same", "refused", "empty", "several"]),
        max_size=12,
    ),
    st.integers(1, 4),
    st.integers(0, 8),
)
def test_every_entry_is_counted_once_and_stays_unless_it_was_delivered(
    kinds: list[str], rows: int, down_after: int
) -> None:
    publisher = RecordingPublisher(BatchLimits(rows, 10**6))

    def answer(batch: Batch) -> Receipt:
        if publisher.tried > down_after:
            raise PlatformUnavailableError("It is down.")
        numbered = enumerate(batch.inferences)
        return Receipt({at: "no" for at, one in numbered if one.row["age"] == 9000})

    publisher.answer = answer
    made = [_entry_of_kind(kind, number) for number, kind in enumerate(kinds, start=1)]
    files = MemoryFiles(a=encode_entries(made))

    work = redrive(files, publisher, retry_seconds=0)

    total = work.tally.total
    fates = (total.delivered, total.empty, total.repeated, total.rejected, total.cut, total.unsent)
    assert total.entries == len(kinds) == sum(fates)
    published = sum(len(batch) for batch in publisher.batches)
    assert work.tally.together.inferences <= published
    assert len(files.entries) == total.rejected + total.cut + total.unsent
    assert bool(work.tally.routes["captures"].stopped) is (total.unsent > 0)


def _entry_of_kind(kind: str, number: int) -> QuarantineEntry:
    nothing = side("[]", "application/json")
    lines = {
        "wide": line(side("1,2,3"), side("0.5"), eventId=str(number)),
        "broken": b"{",
        "cut": b'{"cap',
        "refused": line(side("9000,1.5"), side("0.5"), eventId=str(number)),
        "empty": line(nothing, nothing, eventId=str(number)),
        "several": call(number, rows=3),
    }
    if kind == "same":
        return entry(1)
    made = entry(number, lines.get(kind))
    return msgspec.structs.replace(made, length=10**9) if kind == "cut" else made


def test_a_line_of_several_batches_is_delivered_only_when_all_of_them_are() -> None:
    publisher = RecordingPublisher(BatchLimits(2, 10**6))

    def answer(_: Batch) -> Receipt:
        if publisher.tried == 2:
            raise PlatformUnavailableError("It is down.")
        return ACCEPTED

    publisher.answer = answer
    files = MemoryFiles(a=encode_entries([entry(1, call(1, rows=5))]))

    work = redrive(files, publisher, retry_seconds=0)

    assert (work.tally.total.delivered, work.tally.total.unsent) == (0, 1)
    assert len(files.entries) == 1


def test_a_dry_run_asks_for_the_schema_and_sends_nothing() -> None:
    publisher = RecordingPublisher(BatchLimits(2, 10**6))
    files = MemoryFiles(a=encode_entries([entry(1), entry(2, b"{")]))
    before = dict(files.files)

    work = redrive(files, publisher, Selection(dry_run=True))

    assert publisher.tried == 0
    assert (work.tally.total.delivered, work.tally.total.rejected) == (1, 1)
    assert files.files == before


# --- looking at a quarantine ------------------------------------------------------------------


def test_a_quarantine_is_counted_without_a_terminal() -> None:
    files = MemoryFiles(
        a=encode_entries([entry(1), entry(2, time="2026-03-01T11:00:00")]), b=b"no entry\n"
    )
    contents = Contents()
    for file in read_files(files):
        contents.add(file)

    assert contents.files == 1
    assert contents.reasons == {"missing-input": 2}
    ((kind, group),) = contents.groups.items()
    assert kind == ("missing-input", SOURCE, "captures")
    assert (group.first, group.last) == ("2026-03-01T10:00:00", "2026-03-01T11:00:00")
    (problem,) = contents.problems
    assert isinstance(problem, QuarantineError)
    assert re.search(r"b is not a quarantine file: line 1", problem.message)
