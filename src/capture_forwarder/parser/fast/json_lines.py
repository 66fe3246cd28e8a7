"""Payloads of JSON Lines → rows: each line is one record, whatever it holds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain, repeat

from capture_forwarder.core.schema import Schema
from capture_forwarder.parser.bounds import MOST_RECORDS
from capture_forwarder.parser.fast.json_payloads import JsonPayloads
from capture_forwarder.parser.fast.rows import Rows, rows_of
from capture_forwarder.parser.mapping.columns import Column


class JsonLinesPayloads:
    """Reads the requests or the responses of a route's calls; see `JsonPayloads`."""

    def __init__(self, columns: Sequence[Column], schema: Schema) -> None:
        self._lines = JsonPayloads(columns, schema, lines=True)

    def read(self, payloads: Sequence[str]) -> Rows:
        """Read the payload of each call; calls that are left to the oracle are not in the rows."""
        texts = map(str.removesuffix, payloads, repeat("\n"))
        of_calls = [text.split("\n") for text in texts]
        lines = list(chain.from_iterable(of_calls))
        counts = list(map(len, of_calls))
        found = self._lines.read(lines)
        odd: frozenset[int] = frozenset()
        if len(found.calls) < len(lines):
            odd = frozenset(range(len(lines))) - set(found.calls)
        if max(counts, default=0) > MOST_RECORDS:
            ends = accumulate(counts)
            both = zip(ends, counts, strict=True)
            odd |= {end - 1 for end, count in both if count > MOST_RECORDS}
        return rows_of(range(len(payloads)), counts, found.values, odd)
