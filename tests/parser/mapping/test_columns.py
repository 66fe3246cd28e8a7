"""The mapping as a person writes it: comma lists of columns, sources and metadata."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.mapping.columns import (
    Column,
    ColumnMapping,
    MetadataColumn,
    MetadataField,
    check_path,
    is_plain_name,
    parse_columns,
    parse_metadata,
    parse_types,
)

LISTS = [
    pytest.param("age", [Column("age")], id="one"),
    pytest.param("age,income", [Column("age"), Column("income")], id="two"),
    pytest.param("  age ,\tincome  ", [Column("age"), Column("income")], id="spaces"),
    pytest.param("", [], id="nothing"),
    pytest.param("  ", [], id="only spaces"),
    pytest.param("monthly charges", [Column("monthly charges")], id="a space inside"),
    pytest.param("größe,日本", [Column("größe"), Column("日本")], id="other scripts"),
    pytest.param('"a,b",c', [Column("a,b"), Column("c")], id="a quoted comma"),
    pytest.param('c, "a,b"', [Column("c"), Column("a,b")], id="quotes behind a space"),
    pytest.param('"say ""hi"""', [Column('say "hi"')], id="quotes inside quotes"),
    pytest.param("x=y", [Column("x", "y")], id="a source"),
    pytest.param(" x = y , z", [Column("x", "y"), Column("z")], id="spaces around a source"),
    pytest.param("x=features[0]", [Column("x", "features[0]")], id="a path"),
    pytest.param("x=a.b.c", [Column("x", "a.b.c")], id="a nested path"),
    pytest.param("x=my-key", [Column("x", "my-key")], id="a source that is no JMESPath but a name"),
    pytest.param("x=a=b", [Column("x", "a=b")], id="an equals sign in a name"),
    pytest.param(
        "\"x=a[?b=='c,d'] | [0]\",y",
        [Column("x", "a[?b=='c,d'] | [0]"), Column("y")],
        id="a filter with commas",
    ),
]


