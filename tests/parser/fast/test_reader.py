"""Lines that are read together mean what they mean one by one, or are not read together."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import ColumnMapping
from tests.support.both_ways import is_taken, taken_together
from tests.support.captures import CSV, JSON, line, side
from tests.support.made_up_calls import made_up

FLOATS = dict.fromkeys(("a", "b", "score"), DataType.FLOAT)
MAPPING = ColumnMapping.of("a,b", "score", timestamp="at", event_id="id")


@given(st.integers(0, 2**40))
@settings(max_examples=400)
def test_calls_of_every_make_mean_the_same_both_ways(seed: int) -> None:
    taken_together(*made_up(seed))


def test_nearly_all_calls_without_oddities_are_read_together() -> None:
    """Progress: a reader that left all lines to the oracle would be right, and of no use."""
    made = [made_up(seed) for seed in range(300)]
    taken = sum(len(taken_together(*one)) for one in made)

    assert taken > sum(len(lines) for lines, _, _ in made) / 3


def call(number: int, request: str = "1.5,2", response: str = "0.5") -> bytes:
    return line(side(request), side(response), eventId=f"call-{number}")


@pytest.mark.parametrize(
    ("request_text", "response", "types"),
    [
        ("1.5,2", "0.5", FLOATS),
        ("1.5,2\n", "0.5\n", FLOATS),
        ("1.5,2\r\n", "0.5\r\n", FLOATS),
        ("1e-05,2.5E+20", "3.4e-05", FLOATS),
        ("1, 2", "0.5", FLOATS),
        ("1,2\n3,4", "0.5\n1\n", FLOATS),
        ("1,2\n3,4\n5,6", "0.5,1,2", FLOATS),
        (",NaN", "nan", FLOATS),
        ("red,true", "1e-7", {"a": DataType.STR, "b": DataType.BOOL, "score": DataType.FLOAT}),
        ("red,7", "0.5", {}),
        ('"1","2"', '"0.5"', FLOATS),
        ('"Smith, John","say ""no"""', "0.5", {}),
    ],
)
@pytest.mark.parametrize("encoding", ["CSV", "BASE64"])
def test_what_endpoints_usually_answer_is_read_together(
    request_text: str, response: str, types: dict[str, DataType], encoding: str
) -> None:
    raw = line(*(side(text, CSV, encoding) for text in (request_text, response)))
    assert is_taken(raw, MAPPING, types)


@pytest.mark.parametrize(
    "request_text",
    [
        '{"instances": [[1, 2], [3, 4]]}',
        '{"instances": [{"a": 1, "b": 2, "c": 3}, {"b": 0, "a": 1}]}',
    ],
)
def test_json_instances_are_read_together(request_text: str) -> None:
    raw = line(side(request_text, JSON), side('{"predictions": [0.5, 0.25]}', JSON))
    assert is_taken(raw, MAPPING, FLOATS)


@pytest.mark.parametrize(
    "request_text",
    [
        '{"instances": [[1, NaN], [-Infinity, 4]]}',
        '{"instances": [{"a": NaN, "b": 2}, {"b": Infinity, "a": 1}]}',
    ],
)
def test_nan_and_infinities_in_json_are_read_together(request_text: str) -> None:
    raw = line(side(request_text, JSON), side('{"predictions": [0.5, NaN]}', JSON))
    assert is_taken(raw, MAPPING, FLOATS)


@pytest.mark.parametrize(
    "request_text",
    [
        '{"instances": [{"a": "NaN", "b": NaN}]}',
        '{"instances": [{"a": "Infinity", "b": NaN}]}',
        '{"instances": [{"a": "\\"", "b": NaN}]}',
        '{"instances": [{"a": "say \\"NaN\\" x", "b": NaN}]}',
        '{"instances": [{"a": "x", "b": NaN, "c": 12345678901234567890123}]}',
    ],
)
def test_nan_beside_what_may_be_read_in_another_way_is_left_to_the_oracle(
    request_text: str,
) -> None:
    types = {"a": DataType.STR, "b": DataType.FLOAT, "score": DataType.FLOAT}
    raw = line(side(request_text, JSON), side('{"predictions": [0.5]}', JSON))
    assert not is_taken(raw, MAPPING, types)


@pytest.mark.parametrize("word", ["-NaN", "NaN1", "1NaN", "+Infinity", "--Infinity", "nNaN"])
def test_what_only_looks_like_nan_is_left_to_the_oracle(word: str) -> None:
    raw = line(side(f'{{"instances": [[1, {word}]]}}', JSON), side("[0.5]", JSON))
    assert taken_together([raw], MAPPING, Schema(FLOATS)) == []


