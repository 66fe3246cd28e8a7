"""Sampled capture files of one endpoint → what they hold and which settings map them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.core.line import Line
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.core.schema import DataType
from capture_forwarder.inspection.conversations import notes_on_conversations
from capture_forwarder.inspection.proposals import Given, ViewedLine, propose
from capture_forwarder.inspection.shapes import PayloadView, view_payload
from capture_forwarder.inspection.suggest import notes_on, types_in, variables_of
from capture_forwarder.parser import (
    ColumnMapping,
    LineParser,
    NeverFound,
    RejectedError,
    is_label,
    read_call,
)

_PREVIEWED = 5
_TYPED = 1000
_READABLE = frozenset({"csv", "json", "json lines", "text", "events"})


@dataclass(frozen=True)
class Sample:
    """The first lines of a capture file.

    `complete` says that there are no others. Where the file could not be read, `problem` says
    why.
    """

    capture_file: CaptureFile
    name: str
    lines: Sequence[Line] = ()
    complete: bool = True
    problem: str = ""


@dataclass(frozen=True, order=True)
class PayloadKind:
    """How one side of a call was captured; `form` is what it was recognised as."""

    side: str
    content_type: str
    encoding: str
    form: str


@dataclass
class Refused:
    """The lines that one reason rejects, with the first of them as the example."""

    count: int
    line: int
    detail: str


@dataclass
class FileFacts:
    """What one file holds; lines = mapped + empty + all that is refused.

    `labels` are the lines with ground truth, alone or merged with a capture.
    """

    sample: Sample
    lines: int = 0
    captured: int = 0
    labels: int = 0
    mapped: int = 0
    empty: int = 0
    records: list[int] = field(default_factory=list)
    sides: Counter[PayloadKind] = field(default_factory=Counter)
    widths: dict[str, Counter[str]] = field(default_factory=dict)
    refused: dict[str, Refused] = field(default_factory=dict)

    def refuse(self, number: int, reason: Reason, detail: str) -> None:
        """Count a line that is rejected."""
        refused = self.refused.setdefault(reason.value, Refused(0, number, detail))
        refused.count += 1


@dataclass(frozen=True)
class Inspection:
    """What the files of one endpoint hold.

    Parameters
    ----------
    files
        The facts, a file each.
    mapping
        The mapping that was found or given; None when none maps any line.
    variables
        The settings that describe it: variable → value.
    notes
        What the reader should know of it.
    preview
        The first rows it makes.
    types
        The types of the columns, as far as the rows show them.
    made_up
        The columns whose names were made up, since the calls give their values only a place.
    """

    files: Sequence[FileFacts]
    mapping: ColumnMapping | None
    variables: Dict[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    preview: Sequence[Inference] = ()
    types: Dict[str, DataType] = field(default_factory=dict)
    made_up: Sequence[str] = ()


def inspect_files(samples: Sequence[Sample], given: Given) -> Inspection:
    """Find out what capture files hold; never raises, whatever they hold.

    Parameters
    ----------
    samples
        Files of one endpoint and variant.
    given
        What of the mapping is settled already.
    """
    files = [FileFacts(sample) for sample in samples]
    viewed = [line for facts in files for line in _view(facts)]
    proposal = propose(viewed, given)
    preview: list[Inference] = []
    if proposal is None:
        for facts in files:
            _map(facts, None, preview)
        return Inspection(files, None, notes=notes_on_conversations(viewed))
    parser = LineParser(proposal.mapping)
    seen = _Seen()
    for facts in files:
        _map(facts, parser, preview, seen)
    variables = variables_of(proposal.mapping, given)
    notes = [
        *notes_on(proposal, variables),
        *seen.notes(),
        *_notes_on_encoding(files),
        *notes_on_conversations(viewed),
    ]
    types = types_in(seen.some, proposal.mapping)
    return Inspection(files, proposal.mapping, variables, notes, preview, types, proposal.made_up)


@dataclass
class _Seen:
    """What the mapped lines of all files have in common."""

    never: NeverFound = field(default_factory=NeverFound)
    ids: Counter[str] = field(default_factory=Counter)
    some: list[Inference] = field(default_factory=list)

    def add(self, parsed: ParsedLine) -> None:
        self.never.add(parsed)
        self.ids.update({inference.id for inference in parsed.inferences})
        self.some += parsed.inferences[: max(0, _TYPED - len(self.some))]

    def notes(self) -> list[str]:
        notes = list(self.never.sentences())
        repeated = sum(1 for count in self.ids.values() if count > 1)
        if repeated:
            lines = sum(count for count in self.ids.values() if count > 1)
            notes.append(
                f"{repeated} id(s) stand on more than one line ({lines} lines): platforms may take "
                "such inferences for one; let the caller give each call an InferenceId of its own."
            )
        return notes


def _notes_on_encoding(files: Sequence[FileFacts]) -> list[str]:
    kinds = {kind for facts in files for kind in facts.sides if kind.encoding == "BASE64"}
    types = sorted({kind.content_type for kind in kinds if kind.form in _READABLE})
    if not types:
        return []
    names = ", ".join(one or "no content type" for one in types)
    note = (
        f"Text was captured in base64 ({names}). It is read all the same; with its content types "
        "in CaptureContentTypeHeader of the data capture configuration, files are smaller and "
        "people can read them."
    )
    return [note]


def _view(facts: FileFacts) -> list[ViewedLine]:
    """Count what the sides of a file's calls look like."""
    viewed = []
    for line in facts.sample.lines:
        facts.lines += 1
        if line.too_long or not line.data.strip():
            continue
        facts.labels += is_label(line.data)
        try:
            data, _, _ = read_call(line.data)
        except RejectedError:
            continue
        facts.captured += 1
        request = view_payload(data.endpoint_input, inputs=True)
        response = view_payload(data.endpoint_output, inputs=False)
        for side, view in (("request", request), ("response", response)):
            facts.sides[PayloadKind(side, view.content_type, view.encoding, view.form)] += 1
            if view.shapes:
                facts.widths.setdefault(side, Counter())[_width(view)] += 1
        viewed.append(ViewedLine(facts.sample.capture_file, line.data, request, response))
    return viewed


