"""Routes → the text of a routes file, with comments that say what to look at."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import yaml

from capture_forwarder.core.rejection import Rejection
from capture_forwarder.core.schema import DataType
from capture_forwarder.inspection import Inspection
from capture_forwarder.inspection.drafting.candidates import Candidate
from capture_forwarder.parser import Column, ColumnMapping, LineParser
from capture_forwarder.settings import PublisherName

_WIDTH = 92
_KNOWS_TYPES = frozenset({PublisherName.FIDDLER, PublisherName.ARTHUR, PublisherName.OPENSCALE})
_CONVERSATIONS = "Conversations with a language model are found without a mapping."
_AS_THEY_ARE = (
    "Arthur reads the captured lines as they are; it takes columns of both sides or none, and of "
    "these calls only one side can be read."
)


@dataclass(frozen=True)
class RouteDraft:
    """A route to be written.

    Parameters
    ----------
    candidate
        What the files ask for.
    publisher
        Where the rows go.
    settings
        The publisher's settings.
    mapping
        What a person has settled of the mapping, as it was written.
    """

    candidate: Candidate
    publisher: PublisherName
    settings: Mapping[str, str]
    mapping: Mapping[str, str]

    @property
    def notes(self) -> Sequence[str]:
        """What the reader should know of the mapping."""
        if self.publisher is PublisherName.OTLP:
            return [_CONVERSATIONS]
        if self._takes_whole_lines:
            return [_AS_THEY_ARE]
        return self.candidate.inspection.notes

    @cached_property
    def lines_read(self) -> int:
        """How many of the lines that were looked at the route reads as rows, or as empty.

        Types, which inspection finds out last, may decide how a line is read.
        """
        files = self.candidate.inspection.files
        if self.publisher is PublisherName.OTLP or self._takes_whole_lines:
            return sum(facts.mapped + facts.empty for facts in files)
        found = self.candidate.inspection.mapping or ColumnMapping()
        parser = LineParser(replace(found, types=self._types))
        return sum(
            not line.data.strip() or not (line.too_long or isinstance(parse(line.data), Rejection))
            for facts in files
            for parse in [parser.for_file(facts.sample.capture_file)]
            for line in facts.sample.lines
        )

    @property
    def _types(self) -> Mapping[str, DataType]:
        """The types that the route has, where the platform may have none."""
        if self.publisher in _KNOWS_TYPES:
            return (self.candidate.inspection.mapping or ColumnMapping()).types
        return self.candidate.inspection.types

    @property
    def _takes_whole_lines(self) -> bool:
        """Whether Arthur gets no columns, since it takes those of both sides or none."""
        found = self.candidate.inspection.mapping or ColumnMapping()
        return self.publisher is PublisherName.ARTHUR and not (found.inputs and found.outputs)

    def written(self) -> dict[str, Any]:
        """The route as a routes file has it."""
        match = {"match": dict(self.candidate.match)} if self.candidate.match else {}
        mapping = self._mapping()
        return {
            "name": self.candidate.name,
            **match,
            **({"mapping": mapping} if mapping else {}),
            "publisher": {"type": self.publisher.value, **self.settings},
        }

    def _mapping(self) -> dict[str, Any]:
        if self.publisher is PublisherName.OTLP or self._takes_whole_lines:
            return dict(self.mapping)
        found = self.candidate.inspection.mapping or ColumnMapping()
        written: dict[str, Any] = {
            "inputs": list(map(_entry, found.inputs)),
            "outputs": list(map(_entry, found.outputs)),
            "timestamp": found.timestamp,
            "event_id": found.event_id,
            "metadata": [f"{column.name}={column.source}" for column in found.metadata],
            "input_path": found.input_path,
            "output_path": found.output_path,
            "csv_header": "present" if found.csv_header else None,
            "types": {name: kind.value for name, kind in self._types.items()},
            "shadow": None if found.shadow else "exclude",
        }
        # What inspection has no say in stands as a person has written it.
        settled = {name: text for name, text in self.mapping.items() if name not in written}
        return {name: value for name, value in {**written, **settled}.items() if value}


def routes_text(drafts: Sequence[RouteDraft], place: str, file: str) -> str:
    """Write a routes file.

    Parameters
    ----------
    drafts
        Its routes, in order.
    place
        Where the capture files are that it was drafted from.
    file
        Its own path.
    """
    head = (
        "Which capture files go by which mapping to which platform.",
        f"Drafted from {place} by `capture-forwarder init`. docs/routes.md explains every key.",
        f"Whenever you change it: capture-forwarder routes check {file}",
    )
    lines = [*_comments(head), "routes:"]
    for number, draft in enumerate(drafts):
        lines += [""] * bool(number)
        lines += _indented(_route(draft), "  ")
    return "\n".join(lines) + "\n"


def _route(draft: RouteDraft) -> Iterator[str]:
    candidate = draft.candidate
    yield from _comments([f"{candidate.about}: {counted(candidate.inspection, draft.lines_read)}."])
    first = "- "
    for name, value in draft.written().items():
        comments = draft.notes if name == "mapping" else ()
        block = _dumped({name: value}, inner=name in {"mapping", "match"})
        block[1:1] = [f"  {line}" for line in _comments(comments)]
        for line in block:
            yield f"{first}{line}"
            first = "  "
    if "mapping" not in draft.written():
        yield from (f"  {line}" for line in _comments(draft.notes))


def counted(inspection: Inspection, read: int | None = None) -> str:
    """Say how much was looked at, and how much of it can be read; by inspection's own count."""
    lines = sum(facts.lines for facts in inspection.files)
    mapped = sum(facts.mapped + facts.empty for facts in inspection.files)
    mapped = mapped if read is None else read
    several = "s" if len(inspection.files) > 1 else ""
    return f"{mapped} of {lines} lines in {len(inspection.files)} file{several} can be read"


def _entry(column: Column) -> str:
    return f"{column.name}={column.source}" if column.source else column.name


def _dumped(value: object, *, inner: bool) -> list[str]:
    """Write YAML; `inner` has the innermost lists and mappings on a line of their own."""
    text: str = yaml.safe_dump(
        value,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None if inner else False,
        width=_WIDTH,
    )
    return text.rstrip("\n").split("\n")


def _indented(lines: Iterable[str], indent: str) -> Iterator[str]:
    return (f"{indent}{line}".rstrip() for line in lines)


def _comments(sentences: Iterable[str]) -> Iterator[str]:
    for sentence in sentences:
        plain = "".join(
            sign if sign.isprintable() else sign.encode("unicode_escape").decode()
            for sign in sentence
        )
        for line in textwrap.wrap(plain, _WIDTH, break_long_words=False, break_on_hyphens=False):
            yield f"# {line}"
