"""Numbers on their way from a captured line to Fiddler: exact, and of their column's type."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from capture_forwarder.cli.terminal.reporter import CollectingReporter
from capture_forwarder.core.ports import Ports
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.route import Route
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.fiddler.publisher import FiddlerPublisher
from tests.support.captures import SOURCE, line, side
from tests.support.fakes import MemoryQuarantine, MemoryStore
from tests.support.platforms.faults import Status
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer, Model

MODEL = Model.of(inputs={"a": "float", "n": "int"}, outputs={"score": "float"}, event_id_col="id")
EXACT = "0.1000000000000000055511151231257827"
ALONE = [line(side(f"{EXACT},{n}"), side("0.50"), eventId=f"call-{n}") for n in range(40)]
TOGETHER = line(
    side("\n".join(f"{EXACT},{n}" for n in range(40))), side("0.50\n" * 40), eventId="call"
)


@pytest.fixture
def server() -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as server:
        yield server


def forward(server: FiddlerServer, *lines: bytes) -> FileReport:
    fiddler = FiddlerPublisher(
        server.url, FixedSecret(TOKEN), UUID(MODEL_ID), timeout=5.0, clock=SystemClock()
    )
    store = MemoryStore(**{SOURCE.key: b"\n".join(lines) + b"\n"})
    ports = Ports(store, fiddler, MemoryQuarantine(), SystemClock())
    route = Route(
        ColumnMapping.of("a,n", "score"),
        RouteOptions("default", 10**6),
        ports,
        CollectingReporter(),
    )
    return route.forward(SOURCE, Invocation())


@pytest.mark.parametrize("lines", [ALONE, [TOGETHER]], ids=["a call each", "one call"])
def test_a_float_arrives_with_all_its_digits(server: FiddlerServer, lines: list[bytes]) -> None:
    report = forward(server, *lines)

    (request,) = server.publish_requests
    assert request.body.count(f'"a":{EXACT},"n":'.encode()) == report.published == 40
    assert request.body.count(b'"score":0.50,') == 40


@pytest.mark.parametrize("calls", [1, 4])
def test_a_whole_number_arrives_as_the_type_of_its_column(
    server: FiddlerServer, calls: int
) -> None:
    sent, answered = "0.5,7\n3,-7\n1e3,0\n-0.25,7", "0.5\n1\n5e-1\n0"
    forward(server, *[line(side(sent), side(answered), eventId=f"{n}") for n in range(calls)])

    found = [(repr(one["a"]), repr(one["n"]), repr(one["score"])) for one in server.events]
    assert (
        found
        == [
            ("0.5", "7", "0.5"),
            ("3.0", "-7", "1.0"),
            ("1000.0", "0", "0.5"),
            ("-0.25", "7", "0.0"),
        ]
        * calls
    )


@pytest.mark.parametrize("lines", [ALONE, [TOGETHER]], ids=["a call each", "one call"])
def test_rows_around_one_that_is_refused_arrive_once_each(
    server: FiddlerServer, lines: list[bytes]
) -> None:
    server.faults.extend((Status(400),))
    report = forward(server, *lines)

    assert len(server.publish_requests) > 1
    assert report.published == 40
    assert [one["n"] for one in server.events] == list(range(40))
    assert {one["a"] for one in server.events} == {float(EXACT)}


def test_numbers_between_others_arrive_in_order(server: FiddlerServer) -> None:
    text = line(side(f'"{EXACT}",1'), side("0.5"), eventId="quoted")
    lines = [*ALONE[:20], text, *ALONE[20:30], TOGETHER, b"no JSON", *ALONE[30:]]
    report = forward(server, *lines)

    expected = [*range(20), 1, *range(20, 30), *range(40), *range(30, 40)]
    assert [one["n"] for one in server.events] == expected
    assert (report.published, sum(report.quarantined.values())) == (81, 1)
