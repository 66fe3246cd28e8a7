"""The known word that a mistyped one may have meant."""

from __future__ import annotations

from collections.abc import Collection

_CLOSE = 0.6


def meant(word: object, known: Collection[str], cutoff: float = _CLOSE) -> str:
    """Ask whether a known word was meant: behind a semicolon, or nothing where none is close."""
    from difflib import get_close_matches  # noqa: PLC0415 - nobody else needs it

    close = get_close_matches(str(word), known, n=1, cutoff=cutoff)
    return f"; did you mean {close[0]}?" if close else ""
