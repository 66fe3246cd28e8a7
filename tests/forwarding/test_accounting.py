"""What comes in is counted on its way out, up to any position; what does not add up is an error."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from capture_forwarder.core.errors import AccountingError, PlatformUnavailableError
from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.core.line import Line, Position
from capture_forwarder.core.rejection import Reason
from capture_forwarder.forwarding.accounting import Accounting
from capture_forwarder.forwarding.options import RouteOptions
from capture_forwarder.forwarding.settled import BatchOutcome, Refusal
from tests.forwarding.test_resume import Setting, call
from tests.support.fakes import ManualClock

ROW = Inference("id", ("a",), (1,))


def three_rows(failures: dict[str, int] | None = None) -> ParsedLine:
    return ParsedLine((ROW, ROW, ROW), "2026-03-01T10:30:00Z", failures or {})


def refused(line: int, index: int) -> Refusal:
    return Refusal(ROW, Line(line, 10 * (line - 1), b"x" * 9, 9), index, "no")


def counted() -> Accounting:
    """Six lines: two of three rows, three that are odd, and one of three rows again."""
    accounting = Accounting(ManualClock(), Position())
    accounting.forwards(1, three_rows({"a": 1}), 3)
    accounting.forwards(2, three_rows({"a": 2}), 3)
    accounting.found_empty(3)
    accounting.found_empty(4)
    accounting.rejected(5, Reason.INVALID_JSON)
    accounting.forwards(6, three_rows(), 3)
    return accounting


def test_a_report_counts_up_to_the_position_that_is_saved_and_within_a_line_too() -> None:
    accounting = counted()
    outcome = BatchOutcome(published=3, refused=(refused(1, 1), refused(2, 1)), requests=4)
    accounting.settled(Position(10, 1, 2), 5, outcome)
    accounting.settled(Position(60, 6), 4, BatchOutcome(published=4, requests=1))
    accounting.saved(Position(10, 1, 1))
    assert accounting.report().inferences == 0, "no more than is known to lie in front of it"

    accounting.saved(Position(10, 1, 2))
    report = accounting.report()
    assert (report.lines, report.forwarded, report.empty) == (1, 1, 0)
    assert (report.inferences, report.published, report.refused) == (5, 3, 2)
    assert report.cast_failures == {"a": 1}
    assert report.requests == 5

    accounting.saved(Position(30, 3))
    report = accounting.report()
    assert (report.lines, report.forwarded, report.empty) == (3, 2, 1)

    accounting.saved(Position(60, 6))
    accounting.check(Position(60, 6))
    report = accounting.report()
    assert (report.lines, report.forwarded, report.empty) == (6, 3, 2)
    assert report.quarantined == {"invalid-json": 1}
    assert (report.inferences, report.published, report.refused) == (9, 7, 2)
    assert report.cast_failures == {"a": 3}


def test_a_line_that_nobody_counted_is_an_error() -> None:
    accounting = counted()
    accounting.settled(Position(60, 6), 9, BatchOutcome(published=9))
    with pytest.raises(AccountingError, match="7 lines were read, but 6"):
        accounting.check(Position(70, 7))


def test_a_row_that_nobody_answered_for_is_an_error() -> None:
    accounting = counted()
    accounting.settled(Position(60, 6), 9, BatchOutcome(published=8))
    with pytest.raises(AccountingError, match="9 inferences were read, but 8"):
        accounting.check(Position(60, 6))


def test_a_file_whose_numbers_do_not_add_up_is_not_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Setting(*map(call, range(3)), rows=2)
    monkeypatch.setattr(Accounting, "forwards_alike", lambda *_: None)
    monkeypatch.setattr(Accounting, "forwards", lambda *_: None)

    with pytest.raises(AccountingError):
        setting.forward()

    assert setting.ledger.finished == set()


def test_the_requests_of_batches_behind_one_that_failed_are_counted() -> None:
    setting = Setting(*map(call, range(8)))
    setting.options = RouteOptions("default", 10**6, requests_in_flight=4, retry_seconds=0.0)
    made: list[str] = []

    def refuse(rows: Sequence[Inference]) -> None:
        made.append(rows[0].id)
        if rows[0].id == "call-000":
            # The others are in flight before this one fails.
            for _ in range(1000):
                if len(made) == 4:
                    break
                time.sleep(0.005)
            raise PlatformUnavailableError("down")

    setting.publisher.refuse = refuse
    with pytest.raises(PlatformUnavailableError) as raised:
        setting.forward()

    report = raised.value.report
    assert report is not None
    assert report.requests == len(made) == 4
    assert (report.lines, report.published) == (0, 0)


def test_redacted_values_are_counted_up_to_the_position_that_is_saved() -> None:
    accounting = Accounting(ManualClock(), Position())
    for number, count in enumerate((2, 3, 4), 1):
        redactions = {"a": count - 1, "b": 1}
        accounting.forwards(number, ParsedLine((ROW,), redactions=redactions), 1)
    accounting.settled(Position(20, 2), 2, BatchOutcome(published=2))

    accounting.saved(Position(20, 2))

    assert accounting.report().redacted == 5
