"""One batch to the platform: retry, Retry-After, deadline, bisection."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CredentialsRefusedError,
    LeaseLostError,
    OutOfTimeError,
    PlatformUnavailableError,
)
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.line import Line, Position
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.forwarding.deadline import Deadline
from capture_forwarder.forwarding.refusing import RefusalWatch
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.forwarding.settled import Refusal
from tests.support.fakes import ManualClock, MemoryPublisher
from tests.support.rows import inference_of


def batch(count: int) -> Batch:
    return Batch.of([inference_of(str(n), {"a": n}) for n in range(count)])


class Setting:
    """A sender whose jitter always waits the longest."""

    def __init__(
        self,
        retry_seconds: float = 60.0,
        *,
        end: float | None = None,
        before: Callable[[], None] = lambda: None,
        may_hold: bool = False,
    ) -> None:
        self.clock = ManualClock()
        self.publisher = MemoryPublisher()
        self.requests = 0
        self.quarantined: list[Refusal] = []
        self.sender = BatchSender(
            self.publisher,
            self.clock,
            retry_seconds=retry_seconds,
            jitter=lambda: 1.0,
            deadline=Deadline(self.clock, end),
            before=before,
            keep=self.quarantined.append,
            refusals=RefusalWatch(most=0.25 if may_hold else 1.0),
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

    outcome = setting.sender.deliver(batch(3))

    assert (outcome.published, outcome.requests, outcome.retries) == (3, 5, 4)
    assert setting.clock.sleeps == [0.5, 1.0, 2.0, 4.0]


def test_the_platforms_own_waiting_time_is_obeyed() -> None:
    setting = Setting()
    setting.fail(
        lambda number: PlatformUnavailableError("busy", retry_after=17) if number == 1 else None
    )
    setting.sender.deliver(batch(1))
    assert setting.clock.sleeps == [17]


def test_a_platform_that_stays_down_is_given_up_within_the_budget() -> None:
    setting = Setting(retry_seconds=10)
    setting.fail(down)
    with pytest.raises(PlatformUnavailableError):
        setting.sender.deliver(batch(1))
    assert setting.clock.time <= 10
    assert setting.requests == 5


def test_a_wait_longer_than_the_budget_is_not_begun() -> None:
    setting = Setting(retry_seconds=10)
    setting.fail(lambda _: PlatformUnavailableError("busy", retry_after=3600))
    with pytest.raises(PlatformUnavailableError):
        setting.sender.deliver(batch(1))
    assert (setting.requests, setting.clock.sleeps) == (1, [])


def test_no_try_begins_past_the_deadline() -> None:
    setting = Setting(end=3.5)
    setting.fail(down)
    with pytest.raises((PlatformUnavailableError, OutOfTimeError)):
        setting.sender.deliver(batch(1))
    assert 0 < setting.clock.time < 3


def test_once_a_batch_gave_up_the_others_try_only_once() -> None:
    setting = Setting(retry_seconds=1)
    setting.fail(down)
    for _ in range(2):
        with pytest.raises(PlatformUnavailableError):
            setting.sender.deliver(batch(1))
    first, again = 2, 1
    assert setting.requests == first + again


def test_what_trying_again_cannot_help_is_not_tried_again() -> None:
    setting = Setting()
    setting.fail(lambda _: CredentialsRefusedError("wrong"))
    with pytest.raises(CredentialsRefusedError):
        setting.sender.deliver(batch(1))
    assert setting.requests == 1


def test_a_lost_lease_stops_before_the_next_request() -> None:
    holds = iter([None, None, LeaseLostError("lost")])

    def hold() -> None:
        if error := next(holds):
            raise error

    setting = Setting(before=hold)
    setting.fail(down)
    with pytest.raises(LeaseLostError):
        setting.sender.deliver(batch(1))
    assert setting.requests == 2


@pytest.mark.parametrize("place", [0, 500, 999])
def test_one_bad_row_in_a_thousand_is_found_in_few_requests(place: int) -> None:
    setting = Setting()
    setting.refuse_rows({str(place)})

    outcome = setting.sender.deliver(batch(1000))

    assert [(one.inference.id, one.said) for one in outcome.refused] == [(str(place), "bad row")]
    assert outcome.published == 999
    assert outcome.requests <= 2 * math.ceil(math.log2(1000)) + 1


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_every_row_is_published_once_or_refused_once(case: tuple[int, set[int]]) -> None:
    count, bad = case
    setting = Setting()
    setting.refuse_rows({str(n) for n in bad})

    outcome = setting.sender.deliver(batch(count))

    assert [one.inference.id for one in outcome.refused] == [str(n) for n in sorted(bad)]
    published = [row.id for row in setting.publisher.published]
    assert published == [str(n) for n in range(count) if n not in bad]
    assert outcome.published == len(published)
    assert outcome.requests == setting.requests


class Choosy(MemoryPublisher):
    """Answers for each inference: refuses some, takes some only at a later try."""

    def __init__(self, bad: set[str], late: dict[str, int]) -> None:
        super().__init__()
        self.bad = bad
        self.late = late
        self.sent: list[list[str]] = []

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        del deadline
        self.sent.append([one.id for one in batch.inferences])
        refused, again = {}, []
        for position, one in enumerate(batch.inferences):
            if one.id in self.bad:
                refused[position] = f"no {one.id}"
            elif self.late.get(one.id, 0) > 0:
                self.late[one.id] -= 1
                again.append(position)
            else:
                self.batches.append([one])
        return Receipt(refused, again, retry_after=7.0 if again else None)


def test_only_what_the_platform_could_not_take_is_sent_again() -> None:
    publisher, clock = Choosy({"1", "4"}, {"2": 2, "4": 0, "5": 1}), ManualClock()

    outcome = BatchSender(publisher, clock, retry_seconds=60).deliver(batch(6))

    assert publisher.sent == [list("012345"), ["2", "5"], ["2"]]
    assert [one.id for one in publisher.published] == ["0", "3", "5", "2"]
    assert [(one.inference.id, one.index, one.said) for one in outcome.refused] == [
        ("1", 1, "no 1"),
        ("4", 4, "no 4"),
    ]
    assert (outcome.published, outcome.requests, outcome.retries) == (4, 3, 2)
    assert clock.sleeps == [7.0, 7.0]


def test_what_the_platform_never_takes_fails_the_batch() -> None:
    publisher = Choosy(set(), {"1": 1000})
    with pytest.raises(PlatformUnavailableError, match="1 of 3 inferences"):
        BatchSender(publisher, ManualClock(), retry_seconds=1).deliver(batch(3))


@given(
    st.integers(1, 30).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.sets(st.integers(0, n - 1)),
            st.dictionaries(st.integers(0, n - 1), st.integers(1, 3)),
        )
    )
)
def test_whatever_is_answered_for_each_row_it_is_published_or_refused_once(
    case: tuple[int, set[int], dict[int, int]],
) -> None:
    count, bad, late = case
    publisher = Choosy({str(n) for n in bad}, {str(n): times for n, times in late.items()})

    outcome = BatchSender(publisher, ManualClock(), retry_seconds=1000).deliver(batch(count))

    assert sorted(int(one.inference.id) for one in outcome.refused) == sorted(bad)
    published = sorted(int(one.id) for one in publisher.published)
    assert published == [n for n in range(count) if n not in bad]
    assert outcome.published == len(published)


@given(st.integers(2, 40), st.integers(1, 39))
def test_a_batch_that_is_too_large_is_sent_in_pieces(count: int, most: int) -> None:
    setting = Setting()

    def refuse(rows: Sequence[Inference]) -> None:
        setting.requests += 1
        if len(rows) > most:
            raise BatchTooLargeError("too large")

    setting.publisher.refuse = refuse
    outcome = setting.sender.deliver(batch(count))

    assert [one.id for one in setting.publisher.published] == [str(n) for n in range(count)]
    assert outcome.refused == ()
    assert outcome.requests == setting.requests


def parts(batch: Batch) -> list[tuple[int, int, int]]:
    return [(part.line.number, part.first, part.count) for part in batch.line_slices]


def test_a_part_of_a_batch_knows_the_lines_it_comes_from() -> None:
    lines = [Line(n, 10 * n, b"x", 9) for n in (1, 2, 3)]
    builder = BatchBuilder(BatchLimits(5, 1000), CaptureFile("b", "k"), "r")
    full = []
    for raw, size in zip(lines, (2, 4, 2), strict=True):
        rows = [inference_of(f"{raw.number}_{n}", {"a": n}) for n in range(size)]
        full += builder.add(raw, rows)
    full += builder.cut(Position())

    assert [parts(one) for one in full] == [[(1, 0, 2), (2, 0, 3)], [(2, 3, 1), (3, 0, 2)]]
    assert [one.start for one in full] == [(10, 0), (20, 3)]
    assert parts(full[0].slice(1, 4)) == [(1, 1, 1), (2, 0, 2)]
    assert parts(full[0].select([0, 3])) == [(1, 0, 1), (2, 1, 1)]
    assert full[1].origin(0) == (lines[1], 3)
    assert [[one.id for one in rows] for _, rows in full[1].lines()] == [["2_3"], ["3_0", "3_1"]]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=12))
def test_where_lines_stay_whole_no_batch_ends_inside_one(sizes: list[int]) -> None:
    builder = BatchBuilder(BatchLimits(5, 400, whole_lines=True), CaptureFile("b", "k"), "r")
    full = []
    for number, size in enumerate(sizes, 1):
        rows = [inference_of(f"{number}_{n}", {"a": n}) for n in range(size)]
        full += builder.add(Line(number, number * 100, b"x", 99), rows)
    full += builder.cut(Position())

    assert all(part.count == part.total for one in full for part in one.line_slices)
    assert all(len(one) <= 5 or len(one.line_slices) == 1 for one in full)
    assert [row.id for one in full for row in one.inferences] == [
        f"{number}_{n}" for number, size in enumerate(sizes, 1) for n in range(size)
    ]