@pytest.mark.parametrize(
    ("request_text", "response"),
    [
        ('1, "2"', "0.5"),
        ('"1,2', '0.5"'),
        ("1,2,3", "0.5"),
        ("1", "0.5,2"),
        ("1,2\n\n3,4", "0.5\n1"),
        ("a,b\n1,2", "0.5\n1"),
        ("1,007", "0.5"),
        ("1,null", "0.5"),
        ("1,2e999", "0.5"),
        ("1," + "9" * 230 + "e99", "0.5"),
        ("1,1e400", "0.5"),
        ("1," + "9" * 400, "0.5"),
        ("[1,2]", "0.5"),
    ],
)
def test_what_may_mean_something_else_is_left_to_the_oracle(
    request_text: str, response: str
) -> None:
    assert not is_taken(line(side(request_text), side(response)), MAPPING, FLOATS)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_header_that_no_setting_names_is_left_to_the_oracle(end: str) -> None:
    request_text, response = f"x1,x2{end}1,2{end}", f"y1{end}0.5"
    assert not is_taken(line(side(request_text), side(response)), MAPPING, {})


@given(st.lists(st.sampled_from(["good", "odd", "cut", "blank"]), min_size=1, max_size=150))
def test_an_odd_line_leaves_its_neighbours_alone(kinds: list[str]) -> None:
    made: dict[str, Callable[[int], bytes]] = {
        "good": call,
        "odd": lambda number: call(number, "1.5,x"),
        "cut": lambda number: call(number)[:60],
        "blank": lambda _: b"",
    }
    lines = [call(0), *(made[kind](number) for number, kind in enumerate(kinds, 1))]

    taken = taken_together(lines, MAPPING, Schema(FLOATS))

    assert taken == [0, *(n for n, kind in enumerate(kinds, 1) if kind == "good")]


@pytest.mark.parametrize("kind", [CSV, JSON])
@pytest.mark.parametrize("data", [b"\xff[1, 2]", b"{\xc3}"])
def test_a_chunk_of_nothing_but_broken_payloads_is_left_to_the_oracle(
    kind: str, data: bytes
) -> None:
    broken, fine = side(data, kind), side("[0.5]", JSON)
    for calls in ((broken, fine), (fine, broken), (broken, broken)):
        assert taken_together([line(*calls)] * 2, MAPPING, Schema(FLOATS)) == []


def test_calls_of_two_clients_are_read_together_each_kind_by_itself() -> None:
    """One client sends CSV and another JSON, in turn; a broken line stands in front of them."""
    document = side('{"instances": [[1, 2]]}', JSON), side('{"predictions": [0.5]}', JSON)
    lines = [b'{"cut', *(line(*document, eventId=f"{n}") if n % 2 else call(n) for n in range(40))]
    assert taken_together(lines, MAPPING, Schema(FLOATS)) == list(range(1, 41))


@pytest.mark.parametrize("odd", range(0, 41, 8))
def test_two_calls_on_a_line_are_never_taken_for_two_lines(odd: int) -> None:
    """What follows makes up for the count: a document over two lines."""
    lines = [call(n) for n in range(42)]
    begun, ended = lines[1][:-1], b"}"
    lines[odd : odd + 3] = [lines[odd] + lines[odd], begun, ended]
    left = {odd, odd + 1, odd + 2}
    taken = taken_together(lines, MAPPING, Schema(FLOATS))
    assert taken == [n for n in range(len(lines)) if n not in left]


CHAT = ColumnMapping.of("prompt=messages[-1].content", "answer=choices[0].message.content")
TEXTS = dict.fromkeys(("prompt", "answer"), DataType.STR)


def chat(request: object, response: object, number: int = 0) -> bytes:
    payloads = (side(json.dumps(one), JSON) for one in (request, response))
    return line(*payloads, eventId=f"chat-{number}")


def test_prompts_and_completions_are_read_together_by_their_paths() -> None:
    said = [{"role": "system", "content": "be kind"}, {"role": "user", "content": 'say "hi"'}]
    answer = {"choices": [{"index": 0, "message": {"content": "hi"}}], "usage": {"tokens": 3}}
    lines = [chat({"messages": said, "temperature": n}, answer, n) for n in range(20)]
    assert taken_together(lines, CHAT, Schema(TEXTS)) == list(range(20))


@pytest.mark.parametrize(
    ("request_document", "response_document"),
    [
        ({"messages": []}, {"choices": [{"message": {"content": "hi"}}]}),
        ({"messages": [{"content": ["parts"]}]}, {"choices": [{"message": {"content": "hi"}}]}),
        ({"messages": [{"content": "hi"}]}, {"choices": [{"message": {}}]}),
        ({"messages": [{"content": "hi"}]}, {"message": "no", "code": 500}),
        ({"messages": [{"content": 7}]}, {"choices": [{"message": {"content": "hi"}}]}),
        (
            {"messages": [{"content": "a"}], "columns": ["prompt"], "data": [["b"]]},
            {"choices": [{"message": {"content": "hi"}}]},
        ),
    ],
)
def test_a_document_whose_paths_lead_elsewhere_is_left_to_the_oracle(
    request_document: object, response_document: object
) -> None:
    plain = chat({"messages": [{"content": "a"}]}, {"choices": [{"message": {"content": "b"}}]})
    odd = chat(request_document, response_document, 1)
    assert taken_together([plain, odd], CHAT, Schema(TEXTS)) == [0]
    assert taken_together([odd], CHAT, Schema(TEXTS)) == []


