"""The rows of one payload of some calls, or of both payloads side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from operator import add

import msgspec

Values = tuple[object, ...]


class Rows(msgspec.Struct, frozen=True):
    """The rows of the calls that were read.

    Parameters
    ----------
    calls
        The indexes of those calls, ascending.
    counts
        How many rows each of them has; one at least.
    values
        The values of all rows, in order.
    """

    calls: Sequence[int] = ()
    counts: Sequence[int] = ()
    values: Sequence[Values] = ()

    def by_call(self) -> dict[int, Sequence[Values]]:
        """The values of each call's rows."""
        ends = accumulate(self.counts)
        return {
            call: self.values[end - count : end]
            for call, count, end in zip(self.calls, self.counts, ends, strict=True)
        }


def rows_of(
    calls: Sequence[int], counts: Sequence[int], values: Sequence[Values], odd: frozenset[int]
) -> Rows:
    """Leave out the calls of odd records, for which there are no values."""
    if not odd:
        return Rows(calls, counts, values)
    given = iter(values)
    every = [None if n in odd else next(given) for n in range(sum(counts))]
    kept = []
    for call, count, end in zip(calls, counts, accumulate(counts), strict=True):
        rows = [row for row in every[end - count : end] if row is not None]
        if len(rows) == count:
            kept.append((call, rows))
    return Rows(
        [call for call, _ in kept],
        [len(rows) for _, rows in kept],
        [row for _, rows in kept for row in rows],
    )


def beside(left: Rows, right: Rows) -> Rows:
    """Put the records of both payloads next to each other, for calls where they are as many."""
    if left.calls == right.calls and left.counts == right.counts:
        return Rows(left.calls, left.counts, list(map(add, left.values, right.values)))
    answers = right.by_call()
    both = {
        call: list(map(add, values, answers[call]))
        for call, values in left.by_call().items()
        if len(values) == len(answers.get(call, ()))
    }
    rows = list(chain.from_iterable(both.values()))
    return Rows(list(both), list(map(len, both.values())), rows)
