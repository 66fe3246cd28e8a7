"""A parser of lines whose rows are redacted before anybody else sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.core.redaction import RedactionRule
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.parser.line import ParseChunk, ParseLine
from capture_forwarder.parser.redaction.values import Change, change_of

ParseFile = Callable[[CaptureFile], ParseLine]


class RedactingParser:
    """Redacts the rows that another parser makes of lines.

    Lines are parsed one by one, as the fast reader writes rows that nobody looks at any more.

    Parameters
    ----------
    parse_file
        `for_file` of the other parser.
    columns
        The columns of its rows.
    rules
        What to do with which of them; each names one of the columns.
    key
        What hashes are made with.
    """

    def __init__(
        self,
        parse_file: ParseFile,
        columns: Sequence[str],
        rules: Sequence[RedactionRule],
        key: bytes,
    ) -> None:
        self._parse_file = parse_file
        self._changes: list[tuple[str, Change]] = []
        for rule in rules:
            found = rule.steps_in(columns)
            if found is None:
                raise ValueError(f"there is no column {rule.path!r} to redact")
            column, steps = found
            self._changes.append((column, change_of(rule, steps, key)))

    def for_file(self, capture_file: CaptureFile) -> ParseLine:
        """Bind what all lines of a capture file share; see `LineParser.for_file`."""
        parse = self._parse_file(capture_file)

        def redacted(line: bytes) -> ParsedLine | Rejection:
            parsed = parse(line)
            if isinstance(parsed, Rejection) or not parsed.inferences:
                return parsed
            return self._redacted(parsed)

        return redacted

    def for_chunks(self, capture_file: CaptureFile) -> ParseChunk:
        """Return what reads no line of a chunk: these lines are parsed one by one."""
        del capture_file
        return lambda _chunk: ()

    def _redacted(self, parsed: ParsedLine) -> ParsedLine:
        counts: Counter[str] = Counter()
        inferences = []
        for inference in parsed.inferences:
            row = inference.row
            for column, change in self._changes:
                if column in row:
                    row[column], count = change(row[column])
                    counts[column] += count
            inferences.append(Inference(inference.id, inference.names, tuple(row.values())))
        return replace(parsed, inferences=inferences, redactions=+counts)
