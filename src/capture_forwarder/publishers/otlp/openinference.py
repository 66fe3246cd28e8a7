"""A conversation → attributes by OpenInference, which Phoenix and Arthur read.

Source: OpenInference, "LLM spans", "Embedding spans", "Messages and content" and "Tool calling".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from capture_forwarder.core.inference import Row
from capture_forwarder.publishers.otlp.attributes import (
    Attributes,
    as_json,
    attribute_value,
    fields_of,
    items_of,
    known,
)
from capture_forwarder.publishers.otlp.genai import PROVIDER, finish_reasons

TEXT, JSON = "text/plain", "application/json"

_USAGE: Mapping[str, str] = {
    "llm.token_count.prompt": "input_tokens",
    "llm.token_count.completion": "output_tokens",
    "llm.token_count.prompt_details.cache_read": "cache_read_tokens",
    "llm.token_count.prompt_details.cache_write": "cache_creation_tokens",
    "llm.token_count.completion_details.reasoning": "reasoning_tokens",
}
_Message = Mapping[str, object]


def openinference_attributes(row: Row, model: str | None) -> Attributes:
    """Describe a conversation; see `genai_attributes`."""
    asked, answered = items_of(row.get("input_messages")), items_of(row.get("output_messages"))
    if system := items_of(row.get("system_instructions")):
        asked = [{"role": "system", "parts": system}, *asked]
    found = {
        "session.id": row.get("conversation_id"),
        **_value_of("input", asked),
        **_value_of("output", answered),
    }
    if row.get("operation") == "embeddings":
        texts = [_text(message) for message in asked]
        return known(
            {
                "openinference.span.kind": "EMBEDDING",
                "embedding.model_name": model,
                "embedding.invocation_parameters": _parameters(row),
                **{f"embedding.embeddings.{n}.embedding.text": one for n, one in enumerate(texts)},
                "llm.token_count.prompt": fields_of(row.get("usage")).get("input_tokens"),
                **found,
            }
        )
    reasons = finish_reasons(row)
    return known(
        {
            "openinference.span.kind": "LLM",
            "llm.system": PROVIDER,
            "llm.provider": "aws",
            "llm.model_name": row.get("response_model") or model,
            "llm.invocation_parameters": _parameters(row),
            "llm.finish_reason": reasons[0] if reasons else None,
            **_counts(fields_of(row.get("usage"))),
            **found,
            **_messages("llm.input_messages", asked),
            **_messages("llm.output_messages", answered),
            **{
                f"llm.tools.{n}.tool.json_schema": as_json(tool)
                for n, tool in enumerate(items_of(row.get("tool_definitions")))
            },
        }
    )


def _counts(usage: Mapping[str, object]) -> dict[str, object]:
    found = {name: usage.get(key) for name, key in _USAGE.items()}
    both = [usage.get(key) for key in ("input_tokens", "output_tokens")]
    numbers = [count for count in both if isinstance(count, int)]
    if len(numbers) == len(both):
        found["llm.token_count.total"] = sum(numbers)
    return found


def _parameters(row: Row) -> str | None:
    parameters = row.get("parameters")
    return as_json(parameters) if parameters else None


def _value_of(side: str, messages: Sequence[_Message]) -> dict[str, object]:
    """What lists of traces show: the text where there is nothing else, or all of it as JSON."""
    if not messages:
        return {}
    (first, *others) = messages
    if not others and all(part.get("type") == "text" for part in items_of(first.get("parts"))):
        return {f"{side}.value": _text(first), f"{side}.mime_type": TEXT}
    written = {"messages": [_plain(message) for message in messages]}
    return {f"{side}.value": as_json(written), f"{side}.mime_type": JSON}


def _plain(message: _Message) -> dict[str, object]:
    parts = items_of(message.get("parts"))
    only_text = all(part.get("type") == "text" for part in parts)
    content: object = _text(message) if only_text else parts
    return {"role": message.get("role"), "content": content}


def _text(message: _Message) -> str:
    texts = [part for part in items_of(message.get("parts")) if part.get("type") == "text"]
    return "\n".join(str(part.get("content")) for part in texts)


def _messages(prefix: str, messages: Sequence[_Message]) -> dict[str, object]:
    return {
        f"{prefix}.{n}.{name}": value
        for n, message in enumerate(messages)
        for name, value in _message(message)
    }


def _message(message: _Message) -> Iterator[tuple[str, object]]:
    yield "message.role", message.get("role")
    yield "message.name", message.get("name")
    parts = items_of(message.get("parts"))
    said = [part for part in parts if part.get("type") not in {"tool_call", "tool_call_response"}]
    if len(said) == 1 and said[0].get("type") == "text":
        yield "message.content", said[0].get("content")
    else:
        for n, part in enumerate(said):
            for name, value in _content(part):
                yield f"message.contents.{n}.message_content.{name}", value
    for part in parts:
        if part.get("type") == "tool_call_response":
            yield "message.tool_call_id", part.get("id")
            yield "message.content", attribute_value(part.get("response"))
    calls = [part for part in parts if part.get("type") == "tool_call"]
    for n, call in enumerate(calls):
        arguments = call.get("arguments")
        called = f"message.tool_calls.{n}.tool_call"
        yield f"{called}.id", call.get("id")
        yield f"{called}.function.name", call.get("name")
        written = arguments if isinstance(arguments, str) else as_json(arguments)
        yield f"{called}.function.arguments", written


def _content(part: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    kind, content = part.get("type"), part.get("content")
    if kind in {"text", "reasoning"}:
        yield "type", kind
        yield "text", content
    elif part.get("modality") == "image":
        yield "type", "image"
        data = f"data:{part.get('mime_type') or 'image/*'};base64,{content}"
        yield "image.image.url", part.get("uri") or data
    else:
        yield "type", kind
        yield "text", as_json(part)
