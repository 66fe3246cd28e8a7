"""Payloads of CSV → the text of each record, request and response in one.

A call is left to the oracle as soon as anything about it is unusual: a bracket, a blank record, a
carriage return within a line, another number of records in the response. Whether a
record has as many cells as there are columns is looked at when the cells are split.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, chain, repeat

import msgspec

from capture_forwarder.parser.bounds import MOST_RECORDS
from capture_forwarder.parser.fast.csv_quotes import can_be_masked, unquoted
from capture_forwarder.parser.formats.plain_text import is_number

# Brackets have a meaning of their own in some payloads.
_MARKS = ("[", "{", "\ufeff", "\r")


class Records(msgspec.Struct, frozen=True):
    """The records of the calls that are plain.

    Parameters
    ----------
    calls
        The indexes of those calls, ascending.
    counts
        How many records each of them has; one at least.
    texts
        The text of each record, in order, without a quote, a bracket or a line end.
    quoted
        Whether commas or quotes within cells are masked.
    """

    calls: Sequence[int] = ()
    counts: Sequence[int] = ()
    texts: Sequence[str] = ()
    quoted: bool = False


class RecordSplitter:
    """Splits the payloads of a route's calls into records.

    Parameters
    ----------
    inputs, outputs
        How many columns the request and the response have; one of them may have none, and is not
        looked at then.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        self._inputs = inputs
        self._outputs = outputs

    def __call__(self, requests: Sequence[str], responses: Sequence[str]) -> Records:
        """Split payloads; `requests` and `responses` are those of the same calls."""
        payloads = [(requests, self._inputs), (responses, self._outputs)]
        may_mask = can_be_masked([*requests, *responses])
        read = [_Read.of(texts, width, may_mask=may_mask) for texts, width in payloads if width]
        if odd := frozenset().union(*(one.odd for one in read)):
            plain = [call for call in range(len(requests)) if call not in odd]
            kept = self([requests[call] for call in plain], [responses[call] for call in plain])
            calls = [plain[call] for call in kept.calls]
            return Records(calls, kept.counts, kept.texts, kept.quoted)
        quoted = any(one.quoted for one in read)
        if len(read) == 1:
            return Records(range(len(requests)), read[0].counts, read[0].texts, quoted)
        request, response = read
        if request.counts == response.counts and _all_have(response.texts, self._outputs - 1):
            records = list(map(",".join, zip(request.texts, response.texts, strict=True)))
            return Records(range(len(requests)), request.counts, records, quoted)
        return self._one_by_one(request, response)

    def _one_by_one(self, requests: _Read, responses: _Read) -> Records:
        calls: list[int] = []
        counts: list[int] = []
        records: list[str] = []
        both = zip(requests.by_call(), responses.by_call(), strict=True)
        for call, (request, response) in enumerate(both):
            scores = response
            if self._outputs == 1 and len(response) == 1 < len(request):
                # XGBoost's containers write the scores of a batch on one line.
                scores = response[0].split(",")
                scores = scores if all(map(str.strip, scores)) else []
            if len(request) == len(scores) and _all_have(scores, self._outputs - 1):
                calls.append(call)
                counts.append(len(request))
                records += map(",".join, zip(request, scores, strict=True))
        return Records(calls, counts, records, requests.quoted or responses.quoted)


class _Read(msgspec.Struct, frozen=True):
    """The requests or the responses of some calls.

    Parameters
    ----------
    texts
        The records of all of them, in order.
    counts
        How many each of them has.
    odd
        The indexes of those that are not plain.
    quoted
        Whether commas or quotes within cells are masked.
    """

    texts: Sequence[str]
    counts: list[int]
    odd: frozenset[int]
    quoted: bool

    @classmethod
    def of(cls, payloads: Sequence[str], width: int, *, may_mask: bool) -> _Read:
        """Read payloads whose records have so many columns.

        Those with quotes are odd unless commas within cells may be masked.
        """
        joined = "".join(payloads)
        if "\n" in joined:
            if "\r" in joined:
                payloads = [payload.replace("\r\n", "\n") for payload in payloads]
            payloads = list(map(str.removesuffix, payloads, repeat("\n")))
            joined = "".join(payloads)
        quoted = may_mask and '"' in joined
        odd = _holding(payloads, joined, _MARKS if may_mask else (*_MARKS, '"'))
        if quoted:
            payloads, unreadable = _without_quotes(payloads, joined, odd)
            odd |= unreadable
            quoted = not can_be_masked(payloads)
        if "\n" not in joined:
            texts, counts = payloads, [1] * len(payloads)
        else:
            lists = [payload.split("\n") for payload in payloads]
            texts, counts = list(chain.from_iterable(lists)), list(map(len, lists))
            odd.update(call for call, lines in enumerate(lists) if _is_unplain(lines))
        # Of several columns, a blank record has too few cells.
        if width == 1 and not all(map(str.strip, texts)):
            blank = [at for at, text in enumerate(texts) if not text.strip()]
            ends = list(accumulate(counts))
            odd.update(bisect_right(ends, at) for at in blank)
        return cls(texts, counts, frozenset(odd), quoted)

    def by_call(self) -> Iterator[Sequence[str]]:
        """Yield the records of each payload."""
        for end, count in zip(accumulate(self.counts), self.counts, strict=True):
            yield self.texts[end - count : end]


def _holding(payloads: Sequence[str], joined: str, marks: Sequence[str]) -> set[int]:
    """Find the payloads that hold one of some characters."""
    marks = [mark for mark in marks if mark in joined]
    found: set[int] = set()
    ends = list(accumulate(map(len, payloads))) if marks else []
    for mark in marks:
        at = joined.find(mark)
        while at >= 0:
            payload = bisect_right(ends, at)
            found.add(payload)
            at = joined.find(mark, ends[payload])
    return found


def _without_quotes(
    payloads: Sequence[str], joined: str, odd: Collection[int]
) -> tuple[list[str], set[int]]:
    """Write payloads without quotes; also the indexes of those for which that fails."""
    quoted = [call for call in sorted(_holding(payloads, joined, '"')) if call not in odd]
    plain, unreadable = list(payloads), set()
    for call, text in zip(quoted, unquoted([payloads[call] for call in quoted]), strict=True):
        if text is None:
            unreadable.add(call)
        else:
            plain[call] = text
    return plain, unreadable


def _is_unplain(lines: Sequence[str]) -> bool:
    """Whether records are too many, or the first of them may be a header that nobody named.

    In such a header, the first cell is a text above a number.
    """
    if len(lines) == 1:
        return False
    first, second = (line.partition(",")[0] for line in lines[:2])
    return len(lines) > MOST_RECORDS or (not is_number(first) and is_number(second))


def _all_have(texts: Sequence[str], commas: int) -> bool:
    if not commas:
        return "," not in "".join(texts)
    return set(map(str.count, texts, repeat(","))) == {commas}
