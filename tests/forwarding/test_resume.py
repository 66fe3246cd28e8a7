"""The ledger's position, leases, the deadline, and objects that are handed on."""

from __future__ import annotations

import gzip
import io
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    BatchRefusedError,
    CaptureFileBusyError,
    CaptureFileError,
    CaptureFilesFailedError,
    LeaseLostError,
    NoProgressError,
    OutOfTimeError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    QuarantineError,
)
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import OpenedFile, Ports
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.forwarding.route import Route
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.triggers import write_continuation
from tests.forwarding.test_forwarder import Reports
from tests.support.captures import line, side
from tests.support.fakes import (
    ManualClock,
    MemoryLedger,
    MemoryPublisher,
    MemoryQuarantine,
    MemoryStore,
    OneRoute,
)

MAPPING = ColumnMapping.of("a", "score")
SOURCE = CaptureFile("bucket", "file")
TERMS = RouteOptions("default", 10**6, requests_in_flight=1, retry_seconds=0.0)


def call(number: int, records: int = 1) -> bytes:
    request = "\n".join(str(number) for _ in range(records))
    response = "\n".join("0.5" for _ in range(records))
    return line(side(request), side(response), eventId=f"call-{number:03d}")


class Setting:
    """An object of many lines, a ledger and a publisher that can fail."""

    def __init__(self, *lines: bytes, rows: int = 2, zipped: bool = False) -> None:
        content = b"\n".join(lines)
        self.clock = ManualClock()
        self.store = MemoryStore(file=gzip.compress(content) if zipped else content)
        self.publisher = MemoryPublisher(rows=rows)
        self.quarantine = MemoryQuarantine()
        self.ledger = MemoryLedger(self.clock)
        self.ports = Ports(self.store, self.publisher, self.quarantine, self.clock, self.ledger)
        self.options = TERMS

    def forward(self, owner: str = "one", deadline: float | None = None) -> FileReport:
        return forward_file(
            SOURCE, LineParser(MAPPING), self.ports, self.options, Invocation(owner, deadline)
        )

    @property
    def ids(self) -> list[str]:
        return [inference.id for inference in self.publisher.published]

    @property
    def position(self) -> Position:
        (position,) = self.ledger.positions.values()
        return position

    def fail_after(self, batches: int, error: Exception) -> None:
        def refuse(_: Sequence[Inference]) -> None:
            if len(self.publisher.batches) >= batches:
                raise error

        self.publisher.refuse = refuse

    def heal(self) -> None:
        self.publisher.refuse = lambda _: None


NAMES = [f"call-{n:03d}" for n in range(7)]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("batches", range(4))
def test_the_next_delivery_goes_on_at_the_first_line_that_is_not_acknowledged(
    batches: int, zipped: bool
) -> None:
    setting = Setting(*map(call, range(7)), zipped=zipped)
    setting.fail_after(batches, PlatformUnavailableError("down"))
    with pytest.raises(PlatformUnavailableError):
        setting.forward()
    assert setting.position.lines == 2 * batches
    setting.heal()

    report = setting.forward("two")

    assert setting.ids == NAMES
    assert report.resumed_at == 2 * batches
    assert report.lines == 7 - 2 * batches


class BreakingStore(MemoryStore):
    """Breaks off in the middle of an object, the first time it is read."""

    broken = False

    @contextmanager
    def open(self, source: CaptureFile) -> Iterator[OpenedFile]:
        with super().open(source) as opened:
            if self.broken:
                yield opened
                return
            self.broken = True
            half = len(self.objects[source.key]) // 2
            yield OpenedFile(cast("BinaryIO", _Breaking(opened.stream, half)), opened.revision)


class _Breaking(io.RawIOBase):
    def __init__(self, stream: BinaryIO, length: int) -> None:
        super().__init__()
        self._stream = stream
        self._length = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._length:
            raise CaptureFileError("Reading broke off.")
        data = self._stream.read(min(len(buffer), self._length))
        buffer[: len(data)] = data
        self._length -= len(data)
        return len(data)


def test_what_was_under_way_still_counts_when_the_object_breaks_off() -> None:
    # Longer than the reader's buffer, so that some of it is sent before the end is missed.
    setting = Setting(*map(call, range(2000)), rows=50)
    setting.options = RouteOptions("default", 10**6, requests_in_flight=4)
    store = BreakingStore(file=setting.store.objects["file"])
    setting.ports = Ports(
        store, setting.publisher, setting.quarantine, setting.clock, setting.ledger
    )
    with pytest.raises(CaptureFileError):
        setting.forward()
    assert len(setting.ids) == setting.position.lines > 0

    setting.forward()

    assert len(setting.ids) == len(set(setting.ids)) == 2000