@pytest.mark.parametrize(("text", "columns"), LISTS)
def test_a_comma_list_is_read(text: str, columns: list[Column]) -> None:
    assert parse_columns(text) == tuple(columns)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,,b", "empty entry"),
        ("a,", "empty entry"),
        (",a", "empty entry"),
        ('""', "empty entry"),
        ("a,=b", "`column` or `column=source`"),
        ("a=", "`column` or `column=source`"),
        ("a= ,b", "`column` or `column=source`"),
        ('"a', "not CSV"),
        ('"a"b', "not CSV"),
        ("a=b[", "not JMESPath"),
        ("a=b.", "not JMESPath"),
        ("a=[?x", "not JMESPath"),
        ("a=" + "(" * 5000, "not JMESPath"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_columns(text)


def test_a_refusal_shows_the_entry() -> None:
    with pytest.raises(ValueError, match=r"entry 'b='"):
        parse_columns("a,b=,c")


@pytest.mark.filterwarnings("ignore:deprecated string literal syntax")  # of JMESPath's own
@given(st.text() | st.text(st.sampled_from("ab=,\" []|'`.?@()")))
def test_any_text_is_a_list_or_refused(text: str) -> None:
    try:
        columns = parse_columns(text)
    except ValueError:
        return
    assert all(column.name == column.name.strip() != "" for column in columns)
    assert all(column.source is None or column.source.strip() for column in columns)


def test_every_metadata_field_can_be_a_column() -> None:
    text = ", ".join(f"my_{field}={field}" for field in MetadataField)

    assert parse_metadata(text) == tuple(
        MetadataColumn(f"my_{field}", field) for field in MetadataField
    )


def test_the_metadata_fields_are_the_promised_ones() -> None:
    promised = {"endpoint", "variant", "event_id", "inference_id", "row_index", "bucket", "key"}

    assert promised | {"custom_attributes"} <= set(MetadataField)


@pytest.mark.parametrize("text", ["endpoint", "x=", "=endpoint", "x=latency", "x=Endpoint", "x"])
def test_a_metadata_entry_without_a_known_field_is_refused_with_the_fields(text: str) -> None:
    with pytest.raises(ValueError, match=r"`column=field` with a field of: endpoint, variant"):
        parse_metadata(text)


@pytest.mark.parametrize("path", ["instances", "a.b", "a[*].b", "[0]", "@", '"my-records"'])
def test_a_path_is_jmespath(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize("path", ["my-records", "a b", "a.", "[", "a[?"])
def test_a_path_that_is_no_jmespath_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is not JMESPath"):
        check_path(path)


@pytest.mark.parametrize("source", ["age", "my-key", "monthly charges", "größe", "a=b", "a:b"])
def test_a_name_without_marks_is_plain(source: str) -> None:
    assert is_plain_name(source)


@pytest.mark.parametrize("source", ["a.b", "a[0]", "[0]", "a|b", "keys(@)", "a.*", "'text'"])
def test_a_name_with_marks_is_a_path(source: str) -> None:
    assert not is_plain_name(source)


FULL = ColumnMapping(
    inputs=parse_columns("a,b=c"),
    outputs=parse_columns("score"),
    timestamp="time",
    event_id="id",
    metadata=parse_metadata("where=endpoint"),
)


def test_a_rows_columns_are_inputs_outputs_time_id_and_metadata_in_this_order() -> None:
    assert FULL.names == ("a", "b", "score", "time", "id", "where")
    assert FULL.duplicates() == []


def test_columns_that_are_not_wanted_are_left_out() -> None:
    assert ColumnMapping(outputs=parse_columns("score")).names == ("score",)


@pytest.mark.parametrize(
    "mapping",
    [
        ColumnMapping(inputs=parse_columns("x,x")),
        ColumnMapping(inputs=parse_columns("x"), outputs=parse_columns("x")),
        ColumnMapping(inputs=parse_columns("x=a,x=b")),
        ColumnMapping(inputs=parse_columns("x"), timestamp="x"),
        ColumnMapping(timestamp="x", event_id="x"),
        ColumnMapping(inputs=parse_columns("a"), event_id="x", metadata=parse_metadata("x=key")),
    ],
)
def test_columns_that_would_overwrite_each_other_are_found(mapping: ColumnMapping) -> None:
    assert mapping.duplicates() == ["x"]


def test_types_are_read_as_a_list_or_as_they_are() -> None:
    wanted = {"age": DataType.INT, "plan": DataType.CATEGORY}

    assert parse_types("age=int, plan=category") == wanted
    assert parse_types({"age": "int", "plan": "category"}) == wanted
    assert ColumnMapping.of("age", "plan", types={"age": "int", "plan": "category"}).types == wanted


@pytest.mark.parametrize("types", ["age", "age=number", "age=", {"age": "integer"}])
def test_a_type_that_does_not_exist_is_refused(types: Any) -> None:
    with pytest.raises(ValueError, match="it must be one of: float, int, bool"):
        parse_types(types)


def test_a_type_of_no_column_is_refused() -> None:
    with pytest.raises(ValueError, match="no input or output column: agee"):
        ColumnMapping.of("age", types={"agee": "int"})


@pytest.mark.parametrize(
    ("written", "header"), [("absent", False), ("present", True), (True, True), (False, False)]
)
def test_the_csv_header_is_a_word_or_a_truth_value(written: Any, header: bool) -> None:
    assert ColumnMapping.of("a", csv_header=written).csv_header is header


@pytest.mark.parametrize("written", ["yes", "", None, 2, "Present"])
def test_any_other_word_for_the_csv_header_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match='"absent" or "present"'):
        ColumnMapping.of("a", csv_header=written)


def test_a_part_of_the_key_can_be_a_column() -> None:
    (column,) = parse_metadata("deployment=key[-8]")

    assert column == MetadataColumn("deployment", MetadataField.KEY, -8)
    assert column.source == "key[-8]"
