"""Sampled lines → the mapping that maps most of them.

The shapes of both sides are paired into a few candidate mappings; each is tried on the lines by
the parser itself, so a proposal never promises what the forwarder would not do.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.schema import DataType
from capture_forwarder.inspection.fields import Field, name_columns, name_positions
from capture_forwarder.inspection.shapes import PayloadView, Shape
from capture_forwarder.inspection.trials import Trial, try_mapping
from capture_forwarder.parser import Column, ColumnMapping

_MOST_LINES = 100
_MOST_BYTES = 2 * 1024 * 1024
_MOST_SHAPES = 10


@dataclass(frozen=True)
class Given:
    """What the user has settled; the rest is proposed.

    Parameters
    ----------
    mapping
        The mapping as far as it is set.
    header
        Whether the setting for the CSV header is set.
    """

    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    header: bool = False


@dataclass(frozen=True)
class ViewedLine:
    """A line with a capture record and what its sides look like."""

    capture_file: CaptureFile
    data: bytes
    request: PayloadView
    response: PayloadView


@dataclass(frozen=True)
class Proposal:
    """The mapping that was found.

    Parameters
    ----------
    mapping
        The mapping, given columns and all.
    made_up
        Columns whose names were made up, since the calls give their values only a place.
    strong
        Whether it reads the calls in a way that is usual.
    """

    mapping: ColumnMapping
    made_up: tuple[str, ...] = ()
    strong: bool = True


@dataclass(frozen=True)
class _Choice:
    """A candidate for one side: given columns, a shape, or nothing."""

    shape: Shape = field(default_factory=Shape)
    columns: tuple[Column, ...] = ()
    rank: int = 0


def propose(lines: Sequence[ViewedLine], given: Given) -> Proposal | None:
    """Find a mapping.

    Parameters
    ----------
    lines
        Lines of one endpoint; a spread of them is tried.
    given
        What is settled already.

    Returns
    -------
    Proposal or None
        None when no line can be mapped in any way and no columns are given.
    """
    tried = _spread(lines)
    sample = [(line.capture_file, line.data) for line in tried]
    headers = not given.header or given.mapping.csv_header
    inputs = _choices([line.request for line in tried], given.mapping.inputs, headers=headers)
    outputs = _choices([line.response for line in tried], given.mapping.outputs, headers=headers)
    nothing = [_Choice()]
    best = _best(inputs or nothing, outputs or nothing, sample, given)
    if best is None and inputs and outputs and not given.mapping.inputs:
        best = _best(nothing, outputs, sample, given)
    if best is None and inputs and outputs and not given.mapping.outputs:
        best = _best(inputs, nothing, sample, given)
    if best is None and (given.mapping.inputs or given.mapping.outputs):
        return Proposal(given.mapping)
    return best


def _spread(lines: Sequence[ViewedLine]) -> list[ViewedLine]:
    """A bounded number of lines from the whole sample."""
    step = max(1, len(lines) // _MOST_LINES)
    kept: list[ViewedLine] = []
    size = 0
    for line in lines[::step][:_MOST_LINES]:
        size += len(line.data)
        if kept and size > _MOST_BYTES:
            break
        kept.append(line)
    return kept


def _choices(
    views: Sequence[PayloadView], columns: tuple[Column, ...], *, headers: bool
) -> list[_Choice]:
    """The shapes of a side, most frequent first; named ones of a kind are one."""
    counts: Counter[Shape] = Counter()
    ranks: dict[Shape, int] = {}
    fields: dict[Shape, dict[Field, None]] = {}
    for view in views:
        allowed = [shape for shape in view.shapes if headers or not shape.header]
        for rank, shape in enumerate(allowed):
            kind = dataclasses.replace(shape, fields=shape.fields[:0])
            counts[kind] += 1
            ranks[kind] = min(rank, ranks.get(kind, rank))
            fields.setdefault(kind, {}).update(dict.fromkeys(shape.fields))
    kinds = sorted(counts, key=lambda kind: (-counts[kind], ranks[kind]))[:_MOST_SHAPES]
    found = [
        _Choice(dataclasses.replace(kind, fields=tuple(fields[kind])), rank=ranks[kind])
        for kind in kinds
    ]
    if not columns:
        return found
    # The columns are settled; where the records lie may still be open.
    places = dict.fromkeys((choice.shape.path, choice.shape.header) for choice in found)
    shapes = [Shape(path=path, header=header) for path, header in ((None, False), *places)]
    return [_Choice(shape, columns, rank) for rank, shape in enumerate(dict.fromkeys(shapes))]


def _best(
    inputs: Sequence[_Choice],
    outputs: Sequence[_Choice],
    sample: Sequence[tuple[CaptureFile, bytes]],
    given: Given,
) -> Proposal | None:
    """The candidate that maps most lines; None when none maps any."""
    pairs = [(left, right) for left in inputs for right in outputs]
    pairs.sort(key=lambda pair: pair[0].rank + pair[1].rank)
    found: tuple[Trial, int, Proposal] | None = None
    for left, right in pairs:
        proposal = _proposal(left, right, given)
        mapping = proposal.mapping
        if not mapping.inputs and not mapping.outputs:
            continue
        trial, inferences = try_mapping(mapping, sample, strong=proposal.strong)
        # Without the other side's number of records, one record a call is the likelier reading.
        tie = 0 if mapping.inputs and mapping.outputs else -inferences
        if trial.mapped and (found is None or (trial, tie) > found[:2]):
            found = (trial, tie, proposal)
    return found[2] if found else None


def _proposal(left: _Choice, right: _Choice, given: Given) -> Proposal:
    settled = given.mapping
    taken = {name.lower() for name in settled.names}
    inputs = left.columns or _columns(left.shape, taken, inputs=True)
    outputs = right.columns or _columns(right.shape, taken, inputs=False)
    header = settled.csv_header if given.header else left.shape.header or right.shape.header
    texts = [column.name for column in outputs if right.shape.text and not right.columns]
    mapping = dataclasses.replace(
        settled,
        types={**dict.fromkeys(texts, DataType.STR), **settled.types},
        inputs=inputs,
        outputs=outputs,
        input_path=settled.input_path or left.shape.path,
        output_path=settled.output_path or right.shape.path,
        csv_header=header,
    )
    made_up = [
        column.name
        for choice, columns in ((left, inputs), (right, outputs))
        for column in columns
        if not (choice.columns or choice.shape.fields or choice.shape.text)
    ]
    return Proposal(mapping, tuple(made_up), strong=not (left.shape.weak or right.shape.weak))


def _columns(shape: Shape, taken: set[str], *, inputs: bool) -> tuple[Column, ...]:
    if shape.text:
        return name_columns([Field(("text" if inputs else "answer",))], taken, "text")
    if shape.fields:
        return name_columns(shape.fields, taken, "input" if inputs else "output")
    return name_positions(shape.width, taken, inputs=inputs)
