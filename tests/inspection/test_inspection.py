"""Inspecting capture files: what they hold and which settings map them."""

from __future__ import annotations

import base64
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.inspection import Given, Inspection, Sample, assignments, inspect_files
from capture_forwarder.parser.lines import read_lines
from capture_forwarder.parser.mapping.columns import ColumnMapping, parse_columns
from capture_forwarder.settings import load

SHARED = Path(__file__).parents[3] / "shared" / "cases"
KEY = "data/credit/blue/2026/03/01/10/20-30-123-f41b4ce1-ffef-4339-9e96-7556c2c96346.jsonl"


def side(data: object, content_type: str | None = None, encoding: str | None = None) -> Any:
    """A captured payload: text is CSV, bytes are BASE64, all else is JSON."""
    if isinstance(data, bytes):
        text, guessed, encoded = base64.b64encode(data).decode(), None, "BASE64"
    elif isinstance(data, str):
        text, guessed, encoded = data, "text/csv", "CSV"
    else:
        text, guessed, encoded = json.dumps(data), "application/json", "JSON"
    return {
        "observedContentType": content_type or guessed,
        "data": text,
        "encoding": encoding or encoded,
    }


def line(request: Any = None, response: Any = None) -> bytes:
    data = {}
    for name, held in (("endpointInput", request), ("endpointOutput", response)):
        if held is not None:
            shaped = isinstance(held, dict) and "encoding" in held
            data[name] = held if shaped else side(held)
    record = {
        "captureData": data,
        "eventMetadata": {"eventId": "call", "inferenceTime": "2026-03-01T10:20:30Z"},
        "eventVersion": "0",
    }
    return json.dumps(record).encode()


def sample(*lines: bytes, name: str = "file") -> Sample:
    raw = list(read_lines(io.BytesIO(b"\n".join(lines)), 1024 * 1024))
    return Sample(CaptureFile("bucket", KEY), name, raw)


def inspected(*lines: bytes, given: Given | None = None) -> Inspection:
    found = inspect_files([sample(*lines)], given or Given())
    for facts in found.files:
        refused = sum(refused.count for refused in facts.refused.values())
        assert facts.lines == facts.mapped + facts.empty + refused
    return found


def settings_of(*lines: bytes) -> dict[str, str]:
    found = inspected(*lines)
    assert all(facts.mapped == facts.lines for facts in found.files)
    return dict(found.variables)


def columns(inputs: str, outputs: str, **more: str) -> dict[str, str]:
    names = {"FIDDLER_MODEL_COLUMNS": inputs, "FIDDLER_MODEL_OUTPUT_COLUMN": outputs}
    extra = {f"FORWARDER_{name.upper()}": value for name, value in more.items()}
    return {name: value for name, value in (names | extra).items() if value}


@pytest.mark.parametrize(
    ("request_", "response", "expected"),
    [
        ("1,2\n3,4", "0.1\n0.2", columns("f0,f1", "score")),
        ("1,2,3", "0.1,0.7,0.2", columns("f0,f1,f2", "score_0,score_1,score_2")),
        ("1,2\n3,4", "0.1,0.2", columns("f0,f1", "score")),
        ("1,2\n3,4", "[0.1, 0.9],[0.8, 0.2]", columns("f0,f1", "score_0,score_1")),
        (b"1,2\n", b"0.5\n", columns("f0,f1", "score")),
        (
            {"instances": [{"features": [1, 2]}, {"features": [3, 4]}]},
            {"predictions": [{"score": 0.1, "predicted_label": 0}] * 2},
            columns("f0,f1", "score,predicted_label"),
        ),
        ({"instances": [1.0, 2.0, 5.0]}, {"predictions": [3.5, 4, 5]}, columns("f0", "score")),
        ({"a": [1, 2], "b": [3, 4]}, {"value": [0.1, 0.2]}, columns("a,b", "value")),
        ([{"a": 1}, {"a": 2, "b": 3}], [{"p": 1}, {"p": 2}], columns("a,b", "p")),
        (
            {"inputs": "Hi", "parameters": {"max_new_tokens": 8}},
            {"generated_text": "Hello"},
            columns("inputs,max_new_tokens=parameters.max_new_tokens", "generated_text"),
        ),
        (
            {"payload": {"rows": [[1, 2], [3, 4]]}},
            {"result": {"items": [[0.1], [0.2]]}},
            columns("f0,f1", "score", input_path="payload.rows", output_path="result.items"),
        ),
        (
            {"inputs": "Fine."},
            [{"label": "good", "score": 0.9}, {"label": "bad", "score": 0.1}],
            columns("inputs", "label,score", output_path="[0]"),
        ),
        (None, [0.1, 0.9], columns("", "score_0,score_1")),
        ("1,2", None, columns("f0,f1", "")),
    ],
)
def test_a_payload_of_a_common_shape_gets_settings_that_map_it(
    request_: object, response: object, expected: dict[str, str]
) -> None:
    assert settings_of(line(request_, response)) == expected


