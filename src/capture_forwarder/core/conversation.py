"""The columns of rows that are no columns of a payload: conversations, and records as a whole."""

from __future__ import annotations

CONVERSATION_COLUMNS = (
    "operation",
    "time",
    "request_model",
    "response_model",
    "response_id",
    "conversation_id",
    "system_instructions",
    "input_messages",
    "output_messages",
    "tool_definitions",
    "parameters",
    "usage",
    "dimensions",
)
"""In order; metadata columns follow. Texts, but for these:

- `system_instructions`: a list of parts; `input_messages`, `output_messages`: lists of messages, in
  the form of OpenTelemetry's GenAI conventions: `{"role": ..., "parts": [{"type": "text",
  "content": ...}, ...]}`. Those of the output have a `finish_reason`, too.
- `tool_definitions`: a list, `parameters`: an object, both as the request has them.
- `usage`: `input_tokens`, `output_tokens` and further counts.
- `dimensions`: how long an embedding's vectors are.
"""

RECORDS = ("input", "output")
"""The columns of a row that is a record of the request and one of the response, whole."""
