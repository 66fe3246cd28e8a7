"""Work that stalls, is slow or fails unexpectedly stops in time, says so and loses nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.errors import (
    BatchRefusedError,
    ContinuationError,
    FileHeldError,
    LeaseLostError,
    LedgerError,
    OutOfTimeError,
    PlatformUnavailableError,
    QuarantineError,
)
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.ledger import Claim, LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import OpenedFile, Ports
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.forwarding.route import Route
from capture_forwarder.parser import LineParser, ParseChunk, ParseLine, Run
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.triggers import write_continuation
from tests.forwarding.test_forwarder import Reports
from tests.forwarding.test_resume import MAPPING, SOURCE, TERMS, Queue, Setting, call, forwarder
from tests.support.captures import line, side
from tests.support.fakes import (
    MemoryLedger,
    MemoryPublisher,
    MemoryQuarantine,
    MemoryStore,
    OneRoute,
)

NAMES = [f"call-{n:03d}" for n in range(40)]


class RealClock:
    """The machine's own time."""

    def __init__(self, setting: Setting) -> None:
        self.now = setting.clock.now

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Stalled:
    """Lets calls wait until the test is over, from a certain one on."""

    def __init__(self, after: int = 0) -> None:
        self.released = threading.Event()
        self.calls = 0
        self._after = after

    def wait(self) -> None:
        self.calls += 1
        if self.calls > self._after:
            self.released.wait(30)


class StalledStore(MemoryStore):
    def __init__(self, stalled: Stalled, content: bytes) -> None:
        super().__init__(file=content)
        self._stalled = stalled

    @contextmanager
    def open(self, source: CaptureFile) -> Iterator[OpenedFile]:
        self._stalled.wait()
        with super().open(source) as opened:
            yield opened


class StalledLedger(MemoryLedger):
    def __init__(self, stalled: Stalled, setting: Setting) -> None:
        super().__init__(setting.clock)
        self._stalled = stalled

    def claim(self, key: LedgerKey, owner: str, lease_seconds: float) -> Claim:
        self._stalled.wait()
        return super().claim(key, owner, lease_seconds)

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        self._stalled.wait()
        super().save(key, owner, position, lease_seconds)

    def finish(self, key: LedgerKey, owner: str, position: Position) -> None:
        self._stalled.wait()
        super().finish(key, owner, position)


