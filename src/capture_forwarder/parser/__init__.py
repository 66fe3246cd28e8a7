"""One captured line → inferences or a rejection. Pure: no I/O, no client, no AWS."""

from capture_forwarder.parser.line import LineParser, ParseLine

__all__ = ["LineParser", "ParseLine"]
