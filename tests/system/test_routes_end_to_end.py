"""The real handler with a routes file in S3: one object to several platforms, and who gets what.

S3, DynamoDB and SQS are moto's, the platforms are the loopback ones.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from itertools import combinations
from pathlib import Path
from threading import Event

import pytest

from tests.support.captures import line, side
from tests.support.fault_matrix.account import VISIBILITY_SECONDS
from tests.support.fault_matrix.capture_file import CaptureFile
from tests.support.fault_matrix.routed import REFRESH_SECONDS, Routed
from tests.support.platforms.faults import Reset, Status
from tests.support.platforms.fiddler import FiddlerServer, Model
from tests.support.platforms.server import Request
from tests.support.publishers_under_test.fiddler import MODEL

Make = Callable[..., Routed]

THREE = ("fiddler", "arthur", "openscale")
DOWN = [down for count in (1, 2, 3) for down in combinations(THREE, count)]
FILE = CaptureFile("three", calls=20, bad_every=7)
OTHER_MODEL = "a2d7c410-6f3b-4e58-9b1c-0d84e7f52c36"


@pytest.fixture
def routed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Make]:
    """Makes an account with files in it, and platforms with a route to each."""
    with ExitStack() as stack:

        def make(*files: CaptureFile, to: tuple[str, ...] = THREE) -> Routed:
            return stack.enter_context(Routed(monkeypatch, capsys, files, tmp_path, *to))

        yield make


def publishes(request: Request) -> bool:
    return bool(request.publish_number)


def bring_down(here: Routed, route: str, how: str) -> None:
    match how:
        case "connection refused":
            here.doors[route].close()
        case "503":
            here.platforms[route].server.fail_when(publishes, Status(503))
        case "reset after storing":
            here.platforms[route].server.fail_when(publishes, Reset(stored=True))


def bring_up(here: Routed, route: str, how: str) -> None:
    here.platforms[route].mend()
    if how == "connection refused":
        here.doors[route].open()


# --- one object, three platforms -------------------------------------------------------------


@pytest.mark.parametrize("down", DOWN, ids="+".join)
@pytest.mark.parametrize("how", ["503", "connection refused", "reset after storing"])
def test_while_some_are_down_the_others_complete_at_once_and_those_catch_up(
    how: str, down: tuple[str, ...], routed: Make
) -> None:
    here = routed(FILE)
    up = [route for route in THREE if route not in down]
    for route in down:
        bring_down(here, route, how)

    assert here.invoke({"m": FILE.message}) == {"m"}
    asked = {route: len(here.requests(route)) for route in up}
    for route in up:
        here.check_route(route, FILE)
        assert here.stored(route) == dict.fromkeys(FILE.ids, 1)
    here.clock.sleep(VISIBILITY_SECONDS)
    assert here.invoke({"m": FILE.message}) == {"m"}
    here.clock.sleep(VISIBILITY_SECONDS)
    for route in down:
        bring_up(here, route, how)
    here.deliver()

    assert here.rounds == [set()]
    for route in up:
        assert len(here.requests(route)) == asked[route]
        metrics = here.metrics_of[route, route]
        assert (metrics["ObjectsForwarded"], metrics["ObjectsRepeated"]) == (1, 2)
    for route in down:
        metrics = here.metrics_of[route, route]
        assert (metrics["ObjectsForwarded"], metrics["ObjectsFailed"]) == (1, 2)
        if how != "reset after storing":
            assert here.stored(route) == dict.fromkeys(FILE.ids, 1)
    for route in THREE:
        here.check_route(route, FILE)
    here.check_accounting()


@pytest.mark.parametrize("slow", THREE)
def test_no_platform_is_waited_for_by_the_others(slow: str, routed: Make) -> None:
    here = routed(FILE)
    others = [route for route in THREE if route != slow]
    in_time: list[bool] = []
    pause = Event()

    def wait_for_the_others(request: Request) -> bool:
        for _ in range(3000 if request.publish_number else 0):
            if all(set(here.stored(route)) == set(FILE.ids) for route in others):
                break
            pause.wait(0.01)
        if request.publish_number:
            in_time.append(all(set(here.stored(route)) == set(FILE.ids) for route in others))
        return False

    here.platforms[slow].server.fail_when(wait_for_the_others, Status(500))

    here.deliver()

    assert in_time
    assert all(in_time)
    here.check_accounting()


def test_a_route_gives_up_for_itself_alone_when_a_platform_will_not_take_it(routed: Make) -> None:
    here = routed(FILE)
    here.platforms["arthur"].server.fail_when(publishes, Status(403))

    for _ in range(2):
        assert here.invoke({"m": FILE.message}) == {"m"}

    told = [document for document in here.documents if document.get("error")]
    assert {document["route"] for document in told} == {"arthur"}
    assert {document["error"] for document in told} == {"PublisherMisconfiguredError"}
    for route in ("fiddler", "openscale"):
        assert here.stored(route) == dict.fromkeys(FILE.ids, 1)


# --- what is rejected ------------------------------------------------------------------------


class WithAnOddCall(CaptureFile):
    """A file one of whose calls has two values where the others have one."""

    @cached_property
    def lines(self) -> list[bytes]:
        return [*super().lines, line(side("1,2"), side("0.5"), eventId="odd")]


def test_a_line_that_one_mapping_rejects_is_quarantined_for_that_route_alone(
    routed: Make,
) -> None:
    file = WithAnOddCall("odd", calls=3)
    here = routed(file, to=("fiddler", "arthur"))
    del here.routes[1]["mapping"]  # Arthur then takes the records as they are
    here.write_routes()

    assert here.invoke({"m": file.message}) == set()

    (entry,) = here.quarantined
    assert (entry["route"], entry["reason"]) == ("fiddler", "column-count-mismatch")
    assert set(here.stored("fiddler")) == set(file.ids)
    assert set(here.stored("arthur")) == {*file.ids, "odd"}
    assert here.metrics_of["fiddler", "fiddler"]["LinesQuarantined"] == 1
    assert here.metrics_of["arthur", "arthur"]["LinesQuarantined"] == 0


@pytest.mark.parametrize("strict", THREE)
def test_a_row_that_one_platform_refuses_is_quarantined_for_that_route_alone(
    strict: str, routed: Make
) -> None:
    here = routed(FILE)
    bad = set(FILE.ids[42:45])
    here.platforms[strict].server.refuse_ids(lambda one: one in bad)

    here.deliver()

    entries = [entry for entry in here.quarantined if entry["inference_id"]]
    assert {entry["inference_id"] for entry in entries} == bad
    assert {entry["route"] for entry in entries} == {strict}
    for route in THREE:
        refused = bad if route == strict else set()
        assert here.stored(route) == dict.fromkeys(set(FILE.ids) - refused, 1)
    here.check_accounting()


# --- which object goes where -----------------------------------------------------------------


def two_models(here: Routed) -> None:
    """Have two endpoints go to two models of one Fiddler."""
    (first,) = here.routes
    second = copy.deepcopy(first)
    for route, endpoint in ((first, "churn"), (second, "fraud")):
        route |= {"name": endpoint, "match": {"endpoint": endpoint}, "continue": False}
    second["publisher"]["model_uuid"] = OTHER_MODEL
    here.routes = [first, second]
    here.write_routes()
    server = here.platforms["fiddler"].server
    assert isinstance(server, FiddlerServer)
    server.serve(
        Model.of(
            inputs={"x": "str"},
            outputs={"score": "float"},
            metadata={"event_id": "str"},
            event_id_col="event_id",
            model_id=OTHER_MODEL,
        )
    )


def ids_of(here: Routed, model: str) -> list[str]:
    server = here.platforms["fiddler"].server
    assert isinstance(server, FiddlerServer)
    events = [
        event for stored in server.stored if stored.model_id == model for event in stored.events
    ]
    assert {type(event["x"]) for event in events} <= {int if model == MODEL.id else str}
    return sorted(event["event_id"] for event in events)


CHURN = CaptureFile("churn-file", calls=15, endpoint="churn")
FRAUD = CaptureFile("fraud-file", calls=25, endpoint="fraud")
STRANGER = CaptureFile("stranger-file", calls=5, endpoint="stranger")


def test_two_endpoints_go_to_two_models_each_by_its_own_schema(routed: Make) -> None:
    here = routed(CHURN, FRAUD, to=("fiddler",))
    two_models(here)

    assert here.invoke({"1": CHURN.message, "2": FRAUD.message}) == set()

    assert ids_of(here, MODEL.id) == CHURN.ids
    assert ids_of(here, OTHER_MODEL) == FRAUD.ids
    for route, file in (("churn", CHURN), ("fraud", FRAUD)):
        assert here.metrics_of[route, "fiddler"]["InferencesPublished"] == len(file.ids)


def test_a_model_that_is_missing_fails_its_own_objects_alone(routed: Make) -> None:
    here = routed(CHURN, FRAUD, to=("fiddler",))
    two_models(here)
    here.routes[1]["publisher"]["model_uuid"] = "00000000-0000-4000-8000-000000000000"
    here.write_routes()

    assert here.invoke({"1": FRAUD.message, "2": CHURN.message}) == {"1"}

    assert ids_of(here, MODEL.id) == CHURN.ids


def test_an_object_without_a_route_is_acknowledged_and_loudly_skipped(routed: Make) -> None:
    here = routed(CHURN, STRANGER, to=("fiddler",))
    two_models(here)

    assert here.invoke({"1": STRANGER.message, "2": CHURN.message}) == set()

    (told,) = [one for one in here.documents if one.get("message") == "object skipped"]
    assert (told["level"], told["key"]) == ("WARNING", STRANGER.key)
    assert here.metrics_of["none", "none"] == {"ObjectsSkipped": 1}
    assert not set(STRANGER.ids) & set(here.stored("fiddler"))


# --- routes that change ----------------------------------------------------------------------


def test_a_changed_file_is_taken_over_when_it_is_due_and_the_rest_keeps_its_connections(
    routed: Make,
) -> None:
    late = CaptureFile("late", calls=5, endpoint="churn")
    here = routed(CHURN, FRAUD, late, to=("fiddler",))
    two_models(here)
    fraud = here.routes.pop()
    here.write_routes()
    assert here.invoke({"1": CHURN.message, "2": FRAUD.message}) == set()
    assert here.metrics["ObjectsSkipped"] == 1

    here.routes.append(fraud)
    here.write_routes()
    assert here.invoke({"2": FRAUD.message}) == set()
    assert here.metrics["ObjectsSkipped"] == 2  # not read again yet
    here.clock.skip(REFRESH_SECONDS + 1)
    assert here.invoke({"2": FRAUD.message}) == set()
    assert ids_of(here, OTHER_MODEL) == FRAUD.ids

    asked = len(here.requests("fiddler"))
    assert here.invoke({"3": late.message}) == set()
    assert [request.path for request in here.requests("fiddler")[asked:]] == ["/v3/events"]


def test_a_file_that_became_wrong_leaves_the_old_routes_at_work_and_says_so(routed: Make) -> None:
    here = routed(CHURN, FRAUD, to=("fiddler",))
    two_models(here)
    assert here.invoke({"1": CHURN.message}) == set()

    here.write_routes("routes: [{name: churn, publisher: {type: fiddler}}]")
    here.clock.skip(REFRESH_SECONDS + 1)
    assert here.invoke({"2": FRAUD.message}) == set()

    assert ids_of(here, OTHER_MODEL) == FRAUD.ids
    told = [one for one in here.documents if "old ones stay" in str(one.get("message"))]
    assert [one["level"] for one in told] == ["WARNING"]
    assert "route churn: publisher.url: missing" in told[0]["problem"]