def _width(view: PayloadView) -> str:
    shape = view.shapes[0]
    return f"{len(shape.fields)} named" if shape.fields else str(shape.width)


def _map(
    facts: FileFacts,
    parser: LineParser | None,
    preview: list[Inference],
    seen: _Seen | None = None,
) -> None:
    """Count what the mapping makes of a file's lines."""
    parse = parser.for_file(facts.sample.capture_file) if parser else None
    for line in facts.sample.lines:
        if line.too_long:
            facts.refuse(line.number, Reason.LINE_TOO_LONG, f"The line has {line.length} bytes.")
        elif not line.data.strip():
            facts.empty += 1
        elif parse is None:
            _refuse_unmapped(facts, line)
        elif isinstance(parsed := parse(line.data), Rejection):
            facts.refuse(line.number, parsed.reason, parsed.detail)
        elif parsed.inferences:
            facts.mapped += 1
            facts.records.append(len(parsed.inferences))
            preview += parsed.inferences[: _PREVIEWED - len(preview)]
            if seen is not None:
                seen.add(parsed)
        else:
            facts.empty += 1


def _refuse_unmapped(facts: FileFacts, line: Line) -> None:
    """Say why a line is none, where there is no mapping to try it with."""
    try:
        data, _, _ = read_call(line.data)
    except RejectedError as rejected:
        facts.refuse(line.number, rejected.reason, rejected.detail)
        return
    sides = [side for side in (data.endpoint_input, data.endpoint_output) if side]
    if all(not (side.data or "").strip() for side in sides):
        facts.empty += 1
        return
    detail = "No reading of the payloads gives columns."
    facts.refuse(line.number, Reason.UNDECODABLE_PAYLOAD, detail)
