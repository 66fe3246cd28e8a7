"""The fast readers' numbers, each with why it is what it is."""

from __future__ import annotations

KINDS_KNOWN = 16
"""For how many pairs of content types and encodings a decoder is kept. Making one takes 60 us, and
whoever calls the endpoint chooses the content type."""

KINDS_A_CHUNK = 4
"""How many kinds of calls are looked for in a chunk; clients of one endpoint seldom differ more."""

SHAPES_KNOWN = 16
"""The same for the shapes of JSON payloads."""

LONGEST_NUMBER = 300
"""A longer number may be too large for a double; it is left to the oracle."""

ROWS_AT_ONCE = 128
"""How many rows are read before they are encoded. Up to here they are in the processor's cache
when that happens; a thousand rows at once take 1.3 times as long each."""

FEW_CALLS = 8
"""More calls than this, one of which is odd, are looked at in halves."""
