"""A text → the time it is, if it is one in ISO 8601 that nothing else can be taken for."""

from __future__ import annotations

import re
from datetime import datetime

# The extended form. `datetime.fromisoformat` also takes the basic one, in which
# `1772031512345`, milliseconds since 1970, is a day in the year 1772.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,30})?)?)?"
    r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?)?)?"
)


def parse_iso_time(text: str) -> datetime:
    """Read a date, or a date with a time, that is written with separators.

    Parameters
    ----------
    text
        For example `2026-03-01T10:20:30Z`. The offset may do without its colon, as programs
        write it.

    Returns
    -------
    datetime
        With an offset where the text has one.

    Raises
    ------
    ValueError
        The text is anything else, such as bare digits.
    """
    if not _TIME.fullmatch(text):
        raise ValueError
    return datetime.fromisoformat(text)
