"""Server-sent events that say their type → the answer that they stream, in one piece.

Sources: Anthropic, "Streaming messages"; OpenAI, "Streaming events" of the Responses API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from capture_forwarder.parser.formats.json_text import NOTHING, decode_inside

Event = Mapping[str, object]

_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
_INPUT = "partial_json"


def are_typed(events: Sequence[Event]) -> bool:
    """Whether these are events of Anthropic's messages or of OpenAI's responses."""
    return any(_type(event) in {"message_start", "response.created"} for event in events)


def joined_by_type(events: Sequence[Event]) -> dict[str, object] | None:
    """Join the events of a stream.

    Parameters
    ----------
    events
        As `are_typed` takes them.

    Returns
    -------
    dict or None
        The message, or the response, as it is answered without streaming; None if its end is
        missing.
    """
    for event in events:
        response = event.get("response")
        if _type(event) in {"response.completed", "response.incomplete"}:
            return dict(response) if isinstance(response, dict) else None
    return _message(events) if any(_type(event) == "message_stop" for event in events) else None


def _type(event: Event) -> str:
    kind = event.get("type")
    return kind if isinstance(kind, str) else ""


def _message(events: Sequence[Event]) -> dict[str, object]:
    message: dict[str, object] = {}
    usage: dict[str, object] = {}
    blocks: dict[str, dict[str, object]] = {}
    parts: dict[tuple[str, str], list[str]] = {}
    for event in events:
        index = repr(event.get("index", 0))
        delta = _dictionary(event.get("delta"))
        if _type(event) == "message_start":
            message |= _dictionary(event.get("message"))
            usage |= _dictionary(message.get("usage"))
        elif _type(event) == "content_block_start":
            blocks[index] = dict(_dictionary(event.get("content_block")))
        elif _type(event) == "content_block_delta":
            kind = str(delta.get("type"))
            key = _TEXTS.get(kind, _INPUT if kind == "input_json_delta" else "")
            if isinstance(text := delta.get(key), str):
                parts.setdefault((index, key), []).append(text)
        elif _type(event) == "message_delta":
            message |= delta
        usage |= _dictionary(event.get("usage"))
    for (index, key), texts in parts.items():
        block = blocks.setdefault(index, {"type": "text"})
        if key == _INPUT:
            inside = decode_inside("".join(texts))
            block["input"] = "".join(texts) if inside is NOTHING else inside
        else:
            block[key] = f"{block.get(key) or ''}{''.join(texts)}"
    return {**message, "content": list(blocks.values()), "usage": usage}


def _dictionary(held: object) -> dict[str, object]:
    return held if isinstance(held, dict) else {}
