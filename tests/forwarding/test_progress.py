"""The position is saved while others are sent, and never more is unsaved than may be sent twice."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import (
    BatchRefusedError,
    LeaseLostError,
    LedgerError,
    OutOfTimeError,
    PlatformUnavailableError,
)
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.forwarding.options import RouteOptions
from tests.forwarding.test_resume import Setting, call
from tests.support.fakes import MemoryLedger


class Watched(MemoryLedger):
    """Waits with each save until it is let go on, and keeps the positions that were saved."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting.clock)
        self.go_on = threading.Event()
        self.go_on.set()
        self.begun = threading.Event()
        self.ended = threading.Event()
        self.saved: list[Position] = []
        self.error: Exception | None = None

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        self.begun.set()
        assert self.go_on.wait(30)
        if self.error is not None:
            raise self.error
        super().save(key, owner, position, lease_seconds)
        self.saved.append(position)
        self.ended.set()


def watched(lines: int, in_flight: int, rows: int = 1) -> tuple[Setting, Watched]:
    setting = Setting(*map(call, range(lines)), rows=rows)
    setting.options = RouteOptions("default", 10**6, in_flight, retry_seconds=0.0)
    ledger = setting.ledger = Watched(setting)
    setting.ports = setting.ports.__class__(
        setting.store, setting.publisher, setting.quarantine, setting.clock, ledger
    )
    return setting, ledger


@given(st.integers(1, 60), st.integers(1, 9))
def test_no_more_is_unsaved_than_may_be_under_way(lines: int, in_flight: int) -> None:
    setting, ledger = watched(lines, in_flight)
    begun: list[int] = []
    lock = threading.Lock()

    def refuse(_: Sequence[Inference]) -> None:
        with lock:
            begun.append(1)
            saved = ledger.saved[-1].lines if ledger.saved else 0
            assert len(begun) - saved <= in_flight

    setting.publisher.refuse = refuse
    setting.forward()

    assert len(setting.ids) == lines
    positions = [position.lines for position in ledger.saved]
    assert positions == sorted(set(positions))


def test_batches_are_sent_while_the_place_is_saved() -> None:
    setting, ledger = watched(lines=40, in_flight=8)
    ledger.go_on.clear()
    sent_meanwhile = threading.Event()

    def refuse(_: Sequence[Inference]) -> None:
        if ledger.begun.is_set() and not ledger.go_on.is_set():
            sent_meanwhile.set()
            ledger.go_on.set()

    setting.publisher.refuse = refuse
    setting.forward()

    assert sent_meanwhile.is_set()
    assert len(setting.ids) == 40


def test_one_save_covers_several_batches() -> None:
    setting, ledger = watched(lines=64, in_flight=8)

    setting.forward()

    assert 0 < len(ledger.saved) <= 16


def test_a_place_is_saved_while_all_that_is_under_way_takes_its_time() -> None:
    setting, ledger = watched(lines=40, in_flight=8)
    begun = itertools.count(1)

    def refuse(_: Sequence[Inference]) -> None:
        if next(begun) > 2 and not ledger.saved:
            assert ledger.ended.wait(30)

    setting.publisher.refuse = refuse
    setting.forward()

    assert ledger.saved[0].lines == 2
    assert len(setting.ids) == 40


def test_what_is_settled_of_a_batch_is_saved_while_the_rest_of_it_takes_its_time() -> None:
    setting, ledger = watched(lines=40, in_flight=2, rows=20)
    saved_in_time = threading.Event()

    def refuse(rows: Sequence[Inference]) -> None:
        ids = [row.id for row in rows]
        if ids == ["call-019"]:
            # The last row of the first batch is not answered before the others are saved.
            if ledger.ended.wait(30) and ledger.saved[0].lines < 20:
                saved_in_time.set()
            return
        if "call-010" in ids:
            raise BatchRefusedError("no", platform_message="no")
        if "call-019" in ids and len(ids) < 20:
            raise BatchRefusedError("no", platform_message="no")

    setting.publisher.refuse = refuse
    setting.forward()

    assert saved_in_time.is_set()
    assert sorted(setting.ids) == [f"call-{n:03d}" for n in range(40) if n != 10]


def test_after_an_interruption_one_batch_is_sent_and_saved_before_the_others() -> None:
    setting, ledger = watched(lines=40, in_flight=8)
    setting.fail_after(4, PlatformUnavailableError("down"))
    with pytest.raises(PlatformUnavailableError):
        setting.forward("one")
    begun: list[int] = []

    def refuse(_: Sequence[Inference]) -> None:
        begun.append(len(ledger.saved))
        time.sleep(0.2)  # the others would begin meanwhile
        raise PlatformUnavailableError("down")

    setting.publisher.refuse = refuse
    with pytest.raises(PlatformUnavailableError):
        setting.forward("two")

    assert len(begun) == 1


def test_an_object_of_one_batch_is_claimed_and_finished_and_nothing_else() -> None:
    setting, ledger = watched(lines=5, in_flight=8, rows=10)

    setting.forward()

    assert ledger.saved == []
    assert setting.forward("two").repeated


@pytest.mark.parametrize("error", [LedgerError("gone", "Look."), LeaseLostError("taken")])
def test_a_save_that_fails_fails_the_object(error: Exception) -> None:
    setting, ledger = watched(lines=40, in_flight=4)
    ledger.error = error

    with pytest.raises(type(error)):
        setting.forward()

    assert len(setting.ids) <= 8
    assert ledger.saved == []
    ledger.error = None
    setting.clock.time += 100
    setting.forward("two")
    assert set(setting.ids) == {f"call-{n:03d}" for n in range(40)}


def test_a_ledger_that_does_not_answer_cannot_hold_the_function_past_its_time() -> None:
    setting, ledger = watched(lines=40, in_flight=2)
    ledger.go_on.clear()

    def refuse(_: Sequence[Inference]) -> None:
        setting.clock.time = 100.0

    setting.publisher.refuse = refuse
    try:
        with pytest.raises(OutOfTimeError):
            setting.forward(deadline=50.0)
        assert not ledger.go_on.is_set()
        assert ledger.saved == []
    finally:
        ledger.go_on.set()