def test_a_chat_gets_its_last_message_and_its_first_choice() -> None:
    def call(turns: int) -> bytes:
        messages = [{"role": "user", "content": f"turn {turn}"} for turn in range(turns)]
        message = {"role": "assistant", "content": "Yes."}
        return line(
            {"messages": messages, "temperature": 0.5},
            {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]},
        )

    found = inspected(call(1), call(3))

    assert found.variables == columns(
        "prompt=messages[-1].content,temperature",
        "completion=choices[0].message.content,finish_reason=choices[0].finish_reason",
    )
    assert [item.row["prompt"] for item in found.preview] == ["turn 0", "turn 2"]


def test_a_header_row_of_names_gives_the_columns() -> None:
    found = settings_of(line("age,city\n31,Rome\n40,Oslo", "0.1\n0.2"), line("age,city\n1,X", "0"))

    assert found == columns("age,city", "score", csv_header="present")


def test_a_header_row_above_text_is_found_by_the_number_of_scores() -> None:
    found = settings_of(line("name,city\nAnn,Oslo", "0.1"), line("name,city\nBob,Rome", "0.2"))

    assert found == columns("name,city", "score", csv_header="present")


def test_rows_of_text_without_a_header_stay_rows() -> None:
    assert settings_of(line("Ann,Oslo\nBob,Rome", "0.1\n0.2")) == columns("f0,f1", "score")


def test_the_width_that_most_calls_have_is_proposed_and_the_others_are_shown() -> None:
    found = inspected(line("1,2", "0"), line("1,2,3", "0"), line("4,5", "1"))

    (facts,) = found.files
    assert found.variables == columns("f0,f1", "score")
    assert facts.widths["request"] == {"2": 2, "3": 1}
    refused = facts.refused["column-count-mismatch"]
    assert (refused.count, refused.line) == (1, 2)


def test_the_proposal_of_a_failed_call_never_takes_its_message_for_a_column() -> None:
    failed = line("1,2", {"code": 424, "message": "no"})

    found = inspected(line("1,2", {"score": 0.5}), failed, failed)

    assert found.variables == columns("f0,f1", "score")
    assert found.files[0].refused["error-response"].count == 2


def test_only_the_side_that_holds_columns_is_mapped_when_the_other_is_an_image() -> None:
    image = side(b"\x89PNG", "image/png")

    found = inspected(line(image, [0.1, 0.9]))

    assert found.variables == columns("", "score_0,score_1")
    assert any("requests" in note for note in found.notes)


@pytest.mark.parametrize(
    "key", ["Amount (USD)", "a=b", "x,y", 'say "hi"', " padded ", "", "a.b", "über", "new\nline"]
)
def test_any_key_becomes_a_column_that_the_settings_accept(key: str) -> None:
    found = inspected(line({key: 7, "plain": 1}, {"plain": 2}))

    settings = load(dict(found.variables) | {"FORWARDER_PUBLISHER": "duckdb"})
    assert settings.route is not None
    assert settings.route.mapping.columns == found.mapping
    assert sorted(map(str, found.preview[0].row.values())) == ["1", "2", "7"]