def test_a_finished_object_is_answered_at_once_when_its_event_comes_again() -> None:
    setting = Setting(*map(call, range(7)))
    setting.forward()

    assert setting.forward("two").repeated
    assert setting.ids == NAMES


def test_an_object_that_was_overwritten_is_another_one() -> None:
    setting = Setting(call(1))
    setting.forward()
    setting.store.objects["file"] = call(2)

    assert not setting.forward().repeated
    assert setting.ids == ["call-001", "call-002"]


def test_a_small_object_costs_two_writes_of_the_ledger() -> None:
    setting = Setting(*map(call, range(50)), rows=1000)
    setting.forward()
    assert setting.ledger.writes == 2


def test_two_invocations_never_work_on_one_object() -> None:
    setting = Setting(call(1))
    setting.ledger.claim(next(iter(_keys(setting))), "other", 60)

    with pytest.raises(CaptureFileBusyError):
        setting.forward()
    setting.clock.time += 61
    setting.forward()

    assert setting.ids == ["call-001"]


def test_invocations_without_a_name_do_not_share_a_lease() -> None:
    assert Invocation().owner != Invocation().owner
    setting = Setting(call(0))
    owners = set()
    for _ in range(2):
        forwarder(setting, None, Reports()).handle(
            {"Records": [{"s3": {"bucket": {"name": "bucket"}, "object": {"key": "file"}}}]}
        )
        owners |= {owner for owner, _ in setting.ledger.leases.values()}
        setting.ledger.finished.clear()
        setting.clock.time += 61
    assert len(owners) == 2


def _keys(setting: Setting) -> list[LedgerKey]:
    """The key of the object, found by an attempt that fails before it publishes."""
    setting.fail_after(0, PlatformUnavailableError("down"))
    with pytest.raises(PlatformUnavailableError):
        setting.forward("probe")
    setting.heal()
    return list(setting.ledger.positions)


def test_who_lost_the_lease_publishes_nothing_more() -> None:
    setting = Setting(*map(call, range(7)))

    def take_over(_: Sequence[Inference]) -> None:
        if len(setting.publisher.batches) == 1:
            setting.clock.time += 61
            (key,) = setting.ledger.positions
            setting.ledger.claim(key, "other", 60)

    setting.publisher.refuse = take_over
    with pytest.raises(LeaseLostError):
        setting.forward()

    # The batch that was in flight is out; nothing follows it, and its position is not saved.
    assert setting.ids == NAMES[:4]
    assert setting.position.lines == 2


def test_a_lease_is_renewed_while_requests_take_long() -> None:
    setting = Setting(*map(call, range(6)))

    def slow(_: Sequence[Inference]) -> None:
        setting.clock.time += 40

    setting.publisher.refuse = slow
    setting.forward()

    assert setting.ids == NAMES[:6]


def test_a_failed_object_is_given_back_at_once() -> None:
    setting = Setting(call(1))
    setting.fail_after(0, PlatformUnavailableError("down"))
    with pytest.raises(PlatformUnavailableError):
        setting.forward("one")
    assert setting.ledger.leases == {}


def test_the_place_never_stands_inside_a_line() -> None:
    setting = Setting(call(0, 5), call(1, 5))
    setting.fail_after(3, PlatformUnavailableError("down"))
    with pytest.raises(PlatformUnavailableError):
        setting.forward()
    assert setting.position.lines == 1
    setting.heal()
    setting.forward()
    sent = set(setting.ids)
    assert sent == {f"call-{n:03d}_{k}" for n in range(2) for k in range(5)}


def test_what_was_rejected_is_kept_before_the_place_moves_past_it() -> None:
    setting = Setting(call(0), b"no json", call(1), call(2), call(3))
    kept_at: list[int] = []

    class Watching(MemoryQuarantine):
        def put(self, source: CaptureFile, entries: object) -> None:
            kept_at.append(setting.position.lines)
            super().put(source, entries)  # type: ignore[arg-type]

    setting.ports = Ports(
        setting.store, setting.publisher, Watching(), setting.clock, setting.ledger
    )
    setting.forward()
    assert kept_at == [0]


