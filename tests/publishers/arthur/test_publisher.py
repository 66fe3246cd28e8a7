"""The Arthur publisher against a loopback Arthur."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Line, Position
from capture_forwarder.core.schema import Schema
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.forwarding.settled import BatchOutcome
from capture_forwarder.parser import compile_mapping
from capture_forwarder.parser.mapping.casts import infer
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.arthur.publisher import ArthurPublisher
from capture_forwarder.publishers.http import RequestLimits
from tests.support.captures import CSV, SOURCE, line, side
from tests.support.fakes import ManualClock
from tests.support.platforms.arthur import MODEL_ID, TOKEN, ArthurServer, Stored
from tests.support.platforms.faults import (
    CUT_JSON,
    GARBAGE_JSON,
    LOGIN_PAGE,
    Answer,
    Fault,
    Reset,
    Slow,
    Status,
    Truncated,
)

ROTATED = "rotated"
WHOLE = ColumnMapping()
COLUMNS = ColumnMapping.of("a,b", "score")


class Tokens:
    """A secret whose stored value can change behind the copy that is kept."""

    def __init__(self, *values: str) -> None:
        self.values = list(values)
        self.fresh_reads = 0

    def value(self, *, fresh: bool = False) -> str:
        if fresh:
            self.fresh_reads += 1
            self.values = self.values[1:] or self.values
        return self.values[0]


@pytest.fixture
def server() -> Iterator[ArthurServer]:
    with ArthurServer() as running:
        yield running


def publisher(
    server: ArthurServer,
    *tokens: str,
    mapping: ColumnMapping = WHOLE,
    timeout: float = 5.0,
    host: str = "",
    **options: Any,
) -> ArthurPublisher:
    secret = Tokens(*(tokens or (TOKEN,)))
    url = host or server.url
    return ArthurPublisher(url, secret, MODEL_ID, timeout=timeout, mapping=mapping, **options)


def batch_of(lines: Sequence[bytes], mapping: ColumnMapping = WHOLE) -> Batch:
    """Put captured lines, as they are parsed, into one batch."""
    parse = compile_mapping(mapping, Schema()).for_file(SOURCE)
    limits = ArthurPublisher("", Tokens(""), "", timeout=1, mapping=mapping).limits
    builder = BatchBuilder(limits, SOURCE, "r")
    offset = 0
    for number, raw in enumerate(lines, 1):
        parsed = parse(raw)
        assert isinstance(parsed, ParsedLine), parsed
        builder.add(Line(number, offset, raw, len(raw)), parsed.inferences)
        offset += len(raw) + 1
    (batch,) = builder.cut(Position())
    return batch


def call(name: str, rows: int = 1, encoding: str = "CSV") -> bytes:
    request = "\n".join(f"{n},{n + 0.5}" for n in range(rows))
    response = "\n".join(f"0.{n}" for n in range(rows))
    return line(side(request, CSV, encoding), side(response, CSV), eventId=name)


def batch(count: int = 3) -> Batch:
    return batch_of([call(f"call_{n}") for n in range(count)])


def deliver(
    server: ArthurServer, batch: Batch, clock: ManualClock | None = None, **options: Any
) -> BatchOutcome:
    deliverer = BatchSender(publisher(server, **options), clock or ManualClock(), retry_seconds=60)
    return deliverer.deliver(batch)


def answer(success: int, *failures: dict[str, Any], status: int = 207) -> Answer:
    counts = {"success": success, "failure": len(failures), "total": success + len(failures)}
    body = json.dumps({"counts": counts, "failures": failures}).encode()
    return Answer(body, status=status, stored=True)


def failure(
    event_id: str | None, index: int | None = 0, status: int = 400, message: object = "no"
) -> dict[str, Any]:
    return {
        "message": message,
        "status": status,
        "event_id": event_id,
        "inference_index_in_event": index,
    }


def typed(record: Any) -> object:
    """Type the text of CSV as we do without a schema."""
    if isinstance(record, dict):
        return record
    return [infer(cell) if isinstance(cell, str) else cell for cell in record]


def refused(outcome: BatchOutcome) -> list[tuple[str, int, int, str]]:
    return [(one.inference.id, one.line.number, one.index, one.said) for one in outcome.refused]


# --- what arrives --------------------------------------------------------------------------


def test_lines_that_arthur_takes_arrive_byte_for_byte(server: ArthurServer) -> None:
    lines = [
        call("a"),
        line(side("1,2,3,4\n5,6,7,8\n"), side("0.1\n0.9"), inferenceId="abcdefg-12345"),
        line(
            side('{"instances": [{"features": [1, "ü"]}]}', "application/json"),
            side('{ "predictions":[{"score":1e-6}] }', "application/json"),
            eventId="b",
        ),
    ]

    outcome = deliver(server, batch_of(lines))

    assert server.lines == lines
    assert server.published_ids == ["a", "abcdefg-12345_0", "abcdefg-12345_1", "b"]
    assert (outcome.published, outcome.requests, outcome.refused) == (4, 1, ())


def test_the_request_is_what_the_guide_shows(server: ArthurServer) -> None:
    deliver(server, batch(1))

    (request,) = server.requests
    assert request.headers["authorization"] == TOKEN
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    disposition = b'form-data; name="inference_data"; filename="inferences.jsonl"'
    assert disposition in request.body


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_host_may_end_in_a_slash(server: ArthurServer, slash: str) -> None:
    outcome = deliver(server, batch(1), host=server.url + slash)
    assert outcome.published == 1


JSON_KIND = "application/json"
UNSUPPORTED = [
    pytest.param(side("1,a", CSV, "BASE64"), side("0.5"), [([1, "a"], [0.5])], id="base64"),
    pytest.param(
        side("1,2\n3,4", "text/csv; charset=utf-8"),
        side("5\n6", "text/csv; charset=utf-8"),
        [([1, 2], [5]), ([3, 4], [6])],
        id="parameters",
    ),
    pytest.param(
        side('{"features": [1]}\n{"features": [2]}', "application/jsonlines"),
        side('{"score": 3}\n{"score": 4}', "application/jsonlines"),
        [([1], {"score": 3}), ([2], {"score": 4})],
        id="JSON Lines",
    ),
    pytest.param(
        side("[[1, 2], [3, 4]]", JSON_KIND),
        side("[0.1, 0.2]", JSON_KIND),
        [([1, 2], [0.1]), ([3, 4], [0.2])],
        id="bare lists",
    ),
    pytest.param(
        side('{"instances": [1.0, 2.0]}', JSON_KIND),
        side('{"predictions": [3.5, NaN]}', JSON_KIND),
        [([1.0], [3.5]), ([2.0], [None])],
        id="plain values",
    ),
    pytest.param(
        side('1,"a\nb"'), side("[0.1, 0.9]"), [([1, "a\nb"], [0.1, 0.9])], id="quoted newline"
    ),
]


@pytest.mark.parametrize(("request_", "response", "expected"), UNSUPPORTED)
@pytest.mark.parametrize("metadata", [{}, {"inferenceId": "mine"}])
def test_what_arthur_documents_as_unsupported_arrives_all_the_same(
    server: ArthurServer,
    request_: object,
    response: object,
    expected: list[tuple[list[Any], Any]],
    metadata: dict[str, Any],
) -> None:
    raw = line(request_, response, **{"eventId": "event", **metadata})

    outcome = deliver(server, batch_of([call("before"), raw, call("behind")]))

    name = "mine" if metadata else "event"
    ids = [name] if len(expected) == 1 else [f"{name}_{n}" for n in range(len(expected))]
    assert outcome.published == 2 + len(expected)
    assert server.published_ids == ["before", *ids, "behind"]
    read = [(typed(stored.inputs), typed(stored.outputs)) for stored in server.stored[1:-1]]
    assert read == expected


def test_columns_name_what_is_written_anew(server: ArthurServer) -> None:
    anew = line(side("[[0, 0.5], [1, 1.5]]", JSON_KIND), side("[0, 0.1]", JSON_KIND), eventId="x")
    lines = [call("plain"), anew]

    deliver(server, batch_of(lines, COLUMNS), mapping=COLUMNS)

    assert server.lines[0] == lines[0]
    assert server.stored[1:] == [
        Stored("x_0", {"a": 0, "b": 0.5}, {"score": 0}),
        Stored("x_1", {"a": 1, "b": 1.5}, {"score": 0.1}),
    ]


def test_there_is_no_schema_and_no_request_for_it(server: ArthurServer) -> None:
    assert publisher(server).schema() == Schema()
    assert server.requests == []


# --- inference by inference ----------------------------------------------------------------


def test_refused_inferences_are_named_by_line_and_index(server: ArthurServer) -> None:
    server.refuse_ids(lambda name: name in {"b_1", "c"}, status=422)

    outcome = deliver(server, batch_of([call("a"), call("b", 3), call("c")]))

    assert refused(outcome) == [
        ("b_1", 2, 1, "invalid inference"),
        ("c", 3, 0, "invalid inference"),
    ]
    assert server.published_ids == ["a", "b_0", "b_2"]
    assert (outcome.published, outcome.requests) == (3, 1)


@pytest.mark.parametrize("status", [500, 503, 408, 429])
@pytest.mark.parametrize("mapping", [WHOLE, COLUMNS])
def test_only_what_arthur_failed_at_is_sent_again_with_the_same_ids(
    server: ArthurServer, status: int, mapping: ColumnMapping
) -> None:
    server.fail_ids(lambda name: name in {"b_0", "b_2", "c"}, status=status, times=2)
    lines = [call("a"), call("b", 3), call("c")]

    outcome = deliver(server, batch_of(lines, mapping), mapping=mapping)

    sent = [server.ids_in(request) for request in server.publish_requests]
    assert sent == [["a", "b_0", "b_1", "b_2", "c"], *[["b_0", "b_2", "c"]] * 2]
    assert server.published_ids == ["a", "b_1", "b_0", "b_2", "c"]
    assert (outcome.published, outcome.requests, outcome.retries) == (5, 3, 2)
    stored = next(one for one in server.stored if one.partner_id == "b_2")
    assert stored.inputs == ["2", "2.5"]
    assert server.lines[-1] == lines[-1]


def test_the_receipt_tells_what_arthur_failed_at_from_what_it_was_busy_for(
    server: ArthurServer,
) -> None:
    codes = (429, 500, 400, 501, 408)
    server.fail_next(answer(0, *[failure(f"call_{n}", status=codes[n]) for n in range(5)]))

    receipt = publisher(server).publish(batch(5))

    assert [*receipt.again] == [0, 1, 3, 4]
    assert receipt.failed == {
        1: "Arthur failed at it with status 500. no",
        3: "Arthur failed at it with status 501. no",
    }
    assert receipt.refused == {2: "no"}


def test_some_are_refused_and_others_sent_again(server: ArthurServer) -> None:
    server.refuse_ids(lambda name: name == "a_0")
    server.fail_ids(lambda name: name == "a_1")

    outcome = deliver(server, batch_of([call("a", 3)]))

    assert refused(outcome) == [("a_0", 1, 0, "invalid inference")]
    assert server.published_ids == ["a_2", "a_1"]


def test_a_failure_may_name_the_inference_id(server: ArthurServer) -> None:
    raw = line(side("1\n2"), side("3\n4"), eventId="event", inferenceId="mine")
    server.fail_next(answer(1, failure("mine", 1)))

    assert refused(deliver(server, batch_of([raw]))) == [("mine_1", 1, 1, "no")]


def test_a_failure_of_a_single_inference_needs_no_index(server: ArthurServer) -> None:
    server.fail_next(answer(1, failure("call_1", None)))
    assert refused(deliver(server, batch(2))) == [("call_1", 2, 0, "no")]


def test_lines_of_one_event_id_fail_in_order(server: ArthurServer) -> None:
    server.fail_next(answer(1, failure("x", message="first"), failure("x", message="second")))

    outcome = deliver(server, batch_of([call("x"), call("y"), call("x")]))

    assert refused(outcome) == [("x", 1, 0, "first"), ("x", 3, 0, "second")]


def test_what_arthur_says_is_kept_but_not_logged(
    server: ArthurServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail_next(answer(0, failure("call_0", message="'Jane Doe' is no number")))

    outcome = deliver(server, batch(1))

    assert [one.said for one in outcome.refused] == ["'Jane Doe' is no number"]
    assert "Jane Doe" not in caplog.text


@pytest.mark.parametrize("message", [None, "", {"a": 1}])
def test_a_failure_without_words_is_told_by_its_status(
    server: ArthurServer, message: object
) -> None:
    server.fail_next(answer(0, failure("call_0", status=409, message=message)))
    assert "409" in deliver(server, batch(1)).refused[0].said


@pytest.mark.parametrize("status", [200, 202, 207])
def test_any_success_is_read(server: ArthurServer, status: int) -> None:
    server.fail_next(answer(2, failure("call_1"), status=status))
    assert refused(deliver(server, batch(3))) == [("call_1", 2, 0, "no")]


# --- answers that do not add up ------------------------------------------------------------

UNTOLD = [
    pytest.param(answer(2, failure("stranger")), id="an event that was not sent"),
    pytest.param(answer(2, failure(None)), id="no event"),
    pytest.param(answer(2, failure("call_0", 1)), id="an index beyond the line"),
    pytest.param(answer(2, failure("call_0", -1)), id="an index below zero"),
    pytest.param(answer(1, failure("call_0"), failure("call_0")), id="one twice"),
    pytest.param(answer(1, failure("call_0")), id="too few"),
    pytest.param(answer(3, failure("call_0")), id="too many"),
    pytest.param(
        Answer(
            b'{"counts":{"success":1,"failure":2,"total":3},"failures":[%s]}'
            % json.dumps(failure("call_0")).encode(),
            status=207,
        ),
        id="a failure that is not listed",
    ),
]


@pytest.mark.parametrize("untold", UNTOLD)
def test_refusals_that_cannot_be_placed_are_narrowed_down(
    server: ArthurServer, untold: Answer
) -> None:
    server.fail_next(untold)
    server.refuse_ids(lambda name: name == "call_1")

    with pytest.raises(BatchRefusedError):
        publisher(server).publish(batch())
    server.fail_next(untold)
    outcome = deliver(server, batch())

    assert refused(outcome) == [("call_1", 2, 0, "invalid inference")]
    assert outcome.published == 2


@pytest.mark.parametrize(
    "untold",
    [
        answer(2, failure("stranger", status=500)),
        answer(1, failure("call_0", status=400), failure("stranger", status=503)),
        answer(2),
        answer(4),
        answer(0),
    ],
)
def test_an_answer_that_tells_of_no_refusal_and_not_of_all_is_asked_for_again(
    server: ArthurServer, untold: Answer
) -> None:
    server.fail_next(untold)

    with pytest.raises(PlatformUnavailableError, match="3 inference"):
        publisher(server).publish(batch())


def test_one_inference_is_refused_whatever_the_refusal_calls_it(server: ArthurServer) -> None:
    server.fail_next(answer(0, failure("stranger", 7, message="bad value")))
    assert refused(deliver(server, batch(1))) == [("call_0", 1, 0, "bad value")]


def test_a_call_that_fails_as_one_is_narrowed_down_to_its_inferences(server: ArthurServer) -> None:
    server.fail_next(answer(1, failure("b", None)))
    server.refuse_ids(lambda name: name == "b_1")

    outcome = deliver(server, batch_of([call("a"), call("b", 2)]))

    assert refused(outcome) == [("b_1", 2, 1, "invalid inference")]
    assert outcome.published == 2


def test_lines_of_one_event_id_of_which_one_failed_are_narrowed_down(
    server: ArthurServer,
) -> None:
    server.fail_next(answer(1, failure("x")), answer(0, failure("x")))

    outcome = deliver(server, batch_of([call("x"), call("x")]))

    assert refused(outcome) == [("x", 1, 0, "no")]
    assert outcome.published == 1


# --- whole requests ------------------------------------------------------------------------

FAULTS = [
    (Status(429), PlatformUnavailableError),
    (Status(500), PlatformUnavailableError),
    (Status(503, body="html"), PlatformUnavailableError),
    (Status(408), PlatformUnavailableError),
    (Status(501), PublisherMisconfiguredError),
    (Status(402), PublisherMisconfiguredError),
    (Status(403), PublisherMisconfiguredError),
    (Status(404), PublisherMisconfiguredError),
    (Status(405), PublisherMisconfiguredError),
    (Status(302), PublisherMisconfiguredError),
    (Status(401), CredentialsRefusedError),
    (Status(400), BatchRefusedError),
    (Status(422, body="html"), BatchRefusedError),
    (Status(413), BatchTooLargeError),
    (Reset(stored=False), PlatformUnavailableError),
    (Reset(stored=True), PlatformUnavailableError),
    (Truncated(), PlatformUnavailableError),
    (LOGIN_PAGE, PlatformUnavailableError),
    (GARBAGE_JSON, PlatformUnavailableError),
    (CUT_JSON, PlatformUnavailableError),
    (Answer(b"", status=207), PlatformUnavailableError),
    (Answer(b"[]", status=207), PlatformUnavailableError),
    (Answer(b'{"counts": null}', status=207), PlatformUnavailableError),
    (Answer(b'{"counts": {"success": 3}}', status=207), PlatformUnavailableError),
    (Answer(b"", status=201), PlatformUnavailableError),
    (answer(3, status=203), PlatformUnavailableError),
    (answer(2, failure("call_0", status=200)), PlatformUnavailableError),
    (answer(2, {"event_id": "call_0"}), PlatformUnavailableError),
]


@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=lambda value: str(value)[:60])
def test_whatever_goes_wrong_is_one_of_our_errors_after_one_try(
    server: ArthurServer, fault: Fault, kind: type[PublishError], caplog: pytest.LogCaptureFixture
) -> None:
    server.fail_next(fault, fault)

    with pytest.raises(kind) as caught:
        publisher(server).publish(batch())

    tries = 2 if kind is CredentialsRefusedError else 1
    assert len(server.publish_requests) == tries
    assert server.url in caught.value.message
    assert caught.value.advice
    assert TOKEN not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "ARTHUR_ACCESS_TOKEN"), (402, "plan"), (403, "raw_data"), (404, "ARTHUR_MODEL_ID")],
)
def test_what_somebody_has_to_change_is_told(server: ArthurServer, status: int, words: str) -> None:
    server.fail_next(Status(status), Status(status))
    with pytest.raises(PublishError, match=words):
        publisher(server).publish(batch())


def test_the_time_that_arthur_asks_to_wait_is_waited(server: ArthurServer) -> None:
    clock = ManualClock()
    server.fail_next(Status(429, retry_after=17))

    outcome = deliver(server, batch(), clock)

    assert clock.sleeps == [17]
    assert outcome.published == 3


def test_a_slow_answer_is_given_up_after_the_timeout(server: ArthurServer) -> None:
    server.fail_next(Slow(release=threading.Event()))
    with pytest.raises(PlatformUnavailableError, match="in time"):
        publisher(server, timeout=0.2).publish(batch())


def test_a_request_that_is_too_large_is_sent_in_pieces_with_the_same_ids(
    server: ArthurServer,
) -> None:
    server.byte_limit = 3000

    outcome = deliver(server, batch_of([call("a", 20), call("b"), call("c")]))

    assert sorted(server.published_ids) == sorted([f"a_{n}" for n in range(20)] + ["b", "c"])
    assert outcome.published == 22
    assert outcome.refused == ()


def test_one_line_that_makes_arthur_refuse_the_request_is_found(server: ArthurServer) -> None:
    server.fail_when(lambda request: b"poison" in request.body, Status(400, "cannot parse"))

    outcome = deliver(server, batch_of([call("a"), call("poison"), call("c"), call("d")]))

    assert [one.inference.id for one in outcome.refused] == ["poison"]
    assert "cannot parse" in outcome.refused[0].said
    assert set(server.published_ids) == {"a", "c", "d"}


def test_an_unreachable_host_says_which_setting_to_look_at(server: ArthurServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(PlatformUnavailableError, match="ARTHUR_HOST"):
        publisher(server, host=url).publish(batch())


# --- tokens --------------------------------------------------------------------------------


def test_a_rotated_token_is_read_again_and_causes_no_failure(server: ArthurServer) -> None:
    arthur = publisher(server, TOKEN, ROTATED)
    arthur.publish(batch(1))
    server.token = ROTATED

    for _ in range(2):
        arthur.publish(batch(1))

    assert len(server.published_ids) == 3
    assert len(server.requests) == 4


def test_threads_that_meet_a_rotated_token_read_it_once(server: ArthurServer) -> None:
    server.token = ROTATED
    tokens = Tokens(TOKEN, ROTATED)
    arthur = ArthurPublisher(server.url, tokens, MODEL_ID, timeout=5, mapping=WHOLE)

    with ThreadPoolExecutor(8) as threads:
        receipts = list(threads.map(lambda _: arthur.publish(batch(2)), range(16)))

    assert not any(receipt.refused or receipt.again for receipt in receipts)
    assert len(server.published_ids) == 32
    assert tokens.fresh_reads == 1


def test_a_wrong_token_says_which_settings_to_look_at(server: ArthurServer) -> None:
    with pytest.raises(CredentialsRefusedError, match="ARTHUR_ACCESS_TOKEN") as caught:
        publisher(server, "wrong-one", "wrong-two").publish(batch())
    assert "wrong-" not in str(caught.value)


# --- settings ------------------------------------------------------------------------------


def test_the_organisation_is_named_only_where_one_is_set(server: ArthurServer) -> None:
    publisher(server).publish(batch(1))
    publisher(server, organization_id="acme").publish(batch(1))

    sent = [one.headers.get("arthur-organization-id") for one in server.publish_requests]
    assert sent == [None, "acme"]


def test_a_batch_holds_as_many_rows_as_settings_say(server: ArthurServer) -> None:
    own = RequestLimits(25_000, 64_000)
    limits = publisher(server, limits=own).limits

    assert (limits.rows, limits.bytes) == (25_000, 64_000)
    assert limits.whole_lines


def test_a_body_over_the_bytes_of_settings_is_not_sent_unless_it_is_one_row(
    server: ArthurServer,
) -> None:
    own = publisher(server, limits=RequestLimits(body_bytes=200))

    with pytest.raises(BatchTooLargeError, match="A request may have 200"):
        own.publish(batch(2))
    own.publish(batch(1))

    assert server.published_ids == ["call_0"]
