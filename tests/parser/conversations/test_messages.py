"""What a message is made of: texts, images, thoughts, tools and what of it nobody knows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from capture_forwarder.parser.conversations.messages import read_message

CALL = {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}}
ARGUMENTS = json.dumps({"city": "Paris"})


def parts(content: object, **further: object) -> list[dict[str, Any]]:
    found = read_message({"role": "user", "content": content, **further})["parts"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("written", "part"),
    [
        ({"type": "text", "text": "hi"}, {"type": "text", "content": "hi"}),
        ({"type": "input_text", "text": "hi"}, {"type": "text", "content": "hi"}),
        ({"text": "hi"}, {"type": "text", "content": "hi"}),
        ("hi", {"type": "text", "content": "hi"}),
        (
            {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
            {"type": "uri", "modality": "image", "uri": "https://example.com/cat.png"},
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
            },
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
        ),
        (
            {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "AAAA"},
        ),
        (
            {"type": "file", "file": {"file_id": "f1"}},
            {"type": "file", "modality": "file", "file_id": "f1"},
        ),
        ({"type": "thinking", "thinking": "hm"}, {"type": "reasoning", "content": "hm"}),
        (
            {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Paris"}},
            CALL,
        ),
        (
            {"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"city": "Paris"}}},
            CALL,
        ),
        (
            {
                "type": "tool_result",
                "tool_use_id": "c1",
                "content": [{"type": "text", "text": "4"}],
            },
            {"type": "tool_call_response", "id": "c1", "response": "4"},
        ),
        ({"type": "refusal", "refusal": "no"}, {"type": "refusal", "refusal": "no"}),
        ({"type": "new", "held": [1]}, {"type": "new", "held": [1]}),
        ({"type": 3, "held": 1}, {"type": "unknown", "held": 1}),
        (3, {"type": "unknown", "content": 3}),
    ],
)
def test_a_part_of_each_kind_is_kept(written: object, part: object) -> None:
    assert parts([written]) == [part]


def test_an_answer_has_its_reasoning_before_its_text() -> None:
    message = {"role": "assistant", "content": "4", "reasoning_content": "2 and 2"}

    assert read_message(message)["parts"] == [
        {"type": "reasoning", "content": "2 and 2"},
        {"type": "text", "content": "4"},
    ]


@pytest.mark.parametrize(
    "calls",
    [
        {"tool_calls": [{"id": "c1", "function": {"name": "weather", "arguments": ARGUMENTS}}]},
        {"tool_calls": [{"id": "c1", "name": "weather", "arguments": {"city": "Paris"}}]},
    ],
)
def test_a_call_of_a_tool_has_its_arguments_as_json(calls: dict[str, object]) -> None:
    assert parts(None, **calls) == [CALL]


def test_arguments_that_are_no_json_stay_the_text_that_the_model_wrote() -> None:
    calls = [{"id": "c1", "function": {"name": "weather", "arguments": '{"city": '}}]

    (part,) = parts(None, tool_calls=calls)

    assert part["arguments"] == '{"city": '


def test_the_older_form_of_a_call_is_one_without_an_id() -> None:
    called = {"name": "weather", "arguments": ARGUMENTS}

    assert parts(None, function_call=called) == [CALL | {"id": None}]


@pytest.mark.parametrize("role", ["tool", "function"])
def test_what_a_tool_answered_is_a_response_to_its_call(role: str) -> None:
    message = {"role": role, "tool_call_id": "c1", "content": "4 degrees", "name": "weather"}

    assert read_message(message) == {
        "role": role,
        "name": "weather",
        "parts": [{"type": "tool_call_response", "id": "c1", "response": "4 degrees"}],
    }