def test_names_that_are_no_jmespath_are_proposed_as_they_stand_and_work() -> None:
    names = ["glucose (mg/dL)", "income($)", "it's", "what?", "a@b", "{a}", "a.b", 'say "hi"']
    record = {name: number for number, name in enumerate(names)} | {"a=b": 8, " c ": 9}
    for request in (record, ",".join(f'"{name}"' for name in names[:-1]) + "\n0,1,2,3,4,5,6"):
        found = inspected(line(request, "0.5"))
        settings = load(dict(found.variables) | {"FORWARDER_PUBLISHER": "duckdb"})

        assert settings.route is not None
        mapping = settings.route.mapping.columns
        assert mapping == found.mapping
        assert [column.name for column in mapping.inputs][:7] == names[:7]
        assert [*found.preview[0].row.values()][:7] == list(range(7))
    assert list(inspected(line(record, "0.5")).preview[0].row.values()) == [*range(10), 0.5]


def test_what_is_given_wins_and_only_the_rest_is_proposed() -> None:
    given = Given(ColumnMapping(inputs=parse_columns("age,score"), timestamp="at"))

    found = inspected(line("1,2", "0.5"), given=given)

    assert found.variables == columns("age,score", "output_score") | {
        "FIDDLER_TIMESTAMP_COLUMN": "at"
    }
    assert found.preview[0].row["at"] == "2026-03-01T10:20:30Z"


def test_a_given_mapping_that_maps_nothing_is_kept_and_says_why() -> None:
    given = Given(ColumnMapping(inputs=parse_columns("a,b,c"), outputs=parse_columns("score")))

    found = inspected(line("1,2", "0.5"), given=given)

    assert found.files[0].mapped == 0
    assert "column-count-mismatch" in found.files[0].refused


def test_a_given_header_is_not_proposed_away() -> None:
    given = Given(ColumnMapping(csv_header=False), header=True)

    found = inspected(line("age,city\n31,Rome", "0.1\n0.2"), given=given)

    assert found.variables == columns("f0,f1", "score", csv_header="absent")


def test_names_that_were_made_up_are_said_to_be() -> None:
    (note,) = inspected(line("1,2", "0.5")).notes

    assert "f0 to score" in note
    assert inspected(line({"a": 1}, {"score": 2})).notes == []


def test_settings_too_large_for_lambda_are_said_to_be() -> None:
    wide = {f"a_rather_long_name_of_a_column_{number}": number for number in range(150)}

    assert any("4096" in note for note in inspected(line(wide, "1")).notes)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'[{"prefix":"s3://bucket/"},"a.out"]', "not-a-capture-record"),
        (b"\x00\xff\xfe", "invalid-json"),
        (b"PAR1", "invalid-json"),
    ],
)
def test_a_file_without_capture_lines_is_said_to_have_none(text: bytes, reason: str) -> None:
    found = inspected(text)

    assert found.mapping is None
    assert found.files[0].captured == 0
    assert found.files[0].refused[reason].count == 1


def test_an_empty_file_and_an_empty_call_are_no_reason_to_complain() -> None:
    assert inspected().files[0].lines == 0
    facts = inspected(line("", ""), b"").files[0]
    assert (facts.empty, facts.refused) == (facts.lines, {})


def test_how_the_sides_were_captured_is_counted() -> None:
    found = inspected(line("1,2", "0"), line(b"1,2", "0"), line(None, "0"))

    kinds = {(kind.side, kind.encoding, kind.form): n for kind, n in found.files[0].sides.items()}
    assert kinds == {
        ("request", "CSV", "csv"): 1,
        ("request", "BASE64", "csv"): 1,
        ("request", "", "not captured"): 1,
        ("response", "CSV", "csv"): 3,
    }


def test_files_of_one_endpoint_share_a_proposal() -> None:
    files = [sample(line("1,2", "0")), sample(line("1,2,3", "0"), line("1,2,3", "0"))]

    found = inspect_files(files, Given())

    assert [facts.mapped for facts in found.files] == [0, 2]


