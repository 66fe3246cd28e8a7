"""The real handler where much is refused, slow, throttled or stalled: each invocation advances.

`Account.deliver` asserts it after every invocation: the ledger moved, or the message failed.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.fault_matrix.account import IN_FLIGHT
from tests.support.fault_matrix.aws import Answer, aws_error
from tests.support.fault_matrix.capture_file import BUCKET, CaptureFile
from tests.support.fault_matrix.clock import Context
from tests.support.fault_matrix.world import Make, World
from tests.support.platforms.faults import Status
from tests.support.platforms.server import Request

FILE = CaptureFile("refused", calls=150, bad_every=20)
SHARES: dict[str, Callable[[int], bool]] = {
    "one row": lambda n: n == 700,
    "a tenth": lambda n: n % 10 == 3,
    "the first tenth": lambda n: n < 150,
}


def take(here: World, seconds: float) -> None:
    """Have each publish request take its time."""

    def passes(request: Request) -> bool:
        if request.publish_number:
            here.clock.skip(seconds)
        return False

    here.server.fail_when(passes, Status(500))


@pytest.mark.parametrize("seconds", [0.0, 0.2], ids=["fast", "slow"])
@pytest.mark.parametrize("limit", [20.0, 300.0], ids=lambda limit: f"{limit:.0f}s")
@pytest.mark.parametrize("share", SHARES)
def test_a_file_of_which_a_share_is_refused_is_delivered_in_the_end(
    share: str, limit: float, seconds: float, world: Make
) -> None:
    here = world(FILE)
    here.context = Context(limit)
    bad = {name for n, name in enumerate(FILE.ids) if SHARES[share](n)}
    here.server.refuse_ids(lambda one: one in bad)
    take(here, seconds)

    here.deliver(rounds=60)

    here.check_complete(FILE)
    here.check_accounting()
    # Without a lost answer or a kill, nothing that came after a batch under search was sent twice
    # but what was in flight when the first of them was refused.
    assert len(here.twice(FILE)) <= IN_FLIGHT
    assert here.metrics["PublishRequests"] == len(here.server.publish_requests)


@pytest.mark.parametrize("seconds", [0.0, 0.2], ids=["fast", "slow"])
@pytest.mark.parametrize("share", ["half", "all"])
@pytest.mark.parametrize("publisher", ["fiddler", "arthur"])
def test_a_file_of_which_too_much_is_refused_is_held_and_says_so(
    share: str, seconds: float, publisher: str, world: Make
) -> None:
    here = world(FILE, publisher=publisher)
    here.context = Context(300.0)
    bad = set(FILE.ids[:: 2 if share == "half" else 1])
    here.server.refuse_ids(lambda one: one in bad)
    take(here, seconds)

    for _ in range(3):
        assert here.invoke({FILE.name: FILE.message}) == {FILE.name}

    assert here.metrics["ObjectsHeld"] == 3
    assert here.metrics["PublishRequests"] == len(here.server.publish_requests) < 3000
    refused = [entry["inference_id"] for entry in here.quarantined if entry["inference_id"]]
    assert set(refused) <= bad
    assert len(refused) == len(set(refused)) > 0
    # Somebody corrects what was wrong; the dead letter is moved back.
    here.server.refuse_ids(lambda _: False)
    here.deliver()
    here.check_complete(FILE)
    here.check_accounting()


@pytest.mark.parametrize("publisher", ["fiddler", "arthur"])
@pytest.mark.parametrize("share", ["half", "all"])
def test_such_a_file_advances_until_it_is_held_or_done_where_each_invocation_has_little_time(
    share: str, publisher: str, world: Make
) -> None:
    here = world(FILE, publisher=publisher)
    here.context = Context(20.0)
    bad = set(FILE.ids[:: 2 if share == "half" else 1])
    here.server.refuse_ids(lambda one: one in bad)
    take(here, 0.2)

    for _ in range(60):
        before = list(here.positions.values())
        failed = here.invoke({FILE.name: FILE.message})
        assert failed or list(here.positions.values()) > before
        here.clock.skip(120.0)
        if here.metrics["ObjectsHeld"] or here.metrics["ObjectsForwarded"]:
            break

    # Within so little time, half of the rows may take many invocations and never look too much.
    assert here.metrics["ObjectsHeld"] == (share == "all" or publisher == "arthur")
    assert here.metrics["ObjectsNotAdvanced"] == 0
    if here.metrics["ObjectsForwarded"]:
        here.check_complete(FILE)


@pytest.mark.parametrize("operation", ["UpdateItem", "PutObject", "GetObject"])
def test_a_service_of_aws_that_mostly_throttles_costs_time_and_no_duplicates(
    operation: str, world: Make
) -> None:
    here = world(FILE)
    throttled: Answer = aws_error(400 if operation == "UpdateItem" else 503, "ThrottlingException")
    here.aws.add(operation, throttled, [n for n in range(1, 2000) if n % 4])

    here.deliver(rounds=40)

    here.check_complete(FILE)
    if operation != "PutObject":
        assert not here.twice(FILE)


def test_ten_files_of_one_event_advance_together(world: Make) -> None:
    files = [CaptureFile(f"file-{n}", calls=60) for n in range(10)]
    here = world(*files, FORWARDER_REQUESTS_IN_FLIGHT="1")
    here.context = Context(60.0)
    take(here, 4.0)

    here.deliver(rounds=20)

    assert not any(here.rounds), "no message failed, and so none can become a dead letter"
    for file in files:
        here.check_complete(file)
        assert not here.twice(file)


def test_a_key_that_is_written_again_overwrites_nothing_in_quarantine(world: Make) -> None:
    first = CaptureFile("again", calls=5, bad_every=3)
    here = world(first)
    here.deliver()
    other = b'{"other": "content"\n{"also": "no capture"}\n'
    here.s3.put_object(Bucket=BUCKET, Key=first.key, Body=other)

    assert here.invoke({"two": first.message}) == set()

    lines = [entry["line"] for entry in here.quarantined]
    assert len(lines) == len(first.bad_lines) + 2
    assert '{"other": "content"' in lines
    assert lines.count("{ no JSON") == len(first.bad_lines)


def test_a_row_refused_without_a_quarantine_is_not_lost_when_there_is_one(world: Make) -> None:
    file = CaptureFile("later", calls=40, bad_every=11)
    bad = {file.ids[15]}
    here = world(file, FORWARDER_QUARANTINE="")
    here.server.refuse_ids(lambda one: one in bad)
    for _ in range(2):
        assert here.invoke({file.name: file.message}) == {file.name}
    here.set_variable("FORWARDER_QUARANTINE", here.quarantine_address)

    here.deliver()

    here.check_complete(file)
    assert {entry["inference_id"] for entry in here.quarantined} == bad | {None}
