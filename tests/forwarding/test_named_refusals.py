"""A platform that names each row that it refuses: a few are quarantined, too many hold the file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from capture_forwarder.core.batch import Batch, Receipt
from capture_forwarder.core.errors import FileHeldError
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.line import Line
from capture_forwarder.core.ports import Ports
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.options import RouteOptions
from capture_forwarder.forwarding.refusing import RefusalWatch
from capture_forwarder.forwarding.route import Route
from capture_forwarder.forwarding.settled import Refusal
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.forwarding.test_forwarder import Reports
from tests.forwarding.test_refusals import AddressedQuarantine
from tests.forwarding.test_resume import Queue, call, message
from tests.support.fakes import ManualClock, MemoryLedger, MemoryPublisher, MemoryStore, OneRoute

NAMES = [f"call-{n:03d}" for n in range(3000)]


class Naming(MemoryPublisher):
    """Refuses some rows, in an answer that accepts the others."""

    def __init__(self, refuses: Callable[[int], bool]) -> None:
        super().__init__(rows=1000)
        self.refuses = refuses
        self.requests = 0

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        del deadline
        self.requests += 1
        refused = {}
        for index, one in enumerate(batch.inferences):
            if self.refuses(int(one.id.removeprefix("call-"))):
                refused[index] = "column a is no number"
            else:
                self.batches.append([one])
        return Receipt(refused)


class Setting:
    def __init__(
        self, refuses: Callable[[int], bool], *, rows: int = 3000, most: float = 0.25
    ) -> None:
        clock = ManualClock()
        self.publisher, self.quarantine = Naming(refuses), AddressedQuarantine()
        self.ledger, self.reports = MemoryLedger(clock), Reports()
        store = MemoryStore(file=b"\n".join(map(call, range(rows))))
        ports = Ports(store, self.publisher, self.quarantine, clock, self.ledger)
        options = RouteOptions("default", 10**6, requests_in_flight=1, max_refused=most)
        route = Route(ColumnMapping.of("a", "score"), options, ports, self.reports)
        self.forwarder = Forwarder(OneRoute(route), clock, self.reports, Queue())

    def invoke(self) -> bool:
        return self.forwarder.handle(message(0)) == {"batchItemFailures": []}

    @property
    def published(self) -> list[str]:
        return [row.id for row in self.publisher.published]

    @property
    def refused(self) -> list[str]:
        found = [str(entry.inference_id) for entry in self.quarantine.entries]
        return sorted(found, key=NAMES.index)


def test_a_file_of_which_every_row_is_named_is_held_after_one_request_and_a_hundred_rows() -> None:
    here = Setting(lambda _: True)

    assert not here.invoke()

    ((_, error),) = here.reports.failures
    assert isinstance(error, FileHeldError)
    assert "refused 100 of 100 rows" in error.message
    assert "column a is no number" not in str(error)
    assert "'a'" in error.message
    assert here.publisher.requests == 1
    assert here.refused == NAMES[:100]
    assert error.report is not None
    assert (error.report.refused, error.report.published) == (100, 0)


@pytest.mark.parametrize(("most", "held"), [(0.25, True), (0.5, False), (1.0, False)])
def test_a_third_of_the_rows_is_too_much_unless_the_route_allows_it(
    most: float, held: bool
) -> None:
    here = Setting(lambda n: n % 3 == 1, most=most)

    assert here.invoke() is not held

    if not held:
        assert here.refused == NAMES[1::3]
        assert sorted(here.published) == sorted(set(NAMES) - set(NAMES[1::3]))


def test_rows_behind_those_that_held_a_file_arrive_once_the_route_is_correct() -> None:
    here = Setting(lambda n: n % 2 == 0)
    assert not here.invoke()
    kept = here.refused

    here.publisher.refuses = lambda _: False
    assert here.invoke()

    assert here.refused == kept
    assert set(here.published) | set(kept) == set(NAMES)
    assert not set(here.published) & set(kept)


@pytest.mark.parametrize("rows", [50, 99])
def test_few_rows_are_quarantined_though_they_are_all_there_are(rows: int) -> None:
    here = Setting(lambda _: True, rows=rows)

    assert here.invoke()
    assert here.refused == NAMES[:rows]


def test_a_hundred_named_rows_of_many_do_not_hold_a_file() -> None:
    here = Setting(lambda n: n % 25 == 7)

    assert here.invoke()
    assert len(here.refused) == 120
    assert here.publisher.requests == 3


def test_the_platforms_words_are_kept_whichever_of_two_batches_is_counted_first() -> None:
    row = Inference("call", ("a",), (1,))
    first, later = (
        [Refusal(row, Line(number, 0, b"", 0), 0, "no") for number in numbers]
        for numbers in (range(1, 301), range(301, 601))
    )
    watch = RefusalWatch(0.25)

    # Of what is behind the first batch, nothing is quarantined before something of it is.
    assert watch.named(later, 0) == later[:100]
    assert watch.named(first, 0) == first[:1]

    with pytest.raises(FileHeldError):
        watch.check()
