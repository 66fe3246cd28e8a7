"""A response's document → what the model answers.

Sources: those of `requests`, and Amazon Bedrock's "Inference request parameters" for the answers
of AI21, Amazon, Cohere, Meta and Mistral.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from capture_forwarder.parser.conversations.messages import (
    is_message,
    read_content,
    read_message,
    text_part,
)
from capture_forwarder.parser.conversations.usage import usage_of
from capture_forwarder.parser.conversations.values import (
    Answer,
    Answered,
    Document,
    Message,
    text_of,
)
from capture_forwarder.parser.formats.json_text import NOTHING, JsonLines, decode_inside

UNKNOWN = "unknown"
"""The finish reason of an answer that has none; the conventions ask for one."""

_TEXTS = (
    *("generated_text", "generation", "generated_texts", "completion", "outputText", "output_text"),
    *("summary_text", "translation_text", "answer", "response", "text"),
)
_LISTS = ("choices", "outputs", "generations", "completions", "results", "predictions", "output")
_REASONS = (
    *("finish_reason", "stop_reason", "stopReason", "completionReason", "finishReason"),
    "done_reason",
)
_ASSISTANT = "assistant"
_DEEPEST = 4

Find = Callable[[object], object]
"""Takes the answers out of a document in place of what is known of its form."""


def read_response(document: object, find: Find | None = None) -> Answered | None:
    """Find the answers in a response; None where it has none.

    Parameters
    ----------
    document
        Decoded JSON, or a text.
    find
        What takes the answers out of the document, where somebody has said where they are.
    """
    if isinstance(document, str) and (inside := decode_inside(document)) is not NOTHING:
        document = inside
    held = document if find is None else find(document)
    groups = _found(held) if find is not None else _groups(document, 0)
    if groups is None:
        return None
    return read_details(document, groups)


def read_details(document: object, answers: list[Answer] | None = None) -> Answered:
    """Read what a response says besides its answers."""
    details = document if isinstance(document, dict) else {}
    model, name = text_of(details.get("model")), text_of(details.get("id"))
    return Answered(answers or [], model, name, usage_of(details))


def _found(held: object) -> list[Answer] | None:
    """What a path selects: a text, a message, or a list of them."""
    if isinstance(held, list) and not isinstance(held, JsonLines):
        answers = [_found(one) for one in held]
        if not answers or not all(answers):
            return None
        return [answer for found in answers for answer in found or ()]
    if isinstance(held, str):
        return [_text(held)]
    return _groups(held, 0)


def _groups(document: object, depth: int) -> list[Answer] | None:
    """The answers of a document, one each; several choices of one prompt stand side by side."""
    if depth > _DEEPEST:
        return None
    if isinstance(document, str):
        return [_text(document)]
    if isinstance(document, JsonLines) and _is_stream(document):
        return _groups(document[-1], depth)
    if isinstance(document, list):
        return _of_list(document, depth)
    return _of_dictionary(document, depth) if isinstance(document, dict) else None


def _of_dictionary(document: Document, depth: int) -> list[Answer] | None:
    if (whole := _message_of(document)) is not None:
        return [whole]
    for key in _LISTS:
        held = document.get(key)
        if isinstance(held, list) and held:
            items = _of_items(held) if key == "output" else None
            return _of_list(_in_order(held), depth) if items is None else [_answer(document, items)]
        if key == "output" and held is not None:
            # Converse has `{"output": {"message": ...}}`, others a text.
            found = _groups(held, depth + 1)
            return None if found is None else [_with_reason(one, document) for one in found]
    return _of_text(document, depth)


def _is_stream(lines: JsonLines) -> bool:
    """Whether these are a text's tokens, of which the last line has the whole text."""
    return all(isinstance(one, dict) and "token" in one for one in lines) and any(
        isinstance(lines[-1].get(key), str)  # type: ignore[attr-defined]
        for key in ("generated_text",)
    )


