"""Which lines are conversations, what is said of those that are none, and how paths decide."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser import ColumnMapping, compile_mapping, parse_metadata
from tests.support.captures import CSV, EVENT_ID, JSON, SOURCE, line, side

CHAT = {"messages": [{"role": "user", "content": "hi"}]}
ANSWER = {"choices": [{"message": {"role": "assistant", "content": "ho"}}]}


def parse(raw: bytes, **options: Any) -> ParsedLine | Rejection:
    mapping = ColumnMapping(conversations=True, **options)
    return compile_mapping(mapping, Schema()).for_file(SOURCE)(raw)


def call(request: object, response: object, kind: str = JSON, **metadata: object) -> bytes:
    sides = [one if isinstance(one, str) else json.dumps(one) for one in (request, response)]
    return line(side(sides[0], kind), side(sides[1], kind), **metadata)


def read(raw: bytes, **options: Any) -> dict[str, Any]:
    parsed = parse(raw, **options)
    assert isinstance(parsed, ParsedLine), parsed
    (one,) = parsed.inferences
    return one.row


def rejected(raw: bytes, **options: Any) -> tuple[str, str]:
    parsed = parse(raw, **options)
    assert isinstance(parsed, Rejection), parsed
    return parsed.reason.value, parsed.detail


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [part["content"] for one in messages for part in one["parts"]]


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        ({"instances": [[1, 2], [3, 4]]}, {"predictions": [0.1, 0.2]}),
        ({"instances": [{"age": 3}]}, {"predictions": [{"score": 0.5}]}),
        ({"inputs": [1, 2, 3]}, [0.1, 0.2]),
        ({"inputs": [[1.0, 2.0]]}, [[0.1]]),
        (
            {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]},
            {"outputs": []},
        ),
        ({"prompt": " "}, ANSWER),
        ({}, ANSWER),
        ([], ANSWER),
        ([[1, 2]], [0.5]),
    ],
)
def test_a_call_of_a_tabular_model_is_no_conversation_and_says_what_to_do(
    request_: object, response: object
) -> None:
    reason, detail = rejected(call(request_, response))

    assert reason == "not-a-conversation"
    assert "request" in detail
    assert "input_path" in detail
    assert "docs/language-models.md" in detail


def test_csv_is_no_conversation() -> None:
    raw = line(side("1,2,red", CSV), side("0.5", CSV))

    assert rejected(raw)[0] == "not-a-conversation"


@pytest.mark.parametrize(
    "response",
    [
        [{"label": "POSITIVE", "score": 0.9}],
        {"predictions": [0.5]},
        {"predictions": [[0.1, 0.9]]},
        0.5,
        {"vectors": "none"},
        {"embeddings": [[1.0, 2.0], [3.0]]},
    ],
)
def test_a_prompt_without_an_answer_is_no_conversation(response: object) -> None:
    reason, detail = rejected(call({"inputs": "hi"}, response))

    assert reason == "not-a-conversation"
    assert "output_path" in detail


@pytest.mark.parametrize(
    "response",
    [
        {"error": "Input validation error", "error_type": "validation"},
        {"error": {"message": "overloaded", "type": "server_error"}},
        {"object": "error", "message": "too long", "code": 400},
        {"type": "error", "error": {"type": "overloaded_error"}},
        {"ErrorCode": "CLIENT_ERROR", "message": "no"},
        {"detail": "Not Found"},
        [{"error": "Model is loading"}],
    ],
)
def test_an_error_of_the_server_is_never_an_answer(response: object) -> None:
    assert rejected(call(CHAT, response))[0] == "error-response"


@pytest.mark.parametrize("counts", [(2, 1), (2, 3), (3, 2)])
def test_prompts_and_answers_that_cannot_be_paired_are_rejected_with_their_numbers(
    counts: tuple[int, int],
) -> None:
    prompts, answers = counts
    request = {"inputs": [f"p{n}" for n in range(prompts)]}

    reason, detail = rejected(call(request, [{"generated_text": "a"}] * answers))

    assert reason == "record-count-mismatch"
    assert f"{prompts} prompt(s)" in detail
    assert f"{answers} answer(s)" in detail


def test_an_empty_call_gives_nothing() -> None:
    parsed = parse(line(side("", JSON), side("", JSON)))

    assert isinstance(parsed, ParsedLine)
    assert not parsed.inferences


@pytest.mark.parametrize(("missing", "reason"), [(0, "missing-input"), (1, "missing-output")])
def test_a_call_of_which_one_side_was_not_captured_is_rejected(missing: int, reason: str) -> None:
    sides: list[object] = [side(json.dumps(CHAT), JSON), side(json.dumps(ANSWER), JSON)]
    sides[missing] = None

    assert rejected(line(*sides))[0] == reason


def test_a_page_of_a_proxy_is_no_answer() -> None:
    raw = line(side(json.dumps(CHAT), JSON), side("<h1>Bad gateway</h1>", "text/html"))

    assert rejected(raw)[0] == "not-a-conversation"


def test_a_stream_that_was_cut_is_rejected() -> None:
    cut = 'data: {"choices":[{"index":0,"delta":{"content":"h"}}]}\n\n'
    raw = line(side(json.dumps(CHAT), JSON), side(cut, "text/event-stream"))

    assert rejected(raw)[0] == "undecodable-payload"


def test_a_call_of_a_shadow_variant_is_left_out_where_that_is_asked_for() -> None:
    raw = call(CHAT, ANSWER, invocationSource="ShadowExperiment")

    parsed = parse(raw, shadow=False)

    assert isinstance(parsed, ParsedLine)
    assert not parsed.inferences
    assert read(raw)["operation"] == "chat"


def test_paths_decide_in_place_of_what_is_known() -> None:
    request = {
        "dialog": {"turns": ["what is 2 and 2?"]},
        "messages": [{"role": "a", "content": "x"}],
    }
    response = {"said": {"best": "4"}, "choices": []}

    row = read(call(request, response), input_path="dialog.turns[0]", output_path="said.best")

    assert row["operation"] == "text_completion"
    assert texts(row["input_messages"]) == ["what is 2 and 2?"]
    assert texts(row["output_messages"]) == ["4"]


def test_a_path_may_select_messages() -> None:
    request, response = (
        {"chat": CHAT["messages"]},
        {"reply": {"role": "assistant", "content": "ho"}},
    )

    row = read(call(request, response), input_path="chat", output_path="reply")

    assert row["operation"] == "chat"
    assert texts(row["output_messages"]) == ["ho"]


@pytest.mark.parametrize("paths", [{"input_path": "nowhere"}, {"output_path": "nowhere"}])
def test_a_path_that_selects_nothing_is_named(paths: dict[str, str]) -> None:
    reason, detail = rejected(call(CHAT, ANSWER), **paths)

    assert reason == "not-a-conversation"
    assert next(iter(paths)) in detail


def test_a_path_that_fails_selects_nothing() -> None:
    assert rejected(call(CHAT, ANSWER), input_path="sum(messages)")[0] == "not-a-conversation"


@pytest.mark.parametrize(
    "held",
    [
        {"conversation_id": "c1"},
        {"session_id": "c1"},
        {"conversation": {"id": "c1"}},
        {"metadata": {"thread_id": "c1"}},
    ],
)
def test_a_conversation_is_known_by_the_id_in_the_request(held: dict[str, object]) -> None:
    assert read(call({**CHAT, **held}, ANSWER))["conversation_id"] == "c1"


def test_the_model_tools_instructions_and_parameters_of_a_request_are_kept() -> None:
    tools = [{"type": "function", "function": {"name": "weather"}}]
    request = {**CHAT, "model": "m", "system": "be brief", "tools": tools, "temperature": 0.5}

    row = read(call(request, {**ANSWER, "model": "m-1", "id": "r1"}))

    assert (row["request_model"], row["response_model"], row["response_id"]) == ("m", "m-1", "r1")
    assert row["system_instructions"] == [{"type": "text", "content": "be brief"}]
    assert row["tool_definitions"] == tools
    assert row["parameters"] == {"temperature": 0.5}


def test_what_was_counted_of_tokens_is_kept() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 7},
    }

    assert read(call(CHAT, {**ANSWER, "usage": usage}))["usage"] == {
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_read_tokens": 4,
        "reasoning_tokens": 7,
    }


@pytest.mark.parametrize("count", [True, 1.5, "3", -1, 2**64, None])
def test_what_is_no_number_of_tokens_is_not_counted(count: object) -> None:
    row = read(call(CHAT, {**ANSWER, "usage": {"prompt_tokens": count, "completion_tokens": 2}}))

    assert row["usage"] == {"output_tokens": 2}


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        ({"input": ["a", "b"]}, {"data": [{"embedding": [1, 2, 3]}, {"embedding": [4, 5, 6]}]}),
        ({"texts": ["a", "b"]}, {"embeddings": {"float": [[1, 2, 3], [4, 5, 6]]}}),
        ({"text_inputs": ["a", "b"]}, {"embedding": [[1, 2, 3], [4, 5, 6]]}),
    ],
)
def test_the_texts_of_embeddings_are_one_inference_with_the_length_of_their_vectors(
    request_: object, response: object
) -> None:
    row = read(call(request_, response))

    assert row["operation"] == "embeddings"
    assert texts(row["input_messages"]) == ["a", "b"]
    assert row["output_messages"] == []
    assert row["dimensions"] == 3


@pytest.mark.parametrize(
    "wrap", [lambda rows: rows, lambda rows: {"predictions": rows}, lambda rows: [rows]]
)
def test_long_rows_of_numbers_for_texts_are_embeddings(wrap: Callable[[object], object]) -> None:
    rows = [[n / 8 for n in range(32)]] * 2

    assert read(call({"inputs": ["a", "b"]}, wrap(rows)))["dimensions"] == 32


def test_tokens_are_a_prompt_only_where_apis_take_them() -> None:
    (message,) = read(call({"prompt": [1, 2]}, {"choices": [{"text": "a"}]}))["input_messages"]

    assert message["parts"] == [{"type": "tokens", "content": [1, 2]}]


def test_metadata_columns_follow_the_conversation() -> None:
    metadata = parse_metadata("endpoint=endpoint,call=event_id,n=row_index")

    row = read(call(CHAT, ANSWER), metadata=metadata)

    assert list(row)[-3:] == ["endpoint", "call", "n"]
    assert (row["endpoint"], row["call"], row["n"]) == ("endpoint", EVENT_ID, 0)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("messages", "role", "content", "type", "text", "inputs", "prompt", "choices"),
                    *("message", "generated_text", "output", "data", "embedding", "usage", "index"),
                    *("tool_calls", "function", "image", "source", "system", "instances", "system"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(request_=JSONS, response=JSONS)
def test_no_json_makes_the_parser_fail(request_: object, response: object) -> None:
    parsed = parse(call(request_, response))

    if isinstance(parsed, ParsedLine):
        is_empty_call = (request_, response) == ("", "")
        assert bool(parsed.inferences) is not is_empty_call
        json.dumps([one.row for one in parsed.inferences])


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(
                    [
                        *("message_start", "message_stop", "content_block_start", "message_delta"),
                        *("content_block_delta", "response.created", "response.completed"),
                    ]
                ),
                "message": JSONS,
                "delta": JSONS,
                "index": JSONS,
                "content_block": JSONS,
                "usage": JSONS,
                "response": JSONS,
            },
        ),
        max_size=4,
    )
)
def test_no_stream_of_events_makes_the_parser_fail(events: list[object]) -> None:
    stream = "".join(f"data: {json.dumps(one)}\n\n" for one in events)

    parse(line(side(json.dumps(CHAT), JSON), side(stream, "text/event-stream")))
