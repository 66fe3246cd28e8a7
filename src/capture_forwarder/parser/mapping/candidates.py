"""Readings of request and response → the pairs that agree: decided by count and fit alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import msgspec

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.bounds import MOST_READINGS, too_much
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
    too_many
        Whether there are more records or values than are read.
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
    too_many: bool = False


_Group = Sequence[Candidate | None]
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
        No pair does: `record-count-mismatch`, `column-count-mismatch` or `too-many-values`; or
        there are too many: `record-count-mismatch`.
    """
    requests, responses = _by_count(inputs), _by_count(outputs)
    # A payload without columns agrees with any number of records.
    counts = responses if None in requests else requests
    agreeing = [
        (requests.get(count) or requests[None], responses.get(count) or responses[None])
        for count in counts
        if {count, None} & requests.keys() and {count, None} & responses.keys()
    ]
    best = [tuple(map(_best, both)) for both in agreeing]
    fitting = [(left, right) for left, right in best if left and right]
    if not fitting and any(one and one.too_many for one in (*inputs, *outputs)):
        raise too_much("line")
    if not agreeing:
        detail = (
            f"The request holds {counts_of(inputs)} record(s), the response {counts_of(outputs)}."
        )
        raise RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)
    if not fitting:
        first = (group[0] for group in agreeing[0])
        unfit = dict.fromkeys(one.unfit for one in first if one and one.unfit)
        detail = f"No reading fits the columns: {', '.join(unfit)}."
        raise RejectedError(Reason.COLUMN_COUNT_MISMATCH, detail)
    least = min(_against((left[0], right[0])) for left, right in fitting)
    groups = [(left, right) for left, right in fitting if _against((left[0], right[0])) == least]
    if sum(len(left) * len(right) for left, right in groups) > MOST_READINGS:
        detail = (
            f"The payloads can be read in more than {MOST_READINGS} ways that are equally good; "
            "select the records by paths (FORWARDER_INPUT_PATH, FORWARDER_OUTPUT_PATH)."
        )
        raise RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)
    return [pair for left, right in groups for pair in product(left, right)]


def _by_count(candidates: _Group) -> dict[int | None, list[Candidate | None]]:
    groups: dict[int | None, list[Candidate | None]] = {}
    for one in candidates:
        groups.setdefault(one.count if one else None, []).append(one)
    return groups


def _best(group: _Group) -> list[Candidate | None]:
    """Those that fit and have the least against them: each side's are the best pairs' too."""
    fit = [one for one in group if one is None or one.rows is not None]
    least = min((_against((one, None)) for one in fit), default=(0, 0))
    return [one for one in fit if _against((one, None)) == least]


def counts_of(candidates: Sequence[Candidate | None]) -> str:
    """The numbers of records that a payload can be read as holding."""
    return " or ".join(str(count) for count in sorted({one.count for one in candidates if one}))


def _against(pair: Pair) -> tuple[int, int]:
    read = [one for one in pair if one]
    return sum(one.misfits for one in read), sum(one.doubt for one in read)