def test_assignments_are_quoted_only_where_a_shell_needs_it() -> None:
    written = assignments({"A": "x,y=z", "B": "p=a[0].b"})

    assert written == ["A=x,y=z", "B='p=a[0].b'"]


def test_nothing_that_a_line_may_hold_makes_it_raise() -> None:
    odd: list[object] = [
        *(1, None, True, "", [], {}, [[]], [{}], [1, "a"], [1, [2]], [{"a": 1}, 2]),
        *({"a": {}}, {"messages": []}, {"messages": [{}]}, {"choices": [{"message": None}]}),
        *({"instances": {}}, {"instances": [[]]}, {"features": {}}, {"data": None}),
        *({"inputs": [{"name": "x", "shape": [-1], "data": []}]}, {"dataframe_split": 1}),
    ]
    for left in odd:
        for right in odd:
            sides = json.dumps(left), json.dumps(right)
            inspected(line(*(side(text, "application/json", "JSON") for text in sides)))
            inspected(line(*(side(text, "text/csv", "CSV") for text in sides)))


def test_no_damage_to_a_line_makes_it_raise() -> None:
    damage = random.Random(7)  # noqa: S311 - the same damage every time
    whole = [line("1,2\n3,4", "0\n1"), line({"a": [1], "b": {"c": 2}}, {"predictions": [1]})]
    for _ in range(300):
        text = bytearray(damage.choice(whole))
        for _ in range(damage.randint(1, 6)):
            text[damage.randrange(len(text))] = damage.choice(b'{}[]",:\\0a\n\xff\x00')
        inspected(bytes(text))


@pytest.mark.skipif(not SHARED.exists(), reason="the shared cases are not here")
@pytest.mark.parametrize(
    ("name", "mapped", "expected"),
    [
        ("xgboost-churn-csv", 12, columns(",".join(f"f{n}" for n in range(69)), "score")),
        ("xgboost-bank-inference-ids", 5, columns(",".join(f"f{n}" for n in range(59)), "score")),
        (
            "linear-learner-json",
            2,
            columns(",".join(f"f{n}" for n in range(14)), "score,predicted_label"),
        ),
        (
            "linear-learner-jsonlines",
            2,
            columns(",".join(f"f{n}" for n in range(14)), "predicted_label,score"),
        ),
        ("tensorflow-serving", 2, columns("f0", "score")),
        (
            "language-model",
            3,
            columns(
                "inputs,max_new_tokens=parameters.max_new_tokens,"
                "temperature=parameters.temperature,top_p=parameters.top_p,"
                "do_sample=parameters.do_sample",
                "generated_text",
            ),
        ),
    ],
)
def test_real_captured_lines_get_settings_that_map_them(
    name: str, mapped: int, expected: dict[str, str]
) -> None:
    lines = (SHARED / "real" / f"{name}.jsonl").read_bytes().rstrip(b"\n").split(b"\n")

    found = inspected(*lines)

    assert found.variables == expected
    assert found.files[0].mapped == mapped


@pytest.mark.skipif(not SHARED.exists(), reason="the shared cases are not here")
def test_every_line_of_the_mapping_cases_that_has_rows_gets_as_many() -> None:
    for text in (SHARED / "mapping.jsonl").read_text().splitlines():
        case = json.loads(text)
        if case.get("rows"):
            found = inspected(case["line"].encode())
            assert sum(found.files[0].records) == len(case["rows"]), case["name"]


def only_settings(*lines: bytes) -> dict[str, str]:
    """The settings that are proposed, however few of the lines they map."""
    return dict(inspected(*lines).variables)


DETECTION = {"boxes": [[1, 2, 3, 4], [2, 3, 4, 5]], "classes": [7, 8], "scores": [0.9, 0.8]}


