"""The pages of the docs, read as text: prose, shell lines, code in backticks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for path in [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("events/*.md"),
    ]
)


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: str) -> str:
    """The text of a page without its code blocks."""
    text = text_of(REPOSITORY / page)
    return re.sub(r"^( *)```.*?^\1```", "", text, flags=re.DOTALL | re.MULTILINE)


def shell_lines(page: str) -> Iterator[str]:
    """The lines of a page's shell blocks; one that goes on in the next is one line.

    It goes on behind a backslash, and where a quotation is not closed.
    """
    for block in re.findall(
        r"^ *```sh\n(.*?)^ *```", text_of(REPOSITORY / page), re.MULTILINE | re.DOTALL
    ):
        open_line = ""
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            open_line = f"{open_line} {line.strip()}".strip()
            if _is_closed(open_line):
                yield open_line
                open_line = ""
        assert not open_line, open_line


def _is_closed(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return False
    return True


def inline_code(page: str) -> Iterator[str]:
    """What stands in backticks within sentences, also where a line ends in it."""
    for code in re.findall(r"`([^`]+)`", prose_of(page)):
        yield " ".join(code.split())
