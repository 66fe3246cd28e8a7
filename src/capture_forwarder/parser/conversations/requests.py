"""A request's document → the prompts in it.

Sources: OpenAI, "Chat Completions", "Completions", "Embeddings" and "Responses", which vLLM, LMI
and TGI's Messages API follow; Hugging Face, "Text Generation Inference" and "Inference Toolkit"
(`inputs`, `parameters`); Anthropic, "Messages"; Meta's Llama in Amazon Bedrock and in JumpStart;
Cohere, "Chat" and "Embed".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from capture_forwarder.parser.conversations.messages import (
    are_messages,
    read_content,
    read_message,
    text_part,
)
from capture_forwarder.parser.conversations.values import Asked, Document, Message, Prompt, text_of
from capture_forwarder.parser.formats.json_text import NOTHING, JsonLines, decode_inside

PROMPTS = ("messages", "prompt", "inputs", "input", "text_inputs", "texts", "text", "query")
"""Where requests have their prompts, those first that are surely meant."""

_TOKENS = frozenset({"prompt", "input"})
_CONTAINERS = ("instances", "requests")
_SYSTEM = ("system", "instructions", "preamble")
_TOOLS = ("tools", "functions", "toolConfig", "tool_config")
_CONVERSATION = ("conversation_id", "conversation", "session_id", "thread_id")
_DETAILS = ("parameters", "inferenceConfig")
_OPENED = "body"

Find = Callable[[object], object]
"""Takes the prompts out of a document in place of what is known of its form; None for nothing."""


def read_request(document: object, find: Find | None = None) -> Asked | None:
    """Find the prompts of a request.

    Parameters
    ----------
    document
        Decoded JSON, or a text.
    find
        What takes the prompts out of each document, where somebody has said where they are.

    Returns
    -------
    Asked or None
        None where the document has no prompt.
    """
    if isinstance(document, str) and (inside := decode_inside(document)) is not NOTHING:
        document = inside
    documents = _documents(document)
    if documents is not None:
        return _together([read_request(one, find) for one in documents])
    if (
        isinstance(document, dict)
        and find is None
        and isinstance(document.get(_OPENED), dict | str)
    ):
        inner = read_request(document[_OPENED])
        if inner is not None:
            return inner
    key, held = ("", find(document)) if find is not None else _held(document)
    prompts = _prompts(held, tokens=key in _TOKENS)
    if prompts is None:
        return None
    if not isinstance(document, dict):
        return Asked(prompts)
    return _with_details(prompts, document)


def _documents(document: object) -> Sequence[object] | None:
    """The documents of a request that holds several calls, each with a prompt."""
    if isinstance(document, JsonLines):
        return document
    if isinstance(document, dict):
        for key in _CONTAINERS:
            held = document.get(key)
            if isinstance(held, list) and held:
                return held
    if isinstance(document, list) and document and not are_messages(document):
        whole = all(isinstance(one, dict) for one in document)
        return document if whole else None
    return None


def _together(asked: Sequence[Asked | None]) -> Asked | None:
    found = [one for one in asked if one is not None]
    if not found or len(found) < len(asked):
        return None
    first = found[0]
    same = all((one.tools, one.parameters) == (first.tools, first.parameters) for one in found)
    return Asked(
        [prompt for one in found for prompt in one.prompts],
        first.model if all(one.model == first.model for one in found) else None,
        first.conversation_id if len(found) == 1 else None,
        first.tools if same else [],
        first.parameters if same else {},
    )


def _held(document: object) -> tuple[str, object]:
    """The key of the prompts, and what stands under it."""
    if not isinstance(document, dict):
        return "", document
    keys = (key for key in PROMPTS if document.get(key) not in (None, "", []))
    key = next(keys, "")
    return key, document.get(key)


def _prompts(held: object, *, tokens: bool = False) -> list[Prompt] | None:
    """Read what stands in the place of the prompts: one of them, or a list of several.

    `tokens` says whether numbers may be a prompt's tokens.
    """
    if isinstance(held, dict):
        held = _held_in_dictionary(held)
    if isinstance(held, str):
        return [_plain(text_part(held))] if held.strip() else None
    if not isinstance(held, list) or not held:
        return None
    if are_messages(held):
        return [_chat(held)]
    for is_one, read in ((_is_text, _of_text), (are_messages, _chat), (_are_tokens, _of_tokens)):
        if (read is not _of_tokens or tokens) and all(map(is_one, held)):
            return list(map(read, held))
    if tokens and _are_tokens(held):
        return [_of_tokens(held)]
    items = _items(held)
    return None if items is None else [Prompt(items, chat=True)]


def _is_text(held: object) -> bool:
    return isinstance(held, str)


def _of_text(held: str) -> Prompt:
    return _plain(text_part(held))


def _of_tokens(held: object) -> Prompt:
    return _plain({"type": "tokens", "content": held})


def _plain(part: Document) -> Prompt:
    return Prompt([{"role": "user", "parts": [part]}], chat=False)


def _held_in_dictionary(held: Document) -> object:
    """Some inputs have names: a question and its context, or messages once more."""
    if any(key in held for key in PROMPTS):
        return _held(held)[1]
    question = held.get("question")
    if isinstance(question, str):
        context = held.get("context")
        return f"{context}\n\n{question}" if isinstance(context, str) else question
    return None


def _chat(messages: Sequence[Document]) -> Prompt:
    return Prompt(list(map(read_message, messages)), chat=True)


def _items(items: Sequence[object]) -> list[Message] | None:
    """The input of OpenAI's Responses: messages among calls of tools and their outputs."""
    messages: list[Message] = []
    for item in items:
        if not isinstance(item, dict):
            return None
        if isinstance(item.get("role"), str):
            messages.append(read_message(item))
        elif item.get("type") == "function_call":
            written = {"role": "assistant", "tool_calls": [{"id": item.get("call_id"), **item}]}
            messages.append(read_message(written))
        elif item.get("type") == "function_call_output":
            call_id, output = item.get("call_id"), item.get("output")
            messages.append(
                read_message({"role": "tool", "tool_call_id": call_id, "content": output})
            )
        else:
            return None
    return messages


def _are_tokens(held: object) -> bool:
    return isinstance(held, list) and bool(held) and all(type(one) is int for one in held)


def _with_details(prompts: list[Prompt], document: Document) -> Asked:
    system = next((document[key] for key in _SYSTEM if document.get(key)), None)
    if system is not None:
        parts = read_content(system)
        if isinstance(system, list) and all(isinstance(one, str) for one in system):
            parts = [text_part(one) for one in system if isinstance(one, str)]
        prompts = [Prompt(one.messages, one.chat, parts) for one in prompts]
    tools = next((document[key] for key in _TOOLS if document.get(key)), None)
    if isinstance(tools, dict):
        tools = tools.get("tools")
    return Asked(
        prompts,
        text_of(document.get("model")),
        _conversation(document),
        tools if isinstance(tools, list) else [],
        _parameters(document),
    )


def _conversation(document: Document) -> str | None:
    places = [document, document.get("metadata")]
    for place in places:
        if isinstance(place, dict):
            for key in _CONVERSATION:
                held = place.get(key)
                held = held.get("id") if isinstance(held, dict) else held
                if name := text_of(held):
                    return name
    return None


def _parameters(document: Document) -> Document:
    known = {*PROMPTS, *_SYSTEM, *_TOOLS, "model"}
    found = {key: value for key, value in document.items() if key not in known}
    for key in _DETAILS:
        if isinstance(inner := found.pop(key, None), dict):
            found |= inner
        elif inner is not None:
            found[key] = inner
    return found
