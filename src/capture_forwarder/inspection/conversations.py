"""Whether the calls of capture files are those of a language model, which can become traces."""

from __future__ import annotations

from collections.abc import Sequence

from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.schema import Schema
from capture_forwarder.inspection.proposals import ViewedLine
from capture_forwarder.parser import ColumnMapping, compile_mapping

_MAPPING = ColumnMapping(conversations=True)


def notes_on_conversations(lines: Sequence[ViewedLine]) -> list[str]:
    """Say how many calls hold a prompt and an answer, and what to do with them.

    Parameters
    ----------
    lines
        The lines with captured calls.
    """
    count = sum(map(_is_conversation, lines))
    note = (
        f"{count} of {len(lines)} call(s) are of a language model, with a prompt and an answer. To "
        "send them as OpenTelemetry traces, write a route whose publisher has the type otlp, and "
        "no columns: docs/language-models.md has one for each backend."
    )
    return [note] if count else []


def _is_conversation(line: ViewedLine) -> bool:
    parsed = compile_mapping(_MAPPING, Schema()).for_file(line.capture_file)(line.data)
    return isinstance(parsed, ParsedLine) and bool(parsed.inferences)
