"""What all kinds of data become: something to select from, with columns of known kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto

import msgspec

from capture_forwarder.core.errors import UsageError

_OWN_COLUMNS = ("inference_id", "inference_time", "line_digest")
"""Columns that the publishers of files and DuckDB add, which are no features."""

_ORIGIN = ("endpoint", "variant", "capture_hour")
"""Columns that `forward` adds in DuckDB, all three or none; one alone is a feature of that name."""


class Kind(Enum):
    """How a column's values are there."""

    TEXT = auto()
    """As the text that was captured or written; what is no text stands there as its text."""
    WHOLE = auto()
    """As integers; whatever text they once had is lost."""
    NUMBER = auto()
    """As floating-point or decimal numbers, of which NaN counts as no value."""
    BARE = auto()
    """As JSON, and taken to be numbers without quotes."""
    FINITE = auto()
    """As NUMBER, and taken to be finite, where it does not matter how they were written."""
    WORDS = auto()
    """As TEXT, of which some is no number, so that the others' numbers do not matter."""


class Column(msgspec.Struct, frozen=True):
    """A column by its name, and the name that it has in SQL: `c0`, `c1` and so on."""

    name: str
    sql: str
    kind: Kind


class Relation(msgspec.Struct, frozen=True):
    """Something to select from.

    Parameters
    ----------
    sql
        What stands behind FROM.
    columns
        Its columns, in the order of the data.
    positional
        Whether the names were made up, since the data has none: `_c0`, `_c1` and so on.
    notes
        What the reader of the data has to say of it, without values.
    quick
        The same rows, read in less time where the data is large and as clean as usual. Reading
        fails where a value is no number and should be, or a sum is not finite; then they are
        read once more, as they stand here.
    """

    sql: str
    columns: tuple[Column, ...] = ()
    positional: bool = False
    notes: tuple[str, ...] = ()
    quick: Relation | None = None

    def without(self, names: Sequence[str]) -> Relation:
        """The same, without some columns; which of them there are does not matter."""
        left = tuple(column for column in self.columns if column.name not in names)
        quick = self.quick and self.quick.without(names)
        return msgspec.structs.replace(self, columns=left, quick=quick)

    def features(self, exclude: Sequence[str] = ()) -> Relation:
        """The same, without some columns and without those that a publisher or `forward` adds."""
        names = {column.name for column in self.columns}
        origin = _ORIGIN if names.issuperset(_ORIGIN) else ()
        return self.without([*_OWN_COLUMNS, *origin, *exclude])

    def renamed(self, name_of: Callable[[int, str], str]) -> Relation:
        """The same, with other names.

        Parameters
        ----------
        name_of
            Index and name of a column → the new name.
        """
        columns = tuple(
            msgspec.structs.replace(column, name=name_of(index, column.name))
            for index, column in enumerate(self.columns)
        )
        quick = self.quick and self.quick.renamed(name_of)
        return msgspec.structs.replace(self, columns=columns, positional=False, quick=quick)


def numbered(names: Sequence[str], kinds: Sequence[Kind], what: str) -> tuple[Column, ...]:
    """Make columns of names, which have to differ.

    Raises
    ------
    UsageError
        A name stands twice.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            problem = f"{what} has two columns of one name; the second is number"
            position = [n for n, one in enumerate(names) if one == name][1]
            raise UsageError(f"{problem} {position + 1}.", "Give each column a name of its own.")
        seen.add(name)
    return tuple(
        Column(name, f"c{index}", kind)
        for index, (name, kind) in enumerate(zip(names, kinds, strict=True))
    )
