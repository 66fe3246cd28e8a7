"""Labels and the rows that they belong to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.inference import ParsedLine, Row
from capture_forwarder.core.label_mapping import LabelColumn, LabelMapping
from capture_forwarder.core.line import Position
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import Schema
from capture_forwarder.labels.compiling import LabelCompiler
from capture_forwarder.parser import ColumnMapping
from tests.support.captures import ground_truth, line, merged, side

SOURCE = CaptureFile("bucket", "ground-truth/2026/03/02/10/labels.jsonl")
MAPPING = ColumnMapping.of(inputs="x", outputs="score")


class Stored:
    """Rows by id, and what was asked for."""

    def __init__(self, **rows: Row) -> None:
        self.rows = rows
        self.asked: list[list[str]] = []

    def find(self, ids: Collection[str]) -> Mapping[str, Row]:
        self.asked.append(list(ids))
        return {name: self.rows[name] for name in ids if name in self.rows}


def compiled(
    stored: Stored | None = None,
    captures: ColumnMapping = MAPPING,
    labels: LabelMapping | None = None,
    *,
    with_features: bool = False,
) -> LabelCompiler:
    return LabelCompiler(labels or LabelMapping(), captures, stored, with_features=with_features)


def parsed(
    raw: bytes, compiler: LabelCompiler | None = None, schema: Schema | None = None
) -> object:
    parser = (compiler or compiled())(schema or Schema())
    found = parser.for_file(SOURCE)(raw)
    if isinstance(found, Rejection):
        assert found.detail.endswith(".")
        return found.reason.value
    return {one.id: one.row for one in found.inferences}


def captured(records: int, name: str = "a") -> bytes:
    request = "\n".join(str(10 + n) for n in range(records))
    return line(side(request), side("\n".join(["0.5"] * records)), eventId=name)


def test_one_label_goes_to_the_inference_of_its_id() -> None:
    assert parsed(ground_truth("a", "1")) == {"a": {"label": 1}}
    assert parsed(ground_truth("a_3", "1")) == {"a_3": {"label": 1}}


def test_several_labels_alone_belong_to_nobody_for_sure() -> None:
    assert parsed(ground_truth("a", "1\n0")) == "label-count-mismatch"


@given(st.integers(1, 6), st.integers(1, 6))
def test_labels_of_a_merged_line_go_to_its_rows_if_they_are_as_many(rows: int, labels: int) -> None:
    found = parsed(merged(captured(rows), "\n".join(map(str, range(labels)))))
    if rows != labels:
        assert found == "label-count-mismatch"
    elif rows == 1:
        assert found == {"a": {"label": 0}}
    else:
        assert found == {f"a_{n}": {"label": n} for n in range(rows)}


@pytest.mark.parametrize("records", [1, 3])
def test_without_a_mapping_merged_lines_are_counted_as_their_payloads_look(records: int) -> None:
    raw = merged(captured(records), "\n".join(["1"] * records))
    found = parsed(raw, compiled(captures=ColumnMapping()))
    assert isinstance(found, dict)
    assert len(found) == records


def test_a_merged_line_whose_capture_cannot_be_read_is_rejected_as_that_capture_is() -> None:
    raw = merged(line(side("1,2"), side("0.5")), "1")
    assert parsed(raw) == "column-count-mismatch"


@given(st.integers(2, 5), st.integers(1, 6))
def test_labels_alone_go_to_stored_rows_if_the_call_has_just_as_many(
    labels: int, rows: int
) -> None:
    names = ["a"] if rows == 1 else [f"a_{n}" for n in range(rows)]
    stored = Stored(**{name: {} for name in names})
    found = parsed(ground_truth("a", "\n".join(["1"] * labels)), compiled(stored))
    matched = {name: {"label": 1} for name in names}
    assert found == (matched if rows == labels else "label-count-mismatch")


def test_a_label_that_is_not_known_yet_changes_nothing() -> None:
    assert parsed(ground_truth("a", "")) == {}
    assert parsed(b'{"id": "a", "label": null}') == {}
    assert parsed(merged(captured(3), "1\nNaN\n0")) == {"a_0": {"label": 1}, "a_2": {"label": 0}}


def test_features_stand_beside_the_label_of_a_merged_line() -> None:
    compiler = compiled(with_features=True)
    assert parsed(merged(captured(2), "1\n0"), compiler) == {
        "a_0": {"label": 1, "x": 10},
        "a_1": {"label": 0, "x": 11},
    }


def test_features_of_a_label_alone_are_found_in_the_store() -> None:
    stored = Stored(a={"x": 3, "score": 0.5}, b={"score": 0.5})
    compiler = compiled(stored, with_features=True)
    assert parsed(ground_truth("a", "1"), compiler) == {"a": {"label": 1, "x": 3}}
    assert parsed(ground_truth("b", "1"), compiler) == "label-without-inference"
    assert parsed(ground_truth("c", "1"), compiler) == "label-without-inference"
    assert parsed(ground_truth("a", "1"), compiled(with_features=True)) == "label-without-inference"


def test_the_store_is_asked_once_for_the_lines_of_a_chunk() -> None:
    rows: dict[str, Row] = {f"c{n}": {"x": n} for n in range(50)}
    stored = Stored(**rows)
    lines = [ground_truth(f"c{n}", "1") for n in range(50)]
    data = b"".join(one + b"\n" for one in lines)
    ends = [n for n, byte in enumerate(data) if byte == 10]
    parser = compiled(stored, with_features=True)(Schema())
    parse, read = parser.for_file(SOURCE), parser.for_chunks(SOURCE)

    assert list(read(Chunk(data, ends, Position()))) == []
    for n, raw in enumerate(lines):
        found = parse(raw)
        assert isinstance(found, ParsedLine)
        assert found.inferences[0].row == {"label": 1, "x": n}
    assert len(stored.asked) == 1


@pytest.mark.parametrize(
    ("raw", "time"),
    [
        (
            b'{"id": "a", "label": 1, "at": "2026-03-01T10:00:00+02:00"}',
            "2026-03-01T10:00:00+02:00",
        ),
        (b'{"id": "a", "label": 1, "at": "2026-03-01 10:00:00"}', "2026-03-01T10:00:00+00:00"),
        (b'{"id": "a", "label": 1, "at": null}', "2026-03-02T10:00:00Z"),
        (b'{"id": "a", "label": 1}', "2026-03-02T10:00:00Z"),
        (ground_truth("a", "1"), "2026-03-02T10:00:00Z"),
    ],
)
def test_the_time_of_a_label_is_that_of_its_row_else_of_its_file(raw: bytes, time: str) -> None:
    compiler = compiled(labels=LabelMapping(time="at"))
    found = parsed(raw, compiler, Schema(timestamp_column="when"))
    assert found == {"a": {"label": 1, "when": time}}


def test_a_column_that_labels_cannot_fill_is_a_wrong_setting_that_names_those_that_they_can() -> (
    None
):
    labels = LabelMapping(columns=(LabelColumn("chruned"),))
    with pytest.raises(PublisherMisconfiguredError) as raised:
        compiled(labels=labels)(Schema(labels=("churned",)))
    assert "'chruned'" in raised.value.message
    assert "churned" in raised.value.advice
