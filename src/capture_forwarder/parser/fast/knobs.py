"""The fast readers' numbers, each with why it is what it is."""

from __future__ import annotations

KINDS_KNOWN = 16
"""For how many pairs of content types and encodings a decoder is kept. Making one takes 60 us, and
whoever calls the endpoint chooses the content type."""

KINDS_A_CHUNK = 4
"""How many kinds of calls are looked for in a chunk; clients of one endpoint seldom differ more."""

SHAPES_KNOWN = 16
"""The same for the shapes of JSON payloads."""

ROWS_AT_ONCE = 200
"""How many rows are read before they are encoded. A hundred take a twentieth longer each, and a
thousand a quarter: they are no longer in the processor's cache when they are encoded. Of more rows,
one is odd more often."""