def test_a_rejected_line_is_kept_once_however_often_the_object_is_resumed() -> None:
    lines = [part for n in range(6) for part in (call(n), b"bad")]
    setting = Setting(*lines)
    for batches in (1, 2, 3):
        setting.fail_after(batches, PlatformUnavailableError("down"))
        try:
            setting.forward()
        except PlatformUnavailableError:
            setting.heal()
    setting.forward()

    numbers = [entry.line_number for entry in setting.quarantine.entries]
    assert numbers == [2, 4, 6, 8, 10, 12]
    assert setting.ids == NAMES[:6]


def test_without_a_quarantine_the_place_stays_before_what_was_rejected() -> None:
    setting = Setting(call(0), call(1), b"bad", call(2), call(3))
    setting.ports = Ports(setting.store, setting.publisher, None, setting.clock, setting.ledger)
    with pytest.raises(QuarantineError):
        setting.forward()
    assert setting.ids == NAMES[:4]
    assert setting.position.lines == 2


def test_a_refused_inference_is_quarantined_by_its_line_and_index() -> None:
    setting = Setting(call(0), call(1, 3), call(2), rows=1000)

    def refuse(rows: Sequence[Inference]) -> None:
        if any(row.id == "call-001_2" for row in rows):
            raise BatchRefusedError("no", platform_message="score out of range")

    setting.publisher.refuse = refuse
    report = setting.forward()

    (entry,) = setting.quarantine.entries
    assert (entry.reason, entry.detail) == ("rejected-by-platform", "score out of range")
    assert (entry.line_number, entry.row_index, entry.inference_id) == (2, 2, "call-001_2")
    assert (report.inferences, report.published, report.refused) == (5, 4, 1)


def test_the_function_stops_reading_in_time_and_saves_its_place() -> None:
    setting = Setting(*map(call, range(40)))

    def slow(_: Sequence[Inference]) -> None:
        setting.clock.time += 2

    setting.publisher.refuse = slow
    with pytest.raises(OutOfTimeError, match="behind line"):
        setting.forward(deadline=20.0)

    assert setting.clock.time <= 20
    assert setting.position.lines == len(setting.ids) > 0
    setting.heal()
    setting.forward()
    assert len(setting.ids) == len(set(setting.ids)) == 40


def test_a_platform_that_does_not_answer_cannot_hold_the_function_past_its_time() -> None:
    setting = Setting(*map(call, range(4)))
    setting.options = RouteOptions("default", 10**6, requests_in_flight=2)
    release = threading.Event()

    def hang(_: Sequence[Inference]) -> None:
        setting.clock.time = 100.0
        release.wait(30)

    setting.publisher.refuse = hang
    try:
        with pytest.raises(OutOfTimeError):
            setting.forward(deadline=50.0)
    finally:
        release.set()
    assert setting.position.lines == 0


@given(
    st.lists(st.sampled_from(["one", "many", "bad", "empty"]), min_size=1, max_size=25),
    st.lists(st.integers(0, 6), max_size=6),
    st.integers(1, 5),
    st.integers(1, 4),
)
def test_nothing_is_lost_and_nothing_is_sent_again_whenever_the_platform_fails(
    kinds: list[str], failures: list[int], rows: int, in_flight: int
) -> None:
    lines = {"one": call, "many": lambda n: call(n, 4)}
    content = [
        lines[kind](n) if kind in lines else b"x" * (kind == "bad") for n, kind in enumerate(kinds)
    ]
    setting = Setting(*content, rows=rows)
    setting.options = RouteOptions("default", 10**6, in_flight, retry_seconds=0.0)
    for failing in failures:
        setting.fail_after(failing, PlatformUnavailableError("down"))
        try:
            setting.forward()
        except PlatformUnavailableError:
            continue
    setting.heal()
    setting.forward()

    expected = {
        f"call-{n:03d}{suffix}"
        for n, kind in enumerate(kinds)
        if kind in lines
        for suffix in ([""] if kind == "one" else [f"_{k}" for k in range(4)])
    }
    assert set(setting.ids) == expected
    kept = [entry.line_number for entry in setting.quarantine.entries]
    assert kept == [n + 1 for n, kind in enumerate(kinds) if kind == "bad"]


