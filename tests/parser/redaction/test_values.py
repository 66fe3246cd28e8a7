"""What of a row leaves: by column and by path, dropped, hashed and replaced, and counted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.redaction import parse_redaction
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser import ColumnMapping, compile_mapping, parse_columns
from tests.support.both_ways import chunk_of
from tests.support.captures import JSON, SOURCE, line, side

MAIL = "jane.doe@example.com"
KEY = FixedSecret("key-1")


def parsed(raw: bytes, *entries: str, key: FixedSecret = KEY, **options: Any) -> ParsedLine:
    mapping = ColumnMapping(redact=parse_redaction(entries), redact_key=key, **options)
    found = compile_mapping(mapping, Schema()).for_file(SOURCE)(raw)
    assert isinstance(found, ParsedLine), found
    return found


def row(value: object, *entries: str, key: FixedSecret = KEY) -> dict[str, Any]:
    request = {"x": 3, "held": value}
    raw = line(side(json.dumps(request), JSON), side(json.dumps({"score": 0.5}), JSON))
    columns = {"inputs": parse_columns("x,held"), "outputs": parse_columns("score")}
    (one,) = parsed(raw, *entries, key=key, **columns).inferences
    return one.row


def test_a_column_is_dropped_and_the_others_stay() -> None:
    assert row(MAIL, "held=drop") == {"x": 3, "held": None, "score": 0.5}


def test_a_hash_is_the_same_for_the_same_value_and_key_alone() -> None:
    first, again = row(MAIL, "held=hash")["held"], row(MAIL, "held=hash")["held"]

    assert first == again
    assert len(first) == 32
    assert MAIL not in first
    assert row(f"{MAIL} ", "held=hash")["held"] != first
    assert row(MAIL, "held=hash", key=FixedSecret("key-2"))["held"] != first


@pytest.mark.parametrize("value", [3, 2.5, True, [1, 2], {"b": 1, "a": 2}])
def test_what_is_no_text_is_hashed_by_its_json(value: object) -> None:
    assert len(row(value, "held=hash")["held"]) == 32


def test_nothing_has_no_hash() -> None:
    assert row(None, "held=hash")["held"] is None


def test_the_order_of_keys_changes_no_hash() -> None:
    first, second = row({"a": 1, "b": 2}, "held=hash"), row({"b": 2, "a": 1}, "held=hash")

    assert first["held"] == second["held"]


def test_patterns_are_replaced_however_deep_a_text_stands() -> None:
    value = {"a": [{"b": f"to {MAIL}"}, MAIL], "c": 4111111111111111, MAIL: 1, "d": 0.5}

    assert row(value, "held=patterns")["held"] == {
        "a": [{"b": "to [email]"}, "[email]"],
        "c": "[card]",
        MAIL: 1,
        "d": 0.5,
    }


def test_only_the_patterns_that_are_named_are_replaced() -> None:
    text = f"{MAIL}, +49 30 901820"

    assert row(text, "held=phone")["held"] == f"{MAIL}, [phone]"
    assert row(text, "held=email+phone")["held"] == "[email], [phone]"


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("held.a", {"a": None, "b": [{"c": 1}, {"c": 2}, {}]}),
        ("held.b[].c", {"a": 3, "b": [{"c": None}, {"c": None}, {}]}),
        ("held.b[1].c", {"a": 3, "b": [{"c": 1}, {"c": None}, {}]}),
        ("held.b[9].c", {"a": 3, "b": [{"c": 1}, {"c": 2}, {}]}),
        ("held.b[1]", {"a": 3, "b": [{"c": 1}, None, {}]}),
        ("held.none.c", {"a": 3, "b": [{"c": 1}, {"c": 2}, {}]}),
        ("held.a[]", {"a": 3, "b": [{"c": 1}, {"c": 2}, {}]}),
    ],
)
def test_a_path_leads_to_what_is_redacted_and_past_what_is_not_there(
    path: str, left: object
) -> None:
    value = {"a": 3, "b": [{"c": 1}, {"c": 2}, {}]}

    assert row(value, f"{path}=drop")["held"] == left


def test_several_rules_hold_in_their_order() -> None:
    value = {"user": MAIL, "text": MAIL}

    assert row(value, "held.user=drop", "held=email")["held"] == {"user": None, "text": "[email]"}


def test_values_that_were_changed_are_counted_by_column() -> None:
    request = {"instances": [{"m": MAIL, "n": "x"}, {"m": "none", "n": None}]}
    response = {"predictions": [{"score": 1}, {"score": 2}]}
    raw = line(side(json.dumps(request), JSON), side(json.dumps(response), JSON))
    entries = ("m=patterns", "n=drop", "score=email")

    found = parsed(raw, *entries, inputs=parse_columns("m,n"), outputs=parse_columns("score"))

    assert found.redactions == {"m": 1, "n": 1}


def test_conversations_are_redacted_too() -> None:
    request = {"messages": [{"role": "user", "content": f"I am {MAIL}"}], "user": "jane"}
    response = {"choices": [{"message": {"role": "assistant", "content": f"Hello {MAIL}"}}]}
    raw = line(side(json.dumps(request), JSON), side(json.dumps(response), JSON))

    entries = ("input_messages=patterns", "output_messages=patterns", "parameters.user=hash")
    (one,) = parsed(raw, *entries, conversations=True).inferences

    assert MAIL not in str(one.values)
    assert "I am [email]" in str(one.row["input_messages"])
    assert one.row["parameters"]["user"] != "jane"  # type: ignore[index]


def test_records_that_stay_whole_are_redacted_too() -> None:
    raw = line(side(json.dumps({"mail": MAIL}), JSON), side("0.5"))

    (one,) = parsed(raw, "input=patterns").inferences

    assert one.row["input"] == {"mail": "[email]"}


def test_rows_that_are_redacted_are_never_read_by_the_fast_way() -> None:
    mapping = ColumnMapping(
        inputs=parse_columns("x"),
        outputs=parse_columns("score"),
        redact=parse_redaction(["x=drop"]),
    )
    parser = compile_mapping(mapping, Schema({"x": DataType.INT}), as_json=True)

    assert not parser.for_chunks(SOURCE)(chunk_of([line(side("3"), side("0.5"))]))


def test_a_rejection_stays_one() -> None:
    mapping = ColumnMapping(inputs=parse_columns("x"), redact=parse_redaction(["x=drop"]))

    assert isinstance(compile_mapping(mapping, Schema()).for_file(SOURCE)(b"{"), Rejection)


def test_a_column_that_is_not_there_is_an_error() -> None:
    mapping = ColumnMapping(inputs=parse_columns("x"), redact=parse_redaction(["y=drop"]))

    with pytest.raises(ValueError, match="no column 'y'"):
        compile_mapping(mapping, Schema())


def test_a_name_that_is_a_column_is_that_column_whatever_its_characters() -> None:
    (rule,) = parse_redaction(["a.b=drop"])

    assert rule.steps_in(["a", "a.b"]) == ("a.b", ())
    assert rule.steps_in(["a"]) == ("a", ("b",))
    assert rule.steps_in(["b"]) is None


@pytest.mark.parametrize(
    "entry", ["x", "=drop", "x=", "x=remove", "x=email+", "x=drop+hash", "x=email,phone"]
)
def test_an_entry_that_is_none_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_redaction([entry])


def test_a_path_stands_once() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        parse_redaction(["x=drop", "x=hash"])


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
STEPS = st.lists(st.sampled_from([".a", ".b", "[]", "[0]", "[1]"]), max_size=3).map("".join)


@given(JSONS, STEPS, st.sampled_from(["drop", "hash", "patterns", "email+card"]))
def test_no_value_and_no_path_makes_redaction_fail(value: object, path: str, action: str) -> None:
    found = row({"v": value}, f"held.v{path}={action}")

    json.dumps(found)
    assert found["x"] == 3


@given(JSONS)
def test_no_secret_is_left_anywhere_in_a_column_of_texts(value: object) -> None:
    def plant(held: object) -> object:
        if isinstance(held, list):
            return [*map(plant, held)]
        if isinstance(held, dict):
            return {key: plant(one) for key, one in held.items()}
        return f"<{MAIL}> {held}" if isinstance(held, str) else held

    assert MAIL not in json.dumps(row({"v": plant(value)}, "held=patterns"))
