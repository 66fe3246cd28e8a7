"""JSON with NaN and infinities, which Python writes and JSON has no words for → with null instead.

The oracle takes them for null too, but by another decoder than ours. A text with such a word in a
string, or with a whole number that the two may read in different ways, is left to it.
"""

from __future__ import annotations

from capture_forwarder.parser.formats.numbers import NULL

_DIGITS_ALIKE = bytes.maketrans(b"0123456789", b"0" * 10)
_LARGE = b"0" * 19


def with_nulls(text: str) -> str:
    """Write each NaN or infinity of a JSON text as null; one that is left stays as it is."""
    if not _holds_word(text) or "\\" in text:
        return text
    # No quote is escaped, so that every other part is a string.
    if _holds_word("".join(text.split('"')[1::2])):
        return text
    if _LARGE in text.encode().translate(_DIGITS_ALIKE):
        return text
    return text.replace("-Infinity", NULL).replace("Infinity", NULL).replace("NaN", NULL)


def _holds_word(text: str) -> bool:
    return "NaN" in text or "Infinity" in text