def test_an_odd_record_leaves_its_whole_call_to_the_oracle() -> None:
    lines = [call(0, "1,2\n3,4", "1\n2"), call(1, "1,2\nx,4", "1\n2"), call(2, "5,6", "3")]
    assert taken_together(lines, MAPPING, Schema(FLOATS)) == [0, 2]


def test_calls_of_a_shadow_variant_that_are_left_out_are_not_read_together() -> None:
    mapping = ColumnMapping.of("a,b", "score", shadow=False)
    assert not is_taken(call(1), mapping, FLOATS)


def test_ids_and_times_are_escaped() -> None:
    lines = [
        line(side("1,2"), side("3"), eventId='a"b\\c\n', inferenceTime="2026\u2028"),
        line(side("1,2"), side("3"), eventId="é", inferenceTime=None),
    ]
    assert taken_together(lines, MAPPING, Schema(FLOATS)) == [0, 1]


@given(
    st.lists(
        st.sampled_from(["text/csv", "text/csv; charset=utf-8", "text/csv;charset=latin-1"]),
        min_size=1,
        max_size=30,
    )
)
def test_clients_that_name_a_charset_and_those_that_do_not_are_read_together(
    content_types: list[str],
) -> None:
    """A charset that is not UTF-8 has a meaning of its own in base64, and is the oracle's."""
    types = {"a": DataType.STR, "score": DataType.FLOAT}
    mapping = ColumnMapping.of("a", "score", event_id="id")
    lines = [
        line(side("café", kind, "BASE64"), side("0.5", kind, "BASE64"), eventId=f"e{n}")
        for n, kind in enumerate(content_types)
    ]
    taken = taken_together(lines, mapping, Schema(types))
    assert taken == [n for n, kind in enumerate(content_types) if "latin" not in kind]


def test_a_cell_of_spaces_is_a_text_to_a_column_without_a_type() -> None:
    mapping = ColumnMapping.of("a,b,c", "score")
    assert taken_together([line(side("1, ,3"), side("0.5"))], mapping) == [0]


def test_each_of_several_calls_with_a_bracket_is_left_to_the_oracle() -> None:
    mapping, types = ColumnMapping.of("a,b", "score"), {"a": DataType.STR, "b": DataType.STR}
    odd = {3, 7, 8, 20}
    lines = [
        line(side("[x,y" if n in odd else "x,y"), side("0.5"), eventId=f"e{n}") for n in range(30)
    ]
    taken = taken_together(lines, mapping, Schema(types))
    assert taken == [n for n in range(30) if n not in odd]


def test_answers_of_one_call_are_never_given_to_records_of_another() -> None:
    """Three records and three answers in all, but not call by call."""
    lines = [
        line(side("1,2\n3,4"), side("0.5"), eventId="first"),
        line(side("5,6"), side("0.5\n0.25"), eventId="second"),
    ]
    assert taken_together(lines, MAPPING, Schema(FLOATS)) == []


@given(
    st.lists(
        st.lists(st.text(st.sampled_from('xy ,"19.'), max_size=6), min_size=2, max_size=2),
        min_size=1,
        max_size=20,
    )
)
def test_whatever_csv_writers_quote_is_read_together(rows: list[list[str]]) -> None:
    mapping, types = ColumnMapping.of("a,b", "score"), dict.fromkeys(("a", "b"), DataType.STR)
    payloads = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    lines = [line(side(data), side("0.5"), eventId=f"e{n}") for n, data in enumerate(payloads)]
    # A quote behind a comma and a space opens a cell for some writers.
    plain = [n for n, data in enumerate(payloads) if ', "' not in data]
    assert taken_together(lines, mapping, Schema(types)) == plain


@pytest.mark.parametrize(
    "request_text",
    [
        '{"a": 1, "b": 2}\n{"b": 4, "a": 3}\n',
        '{"features": [1, 2]}\n{"features": [3, 4]}',
        "[1, 2]\n[3, 4]\n",
    ],
)
@pytest.mark.parametrize("response", ['{"score": 0.5}\n{"score": 0.25}', "[0.5]\n[0.25]\n"])
def test_lines_of_json_are_read_together(request_text: str, response: str) -> None:
    lines = "application/jsonlines"
    raw = line(side(request_text, lines), side(response, lines))
    assert is_taken(raw, MAPPING, FLOATS)


@pytest.mark.parametrize("odd", ["", "{", '{"a": 1}', '{"instances": [1, 2]}', "[1, 2] [3, 4]"])
def test_an_odd_line_of_json_leaves_its_call_to_the_oracle(odd: str) -> None:
    lines = "application/jsonlines"
    texts = [f'{{"a": 1, "b": {n}}}\n{odd if n % 3 == 1 else {}}' for n in range(12)]
    texts = [text.replace("{}", '{"a": 5, "b": 6}') for text in texts]
    calls = [
        line(side(text, lines), side("0.5\n1"), eventId=f"e{n}") for n, text in enumerate(texts)
    ]
    assert taken_together(calls, MAPPING, Schema(FLOATS)) == [n for n in range(12) if n % 3 != 1]
