"""Generated blocks: where they stand in a page, and what belongs in them.

A block begins with `<!-- generated: NAME -->` and ends with `<!-- end -->`. What stands between
is replaced; the rest of the page is written by people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generate import command, settings

DOCS = Path(__file__).resolve().parents[1]

_BLOCK = re.compile(r"(<!-- generated: (?P<name>[^>]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_PAGES: Mapping[str, Callable[[str], str]] = {
    "settings.md": settings.variables_table,
    "routes.md": settings.routes_table,
    "command.md": command.usage,
}


def pages() -> tuple[str, ...]:
    """The pages that have generated blocks."""
    return tuple(_PAGES)


def names(text: str) -> list[str]:
    """The names of a page's blocks, in order."""
    return [found["name"] for found in _BLOCK.finditer(text)]


def renewed(page: str, text: str) -> str:
    """The page's text with every block written anew.

    Parameters
    ----------
    page
        The page's file name.
    text
        Its text as it is.
    """
    write = _PAGES[page]
    return _BLOCK.sub(lambda found: f"{found[1]}{write(found['name'])}{found[3]}", text)
