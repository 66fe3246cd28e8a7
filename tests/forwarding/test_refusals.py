"""Files of which the platform refuses much: they advance, or they are held, and it is said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import BatchRefusedError, FileHeldError, ForwarderError
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.ports import Ports
from capture_forwarder.core.quarantine_entry import QuarantineEntry, entry_path
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.options import RouteOptions
from capture_forwarder.forwarding.route import Route
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.forwarding.test_forwarder import Reports
from tests.forwarding.test_resume import SOURCE, Queue, call, message
from tests.support.fakes import (
    ManualClock,
    MemoryLedger,
    MemoryPublisher,
    MemoryQuarantine,
    MemoryStore,
    OneRoute,
)

ROWS = 3000


class AddressedQuarantine(MemoryQuarantine):
    """Overwrites what has the same address, as S3 does."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, list[QuarantineEntry]] = {}

    def put(self, source: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
        self.files[entry_path(source, entries[0])] = list(entries)
        self.entries = [entry for run in self.files.values() for entry in run]


class SharedClock(ManualClock):
    """Time that passes once for all who wait at the same time, as it does."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self._share = 1 / threads
        self._lock = threading.Lock()

    def pass_by(self, seconds: float) -> None:
        with self._lock:
            self.time += seconds * self._share


class Platform:
    """The template's defaults, against a platform that is slow and refuses some rows."""

    def __init__(
        self,
        refuses: Callable[[int], bool],
        *,
        seconds: float = 0.2,
        timeout: float = 300.0,
        rows: int = ROWS,
    ) -> None:
        self.clock = SharedClock(threads=3)
        self.publisher = MemoryPublisher(rows=1000)
        self.publisher.refuse = self._answer
        self.quarantine = AddressedQuarantine()
        self.ledger = MemoryLedger(self.clock)
        self.reports = Reports()
        self.queue = Queue()
        self.requests = 0
        self._refuses = refuses
        self._seconds = seconds
        self._timeout = timeout
        self._lock = threading.Lock()
        store = MemoryStore(file=b"\n".join(map(call, range(rows))))
        ports = Ports(store, self.publisher, self.quarantine, self.clock, self.ledger)
        route = Route(
            ColumnMapping.of("a", "score"), RouteOptions("default", 10**6), ports, self.reports
        )
        self.forwarder = Forwarder(OneRoute(route), self.clock, self.reports, self.queue)

    def _answer(self, rows: Sequence[Inference]) -> None:
        self.clock.pass_by(self._seconds)
        with self._lock:
            self.requests += 1
        if any(self._refuses(int(row.id.removeprefix("call-"))) for row in rows):
            raise BatchRefusedError("The platform answered 400.", platform_message="a is no number")

    def invoke(self) -> bool:
        """Invoke the function once; return whether the message was acknowledged."""
        before = self.position
        began = self.clock.time
        answer = self.forwarder.handle(message(0), seconds_left=self._timeout)
        assert self.clock.time < began + self._timeout
        acknowledged = answer == {"batchItemFailures": []}
        # Progress: the ledger moved, or the invocation failed.
        assert self.position > before or not acknowledged
        return acknowledged

    @property
    def position(self) -> tuple[int, int]:
        found = list(self.ledger.positions.values())
        return (found[0].lines, found[0].rows) if found else (-1, 0)

    @property
    def reported(self) -> list[FileReport]:
        told: list[FileReport] = [report for _, report in self.reports.done]
        return told + [one.report for one in self.errors if one.report is not None]

    @property
    def errors(self) -> list[ForwarderError]:
        return [error for _, error in self.reports.failures]

    @property
    def quarantined(self) -> list[str | None]:
        return [entry.inference_id for entry in self.quarantine.entries]


def test_a_file_of_which_every_row_is_refused_is_held_after_few_requests() -> None:
    here = Platform(lambda _: True)

    assert not here.invoke()

    (error,) = here.errors
    assert isinstance(error, FileHeldError)
    assert "The platform answered 400." in error.message
    assert "held" in error.message
    assert "rejected-by-platform" in error.advice
    assert "a is no number" not in str(error), "the platform's words may quote values"
    assert "'a'" in error.message, "but our own columns may be named"
    assert here.requests < 150
    assert {entry.detail for entry in here.quarantine.entries} == {"a is no number"}
    (report,) = here.reported
    assert report.requests == here.requests
    assert report.refused == report.lines == here.position[0]
    assert here.publisher.published == []
    assert here.queue.sent == []


def test_a_held_file_is_held_again_and_no_row_is_lost_or_published_wrongly() -> None:
    here = Platform(lambda _: True, rows=200)
    tries = 0
    while not here.invoke():
        tries += 1
        assert tries < 50

    assert tries > 3
    assert here.publisher.published == []
    assert sorted(map(str, here.quarantined)) == [f"call-{n:03d}" for n in range(200)]


@pytest.mark.parametrize("share", [10, 7])
@pytest.mark.parametrize("seconds", [0.05, 0.2])
def test_a_file_with_many_refused_rows_advances_in_every_invocation_until_it_is_done(
    share: int, seconds: float
) -> None:
    here = Platform(lambda n: n % share == 3, seconds=seconds, timeout=60.0)
    invocations = 1
    while here.invoke() and here.queue.sent:
        here.queue.sent.clear()
        invocations += 1
        assert invocations < 30

    assert here.errors == []
    bad = {f"call-{n:03d}" for n in range(ROWS) if n % share == 3}
    assert sorted(map(str, here.quarantined)) == sorted(bad)
    published = [row.id for row in here.publisher.published]
    assert sorted(published) == sorted({f"call-{n:03d}" for n in range(ROWS)} - bad)


def test_batches_behind_one_that_is_searched_wait_so_that_none_of_them_is_sent_twice() -> None:
    here = Platform(lambda n: n % 10 == 3, timeout=20.0)
    answer, all_in_flight = here.publisher.refuse, threading.Barrier(3)

    def answer_once_all_are_in_flight(rows: Sequence[Inference]) -> None:
        if len(rows) == 1000:
            all_in_flight.wait(30)
        answer(rows)

    here.publisher.refuse = answer_once_all_are_in_flight
    here.invoke()

    (position,) = here.ledger.positions.values()
    assert 0 < position.lines < 1000
    published = [int(row.id.removeprefix("call-")) for row in here.publisher.published]
    assert max(published) < 1000, "nothing behind the first batch is published before its turn"
    assert len(published) == len(set(published))


def test_half_of_the_rows_refused_is_too_much_to_look_for_one_by_one() -> None:
    here = Platform(lambda n: n % 2 == 1)

    assert not here.invoke()

    (error,) = here.errors
    assert isinstance(error, FileHeldError)
    assert here.requests < 1000
    assert here.position[0] > 0


def test_a_stretch_of_bad_rows_does_not_hold_a_file_whose_other_rows_are_good() -> None:
    here = Platform(lambda n: 100 <= n < 190)

    assert here.invoke()

    assert here.errors == []
    assert sorted(map(str, here.quarantined)) == [f"call-{n:03d}" for n in range(100, 190)]
    assert len(here.publisher.published) == ROWS - 90


def test_one_bad_row_costs_few_requests_and_every_one_of_them_is_counted() -> None:
    here = Platform(lambda n: n == 1700)

    assert here.invoke()

    (report,) = here.reported
    assert report.requests == here.requests <= 3 + 2 * 10
    assert (report.published, report.refused) == (ROWS - 1, 1)


def test_requests_of_the_halves_are_counted_when_a_half_fails_for_good() -> None:
    here = Platform(lambda n: n == 5)
    answer = here.publisher.refuse

    def fail_once_found(rows: Sequence[Inference]) -> None:
        if here.quarantined:
            here.requests += 1
            raise ForwarderError("gone")
        answer(rows)

    here.publisher.refuse = fail_once_found
    assert not here.invoke()

    assert sum(report.requests for report in here.reported) == here.requests
    assert here.position == (6, 0), "what was settled in front of the failure is saved"
    assert SOURCE.key == "file"
