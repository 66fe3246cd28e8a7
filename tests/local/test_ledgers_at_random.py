"""Both ledgers against a model of a ledger: the same steps, the same answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from capture_forwarder.core.errors import CaptureFileBusyError, ForwarderError, LeaseLostError
from capture_forwarder.core.ledger import Claim, LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Ledger
from tests.support.ledgers import KEY, LEASE, LEDGERS, ManualClock

OWNERS = 12


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ledgers(tmp_path: Path, clock: ManualClock) -> Iterator[Mapping[str, Ledger]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(make(tmp_path, clock)) for name, make in LEDGERS.items()}


# --- at once -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LEDGERS)
def test_of_threads_that_claim_at_once_exactly_one_wins(
    ledgers: Mapping[str, Ledger], clock: ManualClock, name: str
) -> None:
    ready = threading.Barrier(OWNERS)

    def wins(owner: int) -> bool:
        ready.wait()
        try:
            ledgers[name].claim(KEY, f"owner {owner}", LEASE)
        except CaptureFileBusyError:
            return False
        return True

    with ThreadPoolExecutor(OWNERS) as pool:
        for _ in range(10):
            assert sum(pool.map(wins, range(OWNERS))) == 1
            clock.sleep(LEASE)


# --- one after the other -------------------------------------------------------------------


@dataclass
class Entry:
    """What is known of one key."""

    position: Position = field(default_factory=Position)
    owner: str | None = None
    until: float = 0.0
    finished: bool = False


class ModelLedger:
    """The shortest ledger there is."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._entries: dict[LedgerKey, Entry] = {}

    def claim(self, key: LedgerKey, owner: str, lease_seconds: float) -> Claim:
        entry = self._entries.setdefault(key, Entry())
        now = self._clock.monotonic()
        if not entry.finished:
            if entry.owner not in {None, owner} and round(entry.until - now, 6) > 0:
                raise CaptureFileBusyError("busy")
            entry.owner, entry.until = owner, now + lease_seconds
        return Claim(entry.position, finished=entry.finished)

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        entry = self._entries.get(key, Entry())
        if entry.owner != owner or entry.finished:
            raise LeaseLostError("lost")
        entry.position = max(entry.position, position, key=lambda one: (one.offset, one.rows))
        entry.until = self._clock.monotonic() + lease_seconds

    def finish(self, key: LedgerKey, owner: str, position: Position) -> None:
        entry = self._entries.get(key, Entry())
        if entry.owner != owner:
            raise LeaseLostError("lost")
        entry.position = max(entry.position, position, key=lambda one: (one.offset, one.rows))
        entry.finished = True

    def release(self, key: LedgerKey, owner: str) -> None:
        entry = self._entries.get(key, Entry())
        if entry.owner == owner and not entry.finished:
            entry.owner = None


KEYS = st.integers(0, 2)
HOLDERS = st.sampled_from(["a", "b", "c"])
PLACES = st.builds(
    lambda lines, rows: Position(100 * lines, lines, rows), st.integers(0, 12), st.integers(0, 3)
)
LEASES = st.sampled_from([0.0, 0.1, 1.0, 7.25, 60.0])


class SameAnswers(RuleBasedStateMachine):
    """Every step is taken in each ledger; answers and errors are those of the model."""

    numbers = count()

    def __init__(self, ledgers: Mapping[str, Ledger], clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self._ledgers = {**ledgers, "model": ModelLedger(clock)}
        self._furthest: dict[int, int] = {}

    @initialize()
    def take_new_objects(self) -> None:
        self._bucket = f"bucket-{next(self.numbers)}"

    @rule(key=KEYS, owner=HOLDERS, lease=LEASES)
    def claim(self, key: int, owner: str, lease: float) -> None:
        answer = self._same(lambda ledger: ledger.claim(self._key(key), owner, lease))
        if isinstance(answer, Claim):
            assert answer.position.offset >= self._furthest.get(key, 0)
            self._furthest[key] = answer.position.offset

    @rule(key=KEYS, owner=HOLDERS, position=PLACES, lease=LEASES)
    def save(self, key: int, owner: str, position: Position, lease: float) -> None:
        self._same(lambda ledger: ledger.save(self._key(key), owner, position, lease))

    @rule(key=KEYS, owner=HOLDERS, position=PLACES)
    def finish(self, key: int, owner: str, position: Position) -> None:
        self._same(lambda ledger: ledger.finish(self._key(key), owner, position))

    @rule(key=KEYS, owner=HOLDERS)
    def release(self, key: int, owner: str) -> None:
        self._same(lambda ledger: ledger.release(self._key(key), owner))

    @rule(seconds=st.sampled_from([0.05, 0.1, 1.0, 7.25, 61.0]))
    def wait(self, seconds: float) -> None:
        self._clock.sleep(seconds)

    def _key(self, number: int) -> LedgerKey:
        return LedgerKey(self._bucket, "a.jsonl", f"etag-{number // 2}", f"route-{number % 2}")

    def _same(self, step: Callable[[Ledger], object]) -> object:
        answers = {name: self._answer(step, ledger) for name, ledger in self._ledgers.items()}
        assert len(set(answers.values())) == 1, answers
        return answers["model"]

    @staticmethod
    def _answer(step: Callable[[Ledger], object], ledger: Ledger) -> object:
        try:
            return step(ledger)
        except ForwarderError as error:
            return type(error)


def test_both_ledgers_do_as_the_model(ledgers: Mapping[str, Ledger], clock: ManualClock) -> None:
    class Machine(SameAnswers):
        def __init__(self) -> None:
            super().__init__(ledgers, clock)

    run_state_machine_as_test(
        Machine, settings=settings(max_examples=60, stateful_step_count=30, deadline=None)
    )
