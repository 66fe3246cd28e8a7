"""A conversation as a span: its ids, its time, and its attributes by both conventions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser import ColumnMapping, compile_mapping, parse_metadata
from capture_forwarder.publishers.otlp.ids import span_id, trace_id
from capture_forwarder.publishers.otlp.spans import WithoutTimeError, resource_of, span_of
from tests.support.captures import JSON, SOURCE, TIME, line, side
from tests.support.platforms.otlp import attributes_of

NOWHERE = CaptureFile("bucket", "file.jsonl")
TOOLS = [{"type": "function", "function": {"name": "weather"}}]
REQUEST = {
    "model": "llama-3",
    "messages": [
        {"role": "system", "content": "be brief"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": '{"at": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    ],
    "tools": TOOLS,
    "temperature": 1,
    "max_tokens": 64,
    "seed": 7,
    "stop": "END",
    "n": 2,
    "stream": False,
    "conversation_id": "talk-1",
}
RESPONSE = {
    "id": "r1",
    "model": "llama-3-8b",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "A cat."},
            "finish_reason": "stop",
        },
        {"index": 1, "message": {"role": "assistant", "content": "Cat"}, "finish_reason": "length"},
    ],
    "usage": {
        "prompt_tokens": 11,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
    },
}


def inference_of(request: object, response: object, metadata: str = "") -> Inference:
    mapping = ColumnMapping(conversations=True, metadata=parse_metadata(metadata))
    raw = line(side(json.dumps(request), JSON), side(json.dumps(response), JSON))
    parsed = compile_mapping(mapping, Schema()).for_file(SOURCE)(raw)
    assert isinstance(parsed, ParsedLine), parsed
    (one,) = parsed.inferences
    return one


def read(inference: Inference) -> Span:
    span: Span = Span.FromString(span_of(inference, SOURCE))
    return span


def attributes(request: object, response: object, metadata: str = "") -> dict[str, Any]:
    return attributes_of(read(inference_of(request, response, metadata)).attributes)


def test_ids_are_made_of_the_inference_id_alone_and_differ() -> None:
    assert trace_id("call-1") == trace_id("call-1")
    assert len(trace_id("call-1")) == 16
    assert len(span_id("call-1")) == 8
    assert trace_id("call-1") != trace_id("call-2")
    assert span_id("call-1") != span_id("call-2")
    assert not trace_id("call-1").startswith(span_id("call-1"))


def test_the_ids_stay_what_they_were_in_earlier_releases() -> None:
    """Labels find their spans by them, and a repeat replaces what was stored."""
    assert trace_id("call-1").hex() == "f4ace4024820011105fc68989139d07d"
    assert span_id("call-1").hex() == "15a9f6a78dd3183d"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_id_gives_ids_that_are_not_all_zero(name: str) -> None:
    assert any(trace_id(name))
    assert any(span_id(name))


def test_a_span_begins_at_the_time_of_the_call() -> None:
    span = read(inference_of(REQUEST, RESPONSE))

    assert TIME == "2026-03-01T10:20:30Z"
    assert span.start_time_unix_nano == 1772360430 * 10**9
    assert span.end_time_unix_nano == span.start_time_unix_nano
    assert span.kind == Span.SPAN_KIND_CLIENT
    assert span.name == "chat llama-3"


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("2026-03-01T10:20:30+02:00", 1772353230),
        ("2026-03-01T10:20:30", 1772360430),
        (None, 1772359200),
        ("", 1772359200),
    ],
)
def test_a_time_without_a_zone_is_utc_and_without_one_it_is_the_files_hour(
    time: str | None, seconds: int
) -> None:
    inference = Inference("call-1", ("operation", "time"), ("chat", time))

    assert read(inference).start_time_unix_nano == seconds * 10**9


@pytest.mark.parametrize("time", [None, "yesterday", "1960-01-01T00:00:00Z", 3])
def test_a_call_whose_time_nothing_tells_makes_no_span(time: object) -> None:
    inference = Inference("call-1", ("operation", "time"), ("chat", time))

    with pytest.raises(WithoutTimeError):
        span_of(inference, NOWHERE)


def test_a_chat_has_the_attributes_of_opentelemetrys_conventions() -> None:
    found = attributes(REQUEST, RESPONSE)

    assert {name: value for name, value in found.items() if name.startswith("gen_ai.")} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.sagemaker",
        "gen_ai.request.model": "llama-3",
        "gen_ai.response.model": "llama-3-8b",
        "gen_ai.response.id": "r1",
        "gen_ai.conversation.id": "talk-1",
        "gen_ai.response.finish_reasons": ["stop", "length"],
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.request.temperature": 1.0,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.choice.count": 2,
        "gen_ai.request.stream": False,
        "gen_ai.input.messages": found["gen_ai.input.messages"],
        "gen_ai.output.messages": found["gen_ai.output.messages"],
        "gen_ai.tool.definitions": json.dumps(TOOLS, separators=(",", ":")),
    }
    assert json.loads(found["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "A cat."}],
            "finish_reason": "stop",
        },
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "Cat"}],
            "finish_reason": "length",
        },
    ]
    asked = json.loads(found["gen_ai.input.messages"])
    assert [one["role"] for one in asked] == ["system", "user", "assistant", "tool"]
    assert asked[1]["parts"][1] == {
        "type": "uri",
        "modality": "image",
        "uri": "https://example.com/cat.png",
    }


def test_a_chat_has_the_attributes_of_openinference() -> None:
    found = attributes(REQUEST, RESPONSE)

    asked = "llm.input_messages"
    expected = {
        "openinference.span.kind": "LLM",
        "llm.system": "aws.sagemaker",
        "llm.provider": "aws",
        "llm.model_name": "llama-3-8b",
        "llm.finish_reason": "stop",
        "llm.token_count.prompt": 11,
        "llm.token_count.completion": 5,
        "llm.token_count.total": 16,
        "llm.token_count.prompt_details.cache_read": 4,
        "session.id": "talk-1",
        f"{asked}.0.message.role": "system",
        f"{asked}.0.message.content": "be brief",
        f"{asked}.1.message.role": "user",
        f"{asked}.1.message.contents.0.message_content.type": "text",
        f"{asked}.1.message.contents.0.message_content.text": "what is this?",
        f"{asked}.1.message.contents.1.message_content.type": "image",
        f"{asked}.1.message.contents.1.message_content.image.image.url": (
            "https://example.com/cat.png"
        ),
        f"{asked}.2.message.role": "assistant",
        f"{asked}.2.message.tool_calls.0.tool_call.id": "c1",
        f"{asked}.2.message.tool_calls.0.tool_call.function.name": "look",
        f"{asked}.2.message.tool_calls.0.tool_call.function.arguments": '{"at":1}',
        f"{asked}.3.message.role": "tool",
        f"{asked}.3.message.tool_call_id": "c1",
        f"{asked}.3.message.content": "a cat",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "A cat.",
        "llm.output_messages.1.message.content": "Cat",
        "llm.tools.0.tool.json_schema": json.dumps(TOOLS[0], separators=(",", ":")),
        "input.mime_type": "application/json",
        "output.mime_type": "application/json",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert json.loads(found["llm.invocation_parameters"])["max_tokens"] == 64
    assert json.loads(found["output.value"])["messages"][0] == {
        "role": "assistant",
        "content": "A cat.",
    }


def test_a_prompt_and_its_answer_are_plain_texts_where_there_is_nothing_else() -> None:
    found = attributes({"inputs": "hi"}, {"generated_text": "ho"})

    assert (found["input.value"], found["input.mime_type"]) == ("hi", "text/plain")
    assert (found["output.value"], found["output.mime_type"]) == ("ho", "text/plain")
    assert found["gen_ai.operation.name"] == "text_completion"


def test_an_image_that_was_sent_whole_is_an_address_to_openinference() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    request = {"messages": [{"role": "user", "content": [image]}]}

    found = attributes(request, {"generated_text": "a cat"})

    name = "llm.input_messages.0.message.contents.0.message_content.image.image.url"
    assert found[name] == "data:image/png;base64,AAAA"


def test_embeddings_have_their_texts_and_how_long_their_vectors_are() -> None:
    found = attributes(
        {"input": ["one", "two"], "model": "e5"},
        {"data": [{"embedding": [0.1] * 8}, {"embedding": [0.2] * 8}], "model": "e5"},
    )

    assert found["openinference.span.kind"] == "EMBEDDING"
    assert found["embedding.model_name"] == "e5"
    assert found["embedding.embeddings.0.embedding.text"] == "one"
    assert found["embedding.embeddings.1.embedding.text"] == "two"
    assert found["gen_ai.operation.name"] == "embeddings"
    assert found["gen_ai.embeddings.dimension.count"] == 8


def test_instructions_beside_the_messages_are_the_first_message_of_openinference() -> None:
    request = {"system": "be brief", "messages": [{"role": "user", "content": "hi"}]}

    found = attributes(request, {"content": "ho", "role": "assistant"})

    assert json.loads(found["gen_ai.system_instructions"]) == [
        {"type": "text", "content": "be brief"}
    ]
    assert found["llm.input_messages.0.message.role"] == "system"
    assert found["llm.input_messages.0.message.content"] == "be brief"
    assert found["llm.input_messages.1.message.content"] == "hi"
    assert "be brief" not in found["gen_ai.input.messages"]


def test_the_endpoint_stands_for_a_model_that_nobody_names() -> None:
    span = read(inference_of({"inputs": "hi"}, {"generated_text": "ho"}))

    assert span.name == "text_completion endpoint"
    assert attributes_of(span.attributes)["gen_ai.request.model"] == "endpoint"


def test_metadata_columns_are_attributes_of_their_names() -> None:
    found = attributes(REQUEST, RESPONSE, "team=key[0],call=event_id,n=row_index")

    assert found["team"] == "captures"
    assert found["n"] == 0
    assert found["call"] == found["aws.sagemaker.inference.id"]


def test_a_resource_says_which_endpoint_and_variant_were_called() -> None:
    further = {"cloud.account.id": "123456789012", "cloud.region": None}

    assert resource_of(SOURCE, further) == {
        "service.name": "endpoint",
        "cloud.provider": "aws",
        "aws.sagemaker.endpoint.name": "endpoint",
        "aws.sagemaker.variant.name": "variant",
        "cloud.account.id": "123456789012",
    }
    assert resource_of(NOWHERE, {}) == {"service.name": "sagemaker", "cloud.provider": "aws"}


KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "tool_call", "tool_call_response", "reasoning", "blob"]),
        **dict.fromkeys(["content", "id", "name", "arguments", "response", "uri"], ANY),
        "modality": st.sampled_from(["image", "audio"]),
    },
)
MESSAGES = ANY | st.lists(
    st.fixed_dictionaries(
        {}, optional={"role": ANY, "parts": ANY | st.lists(PARTS, max_size=3), "finish_reason": ANY}
    ),
    max_size=3,
)
ROWS = st.fixed_dictionaries(
    {"operation": st.sampled_from(["chat", "text_completion", "embeddings"])},
    optional={
        "input_messages": MESSAGES,
        "output_messages": MESSAGES,
        **dict.fromkeys(
            [
                *("request_model", "response_model", "response_id", "conversation_id", "usage"),
                *("system_instructions", "tool_definitions", "parameters", "dimensions", "other"),
            ],
            ANY,
        ),
    },
)


@given(ROWS)
def test_whatever_is_left_of_a_row_makes_a_span_whose_attributes_stand_once(row: Any) -> None:
    """Redaction may take any column, and servers write what they like."""
    row["time"] = TIME

    written = span_of(Inference("call-1", tuple(row), tuple(row.values())), SOURCE)

    span = Span.FromString(written)
    assert attributes_of(span.attributes)
    assert span.SerializeToString() == written