class Queue:
    """Keeps what is handed on."""

    def __init__(self) -> None:
        self.sent: list[tuple[CaptureFile, int]] = []
        self.routes: list[str] = []

    def send(
        self, source: CaptureFile, hops: int, routes: Sequence[str], delay_seconds: int = 0
    ) -> None:
        del delay_seconds
        self.sent.append((source, hops))
        self.routes += routes


def forwarder(setting: Setting, queue: Queue | None, reports: Reports) -> Forwarder:
    route = Route(MAPPING, TERMS, setting.ports, reports)
    return Forwarder(OneRoute(route), setting.clock, reports, queue)


def message(hops: int) -> dict[str, object]:
    body = write_continuation(SOURCE, hops, [TERMS.route])
    return {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": body}]}


def test_an_object_that_takes_too_long_is_handed_on_until_it_is_done() -> None:
    setting = Setting(*map(call, range(40)))
    setting.publisher.refuse = lambda _: setting.clock.sleep(2)
    queue, reports = Queue(), Reports()
    event = message(0)
    for expected in range(1, 10):
        answer = forwarder(setting, queue, reports).handle(event, owner="x", seconds_left=20)
        assert answer == {"batchItemFailures": []}
        if not queue.sent:
            break
        ((source, hops),) = queue.sent
        assert set(queue.routes) == {TERMS.route}
        assert (source, hops) == (SOURCE, expected)
        event = message(hops)
        queue.sent.clear()

    assert setting.ids == [f"call-{n:03d}" for n in range(40)]
    assert len(reports.done) == 1


def test_a_file_that_advances_is_continued_however_often_it_was_before() -> None:
    setting = Setting(*map(call, range(40)))
    setting.publisher.refuse = lambda _: setting.clock.sleep(2)
    queue = Queue()

    answer = forwarder(setting, queue, Reports()).handle(message(1000), seconds_left=20)

    assert answer == {"batchItemFailures": []}
    assert queue.sent == [(SOURCE, 1001)]


def test_an_invocation_that_advances_nothing_is_a_failure_and_is_not_continued() -> None:
    setting = Setting(*map(call, range(40)))
    queue, reports, release = Queue(), Reports(), threading.Event()

    def hang(_: Sequence[Inference]) -> None:
        setting.clock.time = 100.0
        release.wait(30)

    setting.publisher.refuse = hang
    try:
        answer = forwarder(setting, queue, reports).handle(message(1), seconds_left=20)
    finally:
        release.set()

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    assert queue.sent == []
    ((_, error),) = reports.failures
    assert isinstance(error, NoProgressError)
    assert "1 requests" in error.message
    assert "Timeout" in error.advice
    assert error.report is not None
    assert error.report.requests == 1


def test_without_a_queue_the_invocation_fails_instead() -> None:
    setting = Setting(*map(call, range(40)))
    setting.publisher.refuse = lambda _: setting.clock.sleep(2)
    event = json.loads(write_continuation(SOURCE, 0, []))
    with pytest.raises(CaptureFilesFailedError):
        forwarder(setting, None, Reports()).handle(event, seconds_left=20)


@pytest.mark.parametrize(
    "error", [PlatformUnavailableError("down"), PublisherMisconfiguredError("no rights")]
)
def test_a_platform_found_down_is_not_tried_for_the_rest_of_the_event(error: Exception) -> None:
    setting = Setting(call(0))
    tries: list[int] = []

    def refuse(rows: Sequence[Inference]) -> None:
        tries.append(len(rows))
        raise error

    setting.publisher.refuse = refuse
    records = [{**message(0)["Records"][0], "messageId": f"m{n}"} for n in range(10)]  # type: ignore[index]

    answer = forwarder(setting, None, Reports()).handle({"Records": records})

    assert len(tries) == 1
    assert len(answer["batchItemFailures"]) == 10  # type: ignore[arg-type]


def test_requests_made_in_vain_are_told_too() -> None:
    setting = Setting(*map(call, range(6)))
    setting.options = msgspec.structs.replace(TERMS, retry_seconds=10.0)
    tries = 0

    def refuse(rows: Sequence[Inference]) -> None:
        nonlocal tries
        if rows[0].id == "call-004":
            tries += 1
            raise PlatformUnavailableError("down")

    setting.publisher.refuse = refuse
    with pytest.raises(PlatformUnavailableError) as raised:
        setting.forward()

    report = raised.value.report
    assert report is not None
    assert tries > 1
    assert (report.requests, report.retries) == (2 + tries, tries - 1)
