"""Names as databases compare them: DuckDB and Athena do not tell `Age` from `age`."""

from __future__ import annotations

import string
from collections.abc import Iterable

_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def folded(name: str) -> str:
    """A name without the case of its ASCII letters; that of other letters counts."""
    return name.translate(_TO_LOWER)


def alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """Find names that differ only in the case of ASCII letters.

    Parameters
    ----------
    names
        Names, of which equal ones count once.

    Returns
    -------
    list[tuple[str, str]]
        Each name after the first of its kind, behind that first one.
    """
    first: dict[str, str] = {}
    pairs = []
    for name in dict.fromkeys(names):
        other = first.setdefault(folded(name), name)
        if other != name:
            pairs.append((other, name))
    return pairs
