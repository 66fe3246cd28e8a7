"""Rows that are written as JSON without being read are the rows that would have been read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import AccountingError
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.inferences import WrittenInferences
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.fast.json_writer import LIBRARY, JsonWriter
from capture_forwarder.parser.mapping.columns import Column, ColumnMapping
from tests.support.captures import SOURCE, line, side
from tests.support.written import are_the_same

pytestmark = pytest.mark.skipif(not LIBRARY.exists(), reason="`make test` compiles what is tested")

FLOAT, INT = DataType.FLOAT, DataType.INT
MAPPINGS = {
    "time and id": ColumnMapping.of("a,b", "score", timestamp="at", event_id="id"),
    "time": ColumnMapping.of("a,b", "score", timestamp="at"),
    "id": ColumnMapping.of("a,b", "score", event_id="id"),
    "nothing more": ColumnMapping.of("a,b", "score"),
    "metadata": ColumnMapping.of(
        "a,b",
        "score",
        ["where=endpoint", "row=row_index", "call=event_id", "more=custom_attributes"],
        timestamp="at",
        event_id="id",
    ),
    "odd names": ColumnMapping(
        (Column('say "a"', "x"), Column("back\\slash", "y")),
        (Column("größe\n", "z"),),
        timestamp='"',
        event_id="\t",
    ),
}
SOURCE_CODE = LIBRARY.with_suffix(".c")
KINDS = [FLOAT, INT, None]
PLAIN = ["0.5", "-2.25", "12.0", "0.1000000000000000055511151231257827", "1e3", "2.5E-07", "0"]
ODD = [
    *["", " ", " 7", "7 ", "\t7", "x", "-", "+1", ".5", "1.", "01", "-01", "1.2.3", "1 2", "--1"],
    *["1e", "1e+", "1e400", "1e-400", "1E+99", "9e99", "1e100", "0x1", "1_000", "1,2", "1;2"],
    *["9" * 17, "9" * 18, "9" * 19, "9" * 39, "9" * 40, "9" * 41, "9" * 400, "0." + "1" * 60],
    *["NaN", "Infinity", "-inf", "null", "true", '"1"', '"', "[1]", "1]", "1],[2", "{}", "1}"],
    *["1\n2", "1\n", "\n1", "\n", "1\r\n", "1\r", "\r1", "\x00", "1\x00", "\u0661", "1\u00a0", "é"],
    *["-0", "-0.0", "-0e0", "0e5", "1" + "0" * 30 + ".5"],
]
ABOUT = ["eventId", "inferenceId", "inferenceTime", "customAttributes"]
TYPES = st.tuples(*[st.sampled_from(KINDS)] * 3)
CELLS = st.sampled_from(PLAIN) | st.integers(-99, 99).map(str)
ODD_CELLS = st.tuples(st.integers(0, 29), st.integers(0, 2), st.sampled_from(ODD))
DOUBLES = st.floats(allow_nan=False, allow_infinity=False).map(repr)


def parser(name: str, types: Sequence[DataType | None], *, as_json: bool) -> LineParser:
    mapping = MAPPINGS[name]
    known = {
        column: data_type
        for column, data_type in zip(mapping.names[:3], types, strict=True)
        if data_type
    }
    return LineParser(mapping, Schema(known), as_json=as_json)


def call(rows: Sequence[Sequence[str]], encoding: str = "CSV", **about: str) -> bytes:
    sent = "\n".join(f"{a},{b}" for a, b, _ in rows)
    answered = "\n".join(score for *_, score in rows)
    kind = "text/csv"
    return line(side(sent, kind, encoding), side(answered, kind, encoding), **about)


def written(raw: bytes, name: str, types: Sequence[DataType | None]) -> WrittenInferences | None:
    """Write a line's rows, and require of what is written that reading gives just that."""
    found = parser(name, types, as_json=True).for_file(SOURCE)(raw)
    other = parser(name, types, as_json=False).for_file(SOURCE)(raw)
    if not isinstance(found, ParsedLine) or not isinstance(found.inferences, WrittenInferences):
        assert found == other
        return None
    assert isinstance(other, ParsedLine), other
    assert (found.inference_time, found.cast_failures) == (other.inference_time, {})
    are_the_same(found.inferences, other.inferences)
    return found.inferences


@pytest.mark.parametrize("encoding", ["CSV", "BASE64"])
@pytest.mark.parametrize("name", MAPPINGS)
def test_plain_numbers_are_written(name: str, encoding: str) -> None:
    raw = call([("0.50", "7", "1e-3")] * 5, encoding, eventId="x", inferenceTime="2026-03-01")

    found = written(raw, name, (FLOAT, INT, FLOAT))

    assert found is not None
    assert len(found) == 5
    assert bytes(found.json_rows).count(b"0.50") == 5


