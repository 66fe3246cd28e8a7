"""A conversation → attributes by OpenTelemetry's conventions for generative AI.

Source: OpenTelemetry, "Semantic conventions for generative client AI spans" with its JSON schemas
of messages, in the version that the semantic conventions 1.42 had before they moved to a repository
of their own. `gen_ai.provider.name` has replaced `gen_ai.system`.
"""

from __future__ import annotations

from collections.abc import Mapping

from capture_forwarder.core.inference import Row
from capture_forwarder.publishers.otlp.attributes import (
    Attributes,
    as_json,
    fields_of,
    items_of,
    known,
)

PROVIDER = "aws.sagemaker"
"""Of no endpoint is it known who made the model; this is the format that its captures have."""

_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "gen_ai.request.temperature": ("temperature",),
    "gen_ai.request.top_p": ("top_p", "topP"),
    "gen_ai.request.top_k": ("top_k", "topK"),
    "gen_ai.request.frequency_penalty": ("frequency_penalty",),
    "gen_ai.request.presence_penalty": ("presence_penalty",),
}
_COUNTS: Mapping[str, tuple[str, ...]] = {
    "gen_ai.request.max_tokens": (
        *("max_tokens", "max_new_tokens", "max_completion_tokens", "max_gen_len"),
        *("max_output_tokens", "maxTokens", "maxTokenCount"),
    ),
    "gen_ai.request.seed": ("seed",),
}
_USAGE: Mapping[str, str] = {
    "gen_ai.usage.input_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cache_read_tokens",
    "gen_ai.usage.cache_creation.input_tokens": "cache_creation_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
}
_STOPS = ("stop", "stop_sequences", "stopSequences")
_CHOICES = ("n", "num_return_sequences", "best_of")


def genai_attributes(row: Row, model: str | None) -> Attributes:
    """Describe a conversation.

    Parameters
    ----------
    row
        A row of `CONVERSATION_COLUMNS`.
    model
        What to call the model that was asked.
    """
    usage = fields_of(row.get("usage"))
    return known(
        {
            "gen_ai.operation.name": row.get("operation"),
            "gen_ai.provider.name": PROVIDER,
            "gen_ai.request.model": model,
            "gen_ai.response.model": row.get("response_model"),
            "gen_ai.response.id": row.get("response_id"),
            "gen_ai.conversation.id": row.get("conversation_id"),
            "gen_ai.response.finish_reasons": finish_reasons(row) or None,
            "gen_ai.embeddings.dimension.count": row.get("dimensions"),
            **{name: usage.get(key) for name, key in _USAGE.items()},
            **_of_parameters(fields_of(row.get("parameters"))),
            "gen_ai.system_instructions": _texts(row.get("system_instructions")),
            "gen_ai.input.messages": _texts(row.get("input_messages")),
            "gen_ai.output.messages": _texts(row.get("output_messages")),
            "gen_ai.tool.definitions": _texts(row.get("tool_definitions")),
        }
    )


def finish_reasons(row: Row) -> list[str]:
    """Why the model stopped, for each of its answers."""
    return [str(one.get("finish_reason")) for one in items_of(row.get("output_messages"))]


def _texts(value: object) -> str | None:
    return as_json(value) if value else None


def _of_parameters(parameters: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for names, kinds in ((_PARAMETERS, (float, int)), (_COUNTS, (int,))):
        for name, spellings in names.items():
            value = next((parameters[one] for one in spellings if one in parameters), None)
            if type(value) in kinds:
                found[name] = float(value) if names is _PARAMETERS else value  # type: ignore[arg-type]
    stops = next((parameters[one] for one in _STOPS if one in parameters), None)
    if stops := [stops] if isinstance(stops, str) else stops:
        found["gen_ai.request.stop_sequences"] = stops
    choices = next((parameters[one] for one in _CHOICES if one in parameters), None)
    if type(choices) is int and choices != 1:
        found["gen_ai.request.choice.count"] = choices
    if isinstance(parameters.get("stream"), bool):
        found["gen_ai.request.stream"] = parameters["stream"]
    return found
