"""How many things there are, in words."""

from __future__ import annotations


def counted(count: int, one: str, several: str) -> str:
    """Write how many things there are: `1 column`, `2 columns`."""
    return f"{count:,} {one if count == 1 else several}"