class StalledQuarantine(MemoryQuarantine):
    def __init__(self, stalled: Stalled) -> None:
        super().__init__()
        self._stalled = stalled

    def put(self, source: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
        self._stalled.wait()
        super().put(source, entries)


STALLS = ["S3", "the claim", "a later save", "the finish", "the quarantine"]


@pytest.mark.parametrize("what", STALLS)
def test_whatever_stalls_the_invocation_ends_in_time_and_the_rest_comes_later(what: str) -> None:
    lines = [b"no json" if n == 2 else call(n) for n in range(40)]
    setting = Setting(*lines)
    after = {"a later save": 3, "the finish": 1 + 20}.get(what, 0)
    stalled = Stalled(after)
    store, ledger, quarantine = setting.store, setting.ledger, setting.quarantine
    if what == "S3":
        store = StalledStore(stalled, store.objects["file"])
    elif what == "the quarantine":
        quarantine = StalledQuarantine(stalled)
    else:
        ledger = StalledLedger(stalled, setting)
    ports = Ports(store, setting.publisher, quarantine, RealClock(setting), ledger)
    began = time.monotonic()
    try:
        with pytest.raises(OutOfTimeError) as raised:
            forward_file(SOURCE, LineParser(MAPPING), ports, TERMS, Invocation("one", began + 3.2))
        assert time.monotonic() < began + 3.1, "Lambda would have killed it"
        sent = len(setting.ids)
        if what == "a later save":
            report = raised.value.report
            assert report is not None
            assert 0 < report.lines == next(iter(ledger.positions.values())).lines
    finally:
        stalled.released.set()
    time.sleep(0.3)
    assert len(setting.ids) == sent, "nothing is published once the invocation has ended"

    setting.clock.time += 61
    setting.ports = Ports(store, setting.publisher, quarantine, setting.clock, ledger)
    setting.forward("two")
    assert set(setting.ids) == {name for name in NAMES if name != "call-002"}
    assert {entry.line_number for entry in quarantine.entries} == {3}


def test_a_timeout_error_of_a_publisher_is_not_taken_for_the_invocations_own() -> None:
    setting = Setting(*map(call, range(4)))
    setting.fail_after(0, TimeoutError("from a socket"))
    queue, reports = Queue(), Reports()
    body = write_continuation(SOURCE, 0, [TERMS.route])
    event = {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": body}]}

    answer = forwarder(setting, queue, reports).handle(event, seconds_left=60)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    assert queue.sent == []
    assert "TimeoutError" in str(reports.failures[0][1])


def test_a_timeout_error_of_the_ledger_is_not_taken_for_the_invocations_own() -> None:
    setting = Setting(*map(call, range(40)))

    class Late(MemoryLedger):
        def save(self, *_: object) -> None:
            raise TimeoutError("from a socket")

    ports = Ports(
        setting.store, setting.publisher, setting.quarantine, setting.clock, Late(setting.clock)
    )
    with pytest.raises(TimeoutError):
        forward_file(SOURCE, LineParser(MAPPING), ports, TERMS, Invocation("one", 60.0))


class Throttled(MemoryLedger):
    """Takes one write in so many."""

    def __init__(self, setting: Setting, one_in: int) -> None:
        super().__init__(setting.clock)
        self._one_in = one_in
        self.refused = 0
        self.is_refusing = False

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        self._throttle()
        super().save(key, owner, position, lease_seconds)

    def finish(self, key: LedgerKey, owner: str, position: Position) -> None:
        self._throttle()
        super().finish(key, owner, position)

    def _throttle(self) -> None:
        self.refused += 1
        self.is_refusing = bool(self.refused % self._one_in)
        if self.is_refusing:
            raise LedgerError("DynamoDB says ProvisionedThroughputExceededException.")


def test_a_ledger_that_mostly_throttles_multiplies_nothing() -> None:
    setting = Setting(*map(call, range(40)))
    setting.options = RouteOptions("default", 10**6, requests_in_flight=4, retry_seconds=60.0)
    ledger = Throttled(setting, one_in=5)
    setting.ports = Ports(
        setting.store, setting.publisher, setting.quarantine, setting.clock, ledger
    )

    setting.forward()

    assert setting.ids == NAMES or sorted(setting.ids) == NAMES
    assert ledger.refused > 5


def test_after_a_failed_save_nothing_new_is_published_until_one_succeeds() -> None:
    setting = Setting(*map(call, range(40)))
    setting.options = RouteOptions("default", 10**6, requests_in_flight=4, retry_seconds=60.0)
    ledger = Throttled(setting, one_in=4)
    setting.ports = Ports(
        setting.store, setting.publisher, setting.quarantine, setting.clock, ledger
    )
    begun_meanwhile: list[str] = []
    sleep = setting.clock.sleep

    def refuse(rows: Sequence[Inference]) -> None:
        if ledger.is_refusing:
            begun_meanwhile.append(rows[0].id)

    def sleep_long(seconds: float) -> None:
        # Give the threads that would send a chance to.
        time.sleep(0.02)
        sleep(seconds)

    setting.publisher.refuse = refuse
    setting.clock.sleep = sleep_long  # type: ignore[method-assign]
    setting.forward()

    # Those that had looked at the lease before the save failed.
    assert len(begun_meanwhile) <= 4
    assert sorted(setting.ids) == NAMES


def slow_above(setting: Setting, most: int) -> list[int]:
    """Have the platform answer in time only up to so many rows; return what it is sent."""
    sizes: list[int] = []

    def answer(rows: Sequence[Inference]) -> None:
        sizes.append(len(rows))
        setting.clock.time += 0.1
        if len(rows) > most:
            raise PlatformUnavailableError("It did not answer in time.", timed_out=True)

    setting.publisher.refuse = answer
    return sizes


def test_a_batch_that_is_not_answered_in_time_is_sent_in_smaller_pieces() -> None:
    setting = Setting(*map(call, range(40)), rows=20)
    setting.options = RouteOptions("default", 10**6, requests_in_flight=1, retry_seconds=60.0)
    sizes = slow_above(setting, 5)

    report = setting.forward()

    assert setting.ids == NAMES
    assert sizes == [20, 5, 5, 5, 5, 5, 5, 5, 5], "later batches begin smaller"
    assert report.requests == len(sizes)


def test_a_platform_that_answers_nothing_in_time_counts_as_down() -> None:
    setting = Setting(*map(call, range(40)), rows=20)
    sizes = slow_above(setting, 0)

    with pytest.raises(PlatformUnavailableError):
        setting.forward()

    assert len(sizes) <= 2


class FailingParser:
    """Fails for a line in a way that nobody expected, whichever way it is parsed."""

    def __init__(self) -> None:
        self._parser = LineParser(MAPPING)

    def for_file(self, capture_file: CaptureFile) -> ParseLine:
        parse = self._parser.for_file(capture_file)

        def failing(data: bytes) -> object:
            if b"call-005" in data:
                raise RecursionError("Jane Doe")
            return parse(data)

        return failing  # type: ignore[return-value]

    def for_chunks(self, capture_file: CaptureFile) -> ParseChunk:
        parse = self._parser.for_chunks(capture_file)

        def failing(chunk: Chunk) -> Sequence[Run]:
            if b"call-005" in chunk.data:
                raise MemoryError
            return parse(chunk)

        return failing


def test_a_line_that_the_parser_fails_on_is_quarantined_and_its_file_goes_on() -> None:
    setting = Setting(*map(call, range(40)))

    report = forward_file(SOURCE, FailingParser(), setting.ports, TERMS, Invocation())

    assert setting.ids == [name for name in NAMES if name != "call-005"]
    (entry,) = setting.quarantine.entries
    assert (entry.reason, entry.line_number) == ("parser-failed", 6)
    assert "RecursionError at test_stopping.py:" in entry.detail
    assert "Jane Doe" not in entry.detail
    assert report.quarantined == {"parser-failed": 1}


def test_a_refused_row_is_not_forgotten_when_a_later_line_was_rejected_before() -> None:
    """Without a quarantine the position stays before the first of them in the file."""
    setting = Setting(*map(call, range(20)), b"no json", *map(call, range(20, 120)), rows=4)
    setting.options = RouteOptions("default", 10**6, requests_in_flight=8, retry_seconds=0.0)
    is_read = threading.Event()

    def refuse(rows: Sequence[Inference]) -> None:
        if rows[0].id == "call-024":
            is_read.set()
        if any(row.id == "call-001" for row in rows):
            is_read.wait(5)
            raise BatchRefusedError("no", platform_message="no")

    setting.publisher.refuse = refuse
    without = Ports(setting.store, setting.publisher, None, setting.clock, setting.ledger)
    with pytest.raises(QuarantineError, match="the first in line 2 "):
        forward_file(SOURCE, LineParser(MAPPING), without, setting.options, Invocation("one"))
    assert setting.position.lines <= 1

    setting.forward("two")

    kept = {(entry.line_number, entry.reason) for entry in setting.quarantine.entries}
    assert kept == {(2, "rejected-by-platform"), (21, "invalid-json")}


def test_a_batch_that_failed_is_not_passed_over_when_those_behind_it_are_settled() -> None:
    setting = Setting(*map(call, range(12)), rows=4)
    setting.options = RouteOptions("default", 10**6, requests_in_flight=3, retry_seconds=0.0)

    class Full(MemoryQuarantine):
        def put(self, *_: object) -> None:
            raise QuarantineError("full")

    def refuse(rows: Sequence[Inference]) -> None:
        if any(row.id == "call-001" for row in rows):
            while len(setting.publisher.batches) < 2:
                time.sleep(0.005)  # the batches behind it are accepted first
            raise BatchRefusedError("no", platform_message="no")

    setting.publisher.refuse = refuse
    full = Ports(setting.store, setting.publisher, Full(), setting.clock, setting.ledger)
    with pytest.raises(QuarantineError, match="full"):
        forward_file(SOURCE, LineParser(MAPPING), full, setting.options, Invocation("one"))
    assert setting.position.lines <= 1

    setting.forward("two")
    assert set(setting.ids) == {f"call-{n:03d}" for n in range(12) if n != 1}
    assert [entry.inference_id for entry in setting.quarantine.entries] == ["call-001"]


def test_a_lease_that_is_lost_while_a_request_waits_for_its_next_try_stops_it() -> None:
    setting = Setting(*map(call, range(4)))
    setting.options = RouteOptions("default", 10**6, requests_in_flight=1, retry_seconds=60.0)
    requests = 0

    def refuse(_: Sequence[Inference]) -> None:
        nonlocal requests
        requests += 1
        setting.clock.time += 25
        (key,) = setting.ledger.positions
        setting.ledger.leases[key] = ("other", 1000.0)
        raise PlatformUnavailableError("down")

    setting.publisher.refuse = refuse
    with pytest.raises(LeaseLostError):
        setting.forward("one")

    assert requests == 1
    assert setting.ids == []


def test_a_call_with_many_rows_is_resumed_within_its_line() -> None:
    setting = Setting(call(0, 40), call(1, 1), rows=4)
    setting.fail_after(5, PlatformUnavailableError("down"))
    with pytest.raises(PlatformUnavailableError):
        setting.forward("one")
    assert setting.position == Position(0, 0, 20)
    setting.heal()

    report = setting.forward("two")

    assert setting.ids == [*(f"call-000_{n}" for n in range(40)), "call-001"]
    assert (report.lines, report.inferences, report.published) == (2, 21, 21)
    (slices,) = {len(batch) for batch in setting.publisher.batches[:5]}
    assert slices == 4


def continuation_for(*routes: str) -> dict[str, object]:
    body = write_continuation(SOURCE, 1, routes)
    return {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": body}]}


@pytest.mark.parametrize("routes", [("renamed",), (TERMS.route, "renamed")])
def test_a_continuation_for_a_route_that_is_gone_is_not_acknowledged(
    routes: tuple[str, ...],
) -> None:
    setting = Setting(*map(call, range(4)))
    reports = Reports()

    answer = forwarder(setting, Queue(), reports).handle(continuation_for(*routes))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    ((_, error),) = reports.failures
    assert isinstance(error, ContinuationError)
    assert "'renamed'" in error.message
    assert reports.skips == []
    assert len(setting.ids) == (4 if TERMS.route in routes else 0)


def test_ten_large_files_of_one_event_all_advance_and_none_is_given_up() -> None:
    contents = {f"file{n}": b"\n".join(map(call, range(200))) for n in range(10)}
    setting = Setting()
    setting.store = MemoryStore(**contents)
    setting.publisher = MemoryPublisher(rows=10)
    setting.publisher.refuse = lambda _: setting.clock.sleep(1.0)
    ports = Ports(
        setting.store, setting.publisher, setting.quarantine, setting.clock, setting.ledger
    )
    reports, queue = Reports(), Queue()
    route = Route(MAPPING, TERMS, ports, reports)
    working = Forwarder(OneRoute(route), setting.clock, reports, queue)
    bodies = {name: write_continuation(CaptureFile("b", name), 0, []) for name in contents}
    invocations = 0
    while bodies:
        invocations += 1
        assert invocations < 60
        records = [
            {"messageId": name, "eventSource": "aws:sqs", "body": body}
            for name, body in bodies.items()
        ]
        before = dict(setting.ledger.positions)
        answer = working.handle({"Records": records}, seconds_left=60.0)
        # Each of them moved: none is given up, and none waits for the others.
        assert answer == {"batchItemFailures": []}
        assert all(
            setting.ledger.positions[key] > at for key, at in before.items() if key.key in bodies
        )
        bodies = {}
        for source, hops in queue.sent:
            bodies[source.key] = write_continuation(source, hops, ["default"])
        queue.sent.clear()

    assert len(reports.done) == 10
    assert len(setting.ids) == len(set(setting.ids)) * 10 == 2000


def test_what_the_queue_handed_out_most_often_goes_first() -> None:
    setting = Setting()
    setting.store.objects = {"first": call(0), "second": call(1)}
    records = [
        {
            "messageId": name,
            "eventSource": "aws:sqs",
            "attributes": {"ApproximateReceiveCount": count},
            "body": write_continuation(CaptureFile("b", name), 0, []),
        }
        for name, count in (("first", "1"), ("second", "3"))
    ]

    forwarder(setting, Queue(), Reports()).handle({"Records": records})

    assert setting.ids == ["call-001", "call-000"]


@pytest.mark.parametrize(("most", "held"), [(None, False), (0.5, False), (0.2, True)])
def test_a_route_may_hold_files_whose_values_do_not_fit_their_columns(
    most: float | None, held: bool
) -> None:
    lines = [
        line(side("x" if n % 4 == 0 else str(n)), side("0.5"), eventId=f"call-{n:03d}")
        for n in range(40)
    ]
    setting = Setting(*lines, rows=1000)
    options = RouteOptions("default", 10**6, 1, 0.0, max_cast_failures=most)
    schema = Schema({"a": DataType.INT, "score": DataType.FLOAT})
    parser = LineParser(ColumnMapping.of("a", "score"), schema)
    if not held:
        report = forward_file(SOURCE, parser, setting.ports, options, Invocation())
        assert report.cast_failures == {"a": 10}
        return
    with pytest.raises(FileHeldError, match="'a'") as raised:
        forward_file(SOURCE, parser, setting.ports, options, Invocation())

    assert "25%" in raised.value.message
    assert setting.ids == []
