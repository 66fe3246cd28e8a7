"""Payloads of CSV → the text of each record, request and response in one.

A call is left to the oracle as soon as anything about it is unusual: a quote, a bracket, a blank
record, a carriage return within a line, another number of cells than there are columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from capture_forwarder.parser.bounds import MOST_RECORDS
from capture_forwarder.parser.mapping.columns import Column

# Quotes and brackets have a meaning of their own in some payloads; NUL is in none.
_MARKS = ('"', "[", "{", "\ufeff")
# What JSON texts cannot hold as it stands; a tab is rare, and so is left to the oracle too.
_UNESCAPED = bytes(range(32)).replace(b"\n", b"") + b"\\"
_DIGIT = re.compile(r"[0-9]")


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
        The columns of the request and of the response; one of them may have none, and is not
        looked at then.
    """

    def __init__(self, inputs: Sequence[Column], outputs: Sequence[Column]) -> None:
        self._inputs = len(inputs)
        self._outputs = len(outputs)
        self._commas = self._inputs + self._outputs - 1
        self._keys = (_keys(inputs), _keys(outputs))

    def __call__(self, requests: Sequence[str], responses: Sequence[str]) -> Records:
        """Split payloads; `requests` and `responses` are those of the same calls."""
        if (texts := self._single(requests, responses)) is not None:
            return Records(range(len(texts)), [1] * len(texts), texts)
        calls: list[int] = []
        counts: list[int] = []
        records: list[str] = []
        for call, (request, response) in enumerate(zip(requests, responses, strict=True)):
            if found := self._several(request, response):
                calls.append(call)
                counts.append(len(found))
                records += found
        return Records(calls, counts, records)

    def _single(self, requests: Sequence[str], responses: Sequence[str]) -> list[str] | None:
        """The text of each call; None unless each is one plain record."""
        if self._inputs and self._outputs:
            if not _all_have(responses, self._outputs - 1):
                return None
            calls = zip(requests, responses, strict=True)
            texts = [f"{request},{response}" for request, response in calls]
        else:
            texts = list(requests if self._inputs else responses)
        if not _all_have(texts, self._commas) or not _is_plain(joined := "".join(texts)):
            return None
        if "\n" in joined:
            return None
        for payloads, width, keys in (
            (requests, self._inputs, self._keys[0]),
            (responses, self._outputs, self._keys[1]),
        ):
            if width == 1 and not all(map(str.strip, payloads)):
                return None
            if width and not keys.isdisjoint([text.partition(",")[0].strip() for text in payloads]):
                return None
        return texts

    def _several(self, request: str, response: str) -> list[str]:
        sent = _lines(request, self._inputs, self._keys[0])
        answered = _lines(response, self._outputs, self._keys[1])
        if self._inputs and self._outputs:
            if self._outputs == 1 and len(answered) == 1 < len(sent):
                # XGBoost's containers write the scores of a batch on one line.
                answered = answered[0].split(",")
                answered = answered if all(map(str.strip, answered)) else []
            if len(sent) != len(answered) or not _all_have(answered, self._outputs - 1):
                return []
            records = [f"{left},{right}" for left, right in zip(sent, answered, strict=True)]
        else:
            records = sent or answered
        plain = len(records) <= MOST_RECORDS and _all_have(records, self._commas)
        return records if plain else []


def _keys(columns: Sequence[Column]) -> frozenset[str]:
    """The words that a header is made of."""
    return frozenset(word for column in columns for word in (column.name, column.source) if word)


def _lines(payload: str, width: int, keys: frozenset[str]) -> list[str]:
    """The records of a payload; none if one of them is blank, or anything is not plain."""
    if not width:
        return []
    if "\r" in payload:
        payload = payload.replace("\r\n", "\n")
    if not _is_plain(payload):
        return []
    lines = payload.removesuffix("\n").split("\n")
    if lines[0].partition(",")[0].strip() in keys or _may_be_headed(lines):
        return []
    # Of several columns, a blank record has too few cells.
    return lines if width > 1 or all(map(str.strip, lines)) else []


def _may_be_headed(lines: Sequence[str]) -> bool:
    """Whether words without a digit stand above a number."""
    return (
        len(lines) > 1 and _DIGIT.search(lines[0]) is None and _DIGIT.search(lines[1]) is not None
    )


def _is_plain(text: str) -> bool:
    if any(mark in text for mark in _MARKS):
        return False
    raw = text.encode()
    return len(raw.translate(None, _UNESCAPED)) == len(raw)


def _all_have(texts: Sequence[str], commas: int) -> bool:
    if not commas:
        return "," not in "".join(texts)
    return {text.count(",") for text in texts} == {commas}
