"""A request or a response on its columns: every reading of it that may be meant, as rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import islice

import jmespath
from jmespath.exceptions import JMESPathError
from msgspec.structs import replace

from capture_forwarder.core.rejection import Reason
from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.bounds import MOST_READINGS
from capture_forwarder.parser.call import CapturedPayload
from capture_forwarder.parser.formats.csv_text import csv_readings, is_header, readings_below_header
from capture_forwarder.parser.formats.decode import Format, decode_payload
from capture_forwarder.parser.formats.events import are_events, joined, text_of
from capture_forwarder.parser.formats.json_text import NOTHING, JsonLines, is_failure
from capture_forwarder.parser.formats.npy import read_npy
from capture_forwarder.parser.formats.payload import (
    bracketed_readings,
    document_in,
    failed_call,
)
from capture_forwarder.parser.formats.plain_text import is_numeric
from capture_forwarder.parser.formats.reading import Reading
from capture_forwarder.parser.mapping.candidates import Candidate
from capture_forwarder.parser.mapping.hints import path_that_reads
from capture_forwarder.parser.mapping.nodes import levels, readings_of
from capture_forwarder.parser.mapping.plan import PayloadPlan
from capture_forwarder.parser.mapping.positional import positional_readings
from capture_forwarder.parser.mapping.records import RecordReader
from capture_forwarder.parser.rejected import RejectedError

_TEXTS = frozenset({DataType.STR, DataType.CATEGORY, DataType.TIMESTAMP})


class PayloadReader:
    """Reads the requests or the responses of a route by their columns.

    Names come before positions, and the outside of a document before what is in it: the columns
    are looked for by name level by level, and only where no level has any of them are values
    taken by position.

    Parameters
    ----------
    plan
        What is wanted.
    types
        Column name → type, where it is known.
    """

    def __init__(self, plan: PayloadPlan, types: Mapping[str, DataType]) -> None:
        self._plan = plan
        self._name = plan.name
        self._types = [types.get(column.name) for column in plan.columns]
        self._records = RecordReader(plan.name, plan.columns, self._types)
        keys = (key for column in plan.columns for key in (column.source, column.name) if key)
        self._keys = tuple(dict.fromkeys(keys))
        self._path_name = "output_path" if plan.answer else "input_path"
        self._one_text = len(plan.columns) == 1 and self._types[0] in _TEXTS
        self._no_texts = _TEXTS.isdisjoint(self._types)
        self._search = jmespath.compile(plan.path).search if plan.path else None

    def candidates(self, payload: CapturedPayload | None) -> list[Candidate]:
        """Read a payload in every way that may be meant.

        Raises
        ------
        RejectedError
            It is missing or cannot be decoded, or is the answer of a failed call.
        """
        if payload is None or payload.data is None:
            detail = f"The {self._name} was not captured, but columns are to be read from it."
            raise RejectedError(self._plan.missing, detail)
        if not payload.data:
            return [Candidate(0, [], text=True)]
        form, content = decode_payload(payload, self._name)
        if isinstance(content, bytes):
            return self._of_document(read_npy(content, self._name))
        if not content.strip():
            return [Candidate(0, [])]
        return self._of_text(form, content)

    def hint(self, payload: CapturedPayload | None, counts: Collection[int]) -> str:
        """Say what would make a rejected payload readable; nothing if that is not known.

        Parameters
        ----------
        payload
            A payload that has candidates, none of which will do.
        counts
            The numbers of records that the other payload can have; any if there are none.
        """
        if payload is None or not payload.data or self._search is not None:
            return ""
        form, content = decode_payload(payload, self._name)
        if isinstance(content, bytes) or not content.strip():
            return ""
        document = document_in(form, content)
        if document is not NOTHING and not isinstance(document, JsonLines):
            path = path_that_reads(document, self._of_document, counts, len(content))
            return f" Records are found with {self._setting(path)}." if path else ""
        headed = self._plan.header and form is Format.CSV and not self._plan.answer
        if headed and not readings_below_header(content, self._name, self._keys):
            return f" The {self._name} has no header: its first row names none of the columns."
        return ""

    def _of_text(self, form: Format, content: str) -> list[Candidate]:
        if form is Format.EVENTS or (form is not Format.CSV and are_events(content)):
            return self._of_events(joined(content, self._name))
        if form is Format.CSV:
            return self._of_csv(content)
        document = document_in(form, content)
        if document is NOTHING:
            if form in {Format.JSON, Format.JSON_LINES}:
                return list(map(self._bound, bracketed_readings(content, self._name)))
            return self._of_plain_text(form, content)
        if self._is_failure(document):
            raise failed_call(self._name)
        found = self._of_document(self._selected(document))
        if form is Format.TEXT and all(one.rows is None for one in found):
            return self._of_plain_text(form, content)
        return found

    def _of_events(self, document: dict[str, object]) -> list[Candidate]:
        """A stream is the answer it would be in one piece, or, to one column, its text."""
        named = self._by_name(self._selected(document))
        if named or len(self._types) > 1 or self._search is not None:
            return named or [self._bound(Reading([document]))]
        return [Candidate(1, [[text_of(document)]])]

    def _of_csv(self, content: str) -> list[Candidate]:
        document = document_in(Format.CSV, content)
        if isinstance(document, JsonLines) and not isinstance(document[0], dict):
            document = NOTHING
        found: list[Candidate] = []
        if document is not NOTHING:
            if self._is_failure(document):
                raise failed_call(self._name)
            document = self._selected(document)
            if named := self._by_name(document):
                return self._unless_by_position(named, document)
            found = self._by_position(document)
        plain = csv_readings(content, self._name, strict=document is not NOTHING)
        if not self._plan.header:
            if document is NOTHING and is_header(content, self._name, self._keys):
                raise self._header_as_record()
            return found + list(map(self._bound, plain))
        below = readings_below_header(content, self._name, self._keys)
        named = [one for read in below if (one := self._records.by_name(read)) is not None]
        empty = [Candidate(0, []) for read in below if not read.records]
        if (named or empty) and not self._plan.answer:
            return named + empty
        # A response may do without the header that the request has.
        doubt = bool(below)
        return [
            *named,
            *empty,
            *found,
            *(self._bound(replace(one, doubt=one.doubt + doubt)) for one in plain),
        ]

    def _header_as_record(self) -> RejectedError:
        detail = (
            f"The first row of the {self._name} is a header; set csv_header to present "
            "(FORWARDER_CSV_HEADER=present), so that it is no record."
        )
        return RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)

    def _of_plain_text(self, form: Format, content: str) -> list[Candidate]:
        """Text is one value, unless all of it is numbers; but what is no score is an error."""
        numeric = is_numeric(content)
        if self._plan.answer and not numeric and self._no_texts:
            raise failed_call(self._name)
        if (numeric and not self._one_text) or form is not Format.TEXT:
            found = self._of_csv(content)
        else:
            found = []
        if (
            form is Format.TEXT
            and len(self._types) == 1
            and (self._one_text or not self._plan.answer)
        ):
            # As one text it is one record; as numbers it may be several, if the count says so.
            found = [replace(one, doubt=one.doubt + 1) for one in found]
            found.insert(0, Candidate(1, [[content]]))
        if not found:
            unfit = f"the {self._name} is one text for {len(self._types)} column(s)"
            found = [Candidate(1, None, unfit=unfit)]
        return found

    def _setting(self, path: str) -> str:
        name = self._path_name
        return f"{name} = {path!r} (FORWARDER_{name.upper()})"

    def _is_failure(self, document: object) -> bool:
        return is_failure(document) and not self._records.names_in(document)

    def _of_document(self, document: object) -> list[Candidate]:
        if named := self._by_name(document):
            return self._unless_by_position(named, document)
        if isinstance(document, str) and self._one_text:
            return [Candidate(1, [[document]])]
        return self._by_position(document)

    def _by_position(self, document: object) -> list[Candidate]:
        """Take values by position in every way that there is.

        Raises
        ------
        RejectedError
            With `record-count-mismatch`: containers in containers make too many ways.
        """
        readings = list(islice(positional_readings(document), MOST_READINGS + 1))
        if len(readings) > MOST_READINGS:
            detail = (
                f"The {self._name} can be read in more than {MOST_READINGS} ways; select the "
                f"records by {self._path_name} (FORWARDER_{self._path_name.upper()})."
            )
            raise RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)
        return list(map(self._bound, readings))

    def _unless_by_position(self, named: list[Candidate], document: object) -> list[Candidate]:
        """Return the readings by name, unless only some names are there and positions fit, too.

        Raises
        ------
        RejectedError
            With `column-count-mismatch`: which of them is meant, nothing says.
        """
        if not named[0].missing:
            return named
        for reading in islice(positional_readings(document), MOST_READINGS):
            inside = reading.path and not reading.path.startswith("[")
            if inside and (bound := self._bound(reading)).rows and len(self._types) > 1:
                detail = (
                    f"The {self._name} has some of the columns' names, and under {bound.path} as "
                    f"many values as there are columns; {self._setting(bound.path)} takes those."
                )
                raise RejectedError(Reason.COLUMN_COUNT_MISMATCH, detail)
        return named

    def _by_name(self, document: object) -> list[Candidate]:
        """Find the outermost level that has the most of the columns by name."""
        best: list[Candidate] = []
        for level in levels(document):
            found = [
                candidate
                for node in level
                for reading in readings_of(node, self._records.sources, alone=self._plan.alone)
                if (candidate := self._records.by_name(reading)) is not None
                if node.known or not candidate.missing
            ]
            if not found:
                continue
            least = min(len(one.missing) for one in found)
            if not best or least < len(best[0].missing):
                best = [one for one in found if len(one.missing) == least]
            if not least:
                break
        return best

    def _bound(self, reading: Reading) -> Candidate:
        return self._records.bound(reading)

    def _selected(self, document: object) -> object:
        if self._search is None:
            return document
        selected = _searched(self._search, document)
        if selected is None and isinstance(document, JsonLines):
            each = [_searched(self._search, one) for one in document]
            selected = None if None in each else JsonLines(each)
        if selected is None:
            detail = f"The path {self._plan.path} selects nothing in the {self._name}."
            raise RejectedError(self._plan.missing, detail)
        return selected


def _searched(search: Callable[[object], object], document: object) -> object:
    try:
        return search(document)
    except (JMESPathError, ValueError, TypeError, AttributeError, RecursionError):
        return None
