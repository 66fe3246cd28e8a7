"""A row that a platform fails at is found and refused; an outage never blames a row."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import (
    BatchRefusedError,
    OutOfTimeError,
    PlatformUnavailableError,
)
from capture_forwarder.core.inference import Inference
from tests.forwarding.test_sending import Setting, batch


def failed() -> PlatformUnavailableError:
    return PlatformUnavailableError(
        "The platform answered 500.", may_be_a_row=True, platform_message="cannot store Jane"
    )


class Platform(Setting):
    """Fails at some rows, and at whatever `weather` says."""

    def __init__(
        self,
        poison: set[str],
        weather: Callable[[int], bool] = lambda _: False,
        *,
        end: float | None = None,
        error: Callable[[], Exception] = failed,
    ) -> None:
        super().__init__(end=end)
        self.sizes: list[int] = []

        def answer(rows: Sequence[Inference]) -> None:
            self.requests += 1
            self.sizes.append(len(rows))
            if any(row.id in poison for row in rows) or weather(self.requests):
                raise error()

        self.publisher.refuse = answer

    @property
    def published(self) -> list[str]:
        return sorted((row.id for row in self.publisher.published), key=int)


@given(st.integers(4, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_a_row_that_the_platform_fails_at_is_refused_and_all_others_arrive_once(
    case: tuple[int, int],
) -> None:
    count, bad = case
    here = Platform({str(bad)})

    outcome = here.sender.deliver(batch(count))

    (refused,) = outcome.refused
    assert refused.inference.id == str(bad)
    assert refused.said == "The platform answered 500. cannot store Jane"
    assert here.quarantined == [refused]
    assert here.published == [str(n) for n in range(count) if n != bad]
    assert outcome.requests == here.requests


@given(st.sets(st.integers(0, 150), max_size=5))
def test_several_such_rows_are_found_as_well(bad: set[int]) -> None:
    here = Platform({str(n) for n in bad})

    outcome = here.sender.deliver(batch(200))

    assert [one.inference.id for one in outcome.refused] == [str(n) for n in sorted(bad)]
    assert here.published == [str(n) for n in range(200) if n not in bad]


def test_such_a_row_costs_seconds_and_few_requests_however_long_a_batch_may_be_tried() -> None:
    here = Platform({"321"})

    here.sender.deliver(batch(1000))

    assert here.clock.time < 60
    assert here.requests < 70


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_a_platform_that_is_down_blames_no_row_and_gets_few_requests_more(count: int) -> None:
    here = Platform(set(), lambda _: True)

    with pytest.raises(PlatformUnavailableError):
        here.sender.deliver(batch(count))

    assert here.quarantined == []
    alone = Platform(set(), error=lambda: PlatformUnavailableError("down"))
    alone.fail(lambda _: PlatformUnavailableError("down"))
    with pytest.raises(PlatformUnavailableError):
        alone.sender.deliver(batch(count))
    assert here.requests <= alone.requests + 8


def test_a_row_beside_which_no_other_stands_is_not_blamed() -> None:
    here = Platform({"0"})

    with pytest.raises(PlatformUnavailableError):
        here.sender.deliver(batch(1))

    assert here.quarantined == []


@pytest.mark.parametrize(("bad", "count"), [("0", 2), ("1", 2), ("0", 3), ("1", 3), ("2", 3)])
def test_where_few_rows_stand_beside_it_they_are_sent_again_to_compare_with(
    bad: str, count: int
) -> None:
    here = Platform({bad})

    outcome = here.sender.deliver(batch(count))

    assert [one.inference.id for one in outcome.refused] == [bad]
    assert outcome.published == count - 1
    assert set(here.published) == {str(n) for n in range(count)} - {bad}
    assert len(here.published) <= count - 1 + 2


@given(st.integers(1, 60), st.integers(1, 200), st.integers(1, 200))
def test_an_outage_blames_no_row_whenever_it_begins_and_ends(
    count: int, begins: int, lasts: int
) -> None:
    here = Platform(set(), lambda number: begins <= number < begins + lasts)
    try:
        outcome = here.sender.deliver(batch(count))
    except PlatformUnavailableError:
        pass
    else:
        assert outcome.published == count
    assert here.quarantined == []


@pytest.mark.parametrize("count", [2, 3, 4, 9])
def test_an_outage_that_lets_one_or_two_requests_through_blames_no_row(count: int) -> None:
    for first in range(1, 20):
        for second in range(first, 28):
            here = Platform(set(), lambda number: number not in {first, second})  # noqa: B023
            with contextlib.suppress(PlatformUnavailableError):
                here.sender.deliver(batch(count))
            assert here.quarantined == []


@given(st.integers(1, 40), st.integers(0, 10**6), st.sampled_from([0.05, 0.2, 0.5]))
def test_a_platform_that_fails_at_random_blames_no_row(count: int, seed: int, rate: float) -> None:
    dice = random.Random(seed)  # noqa: S311
    here = Platform(set(), lambda _: dice.random() < rate)
    outcome = here.sender.deliver(batch(count))
    assert (outcome.published, here.quarantined) == (count, [])


@pytest.mark.parametrize("backends", [2, 3, 4, 7])
def test_one_backend_of_several_that_is_broken_or_whole_blames_no_row(backends: int) -> None:
    for broken in (lambda number: number % backends == 0, lambda number: number % backends != 0):
        here = Platform(set(), broken)
        with contextlib.suppress(PlatformUnavailableError):
            here.sender.deliver(batch(40))
        assert here.quarantined == []


def test_a_platform_that_is_busy_is_not_taken_for_one_that_fails_at_a_row() -> None:
    here = Platform({"3"}, error=lambda: PlatformUnavailableError("busy"))

    with pytest.raises(PlatformUnavailableError):
        here.sender.deliver(batch(20))

    assert here.quarantined == []
    assert set(here.sizes) == {20}


def test_rows_that_are_refused_are_told_from_those_that_the_platform_fails_at() -> None:
    here = Platform(set())

    def answer(rows: Sequence[Inference]) -> None:
        ids = {row.id for row in rows}
        if "11" in ids:
            raise failed()
        if "30" in ids:
            raise BatchRefusedError("no", platform_message="bad row")

    here.publisher.refuse = answer
    outcome = here.sender.deliver(batch(40))

    assert {one.inference.id: one.said for one in outcome.refused} == {
        "11": "The platform answered 500. cannot store Jane",
        "30": "bad row",
    }
    assert outcome.published == 38


def test_no_row_is_blamed_when_the_time_is_up_before_it_was_tried_often_enough() -> None:
    ends = set()
    for end in range(4, 40):
        here = Platform({"5"}, end=float(end))
        try:
            here.sender.deliver(batch(12))
        except (PlatformUnavailableError, OutOfTimeError) as error:
            ends.add(type(error))
            assert here.quarantined == []
    assert OutOfTimeError in ends


def test_a_row_that_is_never_answered_in_time_is_refused_and_requests_grow_again() -> None:
    def late() -> Exception:
        here.clock.time += 30
        return PlatformUnavailableError("It did not answer in time.", timed_out=True)

    here = Platform({"0"}, error=late)
    outcome = here.sender.deliver(batch(1000))

    assert [one.inference.id for one in outcome.refused] == ["0"]
    assert outcome.published == 999
    assert here.clock.time < 298, "one invocation of the template's default time is enough"
    here.sizes.clear()
    here.sender.deliver(batch(1000).slice(1, 1000))
    assert here.sizes == [999]


def tries_of(bad: str, count: int, end: float | None) -> tuple[int, bool]:
    """How often a row was sent, and whether it was refused in the end."""
    here = Platform({bad}, end=end)
    fail, tries = here.publisher.refuse, 0

    def counted(rows: Sequence[Inference]) -> None:
        nonlocal tries
        tries += any(row.id == bad for row in rows)
        fail(rows)

    here.publisher.refuse = counted
    with contextlib.suppress(OutOfTimeError, PlatformUnavailableError):
        here.sender.deliver(batch(count))
    return tries, bool(here.quarantined)


@pytest.mark.parametrize(("bad", "count"), [("2", 4), ("5", 20), ("321", 400)])
def test_no_row_is_blamed_on_fewer_tries_because_the_time_is_up(bad: str, count: int) -> None:
    needed, blamed = tries_of(bad, count, None)
    assert blamed
    found = [tries_of(bad, count, end / 10) for end in range(10, 900)]
    assert {tries for tries, blamed in found if blamed} == {needed}
    assert not all(blamed for _, blamed in found)
