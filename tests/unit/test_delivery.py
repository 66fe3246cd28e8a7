"""One batch to the platform: retry, Retry-After, deadline, bisection."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.delivery import Deliverer
from capture_forwarder.errors import (
    BatchRefusedError,
    CredentialsRefusedError,
    LeaseLostError,
    PlatformUnavailableError,
)
from capture_forwarder.model import Inference
from tests.fakes import ManualClock, MemoryPublisher


def batch(count: int) -> list[Inference]:
    return [Inference.of(str(n), {"a": n}) for n in range(count)]


class Setting:
    """A deliverer whose jitter always waits the longest."""

    def __init__(self, retry_seconds: float = 60.0) -> None:
        self.clock = ManualClock()
        self.publisher = MemoryPublisher()
        self.requests = 0
        self.deliverer = Deliverer(
            self.publisher, self.clock, retry_seconds=retry_seconds, jitter=lambda: 1.0
        )

    def fail(self, error: Callable[[int], Exception | None]) -> None:
        """Raise what a function of the request's number, from 1, gives."""

        def refuse(_: Sequence[Inference]) -> None:
            self.requests += 1
            if raised := error(self.requests):
                raise raised

        self.publisher.refuse = refuse

    def refuse_rows(self, bad: set[str]) -> None:
        def refuse(rows: Sequence[Inference]) -> None:
            self.requests += 1
            if any(row.id in bad for row in rows):
                raise BatchRefusedError("no", platform_message="bad row")

        self.publisher.refuse = refuse


def down(number: int) -> Exception:
    return PlatformUnavailableError(f"down {number}")


def test_a_platform_that_recovers_gets_the_batch_after_growing_waits() -> None:
    setting = Setting()
    setting.fail(lambda number: down(number) if number < 5 else None)

    outcome = setting.deliverer.deliver(batch(3))

    assert (outcome.published, outcome.requests, outcome.retries) == (3, 5, 4)
    assert setting.clock.sleeps == [0.5, 1.0, 2.0, 4.0]


def test_the_platforms_own_waiting_time_is_obeyed() -> None:
    setting = Setting()
    setting.fail(
        lambda number: PlatformUnavailableError("busy", retry_after=17) if number == 1 else None
    )
    setting.deliverer.deliver(batch(1))
    assert setting.clock.sleeps == [17]


def test_a_platform_that_stays_down_is_given_up_within_the_budget() -> None:
    setting = Setting(retry_seconds=10)
    setting.fail(down)
    with pytest.raises(PlatformUnavailableError):
        setting.deliverer.deliver(batch(1))
    assert setting.clock.time <= 10
    assert setting.requests == 5


def test_a_wait_longer_than_the_budget_is_not_begun() -> None:
    setting = Setting(retry_seconds=10)
    setting.fail(lambda _: PlatformUnavailableError("busy", retry_after=3600))
    with pytest.raises(PlatformUnavailableError):
        setting.deliverer.deliver(batch(1))
    assert (setting.requests, setting.clock.sleeps) == (1, [])


def test_no_try_begins_past_the_deadline() -> None:
    setting = Setting()
    setting.fail(down)
    with pytest.raises(PlatformUnavailableError):
        setting.deliverer.deliver(batch(1), deadline=3.0)
    assert setting.clock.time < 3


def test_once_a_batch_gave_up_the_others_try_only_once() -> None:
    setting = Setting(retry_seconds=1)
    setting.fail(down)
    for _ in range(2):
        with pytest.raises(PlatformUnavailableError):
            setting.deliverer.deliver(batch(1))
    first, again = 2, 1
    assert setting.requests == first + again


def test_what_trying_again_cannot_help_is_not_tried_again() -> None:
    setting = Setting()
    setting.fail(lambda _: CredentialsRefusedError("wrong"))
    with pytest.raises(CredentialsRefusedError):
        setting.deliverer.deliver(batch(1))
    assert setting.requests == 1


def test_a_lost_lease_stops_before_the_next_request() -> None:
    setting = Setting()
    setting.fail(down)
    holds = iter([None, None, LeaseLostError("lost")])

    def hold() -> None:
        if error := next(holds):
            raise error

    with pytest.raises(LeaseLostError):
        setting.deliverer.deliver(batch(1), before=hold)
    assert setting.requests == 2


@pytest.mark.parametrize("place", [0, 500, 999])
def test_one_bad_row_in_a_thousand_is_found_in_few_requests(place: int) -> None:
    setting = Setting()
    setting.refuse_rows({str(place)})

    outcome = setting.deliverer.deliver(batch(1000))

    assert [(row.id, said) for row, said in outcome.refused] == [(str(place), "bad row")]
    assert outcome.published == 999
    assert outcome.requests <= 2 * math.ceil(math.log2(1000)) + 1


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_every_row_is_published_once_or_refused_once(case: tuple[int, set[int]]) -> None:
    count, bad = case
    setting = Setting()
    setting.refuse_rows({str(n) for n in bad})

    outcome = setting.deliverer.deliver(batch(count))

    assert [row.id for row, _ in outcome.refused] == [str(n) for n in sorted(bad)]
    published = [row.id for row in setting.publisher.published]
    assert published == [str(n) for n in range(count) if n not in bad]
    assert outcome.published == len(published)
    assert outcome.requests == setting.requests
