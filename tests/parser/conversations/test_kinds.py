"""A call of each kind of language model's API, written from a conversation and read back as it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.inference import ParsedLine, Row
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser import ColumnMapping, compile_mapping
from tests.support.captures import EVENT_ID, JSON, SOURCE, TIME, line, side

LINES = "application/jsonlines"
EVENTS = "text/event-stream"

# What JSON and UTF-8 can carry; a prompt of nothing but space is none.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
PROMPTS = TEXTS.map(lambda text: f"a{text}")
COUNTS = st.integers(0, 2**40)


@dataclass(frozen=True)
class Talk:
    """What was asked, and what was answered."""

    asked: str
    answered: str
    reason: str = "stop"
    tokens: tuple[int, int] = (3, 5)


TALKS = st.builds(
    Talk, PROMPTS, TEXTS, st.sampled_from(["stop", "length", "end_turn"]), st.tuples(COUNTS, COUNTS)
)

Call = tuple[object, object]
"""Request and response: JSON documents, or texts with their content types."""

Write = Callable[[Talk], Call]


def chat_choice(talk: Talk, index: int = 0) -> dict[str, object]:
    message = {"role": "assistant", "content": talk.answered}
    return {"index": index, "message": message, "finish_reason": talk.reason}


def openai_usage(talk: Talk) -> dict[str, object]:
    return {"prompt_tokens": talk.tokens[0], "completion_tokens": talk.tokens[1]}


def user(talk: Talk) -> list[dict[str, object]]:
    return [{"role": "user", "content": talk.asked}]


def tgi_details(talk: Talk) -> dict[str, object]:
    return {"finish_reason": talk.reason, "generated_tokens": talk.tokens[1]}


def halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def events(*data: object) -> tuple[str, str]:
    return "".join(f"data: {json.dumps(one)}\n\n" for one in data), EVENTS


def anthropic_events(talk: Talk) -> tuple[str, str]:
    first, second = halves(talk.answered)
    return events(
        {
            "type": "message_start",
            "message": {"role": "assistant", "usage": {"input_tokens": talk.tokens[0]}},
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": part},
            }
            for part in (first, second)
        ),
        {
            "type": "message_delta",
            "delta": {"stop_reason": talk.reason},
            "usage": {"output_tokens": talk.tokens[1]},
        },
        {"type": "message_stop"},
    )


def openai_events(talk: Talk) -> tuple[str, str]:
    first, second = halves(talk.answered)
    return events(
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": first}}]},
        {"choices": [{"index": 0, "delta": {"content": second}, "finish_reason": talk.reason}]},
        {"choices": [], "usage": openai_usage(talk)},
    )


def tgi_events(talk: Talk) -> tuple[str, str]:
    first, second = halves(talk.answered)
    last = {"generated_text": talk.answered, "details": tgi_details(talk)}
    return events(
        {"token": {"text": first}, "generated_text": None}, {"token": {"text": second}, **last}
    )


def lmi_lines(talk: Talk) -> tuple[str, str]:
    first, second = halves(talk.answered)
    last = {"generated_text": talk.answered, "details": tgi_details(talk)}
    written = [{"token": {"text": first}}, {"token": {"text": second}, **last}]
    return "\n".join(map(json.dumps, written)), LINES


def anthropic_usage(talk: Talk) -> dict[str, object]:
    return {"input_tokens": talk.tokens[0], "output_tokens": talk.tokens[1]}


CHATS: dict[str, Write] = {
    "OpenAI chat": lambda talk: (
        {"messages": user(talk)},
        {"choices": [chat_choice(talk)], "usage": openai_usage(talk)},
    ),
    "OpenAI chat, streamed": lambda talk: ({"messages": user(talk)}, openai_events(talk)),
    "OpenAI responses": lambda talk: (
        {"input": user(talk)},
        {
            "output": [
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": talk.answered}],
                }
            ],
            "usage": anthropic_usage(talk),
        },
    ),
    "Anthropic messages": lambda talk: (
        {"messages": user(talk), "max_tokens": 9},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": talk.answered}],
            "stop_reason": talk.reason,
            "usage": anthropic_usage(talk),
        },
    ),
    "Anthropic messages, streamed": lambda talk: (
        {"messages": user(talk), "stream": True},
        anthropic_events(talk),
    ),
    "Bedrock Converse": lambda talk: (
        {"messages": [{"role": "user", "content": [{"text": talk.asked}]}]},
        {
            "output": {"message": {"role": "assistant", "content": [{"text": talk.answered}]}},
            "stopReason": talk.reason,
            "usage": {"inputTokens": talk.tokens[0], "outputTokens": talk.tokens[1]},
        },
    ),
    "Llama chat in JumpStart": lambda talk: (
        {"inputs": [user(talk)], "parameters": {"max_new_tokens": 9}},
        [{"generation": {"role": "assistant", "content": talk.answered}}],
    ),
    "a pipeline's conversation": lambda talk: (
        {"inputs": user(talk)},
        [{"generated_text": [*user(talk), {"role": "assistant", "content": talk.answered}]}],
    ),
    "Cohere chat": lambda talk: (
        {"messages": user(talk)},
        {
            "message": {"role": "assistant", "content": [{"type": "text", "text": talk.answered}]},
            "finish_reason": talk.reason,
            "meta": {"tokens": anthropic_usage(talk)},
        },
    ),
}

TEXT_COMPLETIONS: dict[str, Write] = {
    "OpenAI completion": lambda talk: (
        {"prompt": talk.asked},
        {
            "choices": [{"index": 0, "text": talk.answered, "finish_reason": talk.reason}],
            "usage": openai_usage(talk),
        },
    ),
    "TGI": lambda talk: (
        {"inputs": talk.asked, "parameters": {"max_new_tokens": 9}},
        [{"generated_text": talk.answered, "details": tgi_details(talk)}],
    ),
    "TGI, streamed": lambda talk: ({"inputs": talk.asked}, tgi_events(talk)),
    "LMI": lambda talk: (
        {"inputs": talk.asked},
        {"generated_text": talk.answered, "details": tgi_details(talk)},
    ),
    "LMI, streamed": lambda talk: ({"inputs": talk.asked}, lmi_lines(talk)),
    "Llama in Bedrock": lambda talk: (
        {"prompt": talk.asked, "max_gen_len": 9},
        {
            "generation": talk.answered,
            "prompt_token_count": talk.tokens[0],
            "generation_token_count": talk.tokens[1],
            "stop_reason": talk.reason,
        },
    ),
    "JumpStart's older models": lambda talk: (
        {"text_inputs": talk.asked},
        {"generated_texts": [talk.answered]},
    ),
    "Titan": lambda talk: (
        {"inputText": talk.asked, "prompt": talk.asked},
        {"results": [{"outputText": talk.answered, "completionReason": talk.reason}]},
    ),
    "AI21": lambda talk: (
        {"prompt": talk.asked},
        {
            "completions": [
                {"data": {"text": talk.answered}, "finishReason": {"reason": talk.reason}}
            ]
        },
    ),
    "Cohere generate": lambda talk: (
        {"prompt": talk.asked},
        {"generations": [{"text": talk.answered, "finish_reason": talk.reason}]},
    ),
    "Mistral in Bedrock": lambda talk: (
        {"prompt": talk.asked},
        {"outputs": [{"text": talk.answered, "stop_reason": talk.reason}]},
    ),
    "summary": lambda talk: ({"inputs": talk.asked}, [{"summary_text": talk.answered}]),
    "translation": lambda talk: ({"inputs": talk.asked}, [{"translation_text": talk.answered}]),
    "TensorFlow Serving": lambda talk: (
        {"instances": [{"prompt": talk.asked}]},
        {"predictions": [talk.answered]},
    ),
    "a list of texts": lambda talk: ([talk.asked], [talk.answered]),
    "JSON in a body": lambda talk: (
        {"body": json.dumps({"inputs": talk.asked})},
        {"generated_text": talk.answered},
    ),
    "plain text": lambda talk: (
        (talk.asked, "application/x-text"),
        {"generated_text": talk.answered},
    ),
}

UNCOUNTED = {"Llama chat in JumpStart", "a pipeline's conversation"}
WITHOUT_REASON = {*UNCOUNTED, "OpenAI responses"}


def written(payload: object) -> object:
    if isinstance(payload, tuple):
        return side(payload[0], payload[1])
    return side(json.dumps(payload), JSON)


def rows_of(request: object, response: object) -> list[Row]:
    parsed = parse(request, response)
    assert isinstance(parsed, ParsedLine), parsed
    return [one.row for one in parsed.inferences]


def parse(request: object, response: object) -> ParsedLine | Rejection:
    mapping = ColumnMapping(conversations=True)
    raw = line(written(request), written(response))
    return compile_mapping(mapping, Schema()).for_file(SOURCE)(raw)


def reasons(messages: object) -> list[str]:
    assert isinstance(messages, list)
    return [one["finish_reason"] for one in messages]


def said(messages: object) -> list[tuple[str, str]]:
    assert isinstance(messages, list)
    return [(one["role"], "".join(part["content"] for part in one["parts"])) for one in messages]


@pytest.mark.parametrize("kind", CHATS)
@given(talk=TALKS)
def test_a_chat_of_each_kind_is_read_as_what_was_said(kind: str, talk: Talk) -> None:
    (row,) = rows_of(*CHATS[kind](talk))

    assert row["operation"] == "chat"
    assert said(row["input_messages"]) == [("user", talk.asked)]
    assert said(row["output_messages"]) == [("assistant", talk.answered)]
    assert row["time"] == TIME
    if kind not in UNCOUNTED:
        assert row["usage"] == dict(
            zip(("input_tokens", "output_tokens"), talk.tokens, strict=True)
        )
    if kind not in WITHOUT_REASON:
        assert reasons(row["output_messages"]) == [talk.reason]


@pytest.mark.parametrize("kind", TEXT_COMPLETIONS)
@given(talk=TALKS)
def test_a_completion_of_each_kind_is_read_as_prompt_and_answer(kind: str, talk: Talk) -> None:
    (row,) = rows_of(*TEXT_COMPLETIONS[kind](talk))

    assert row["operation"] == "text_completion"
    assert said(row["input_messages"]) == [("user", talk.asked)]
    assert said(row["output_messages"]) == [("assistant", talk.answered)]


SEVERAL: dict[str, Callable[[Sequence[Talk]], Call]] = {
    "TGI": lambda talks: (
        {"inputs": [talk.asked for talk in talks]},
        [{"generated_text": talk.answered} for talk in talks],
    ),
    "TGI, choices in lists": lambda talks: (
        {"inputs": [talk.asked for talk in talks]},
        [[{"generated_text": talk.answered}] for talk in talks],
    ),
    "OpenAI completions, out of order": lambda talks: (
        {"prompt": [talk.asked for talk in talks]},
        {
            "choices": [
                {"index": n, "text": talk.answered} for n, talk in reversed(list(enumerate(talks)))
            ]
        },
    ),
    "instances": lambda talks: (
        {"instances": [{"inputs": talk.asked} for talk in talks]},
        {"predictions": [{"generated_text": talk.answered} for talk in talks]},
    ),
    "JSON Lines": lambda talks: (
        ("\n".join(json.dumps({"messages": user(talk)}) for talk in talks), LINES),
        ("\n".join(json.dumps({"choices": [chat_choice(talk)]}) for talk in talks), LINES),
    ),
    "dialogs": lambda talks: (
        {"inputs": [user(talk) for talk in talks]},
        [{"generation": {"role": "assistant", "content": talk.answered}} for talk in talks],
    ),
}


@pytest.mark.parametrize("kind", SEVERAL)
@given(talks=st.lists(TALKS, min_size=2, max_size=4))
def test_several_prompts_of_a_call_are_as_many_inferences_in_order(
    kind: str, talks: list[Talk]
) -> None:
    parsed = parse(*SEVERAL[kind](talks))

    assert isinstance(parsed, ParsedLine), parsed
    assert [one.id for one in parsed.inferences] == [f"{EVENT_ID}_{n}" for n in range(len(talks))]
    for one, talk in zip(parsed.inferences, talks, strict=True):
        assert said(one.row["input_messages"]) == [("user", talk.asked)]
        assert said(one.row["output_messages"]) == [("assistant", talk.answered)]


@given(talks=st.lists(TALKS, min_size=2, max_size=4))
def test_several_choices_are_output_messages_of_one_inference(talks: list[Talk]) -> None:
    request = {"messages": user(talks[0]), "n": len(talks)}
    response = {"choices": [chat_choice(talk, n) for n, talk in enumerate(talks)]}

    (row,) = rows_of(request, response)

    assert said(row["output_messages"]) == [("assistant", talk.answered) for talk in talks]
    assert reasons(row["output_messages"]) == [t.reason for t in talks]
