"""One captured line → inferences or a rejection. Pure: no I/O, no client, no AWS."""

from typing import Protocol

from capture_forwarder.block import Block
from capture_forwarder.columns import ColumnMapping
from capture_forwarder.model import CaptureObject, ParsedLine, Schema
from capture_forwarder.parser.line import LineParser, ParseLine

__all__ = ["LineParser", "ObjectParser", "ParseLine", "compile_mapping"]


class ObjectParser(Protocol):
    """A mapping, compiled."""

    def for_object(self, source: CaptureObject) -> ParseLine:
        """Bind what all lines of an object share."""
        ...

    def alike(self, block: Block) -> ParsedLine | None:
        """Parse lines at once that hold an inference each; None if it must be one by one."""
        ...


def compile_mapping(
    mapping: ColumnMapping, schema: Schema, *, as_json: bool = False
) -> ObjectParser:
    """Compile a mapping once for all objects of a route.

    Parameters
    ----------
    mapping
        Which captured values become which columns; without any, records stay whole.
    schema
        The platform's view of the model.
    as_json
        Whether rows may be written as JSON where that spares reading them; see `LineParser`.
    """
    if not mapping.inputs and not mapping.outputs:
        from capture_forwarder.parser.whole import WholeLineParser  # noqa: PLC0415

        return WholeLineParser()
    return LineParser(mapping, schema, as_json=as_json)
