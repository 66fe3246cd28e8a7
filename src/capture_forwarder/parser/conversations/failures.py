"""What a language model's server answers when it fails.

Sources: OpenAI, "Error codes"; Text Generation Inference (`error`, `error_type`); vLLM (`object` is
`error`); Anthropic (`type` is `error`); Starlette's and FastAPI's `detail`.
"""

from __future__ import annotations

from capture_forwarder.parser.formats.json_text import is_failure

_ANSWERS = frozenset({"choices", "content", "generated_text", "generation", "data", "output"})


def is_error(document: object) -> bool:
    """Whether a response tells of a failure in place of an answer."""
    if isinstance(document, list) and len(document) == 1:
        return is_error(document[0])
    if not isinstance(document, dict) or _ANSWERS & document.keys():
        return False
    if is_failure(document) or document.get("object") == "error" or document.get("type") == "error":
        return True
    return bool(document.get("error")) or (bool(document.get("detail")) and len(document) == 1)