def test_a_whole_number_is_written_as_its_columns_type() -> None:
    found = written(call([("5", "5", "5"), ("-0", "-7", "0.0")] * 2), "id", (FLOAT, INT, None))

    assert found is not None
    first, second, *_ = bytes(found.json_rows).decode().replace("},{", "}\n{").splitlines()
    assert first.startswith('{"a":5.0,"b":5,"score":5,"id":')
    assert second.startswith('{"a":-0.0,"b":-7,"score":0.0,"id":')


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_cell_is_written_as_null(kind: DataType | None) -> None:
    found = written(call([("", "1", "7"), ("1", "", "7"), ("", "", "7")] * 2), "time", (kind,) * 3)

    assert found is not None
    assert bytes(found.json_rows).count(b'"a":null,"b":') == 4
    assert bytes(found.json_rows).count(b'"b":null,"score":') == 4


def test_a_line_without_a_value_need_not_be_a_row() -> None:
    rows = [("1", "2", "3")] * 5
    for place in range(5):
        scores = [*rows[:place], ("1", "2", ""), *rows[place + 1 :]]
        assert written(call(scores), "id", (FLOAT,) * 3) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", [*PLAIN, *ODD])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_whatever_a_cell_holds_both_ways_agree(
    kind: DataType | None, text: str, place: int
) -> None:
    odd = ["1"] * 3
    odd[place] = text
    types: list[DataType | None] = [INT] * 3
    types[place] = kind
    for number in (0, 2, 5):
        rows = [["1"] * 3 for _ in range(6)]
        rows[number] = odd
        written(call(rows), "time and id", types)


@given(
    rows=st.lists(st.tuples(CELLS | DOUBLES, CELLS, CELLS | DOUBLES), min_size=1, max_size=30),
    types=TYPES,
    odd=st.lists(ODD_CELLS, max_size=2),
    name=st.sampled_from(sorted(MAPPINGS)),
    ending=st.sampled_from(["", "\n", "\r\n", "\n\n"]),
    about=st.dictionaries(st.sampled_from(ABOUT), st.text(min_size=1)),
)
def test_whatever_the_rows_are_both_ways_agree(  # noqa: PLR0913, PLR0917
    rows: list[tuple[str, ...]],
    types: tuple[DataType | None, ...],
    odd: list[tuple[int, int, str]],
    name: str,
    ending: str,
    about: dict[str, str],
) -> None:
    cells = [list(row) for row in rows]
    for row, column, text in odd:
        cells[row % len(cells)][column] = text
    cells[-1][-1] += ending

    written(call(cells, **about), name, types)


@given(
    st.lists(st.text("01.-e,\n\r 9", max_size=12), min_size=3, max_size=12).map("\n".join),
    st.lists(st.text("01.-e,\n9", max_size=6), min_size=3, max_size=12).map("\n".join),
    TYPES,
)
def test_whatever_the_texts_are_both_ways_agree(
    sent: str, answered: str, types: tuple[DataType | None, ...]
) -> None:
    written(line(side(sent), side(answered)), "time and id", types)


@pytest.mark.parametrize("mark", [";", " ", "\t", "|", "\x00", ""])
def test_nothing_but_a_comma_parts_two_values(mark: str) -> None:
    raw = line(side(f"1.5{mark}2.5\n" * 6), side("1\n" * 6))

    assert written(raw, "id", (FLOAT,) * 3) is None


def writer() -> JsonWriter:
    return JsonWriter(LIBRARY, ["a", "b", "id"], [FLOAT], [FLOAT])


@pytest.mark.parametrize(
    ("sent", "answered", "rows"),
    [
        ("1\n2", "1\n2", 2),
        ("1\n2\n", "1\n2\n", 2),
        ("1\n2", "1\n2", 1),
        ("1\n2", "1\n2", 3),
        ("1\n2", "1", 2),
        ("1", "1\n2", 2),
        ("1\n2\n3", "1\n2", 2),
        ("1\n2", "1\n2\n3", 2),
        ("1\n2,3", "1\n2", 2),
        ("1\n2\n\n", "1\n2", 2),
        ("", "", 1),
        ("1", "", 1),
    ],
)
def test_there_must_be_as_many_rows_on_both_sides_as_are_wanted(
    sent: str, answered: str, rows: int
) -> None:
    found = writer()(sent, answered, [(f"id-{n}",) for n in range(rows)], rows, list)

    fits = rows == 2 and sent in {"1\n2", "1\n2\n"} and answered in {"1\n2", "1\n2\n"}
    assert (found is not None) is fits


def test_rows_that_read_otherwise_the_second_time_are_a_fault_and_no_loss() -> None:
    found = writer()("1\n2", "3\n4", [("x",), ("y",)], 2, list)

    assert found is not None
    with pytest.raises(AccountingError, match="2 inferences were written, and 0 read again"):
        list(found)


def test_without_the_compiled_library_rows_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = LIBRARY.with_name("missing.so")
    monkeypatch.setattr("capture_forwarder.parser.fast.json_writer.LIBRARY", missing)

    parse = parser("id", (FLOAT,) * 3, as_json=True).for_file(SOURCE)
    parsed = parse(call([("1", "2", "3")] * 9))

    assert isinstance(parsed, ParsedLine)
    assert not isinstance(parsed.inferences, WrittenInferences)
    assert len(parsed.inferences) == 9


def test_a_library_for_another_machine_is_told() -> None:
    with pytest.raises(OSError, match=r"json_rows\.c"):
        JsonWriter(SOURCE_CODE, ["a", "b"], [None], [None])
