"""One way to read a payload."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Reading(msgspec.Struct, frozen=True):
    """The records that a payload holds when it is read one way.

    A record is positional (a list or a single value) or named (a dictionary).

    Parameters
    ----------
    records
        The records in order.
    text
        The values are cells of CSV, whose types are still to be found.
    strict
        This is one of several ways to take brackets, and the less likely one: it holds only if
        every value that is a list, or text that looks like one, stands in a column whose type
        says so. Otherwise a batch of one would pass as one wide value, and JSON as text.
    doubt
        How much speaks against this way of reading, such as blank lines that were taken as
        records; only the other payload's number of records can call for it.
    path
        The JMESPath that leads to the records in a JSON document; empty for all of it.
    """

    records: Sequence[object]
    text: bool = False
    strict: bool = False
    doubt: int = 0
    path: str = ""
