"""What every ledger promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from capture_forwarder.core.errors import CaptureFileBusyError, LeaseLostError
from capture_forwarder.core.ledger import Claim, LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Ledger
from tests.support.ledgers import KEY, LEASE, LEDGERS, ManualClock

START = Position()
PLACE = Position(700, 7)
FURTHER = Position(900, 9)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=LEDGERS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Ledger]:
    with LEDGERS[request.param](tmp_path, clock) as ledger:
        yield ledger


def busy(ledger: Ledger, owner: str, key: LedgerKey = KEY) -> bool:
    try:
        ledger.claim(key, owner, LEASE)
    except CaptureFileBusyError:
        return True
    return False


# --- claims and leases ---------------------------------------------------------------------


def test_a_new_object_is_begun_at_its_start(ledger: Ledger) -> None:
    assert ledger.claim(KEY, "a", LEASE) == Claim(START, finished=False)


def test_an_object_under_lease_is_busy_for_others(ledger: Ledger) -> None:
    ledger.claim(KEY, "a", LEASE)

    with pytest.raises(CaptureFileBusyError) as raised:
        ledger.claim(KEY, "b", LEASE)

    assert f"s3://{KEY.bucket}/{KEY.key} (route default)" in raised.value.message
    assert "2026-03-01T10:31:30+00:00" in raised.value.message
    assert "next delivery" in raised.value.advice


def test_the_same_owner_may_claim_again_and_renews_its_lease(
    ledger: Ledger, clock: ManualClock
) -> None:
    ledger.claim(KEY, "a", LEASE)
    ledger.save(KEY, "a", PLACE, LEASE)
    clock.sleep(LEASE - 1)

    assert ledger.claim(KEY, "a", LEASE) == Claim(PLACE)
    clock.sleep(LEASE - 1)
    assert busy(ledger, "b")


def test_an_expired_lease_is_taken_over_with_its_place(ledger: Ledger, clock: ManualClock) -> None:
    ledger.claim(KEY, "a", LEASE)
    ledger.save(KEY, "a", PLACE, LEASE)
    clock.sleep(LEASE - 0.001)
    assert busy(ledger, "b")

    clock.sleep(0.001)

    assert ledger.claim(KEY, "b", LEASE) == Claim(PLACE)
    assert busy(ledger, "a")


def test_a_position_within_a_line_moves_forward_and_never_back(ledger: Ledger) -> None:
    ledger.claim(KEY, "a", LEASE)
    ledger.save(KEY, "a", Position(700, 7, 3), LEASE)
    ledger.save(KEY, "a", Position(700, 7, 2), LEASE)
    assert ledger.claim(KEY, "a", LEASE) == Claim(Position(700, 7, 3))

    ledger.save(KEY, "a", Position(700, 7, 5), LEASE)
    assert ledger.claim(KEY, "a", LEASE) == Claim(Position(700, 7, 5))

    ledger.save(KEY, "a", Position(900, 9), LEASE)
    assert ledger.claim(KEY, "a", LEASE) == Claim(Position(900, 9))


def test_saving_renews_the_lease(ledger: Ledger, clock: ManualClock) -> None:
    ledger.claim(KEY, "a", LEASE)
    clock.sleep(LEASE - 1)
    ledger.save(KEY, "a", PLACE, LEASE)
    clock.sleep(LEASE - 1)

    assert busy(ledger, "b")


def test_a_lease_that_ran_out_unnoticed_is_still_its_owners(
    ledger: Ledger, clock: ManualClock
) -> None:
    ledger.claim(KEY, "a", LEASE)
    clock.sleep(2 * LEASE)

    ledger.save(KEY, "a", PLACE, LEASE)

    assert busy(ledger, "b")


def test_who_lost_the_lease_changes_nothing(ledger: Ledger, clock: ManualClock) -> None:
    ledger.claim(KEY, "a", LEASE)
    clock.sleep(LEASE)
    ledger.claim(KEY, "b", LEASE)
    ledger.save(KEY, "b", PLACE, LEASE)

    with pytest.raises(LeaseLostError, match=f"s3://{KEY.bucket}/{KEY.key}"):
        ledger.save(KEY, "a", FURTHER, 100 * LEASE)
    with pytest.raises(LeaseLostError):
        ledger.save(KEY, "a", START, 100 * LEASE)
    with pytest.raises(LeaseLostError):
        ledger.finish(KEY, "a", FURTHER)

    clock.sleep(LEASE)
    assert ledger.claim(KEY, "c", LEASE) == Claim(PLACE)


@pytest.mark.parametrize("position", [START, PLACE])
def test_nothing_is_noted_without_a_claim(ledger: Ledger, position: Position) -> None:
    with pytest.raises(LeaseLostError):
        ledger.save(KEY, "a", position, LEASE)
    with pytest.raises(LeaseLostError):
        ledger.finish(KEY, "a", position)

    ledger.release(KEY, "a")
    assert ledger.claim(KEY, "b", LEASE) == Claim(START)


def test_a_released_object_is_free_at_once_and_keeps_its_place(ledger: Ledger) -> None:
    ledger.claim(KEY, "a", LEASE)
    ledger.save(KEY, "a", PLACE, LEASE)
    ledger.release(KEY, "a")
    ledger.release(KEY, "a")

    assert ledger.claim(KEY, "b", LEASE) == Claim(PLACE)
    with pytest.raises(LeaseLostError):
        ledger.save(KEY, "a", FURTHER, LEASE)


def test_who_gave_the_lease_back_must_claim_again(ledger: Ledger) -> None:
    ledger.claim(KEY, "a", LEASE)
    ledger.release(KEY, "a")

    with pytest.raises(LeaseLostError):
        ledger.save(KEY, "a", PLACE, LEASE)


def test_only_the_owner_can_release(ledger: Ledger) -> None:
    ledger.claim(KEY, "a", LEASE)

    ledger.release(KEY, "b")

    assert busy(ledger, "b")
    ledger.save(KEY, "a", PLACE, LEASE)


# --- finished objects and positions -----------------------------------------------------------


@pytest.mark.parametrize("owner", ["a", "b"])
def test_a_finished_object_is_finished_for_everybody(
    ledger: Ledger, clock: ManualClock, owner: str
) -> None:
    ledger.claim(KEY, "a", LEASE)
    ledger.finish(KEY, "a", FURTHER)
    ledger.release(KEY, "a")

    for _ in range(2):
        assert ledger.claim(KEY, owner, LEASE) == Claim(FURTHER, finished=True)
        clock.sleep(2 * LEASE)


def test_finishing_again_is_no_error(ledger: Ledger) -> None:
    ledger.claim(KEY, "a", LEASE)
    ledger.finish(KEY, "a", FURTHER)
    ledger.finish(KEY, "a", FURTHER)

    with pytest.raises(LeaseLostError):
        ledger.finish(KEY, "b", FURTHER)
    with pytest.raises(LeaseLostError):
        ledger.save(KEY, "a", Position(1000, 10), LEASE)
    assert ledger.claim(KEY, "b", LEASE) == Claim(FURTHER, finished=True)


def test_a_place_never_moves_backwards(ledger: Ledger, clock: ManualClock) -> None:
    ledger.claim(KEY, "a", LEASE)
    ledger.save(KEY, "a", FURTHER, LEASE)
    clock.sleep(LEASE - 1)

    ledger.save(KEY, "a", PLACE, LEASE)

    clock.sleep(LEASE - 1)
    assert busy(ledger, "b")
    assert ledger.claim(KEY, "a", LEASE) == Claim(FURTHER)
    ledger.finish(KEY, "a", PLACE)
    assert ledger.claim(KEY, "a", LEASE) == Claim(FURTHER, finished=True)


def test_places_in_large_objects_are_exact(ledger: Ledger) -> None:
    position = Position(2**53 + 1, 2**40 + 1)
    ledger.claim(KEY, "a", LEASE)
    ledger.save(KEY, "a", position, LEASE)

    assert ledger.claim(KEY, "a", LEASE) == Claim(position)


LIKE = [
    LedgerKey("b", "k", "r", "x"),
    LedgerKey("b2", "k", "r", "x"),
    LedgerKey("b", "k2", "r", "x"),
    LedgerKey("b", "K", "r", "x"),
    LedgerKey("b", "k ", "r", "x"),
    LedgerKey("b", "k", "r2", "x"),
    LedgerKey("b", "k", "r", "x2"),
    LedgerKey("b", "k", "", "rx"),
    LedgerKey("b", "k", "rx", ""),
    LedgerKey("b", "k/r", "x", ""),
    LedgerKey("b/k", "r", "x", ""),
    LedgerKey("b", "k|r", "", "x"),
    LedgerKey("b", "k", "|r", "x"),
    LedgerKey("b", "k#r", "x", "x"),
    LedgerKey("b", "k", "r#x", "x"),
    LedgerKey("b", 'k", "r', "x", "x"),
    LedgerKey("b", "k", 'r", "x', "x"),
    LedgerKey("b", "k\0r", "x", "x"),
    LedgerKey("b", "k", "r\0x", "x"),
    LedgerKey("b", "k\0", "r", "x"),
    LedgerKey("b", "\u00fc", "r", "x"),
    LedgerKey("b", "u\u0308", "r", "x"),
    LedgerKey("b", "\\u00fc", "r", "x"),
    LedgerKey("b", "k" * 1024, "r" * 1024, "x" * 255),
    LedgerKey("b", "k" * 1024, "r" * 1024, "x" * 256),
]


def test_objects_revisions_and_routes_are_told_apart(ledger: Ledger) -> None:
    for number, key in enumerate(LIKE, 1):
        assert ledger.claim(key, f"owner {number}", LEASE) == Claim(START)
        ledger.save(key, f"owner {number}", Position(number, number), LEASE)

    for number, key in enumerate(LIKE, 1):
        assert ledger.claim(key, f"owner {number}", LEASE) == Claim(Position(number, number))
