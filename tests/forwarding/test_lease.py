"""An invocation's hold on a file: checked before each request, renewed, lost, and given back."""

from __future__ import annotations

import threading

import msgspec
import pytest

from capture_forwarder.core.batch import ACCEPTED, Batch, Receipt
from capture_forwarder.core.errors import CaptureFileBusyError, LeaseLostError, LedgerError
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.forwarding.deadline import Deadline
from capture_forwarder.forwarding.lease import Lease
from tests.forwarding.test_resume import Setting as FileSetting
from tests.forwarding.test_resume import call
from tests.support.fakes import ManualClock, MemoryLedger, MemoryPublisher

KEY = LedgerKey("bucket", "key", "etag", "route")


class FailingLedger(MemoryLedger):
    """Raises what a test wants of the next saves."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.errors: list[Exception] = []
        self.saves = 0

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        self.saves += 1
        if self.errors:
            raise self.errors.pop(0)
        super().save(key, owner, position, lease_seconds)


class Setting:
    def __init__(self, retry_seconds: float = 0.0, end: float | None = None) -> None:
        self.clock = ManualClock()
        self.ledger = FailingLedger(self.clock)
        self.lease = Lease(
            self.ledger,
            KEY,
            "one",
            self.clock,
            60.0,
            retry_seconds=retry_seconds,
            deadline=Deadline(self.clock, end),
        )
        self.lease.claim()


def test_a_lease_that_is_young_costs_no_request() -> None:
    setting = Setting()
    setting.clock.time = 19.0
    setting.lease.hold()
    assert setting.ledger.saves == 0


def test_a_lease_is_renewed_after_a_third_of_its_time_and_not_again_at_once() -> None:
    setting = Setting()
    for seconds in (21.0, 22.0, 40.0, 42.0):
        setting.clock.time = seconds
        setting.lease.hold()
    assert setting.ledger.saves == 2
    assert setting.ledger.leases[KEY] == ("one", 102.0)


def test_a_lease_that_was_lost_stays_lost_also_when_it_could_be_renewed_again() -> None:
    setting = Setting()
    setting.ledger.errors = [LeaseLostError("taken over")]
    with pytest.raises(LeaseLostError):
        setting.lease.save(Position(1, 1))

    for use in (setting.lease.hold, setting.lease.check):
        with pytest.raises(LeaseLostError, match="taken over"):
            use()
    with pytest.raises(LeaseLostError):
        setting.lease.save(Position(2, 2))
    with pytest.raises(LeaseLostError):
        setting.lease.finish(Position(2, 2))
    assert setting.ledger.saves == 1
    assert setting.ledger.finished == set()


def test_a_lease_that_was_given_back_allows_nothing_more() -> None:
    setting = Setting()
    setting.lease.release()

    for use in (setting.lease.hold, lambda: setting.lease.save(Position(1, 1))):
        with pytest.raises(LeaseLostError, match="given the file back"):
            use()
    assert setting.ledger.saves == 0


def test_a_write_is_tried_again_as_long_as_a_batch_is() -> None:
    setting = Setting(retry_seconds=60.0)
    setting.ledger.errors = [LedgerError("throttled")] * 5

    setting.lease.save(Position(1, 1))

    assert setting.ledger.saves == 6
    assert setting.ledger.positions[KEY] == Position(1, 1)


@pytest.mark.parametrize(("retry_seconds", "end"), [(10.0, None), (1000.0, 10.0)])
def test_a_write_is_not_tried_for_longer_than_there_is_time(
    retry_seconds: float, end: float | None
) -> None:
    setting = Setting(retry_seconds, end)
    setting.ledger.errors = [LedgerError("throttled")] * 1000

    with pytest.raises(LedgerError):
        setting.lease.save(Position(1, 1))

    assert 1 < setting.clock.time <= 10


def test_while_a_write_has_failed_no_request_begins_before_one_succeeds() -> None:
    setting = Setting()
    setting.ledger.errors = [LedgerError("throttled")] * 2
    with pytest.raises(LedgerError):
        setting.lease.save(Position(1, 1))
    with pytest.raises(LedgerError):
        setting.lease.hold()

    setting.lease.hold()
    setting.lease.hold()

    assert setting.ledger.saves == 3
    assert setting.ledger.positions[KEY] == Position(1, 1)


class Reconnecting(MemoryPublisher):
    """Takes twice as long as a lease holds for one batch: it reconnects, then confirms."""

    def __init__(self, setting: FileSetting) -> None:
        super().__init__(rows=2)
        self._setting = setting
        self.renewals = 0

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        del deadline
        ledger, clock = self._setting.ledger, self._setting.clock
        (key,) = ledger.leases
        wait = threading.Event()
        for _ in range(3):
            clock.time += 40.0
            # The main loop looks every second; a loaded machine may let it wait.
            for _ in range(600):
                if ledger.leases[key][1] >= clock.time + 60.0:
                    break
                wait.wait(0.05)
            else:
                return ACCEPTED
            self.renewals += 1
            with pytest.raises(CaptureFileBusyError):
                ledger.claim(key, "another", 60.0)
        self.batches.append(list(batch.inferences))
        return ACCEPTED


def test_a_lease_is_renewed_while_one_publish_outlasts_it() -> None:
    setting = FileSetting(*map(call, range(2)))
    publisher = Reconnecting(setting)
    setting.ports = msgspec.structs.replace(setting.ports, publisher=publisher)

    report = setting.forward()

    assert publisher.renewals == 3
    assert (report.published, report.requests) == (2, 1)
