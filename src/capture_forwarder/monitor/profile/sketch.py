"""The KLL sketch that `statistics.json` holds: a column's values, in levels of doubling weight.

It is the sketch of deequ 2.0.2 (Apache-2.0), which Model Monitor writes, by its published results:
without randomness, so that the same values in the same order always give the same levels. An item
of level i stands for 2**i rows. Up to 2050 values, the sketch is the column itself.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

import msgspec

SIZE = 2048
SHRINKING = 0.64
BUCKETS = 10
_SCALE = 32.0

Levels = Sequence[Sequence[float]]
"""The items of each level, those that stand for one row first."""


class Weighted(msgspec.Struct, frozen=True):
    """The values of a sketch in rising order, each once, and the rows that each stands for."""

    values: tuple[float, ...]
    rows: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many rows all of them stand for."""
        return sum(self.rows)


def sketch_of(values: Sequence[float]) -> list[list[float]]:
    """Make the sketch of a column.

    Parameters
    ----------
    values
        Finite numbers, in the order of the rows.

    Returns
    -------
    list[list[float]]
        The levels; one empty level of no values.
    """
    levels: list[list[float]] = [[]]
    compactions = [0]
    offsets = [0]
    held = position = 0
    room = _capacity(0)
    while position < len(values):
        taken = values[position : position + max(1, room + 1 - held)]
        levels[0] += taken
        held += len(taken)
        position += len(taken)
        if held > room:
            full = next(n for n, items in enumerate(levels) if len(items) >= _capacity(n))
            if full + 1 == len(levels):
                levels.append([])
                compactions.append(0)
                offsets.append(0)
                room += _capacity(full + 1)
            # The offset is 0, 1, 1, 0, 0, 1, 1 and so on, for each level by itself.
            if compactions[full] % 2:
                offsets[full] = 1 - offsets[full]
            compactions[full] += 1
            held -= _compact(levels, full, offsets[full])
    return levels


def _capacity(level: int) -> int:
    return 2 * (math.ceil(SIZE * SHRINKING**level / 2) + 1)


def _compact(levels: list[list[float]], level: int, offset: int) -> int:
    """Move every second item up one level; return how many items are no longer held."""
    items = levels[level]
    even = len(items) // 2 * 2
    levels[level + 1] += sorted(items[:even])[offset::2]
    levels[level] = items[even:]
    return even // 2


def weighted(levels: Levels) -> Weighted:
    """Add up the rows that equal values of a sketch stand for."""
    rows: dict[float, int] = {}
    for level, items in enumerate(levels):
        for item in items:
            rows[item] = rows.get(item, 0) + (1 << level)
    values = sorted(rows)
    return Weighted(tuple(values), tuple(rows[value] for value in values))


def bounds_of(low: float, high: float) -> list[float]:
    """The eleven bounds of ten buckets of equal width."""
    if math.isfinite((high - low) * BUCKETS):
        return [low + (high - low) * n / float(BUCKETS) for n in range(BUCKETS + 1)]
    # The width, or a multiple of it, is more than a double holds; a power of two loses nothing.
    small = bounds_of(low / _SCALE, high / _SCALE)
    return [low, *(bound * _SCALE for bound in small[1:-1]), high]


def bucket_counts(levels: Levels, bounds: Sequence[float]) -> list[int]:
    """Count the rows from each bound up to the next; the last bucket holds its upper bound, too.

    Parameters
    ----------
    levels
        A sketch.
    bounds
        Rising; equal ones make buckets of no width, of which the last holds all.
    """
    counts = [0] * (len(bounds) - 1)
    for level, items in enumerate(levels):
        for item in items:
            bucket = bisect_right(bounds, item) - 1
            counts[min(max(bucket, 0), len(counts) - 1)] += 1 << level
    return counts


class Cell(msgspec.Struct, frozen=True):
    """So many rows with values above `low`, up to `high`; all are `high` where both are equal."""

    low: float
    high: float
    rows: int


def sketch_of_cells(cells: Sequence[Cell], total: int) -> list[list[float]]:
    """Make a sketch of a column of which only the numbers of rows between points are known.

    Parameters
    ----------
    cells
        Rising; their rows are `total`.
    total
        How many rows there are.

    Returns
    -------
    list[list[float]]
        Levels that stand for exactly `total` rows. Each item is the value in the middle of the
        rows that it stands for, taken to lie evenly in their cell.
    """
    level = max(0, math.ceil(math.log2(total / (SIZE + 2)))) if total else 0
    find = _value_at(cells)
    levels: list[list[float]] = [[] for _ in range(level + 1)]
    rank = 0
    for lower in range(level):
        if total >> lower & 1:
            levels[lower].append(find(rank + (1 << lower) / 2))
            rank += 1 << lower
    while rank < total:
        levels[level].append(find(rank + (1 << level) / 2))
        rank += 1 << level
    return levels


def _value_at(cells: Sequence[Cell]) -> Callable[[float], float]:
    filled = [cell for cell in cells if cell.rows]
    ends = list(accumulate(cell.rows for cell in filled))

    def find(rank: float) -> float:
        index = min(bisect_right(ends, rank), len(filled) - 1)
        cell = filled[index]
        if cell.low == cell.high:
            return cell.high
        within = (rank - (ends[index] - cell.rows)) / cell.rows
        return cell.low * (1 - within) + cell.high * within

    return find
