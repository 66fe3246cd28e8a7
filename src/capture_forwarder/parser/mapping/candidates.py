"""Readings of request and response → the pairs that agree: decided by count and fit alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.rejected import RejectedError


class Candidate(msgspec.Struct, frozen=True):
    """A reading of a payload on the columns.

    Parameters
    ----------
    count
        The number of records.
    rows
        Their values; None when they do not fit the columns, which `unfit` then describes.
    text
        Whether the values are cells of CSV.
    misfits
        How many values are not what their column's type says, such as a list for a number: of
        two readings that fit, the one with fewer is meant.
    doubt
        How much speaks against the reading otherwise; decides between equal misfits.
    missing
        The columns whose names are in none of the records.
    offered
        The names that the records do have, where any is missing.
    path
        The JMESPath that selects these records and no others.
    headed
        Whether the first row looks like a header: texts above numbers.
    """

    count: int
    rows: list[list[object]] | None
    text: bool = False
    misfits: int = 0
    doubt: int = 0
    unfit: str = ""
    missing: frozenset[str] = frozenset()
    offered: tuple[str, ...] = ()
    path: str = ""
    headed: bool = False


Pair = tuple[Candidate | None, Candidate | None]
"""A reading of the request and one of the response; None for a payload without columns."""


def best_pairs(
    inputs: Sequence[Candidate | None], outputs: Sequence[Candidate | None]
) -> list[Pair]:
    """Find the readings whose numbers of records agree and whose records fit the columns.

    Parameters
    ----------
    inputs, outputs
        The readings of the request and of the response; [None] for one without columns.

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
        (request, response)
        for request in inputs
        for response in outputs
        if request is None or response is None or request.count == response.count
    ]
    if not agreeing:
        requests, responses = counts_of(inputs), counts_of(outputs)
        detail = f"The request holds {requests} record(s), the response {responses}."
        raise RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)
    fitting = [
        pair for pair in agreeing if all(one is None or one.rows is not None for one in pair)
    ]
    if not fitting:
        unfit = dict.fromkeys(one.unfit for one in agreeing[0] if one and one.unfit)
        detail = f"No reading fits the columns: {', '.join(unfit)}."
        raise RejectedError(Reason.COLUMN_COUNT_MISMATCH, detail)
    least = min(map(_against, fitting))
    return [pair for pair in fitting if _against(pair) == least]


def counts_of(candidates: Sequence[Candidate | None]) -> str:
    """The numbers of records that a payload can be read as holding."""
    return " or ".join(str(count) for count in sorted({one.count for one in candidates if one}))


def _against(pair: Pair) -> tuple[int, int]:
    read = [one for one in pair if one]
    return sum(one.misfits for one in read), sum(one.doubt for one in read)
