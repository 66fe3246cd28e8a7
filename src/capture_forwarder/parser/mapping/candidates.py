"""Readings of both sides → the pairs that agree: decided by count and width, never by order."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.rejected import RejectedError


class Candidate(msgspec.Struct, frozen=True):
    """A reading of a side.

    `rows` is None when its records do not fit the columns; `unfit` then describes them.
    `misfits` counts what speaks against the reading, such as lists where a single value is
    expected: of two readings that fit, the one with fewer is meant.
    """

    count: int
    rows: list[list[object]] | None
    text: bool
    misfits: int = 0
    unfit: str = ""


Pair = tuple[Candidate | None, Candidate | None]
"""A reading of the request and one of the response; None for a side without columns."""


def best_pairs(
    inputs: Sequence[Candidate | None], outputs: Sequence[Candidate | None]
) -> list[Pair]:
    """Find the readings whose numbers of records agree and whose records fit the columns.

    Parameters
    ----------
    inputs, outputs
        The readings of each side; [None] for a side without columns.

    Returns
    -------
    list
        The pairs with the fewest misfits; more than one if several do equally well.

    Raises
    ------
    RejectedError
        No pair does: `record-count-mismatch` or `column-count-mismatch`.
    """
    agreeing = [
        (left, right)
        for left in inputs
        for right in outputs
        if left is None or right is None or left.count == right.count
    ]
    if not agreeing:
        left, right = _counts(inputs), _counts(outputs)
        detail = f"The request holds {left} record(s), the response {right}."
        raise RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)
    fitting = [
        pair for pair in agreeing if all(side is None or side.rows is not None for side in pair)
    ]
    if not fitting:
        unfit = dict.fromkeys(side.unfit for side in agreeing[0] if side and side.unfit)
        detail = f"No reading fits the columns: {', '.join(unfit)}."
        raise RejectedError(Reason.COLUMN_COUNT_MISMATCH, detail)
    fewest = min(_misfits(pair) for pair in fitting)
    return [pair for pair in fitting if _misfits(pair) == fewest]


def _misfits(pair: Pair) -> int:
    return sum(side.misfits for side in pair if side)


def _counts(side: Sequence[Candidate | None]) -> str:
    return " or ".join(str(count) for count in sorted({c.count for c in side if c}))
