"""One object on its way: accounting, batches, rejections, and no false success."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    CaptureFileError,
    PlatformUnavailableError,
    QuarantineError,
)
from capture_forwarder.core.ports import Ports
from capture_forwarder.core.report import FileReport
from capture_forwarder.core.schema import Schema
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.mapping.columns import ColumnMapping, parse_columns
from tests.support.captures import line, side
from tests.support.fakes import ManualClock, MemoryPublisher, MemoryQuarantine, MemoryStore

MAPPING = ColumnMapping(parse_columns("a,b"), parse_columns("score"))
SOURCE = CaptureFile("bucket", "file")
WRONG_WIDTH = line(side("1,2,3"), side("0.5"))
EMPTY = line(side(""), side(""))


def call(records: int, name: str = "call") -> bytes:
    request = "\n".join(f"{n},2" for n in range(records))
    response = "\n".join("0.5" for _ in range(records))
    return line(side(request), side(response), eventId=name)


class Setting:
    """A pipeline over ports in memory."""

    def __init__(self, *lines: bytes, rows: int = 1000, size: int = 10**7) -> None:
        self.store = MemoryStore(file=b"\n".join(lines))
        self.publisher = MemoryPublisher(rows=rows, size=size)
        self.quarantine: MemoryQuarantine | None = MemoryQuarantine()

    def forward(self, max_line_bytes: int = 10**7) -> FileReport:
        ports = Ports(self.store, self.publisher, self.quarantine, ManualClock())
        parser = LineParser(MAPPING, Schema())
        return forward_file(
            SOURCE, parser, ports, RouteOptions("default", max_line_bytes), Invocation()
        )


def test_every_line_is_accounted_for() -> None:
    setting = Setting(call(1), b"no json", b"", call(3), WRONG_WIDTH, EMPTY)

    report = setting.forward()

    assert (report.lines, report.forwarded, report.empty) == (6, 2, 2)
    assert report.quarantined == {"invalid-json": 1, "column-count-mismatch": 1}
    assert report.inferences == report.published == len(setting.publisher.published) == 4
    assert report.lag_seconds == 600.0
    assert report.bytes == len(setting.store.objects["file"])


@given(
    st.lists(st.sampled_from([call(1), call(7), b"", b"x", WRONG_WIDTH, EMPTY])), st.integers(1, 5)
)
def test_the_accounting_adds_up_for_any_mixture(lines: list[bytes], rows: int) -> None:
    setting = Setting(*lines, rows=rows)

    report = setting.forward()

    assert report.lines == report.forwarded + report.quarantined_lines + report.empty
    assert report.inferences == report.published == len(setting.publisher.published)
    assert setting.quarantine is not None
    assert report.quarantined_lines == len(setting.quarantine.entries)
    assert all(len(batch) <= rows for batch in setting.publisher.batches)


def test_batches_are_filled_across_lines_and_never_beyond_the_platforms_rows() -> None:
    setting = Setting(call(3, "x"), call(3, "y"), call(3, "z"), rows=4)

    setting.forward()

    assert [len(batch) for batch in setting.publisher.batches] == [4, 4, 1]
    assert [i.id for i in setting.publisher.published][2:4] == ["x_2", "y_0"]


def test_a_batch_is_sent_before_it_holds_too_many_bytes() -> None:
    lines = [call(1, str(n)) for n in range(5)]
    setting = Setting(*lines, size=2 * len(lines[0]) + 1)

    setting.forward()

    assert [len(batch) for batch in setting.publisher.batches] == [2, 2, 1]


def test_a_gzip_object_is_read_like_any_other() -> None:
    setting = Setting()
    setting.store.objects["file"] = gzip.compress(call(2) + b"\n" + call(1))

    assert setting.forward().published == 3


def test_a_rejected_line_is_kept_whole_with_where_it_stood() -> None:
    setting = Setting(call(1), WRONG_WIDTH)

    setting.forward()

    assert setting.quarantine is not None
    (entry,) = setting.quarantine.entries
    assert entry.line == WRONG_WIDTH.decode()
    assert (entry.bucket, entry.key, entry.route) == ("bucket", "file", "default")
    assert (entry.line_number, entry.offset) == (2, len(call(1)) + 1)
    assert entry.reason == "column-count-mismatch"
    assert "3 value(s) for 2 column(s)" in entry.detail


def test_a_line_over_the_limit_is_put_aside_and_its_neighbours_go_on() -> None:
    setting = Setting(call(1, "before"), call(500), call(1, "after"))

    report = setting.forward(max_line_bytes=1000)

    assert report.quarantined == {"line-too-long": 1}
    assert [i.id for i in setting.publisher.published] == ["before", "after"]


def test_without_a_quarantine_a_rejected_line_fails_the_object_after_all_others_went_out() -> None:
    setting = Setting(b"no json", call(1), WRONG_WIDTH)
    setting.quarantine = None

    with pytest.raises(QuarantineError, match="FORWARDER_QUARANTINE") as caught:
        setting.forward()

    assert "1 invalid-json, 1 column-count-mismatch" in str(caught.value)
    assert "line 1" in str(caught.value)
    assert len(setting.publisher.published) == 1


def test_a_batch_that_is_not_accepted_fails_the_object() -> None:
    setting = Setting(*[call(1)] * 5, rows=2)

    def refuse(_: object) -> None:
        if len(setting.publisher.batches) == 1:
            raise PlatformUnavailableError("down")

    setting.publisher.refuse = refuse
    with pytest.raises(PlatformUnavailableError):
        setting.forward()


def test_rejected_lines_that_cannot_be_kept_fail_the_object() -> None:
    class Full(MemoryQuarantine):
        def put(self, *_: object) -> None:
            raise QuarantineError("full")

    setting = Setting(call(1), b"no json")
    setting.quarantine = Full()
    with pytest.raises(QuarantineError, match="full"):
        setting.forward()


def test_a_damaged_object_fails() -> None:
    setting = Setting()
    setting.store.objects["file"] = gzip.compress(call(2))[:-9]
    with pytest.raises(CaptureFileError, match="gzip"):
        setting.forward()


def test_memory_does_not_grow_with_the_object() -> None:
    """An object ten times the size takes no more, since batches and runs are let go."""

    def peak(lines: int) -> int:
        setting = Setting(*[call(3), WRONG_WIDTH] * lines, rows=100)
        setting.publisher.keep = False
        setting.quarantine = ForgetfulQuarantine()
        tracemalloc.start()
        report = setting.forward()
        traced = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.published == 3 * lines
        return traced

    # Ten times the lines are 3 MB more of input; the slack is for the interpreter's own caches.
    assert peak(5_000) - peak(500) < 500_000


class ForgetfulQuarantine(MemoryQuarantine):
    """Takes entries without holding them."""

    def put(self, source: CaptureFile, entries: object) -> None:
        pass


def test_many_rejected_lines_are_kept_in_runs_of_bounded_size() -> None:
    setting = Setting(*[b"x"] * 2500)
    puts: list[int] = []

    class Counting(MemoryQuarantine):
        def put(self, source: CaptureFile, entries: object) -> None:
            super().put(source, entries)  # type: ignore[arg-type]
            puts.append(len(self.entries))

    setting.quarantine = Counting()
    assert setting.forward().quarantined == {"invalid-json": 2500}
    assert puts == [1000, 2000, 2500]


def named(**values: object) -> bytes:
    return line(side(json.dumps(values), "application/json"), side("0.5"))


def test_a_configured_name_that_no_line_has_is_reported_with_what_the_calls_have() -> None:
    report = Setting(named(a=1, plan=2), named(a=3, plan=4)).forward()

    assert report.never_found == ("b",)
    assert report.warnings == ("`b` was never found; the request has a, plan.",)


def test_a_name_that_one_line_has_is_not_reported() -> None:
    assert Setting(named(a=1), named(b=3)).forward().never_found == ()
    assert Setting(named(a=1), *[call(1)] * 200).forward().never_found == ()


def test_lines_with_the_id_of_an_earlier_line_are_counted_and_all_sent() -> None:
    calls = [call(1, "order-7"), call(1, "order-7"), call(2, "order-8"), call(1, "order-7")]
    report = Setting(*calls).forward()

    assert (report.equal_ids, report.published) == (2, 5)
    assert Setting(*[call(1, "same")] * 300).forward().equal_ids == 299
    others = [call(1, f"call-{n}") for n in range(300)]
    assert Setting(*others, rows=50).forward().equal_ids == 0