def _of_list(items: Sequence[object], depth: int) -> list[Answer] | None:
    found: list[Answer] = []
    for item in items:
        answers = _groups(item, depth + 1)
        if answers is None:
            return None
        # `[[a, b]]` are the choices of one prompt, as Hugging Face writes them.
        found += [_merged(answers)] if isinstance(item, list) and len(answers) > 1 else answers
    return found or None


def _merged(answers: Sequence[Answer]) -> Answer:
    return Answer([message for one in answers for message in one.messages])


def _in_order(items: Sequence[object]) -> Sequence[object]:
    """Choices by their index, where all of them have one."""
    indexes = [one.get("index") if isinstance(one, dict) else None for one in items]
    if not all(type(index) is int for index in indexes) or len(set(indexes)) < len(indexes):
        return items
    return [items[at] for at in sorted(range(len(items)), key=lambda at: indexes[at])]  # type: ignore[arg-type, return-value]


def _message_of(document: Document) -> Answer | None:
    """A document that is a message, or has one: a choice, Anthropic's and Cohere's answers."""
    if is_message(document):
        return _answer(document, [read_message(document)])
    for key in ("message", "generation"):
        held = document.get(key)
        if isinstance(held, dict) and (is_message(held) or "content" in held):
            return _answer(document, [read_message({"role": _ASSISTANT, **held})])
    return None


def _of_items(items: Sequence[object]) -> list[Message] | None:
    """The output of OpenAI's Responses: a reasoning, messages and calls, in one answer."""
    parts: list[Document] = []
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            return None
        if item["type"] == "message":
            parts += read_content(item.get("content"))
        elif item["type"] == "function_call":
            call = {"role": _ASSISTANT, "tool_calls": [{"id": item.get("call_id"), **item}]}
            parts += read_message(call)["parts"]  # type: ignore[arg-type]
        elif item["type"] == "reasoning":
            said = read_content(item.get("summary") or item.get("content"))
            parts += [{"type": "reasoning", "content": one.get("content")} for one in said]
        else:
            parts.append(item)
    return [{"role": _ASSISTANT, "parts": parts}]


def _of_text(document: Document, depth: int) -> list[Answer] | None:
    for key in _TEXTS:
        held = document.get(key)
        if isinstance(held, str):
            return [_with_reason(_text(held), document)]
        if (
            key == "generated_text"
            and isinstance(held, list)
            and held
            and all(map(is_message, held))
        ):
            # Hugging Face's pipelines repeat the conversation, with the answer at its end.
            return [_answer(document, [read_message(held[-1])])]
        if isinstance(held, list) and held and all(isinstance(one, str) for one in held):
            return [_text(one) for one in held]
    data = document.get("data")
    # AI21 has the text of a completion inside of `data`.
    return _groups(data, depth + 1) if isinstance(data, dict) else None


def _text(text: str) -> Answer:
    parts = [text_part(text)] if text else []
    return Answer([{"role": _ASSISTANT, "parts": parts, "finish_reason": UNKNOWN}])


def _answer(document: Document, messages: list[Message]) -> Answer:
    return _with_reason(Answer(messages, usage_of(document)), document)


def _with_reason(answer: Answer, document: Document) -> Answer:
    """Put in why the model stopped, and what was counted."""
    reason = finish_reason(document)
    messages = [
        message
        if reason is None and "finish_reason" in message
        else {**message, "finish_reason": reason or UNKNOWN}
        for message in answer.messages
    ]
    return Answer(messages, answer.usage or usage_of(document))


def finish_reason(document: Document) -> str | None:
    """Why the model stopped, in the words of its server."""
    for place in (document, document.get("details"), document.get("meta")):
        if isinstance(place, dict):
            for key in _REASONS:
                held = place.get(key)
                held = held.get("reason") if isinstance(held, dict) else held
                if reason := text_of(held):
                    return reason
    return None
