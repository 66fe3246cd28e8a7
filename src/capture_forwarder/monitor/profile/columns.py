"""What is known of a column after all passes, and what a check wants to know beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from capture_forwarder.monitor.profile.moments import Moments
from capture_forwarder.monitor.profile.statistics import InferredType
from capture_forwarder.monitor.profile.summary import TypeCounts


class Watch(msgspec.Struct, frozen=True):
    """What a baseline wants to know of a column.

    Parameters
    ----------
    points
        Rising numbers, each once: how many rows are below each of them, and how many at most it.
    heavy
        Those of the points that so much of the baseline is at that it matters whether rows are
        below or at them. Of the others, large data looks at some only.
    keys
        Texts, of which the rows are counted however many others there are.
    """

    points: tuple[float, ...] = ()
    heavy: frozenset[float] = frozenset()
    keys: frozenset[str] = frozenset()


class Ranks(msgspec.Struct, frozen=True):
    """Where the rows of a column stand among points.

    Parameters
    ----------
    points
        Rising numbers.
    below, up_to
        For each point, the rows with smaller numbers, and those with no larger ones.
    total
        All rows with a number.
    """

    points: tuple[float, ...]
    below: tuple[int, ...]
    up_to: tuple[int, ...]
    total: int


class ColumnProfile(msgspec.Struct, frozen=True):
    """A column of the data.

    Parameters
    ----------
    name
        Its name.
    counts, moments, distinct
        Of all rows; `distinct` is an estimate where the data is large.
    levels
        The sketch of its numbers; empty where the column is no number.
    ranks
        Where its numbers stand among the points of the `Watch`; None where there were none.
    categories
        Text → rows: all of them where `all_categories`, else those of the `Watch` alone.
    """

    name: str
    counts: TypeCounts
    moments: Moments
    distinct: int
    levels: Sequence[Sequence[float]] = ()
    ranks: Ranks | None = None
    categories: Mapping[str, int] = {}
    all_categories: bool = False

    @property
    def inferred(self) -> InferredType:
        """The column's type."""
        return self.counts.inferred


class Profile(msgspec.Struct, frozen=True):
    """All of the data.

    Parameters
    ----------
    rows
        How many there are.
    columns
        In the order of the data.
    notes
        What has to be said of it, without values.
    """

    rows: int
    columns: tuple[ColumnProfile, ...] = ()
    notes: tuple[str, ...] = ()

    def by_name(self) -> dict[str, ColumnProfile]:
        """Name → column."""
        return {column.name: column for column in self.columns}
