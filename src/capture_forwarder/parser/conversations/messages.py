"""A message as an API writes it → its role and parts.

Sources: OpenAI, "Chat Completions" and "Responses"; Anthropic, "Messages"; Amazon Bedrock,
"Converse"; vLLM, "Reasoning outputs"; OpenTelemetry's JSON schemas of input and output messages.
What is of none of the known kinds of parts stays as it is, under its own type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from capture_forwarder.parser.conversations.media import read_media
from capture_forwarder.parser.conversations.values import Document, Message, Part
from capture_forwarder.parser.formats.json_text import NOTHING, decode_inside

_TEXTS = frozenset({"text", "input_text", "output_text"})
_SAID_BY_TOOLS = frozenset({"tool", "function"})
_REASONING = ("reasoning_content", "reasoning")


def is_message(value: object) -> bool:
    """Whether this is a message: somebody's role, and what was said or called."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("role"), str)
        and any(key in value for key in ("content", "tool_calls", "function_call", "parts"))
    )


def are_messages(value: object) -> bool:
    """Whether this is a list of messages."""
    return isinstance(value, list) and bool(value) and all(map(is_message, value))


def text_part(text: str) -> Part:
    """A text as a part of a message."""
    return {"type": "text", "content": text}


def read_message(written: Mapping[str, object]) -> Message:
    """Read one message.

    Parameters
    ----------
    written
        As `is_message` takes it.

    Returns
    -------
    dict
        `role`, `parts` and, where it was given, `name`.
    """
    role = str(written.get("role", "assistant"))
    thoughts = [held for key in _REASONING if isinstance(held := written.get(key), str) and held]
    parts: list[Part] = [{"type": "reasoning", "content": said} for said in thoughts[:1]]
    content = written.get("content", written.get("parts"))
    call_id = written.get("tool_call_id")
    if role in _SAID_BY_TOOLS or call_id is not None:
        parts.append(_tool_response(call_id, content))
    else:
        parts += read_content(content)
    if isinstance(said := written.get("refusal"), str) and said:
        parts.append({"type": "refusal", "content": said})
    parts += _tool_calls(written)
    message: Message = {"role": role, "parts": parts}
    if isinstance(name := written.get("name"), str) and name:
        message["name"] = name
    return message


def read_content(content: object) -> list[Part]:
    """Read what a message says: a text, or a list of texts and parts."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [text_part(content)]
    pieces = content if isinstance(content, list) else [content]
    return [_part(piece) for piece in pieces]


def _part(piece: object) -> Part:
    if isinstance(piece, str):
        return text_part(piece)
    if not isinstance(piece, dict):
        return {"type": "unknown", "content": piece}
    kind = piece.get("type")
    text = piece.get("text")
    if isinstance(text, str) and (kind in _TEXTS or kind is None):
        return text_part(text)
    if kind == "text" and isinstance(piece.get("content"), str):
        return text_part(piece["content"])
    for read in (_of_tool, _of_thought, read_media):
        if (part := read(piece)) is not None:
            return part
    return {**piece, "type": kind if isinstance(kind, str) and kind else "unknown"}


def _of_tool(piece: Document) -> Part | None:
    kind = piece.get("type")
    if kind == "tool_use" or isinstance(piece.get("toolUse"), dict):
        call = _inside(piece, "toolUse")
        return _call(call.get("id", call.get("toolUseId")), call.get("name"), call.get("input"))
    if kind == "tool_result" or isinstance(piece.get("toolResult"), dict):
        result = _inside(piece, "toolResult")
        return _tool_response(
            result.get("tool_use_id", result.get("toolUseId")), result.get("content")
        )
    return None


def _of_thought(piece: Document) -> Part | None:
    said = piece.get("thinking") if piece.get("type") == "thinking" else None
    if piece.get("type") == "reasoning":
        said = piece.get("text", piece.get("content"))
    return {"type": "reasoning", "content": said} if isinstance(said, str) else None


def _tool_calls(written: Mapping[str, object]) -> Iterable[Part]:
    calls = written.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            function = _inside(call, "function")
            yield _call(call.get("id"), function.get("name"), function.get("arguments"))
    if isinstance(old := written.get("function_call"), dict):
        yield _call(None, old.get("name"), old.get("arguments"))


def _call(name: object, function: object, arguments: object) -> Part:
    if isinstance(arguments, str) and (inside := decode_inside(arguments)) is not NOTHING:
        arguments = inside
    return {"type": "tool_call", "id": name, "name": str(function or ""), "arguments": arguments}


def _tool_response(name: object, content: object) -> Part:
    """What a tool answered; a list of texts alone is one text."""
    parts = read_content(content) if isinstance(content, list) else []
    if parts and all(part["type"] == "text" for part in parts):
        content = "\n".join(str(part["content"]) for part in parts)
    return {"type": "tool_call_response", "id": name, "response": content}


def _inside(held: Document, key: str) -> Document:
    inner = held.get(key)
    return inner if isinstance(inner, dict) else held
