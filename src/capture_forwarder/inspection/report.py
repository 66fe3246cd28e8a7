"""Sampled capture files of one endpoint → what they hold and which settings map them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.line import Line
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.inspection.proposals import Given, ViewedLine, propose
from capture_forwarder.inspection.shapes import SideView, view_side
from capture_forwarder.inspection.suggest import notes_on, variables_of
from capture_forwarder.parser import ColumnMapping, LineParser, RejectedError, read_record

_PREVIEWED = 5


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
class SideKind:
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
    """What one file holds; lines = mapped + empty + all that is refused."""

    sample: Sample
    lines: int = 0
    captured: int = 0
    mapped: int = 0
    empty: int = 0
    records: list[int] = field(default_factory=list)
    sides: Counter[SideKind] = field(default_factory=Counter)
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
    """

    files: Sequence[FileFacts]
    mapping: ColumnMapping | None
    variables: Dict[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    preview: Sequence[Inference] = ()


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
        return Inspection(files, None)
    parser = LineParser(proposal.mapping)
    for facts in files:
        _map(facts, parser, preview)
    variables = variables_of(proposal.mapping, given)
    notes = notes_on(proposal, variables)
    return Inspection(files, proposal.mapping, variables, notes, preview)


def _view(facts: FileFacts) -> list[ViewedLine]:
    """Count what the sides of a file's calls look like."""
    viewed = []
    for line in facts.sample.lines:
        facts.lines += 1
        if line.too_long or not line.data.strip():
            continue
        try:
            data, _, _ = read_record(line.data)
        except RejectedError:
            continue
        facts.captured += 1
        request = view_side(data.endpoint_input, inputs=True)
        response = view_side(data.endpoint_output, inputs=False)
        for side, view in (("request", request), ("response", response)):
            facts.sides[SideKind(side, view.content_type, view.encoding, view.form)] += 1
            if view.shapes:
                facts.widths.setdefault(side, Counter())[_width(view)] += 1
        viewed.append(ViewedLine(facts.sample.capture_file, line.data, request, response))
    return viewed


def _width(view: SideView) -> str:
    shape = view.shapes[0]
    return f"{len(shape.fields)} named" if shape.fields else str(shape.width)


def _map(facts: FileFacts, parser: LineParser | None, preview: list[Inference]) -> None:
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
        else:
            facts.empty += 1


def _refuse_unmapped(facts: FileFacts, line: Line) -> None:
    """Say why a line is none, where there is no mapping to try it with."""
    try:
        data, _, _ = read_record(line.data)
    except RejectedError as rejected:
        facts.refuse(line.number, rejected.reason, rejected.detail)
        return
    sides = [side for side in (data.endpoint_input, data.endpoint_output) if side]
    if all(not (side.data or "").strip() for side in sides):
        facts.empty += 1
        return
    detail = "No reading of the payloads gives columns."
    facts.refuse(line.number, Reason.UNDECODABLE_PAYLOAD, detail)
