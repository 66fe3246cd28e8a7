"""A platform that names the rows at which it fails, and accepts the others of their request."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch, Receipt
from capture_forwarder.core.errors import OutOfTimeError, PlatformUnavailableError
from tests.forwarding.test_sending import Setting, batch
from tests.forwarding.test_suspicion import failed
from tests.support.rows import inference_of

Names = Callable[[str, int], bool]
"""Whether the platform fails at a row, in the request of a number from 1."""


class Platform(Setting):
    """Answers for each row; `down` says which requests it fails at altogether."""

    def __init__(self, names: Names, *, end: float | None = None) -> None:
        super().__init__(end=end)
        self.names = names
        self.refuses: set[str] = set()
        self.down: Callable[[int], bool] = lambda _: False
        self.is_busy = False
        self.retry_after: float | None = None
        self.accepted: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()
        self.publisher.publish = self._publish  # type: ignore[method-assign]

    def _publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        del deadline
        self.requests += 1
        ids = list(enumerate(row.id for row in batch.inferences))
        self.tries.update(one for _, one in ids)
        if self.down(self.requests):
            raise failed()
        refused = {n: f"no {one}" for n, one in ids if one in self.refuses}
        again = {
            n: f"cannot store {one}"
            for n, one in ids
            if n not in refused and self.names(one, self.requests)
        }
        self.accepted.update(one for n, one in ids if n not in refused and n not in again)
        return Receipt(refused, [*again], self.retry_after, {} if self.is_busy else again)


def always(*bad: str) -> Names:
    return lambda one, _: one in bad


@given(
    st.integers(1, 60).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n), min_size=1, max_size=3))
    )
)
def test_rows_that_it_names_again_and_again_are_refused_and_all_others_arrive(
    case: tuple[int, set[int]],
) -> None:
    others, places = case
    count = others + len(places)
    bad = sorted(places)
    here = Platform(always(*map(str, bad)))

    outcome = here.sender.deliver(batch(count))

    assert [one.inference.id for one in outcome.refused] == list(map(str, bad))
    assert [one.said for one in outcome.refused] == [f"cannot store {one}" for one in bad]
    assert outcome.published == count - len(bad)
    assert outcome.settled == count
    assert set(here.accepted) == {str(n) for n in range(count) if n not in places}
    assert outcome.requests == here.requests


def test_they_are_judged_together_on_as_many_tries_as_any_other_row() -> None:
    here = Platform(always("3", "40", "77"))

    here.sender.deliver(batch(100))

    assert {here.tries[one] for one in ("3", "40", "77")} == {16}
    assert here.requests == 16 + 3
    assert here.clock.time < 60


def test_of_the_rows_that_it_accepted_three_are_sent_again_which_stand_behind() -> None:
    here = Platform(always("40"))

    here.sender.deliver(batch(100))

    twice = {int(one) for one, times in here.accepted.items() if times > 1}
    assert sum(here.accepted.values()) == 99 + 3
    assert min(twice) > 40


def test_a_row_beside_which_no_other_stands_is_not_blamed() -> None:
    here = Platform(always("0"))
    with pytest.raises(PlatformUnavailableError):
        here.sender.deliver(batch(1))


@pytest.mark.parametrize(("count", "named"), [(20, 4), (300, 4), (1000, 11), (1000, 62)])
def test_many_rows_at_once_are_an_outage_of_a_part_of_it(count: int, named: int) -> None:
    bad = random.Random(named).sample(range(count), named)  # noqa: S311
    here = Platform(always(*map(str, bad)))

    with pytest.raises(PlatformUnavailableError, match=f"could not take {named} of"):
        here.sender.deliver(batch(count))

    assert sum(here.accepted.values()) == count - named, "nothing is sent again to compare with"
    assert here.clock.time <= 120


def test_rows_of_a_large_batch_are_few_by_its_size() -> None:
    bad = list(map(str, range(7, 1000, 111)))
    here = Platform(always(*bad))

    outcome = here.sender.deliver(batch(1000))

    assert [one.inference.id for one in outcome.refused] == bad


@given(
    st.integers(1, 60),
    st.integers(1, 30),
    st.integers(1, 13),
    st.sampled_from([1, 2, 3, 4, 16]),
)
def test_a_part_of_it_that_is_down_for_fewer_tries_blames_no_row(
    count: int, begins: int, lasts: int, parts: int
) -> None:
    def names(one: str, number: int) -> bool:
        return int(one) % parts == 0 and begins <= number < begins + lasts

    here = Platform(names)

    try:
        outcome = here.sender.deliver(batch(count))
    except PlatformUnavailableError:
        assert lasts > 12, "it was tried for a minute"
    else:
        assert (outcome.published, outcome.refused) == (count, ())


@given(st.integers(1, 60), st.integers(0, 10**6), st.sampled_from([0.05, 0.2, 0.5]))
def test_a_platform_that_fails_at_rows_at_random_blames_none(
    count: int, seed: int, rate: float
) -> None:
    dice = random.Random(seed)  # noqa: S311
    here = Platform(lambda *_: dice.random() < rate)

    outcome = here.sender.deliver(batch(count))

    assert (outcome.published, outcome.refused) == (count, ())


@pytest.mark.parametrize("begins", range(1, 20))
def test_a_platform_that_goes_down_altogether_meanwhile_blames_no_row(begins: int) -> None:
    here = Platform(always("3"))
    here.down = lambda number: number >= begins

    with pytest.raises(PlatformUnavailableError):
        here.sender.deliver(batch(20))

    assert here.requests >= begins


def test_a_platform_that_refuses_what_it_has_already_takes_nothing_from_what_it_accepted() -> None:
    here = Platform(always("3"))
    tries = here.tries

    class Known(set[str]):
        def __contains__(self, one: object) -> bool:
            return one != "3" and tries[str(one)] > 1

    here.refuses = Known()
    sending = here.sender.begin(batch(20))
    sending.may_split()
    sending.run()
    outcome = sending.take()

    assert isinstance(outcome.error, PlatformUnavailableError)
    assert (outcome.published, outcome.refused) == (19, ())
    assert tries["4"] + tries["19"] > 2, "they were sent once more"


def test_rows_that_it_is_busy_for_are_not_blamed() -> None:
    for busy, retry_after in ((True, None), (False, 1.0)):
        here = Platform(always("3"))
        here.is_busy, here.retry_after = busy, retry_after
        with pytest.raises(PlatformUnavailableError):
            here.sender.deliver(batch(20))
        assert sum(here.accepted.values()) == 19


def test_rows_that_it_refuses_are_told_from_those_that_it_fails_at() -> None:
    here = Platform(always("11"))
    here.refuses = {"5", "30"}

    outcome = here.sender.deliver(batch(40))

    assert {one.inference.id: one.said for one in outcome.refused} == {
        "5": "no 5",
        "11": "cannot store 11",
        "30": "no 30",
    }
    assert outcome.published == 37


def test_no_row_is_blamed_on_fewer_tries_because_the_time_is_up() -> None:
    ends: set[type] = set()
    for end in range(4, 70):
        here = Platform(always("5"), end=float(end))
        try:
            outcome = here.sender.deliver(batch(12))
        except (PlatformUnavailableError, OutOfTimeError) as error:
            ends.add(type(error))
        else:
            assert [one.inference.id for one in outcome.refused] == ["5"]
            assert here.tries["5"] == 16
            ends.add(type(outcome))
    assert len(ends) > 1


def of_ids(ids: Sequence[str]) -> Batch:
    return Batch.of([inference_of(one, {"a": n}) for n, one in enumerate(ids)])


@given(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=30), st.integers(0, 29))
def test_of_labels_with_one_id_the_last_arrives_last_while_a_row_is_judged(
    ids: list[str], place: int
) -> None:
    bad = place % len(ids)
    here = Setting()
    arrived: list[tuple[str, int]] = []

    def answer(rows: Sequence[object]) -> None:
        labels = [(row.id, row.row["a"]) for row in rows]  # type: ignore[attr-defined]
        if any(value == bad for _, value in labels):
            raise failed()
        arrived.extend(labels)

    here.publisher.refuse = answer
    with contextlib.suppress(PlatformUnavailableError):
        here.sender.deliver(of_ids(ids))

    for one in set(ids):
        order = [value for name, value in arrived if name == one]
        assert not order or order[-1] == max(order)
