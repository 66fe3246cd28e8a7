"""Payloads of CSV → the text of each record, request and response in one.

A call is left to the oracle as soon as anything about it is unusual: a quote, a bracket, a blank
record, a carriage return within a line, another number of cells than there are columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from capture_forwarder.parser.bounds import MOST_RECORDS
from capture_forwarder.parser.fast.knobs import FEW_CALLS
from capture_forwarder.parser.formats.plain_text import is_number

# Quotes and brackets have a meaning of their own in some payloads.
_MARKS = ('"', "[", "{", "\ufeff", "\r")


class Records(msgspec.Struct, frozen=True):
    """The records of the calls that are plain.

    Parameters
    ----------
    calls
        The indexes of those calls, ascending.
    counts
        How many records each of them has; one at least.
    texts
        The text of each record, in order, as wide as the columns of both payloads.
    """

    calls: Sequence[int]
    counts: Sequence[int]
    texts: Sequence[str]


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
        self._commas = inputs + outputs - 1

    def __call__(self, requests: Sequence[str], responses: Sequence[str]) -> Records:
        """Split payloads; `requests` and `responses` are those of the same calls."""
        if (texts := self._single(requests, responses)) is not None:
            return Records(range(len(texts)), [1] * len(texts), texts)
        if len(requests) > FEW_CALLS:
            # One odd call among many leaves most of the others together.
            middle = len(requests) // 2
            left = self(requests[:middle], responses[:middle])
            right = self(requests[middle:], responses[middle:])
            found = [*left.calls, *(middle + call for call in right.calls)]
            return Records(found, [*left.counts, *right.counts], [*left.texts, *right.texts])
        calls: list[int] = []
        counts: list[int] = []
        records: list[str] = []
        for call, (request, response) in enumerate(zip(requests, responses, strict=True)):
            if lines := self._several(request, response):
                calls.append(call)
                counts.append(len(lines))
                records += lines
        return Records(calls, counts, records)

    def _single(self, requests: Sequence[str], responses: Sequence[str]) -> Sequence[str] | None:
        """The text of each call; None unless each is one plain record."""
        for payloads, width in ((requests, self._inputs), (responses, self._outputs)):
            if width and not _are_single(payloads, width):
                return None
        if not self._outputs:
            return requests
        if not self._inputs:
            return responses
        return list(map(",".join, zip(requests, responses, strict=True)))

    def _several(self, request: str, response: str) -> Sequence[str]:
        sent = _lines(request, self._inputs)
        answered = _lines(response, self._outputs)
        if self._inputs and self._outputs:
            if self._outputs == 1 and len(answered) == 1 < len(sent):
                # XGBoost's containers write the scores of a batch on one line.
                answered = answered[0].split(",")
                answered = answered if all(map(str.strip, answered)) else []
            if len(sent) != len(answered) or not _all_have(answered, self._outputs - 1):
                return []
            records = list(map(",".join, zip(sent, answered, strict=True)))
        else:
            records = sent or answered
        plain = len(records) <= MOST_RECORDS and _all_have(records, self._commas)
        return records if plain else []


def _are_single(payloads: Sequence[str], width: int) -> bool:
    """Whether each payload is one plain record of so many cells."""
    joined = "\n".join(payloads)
    if joined.count("\n") >= len(payloads) or any(mark in joined for mark in _MARKS):
        return False
    if width == 1:
        return "," not in joined and all(map(str.strip, payloads))
    return _all_have(payloads, width - 1)


def _lines(payload: str, width: int) -> list[str]:
    """The records of a payload; none if one of them is blank, or anything is not plain."""
    if not width:
        return []
    if "\r" in payload:
        payload = payload.replace("\r\n", "\n")
    if any(mark in payload for mark in _MARKS):
        return []
    lines = payload.removesuffix("\n").split("\n")
    if _may_be_headed(lines):
        return []
    # Of several columns, a blank record has too few cells.
    return lines if width > 1 or all(map(str.strip, lines)) else []


def _may_be_headed(lines: Sequence[str]) -> bool:
    """Whether the first cell is a text above a number, as it is in a header that nobody named."""
    if len(lines) == 1:
        return False
    first, second = (line.partition(",")[0] for line in lines[:2])
    return not is_number(first) and is_number(second)


def _all_have(texts: Sequence[str], commas: int) -> bool:
    if not commas:
        return "," not in "".join(texts)
    return {text.count(",") for text in texts} == {commas}