@pytest.mark.parametrize(
    ("request_", "response", "expected"),
    [
        (
            {"inputs": "Fine."},
            {"sequence": "Fine.", "labels": ["a", "b"], "scores": [0.9, 0.1]},
            columns("inputs", "sequence,labels,scores"),
        ),
        (None, DETECTION, columns("", "boxes,classes,scores")),
        (None, {"predictions": [DETECTION, DETECTION]}, columns("", "boxes,classes,scores")),
        (
            {"columns": ["b", "a"], "index": [0], "data": [[2, 1]]},
            [0.5],
            columns("b,a", "score"),
        ),
        (
            {"b": {"0": 2, "1": 4}, "a": {"0": 1, "1": 3}},
            {"s": {"0": 0.1, "1": 0.2}},
            columns("b,a", "s"),
        ),
        (
            {"0": {"a": 1, "b": 2}, "1": {"a": 3, "b": 4}},
            [0.1, 0.2],
            columns("a,b", "score"),
        ),
        (
            "1,2\n3,4",
            {"predictions": ["x", "y"], "probabilities": [[0.1, 0.9], [0.7, 0.3]]},
            columns("f0,f1", "predictions,probabilities"),
        ),
        ("1,2", '{"score": 0.5}', columns("f0,f1", "score")),
        ("1,2", side('"{\\"score\\": 0.5}"', "application/json"), columns("f0,f1", "score")),
        (
            "1,2\n3,4",
            {
                "predictions": {"content_type": "text/csv", "data": "1,0.9\n0,0.8"},
                "explanations": {},
            },
            columns("f0,f1", "score_0,score_1"),
        ),
        ({"inputs": "Hi"}, {"embedding": [0.1, 0.2, 0.3]}, columns("inputs", "embedding")),
        (
            side('{"in0": [6, 17], "in1": [16, 21]}', "application/jsonlines"),
            side('{"label": 1}', "application/jsonlines"),
            columns("in0,in1", "label"),
        ),
        (
            side(b"I like it, really", "application/x-text"),
            {"predicted_label": "pos"},
            columns("text", "predicted_label"),
        ),
        (
            {"messages": [{"role": "user", "content": "Hi"}]},
            side(
                'data: {"choices":[{"delta":{"content":"He"}}]}\n\n'
                'data: {"choices":[{"delta":{"content":"y"}}]}\n\ndata: [DONE]\n\n',
                "text/event-stream",
            ),
            columns("prompt=messages[-1].content", "completion=choices[0].message.content"),
        ),
        (
            "1,2",
            side("Yes, of course", "text/plain"),
            columns("f0,f1", "answer", column_types="answer=str"),
        ),
        ("1,2", side(b"<html>502</html>", "text/html"), columns("f0,f1", "")),
    ],
)
def test_what_is_proposed_maps_what_endpoints_answer(
    request_: object, response: object, expected: dict[str, str]
) -> None:
    assert only_settings(line(request_, response)) == expected


def test_a_path_that_is_proposed_loses_no_record_of_a_batch() -> None:
    def ranked(text: object, count: int) -> bytes:
        answer = [[{"label": "P", "score": 0.9}, {"label": "N", "score": 0.1}]] * count
        return line({"inputs": text}, answer)

    found = inspected(ranked("one", 1), ranked(["one", "two"], 2))

    assert found.variables["FORWARDER_OUTPUT_PATH"] == "[*][0]"
    assert [facts.records for facts in found.files] == [[1, 2]]


def test_types_are_proposed_as_far_as_the_rows_show_them() -> None:
    found = inspected(line("1,2.5,x\n2,3,y", [[0.5], [1]]), line("3,,7", [[0.5]]))

    assert found.types == {"f0": "int", "f1": "float", "score": "float"}
    assert "FORWARDER_COLUMN_TYPES" not in found.variables


def test_equal_ids_base64_and_names_that_are_never_found_are_told() -> None:
    given = Given(ColumnMapping.of("incme", "score"))
    call = line({"income": 1, "plan": 2}, {"score": 0.5})
    other = line({"incme": 1}, {"score": 0.5})

    wrong = inspect_files([sample(call, call)], Given(ColumnMapping.of("income,incme", "score")))
    assert "`incme` was never found; the request has income, plan." in wrong.notes
    assert any("1 id(s) stand on more than one line (2 lines)" in note for note in wrong.notes)
    assert inspect_files([sample(other)], given).notes == []
    assert any("base64 (no content type)" in n for n in inspected(line(b"1,2", "0.5")).notes)
