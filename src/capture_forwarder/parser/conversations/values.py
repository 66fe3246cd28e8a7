"""What was asked of a language model, and what it answered.

Messages have the form of OpenTelemetry's GenAI conventions (v1.38 and newer, "Input messages JSON
schema"): `{"role": ..., "parts": [{"type": "text", "content": ...}, ...]}`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

Document = dict[str, object]
Part = dict[str, object]
Message = dict[str, object]


class Operation(StrEnum):
    """What was asked for, by the names of `gen_ai.operation.name`."""

    CHAT = "chat"
    TEXT_COMPLETION = "text_completion"
    EMBEDDINGS = "embeddings"


class Prompt(msgspec.Struct, frozen=True):
    """What one conversation asks for.

    Parameters
    ----------
    messages
        What was said so far; a plain prompt is one message of the user.
    chat
        Whether the request has roles.
    system
        The instructions that stand beside the messages, as parts.
    """

    messages: list[Message]
    chat: bool
    system: list[Part] = []


class Asked(msgspec.Struct, frozen=True):
    """What a request asks for.

    Parameters
    ----------
    prompts
        One for each conversation of the call.
    model, conversation_id
        As the request names them.
    tools
        The tools that the model may call, as the request describes them.
    parameters
        Everything else that the request says.
    """

    prompts: list[Prompt]
    model: str | None = None
    conversation_id: str | None = None
    tools: list[object] = []
    parameters: Document = {}


class Answer(msgspec.Struct, frozen=True):
    """What the model answers to one conversation.

    Parameters
    ----------
    messages
        One for each choice, each with its `finish_reason`.
    usage
        `input_tokens`, `output_tokens` and what else was counted of them.
    """

    messages: list[Message]
    usage: dict[str, int] = {}


class Answered(msgspec.Struct, frozen=True):
    """What a response holds.

    Parameters
    ----------
    answers
        In order; how many belong to each prompt is the caller's to say.
    model, response_id
        As the response names them.
    usage
        Of the whole call.
    """

    answers: list[Answer]
    model: str | None = None
    response_id: str | None = None
    usage: dict[str, int] = {}


def text_of(value: object) -> str | None:
    """A name or an id, if it is one."""
    return value if isinstance(value, str) and value else None
