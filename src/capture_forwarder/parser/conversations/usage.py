"""How many tokens a response says that it took, by the names that servers have for them.

Sources: those of `responses`.
"""

from __future__ import annotations

from collections.abc import Mapping

from capture_forwarder.parser.conversations.values import Document

_PLACES = ("usage", "details", "token_usage", "tokens")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "input_tokens": (
        *("prompt_tokens", "input_tokens", "inputTokens", "prompt_token_count"),
        *("inputTextTokenCount", "prompt_eval_count"),
    ),
    "output_tokens": (
        *("completion_tokens", "output_tokens", "outputTokens", "generation_token_count"),
        *("generated_tokens", "tokenCount", "eval_count"),
    ),
    "cache_read_tokens": ("cache_read_input_tokens", "cacheReadInputTokens", "cached_tokens"),
    "cache_creation_tokens": ("cache_creation_input_tokens", "cacheWriteInputTokens"),
    "reasoning_tokens": ("reasoning_tokens",),
}
_DETAILS = (
    *("prompt_tokens_details", "completion_tokens_details"),
    *("input_tokens_details", "output_tokens_details"),
)


def usage_of(document: Document) -> dict[str, int]:
    """Find the numbers of tokens.

    Parameters
    ----------
    document
        A response, or one of several answers in it.

    Returns
    -------
    dict
        `input_tokens`, `output_tokens`, `cache_read_tokens`, `cache_creation_tokens` and
        `reasoning_tokens`, those that are there.
    """
    meta = document.get("meta")
    places = [document, *(document.get(key) for key in _PLACES)]
    if isinstance(meta, dict):
        places += [meta.get(key) for key in ("tokens", "billed_units")]
    found: dict[str, int] = {}
    for place in places:
        if isinstance(place, dict):
            inner = [place.get(key) for key in _DETAILS]
            for held in (place, *inner):
                if isinstance(held, dict):
                    _add(found, held)
    return found


def _add(found: dict[str, int], held: Mapping[str, object]) -> None:
    for name, spellings in _NAMES.items():
        for spelling in spellings:
            count = held.get(spelling)
            # JSON numbers of other kinds, and of more than OTLP's 64 bits, count nothing.
            if type(count) is int and 0 <= count < 2**63:
                found.setdefault(name, count)
