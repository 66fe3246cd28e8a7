"""Which captured values become which columns: the mapping, as a person writes it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Self, TypedDict, Unpack

import jmespath
import msgspec
from jmespath.exceptions import JMESPathError

from capture_forwarder.core.conversation import CONVERSATION_COLUMNS
from capture_forwarder.core.ports import Secret
from capture_forwarder.core.redaction import RedactionRule
from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.mapping.entries import entries_of

_HEADERS: dict[object, bool] = {False: False, True: True, "absent": False, "present": True}
_KEY_PART = re.compile(r"key\[(-?[0-9]{1,3})\]")


class MetadataField(StrEnum):
    """What a metadata column can be filled with."""

    ENDPOINT = "endpoint"
    VARIANT = "variant"
    CAPTURE_HOUR = "capture_hour"
    EVENT_ID = "event_id"
    INFERENCE_ID = "inference_id"
    ROW_INDEX = "row_index"
    CUSTOM_ATTRIBUTES = "custom_attributes"
    INVOCATION_SOURCE = "invocation_source"
    BUCKET = "bucket"
    KEY = "key"


class Column(msgspec.Struct, frozen=True):
    """A column and, where it differs, the name or JMESPath of its value inside one record.

    Only a source can be a path: a name is a key, whatever characters it has.
    """

    name: str
    source: str | None = None

    @property
    def key(self) -> str:
        """What a record is asked for: a key of it, or a path into it."""
        return self.source or self.name

    @property
    def is_path(self) -> bool:
        """Whether a path may lead to the value; else it stands under a key of the record."""
        return self.source is not None and not is_plain_name(self.source)


class MetadataColumn(msgspec.Struct, frozen=True):
    """A column that is filled from the call's metadata or the capture file's key.

    Of `key[-8]` the field is the key, and the part what stands between two slashes of it.
    """

    name: str
    field: MetadataField
    part: int | None = None

    @property
    def source(self) -> str:
        """The field as a person writes it."""
        return self.field.value if self.part is None else f"{self.field.value}[{self.part}]"


class MappingOptions(TypedDict, total=False):
    """The attributes of a mapping that are no lists; see `ColumnMapping`."""

    timestamp: str | None
    event_id: str | None
    input_path: str | None
    output_path: str | None
    csv_header: bool | Literal["absent", "present"]
    types: Mapping[str, str]
    shadow: bool


@dataclass(frozen=True)
class ColumnMapping:
    """How the lines of a route become rows.

    Parameters
    ----------
    inputs, outputs
        The columns of the request and of the response, in captured order. A side without
        columns is not read at all.
    timestamp, event_id
        Columns for the time and the id of the inference; None leaves them out.
    metadata
        Further columns.
    input_path, output_path
        JMESPath that selects the records inside a JSON document.
    csv_header
        Whether CSV payloads start with a header row.
    types
        Column name → type, for columns of which the platform's schema has none.
    shadow
        Whether calls of shadow variants are forwarded, too; left out they count as empty.
    conversations
        Whether rows are conversations with a language model, in place of columns of payloads.
    redact, redact_key
        What must not leave as it is, and the secret that hashes are made with.
    """

    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    timestamp: str | None = None
    event_id: str | None = None
    metadata: tuple[MetadataColumn, ...] = ()
    input_path: str | None = None
    output_path: str | None = None
    csv_header: bool = False
    types: Mapping[str, DataType] = field(default_factory=dict, hash=False)
    shadow: bool = True
    conversations: bool = False
    redact: tuple[RedactionRule, ...] = ()
    redact_key: Secret | None = field(default=None, compare=False)

    @classmethod
    def of(
        cls,
        inputs: Iterable[str] | str = (),
        outputs: Iterable[str] | str = (),
        metadata: Iterable[str] | str = (),
        **options: Unpack[MappingOptions],
    ) -> Self:
        """Make a mapping from lists of entries, or from the comma lists that settings take.

        Parameters
        ----------
        inputs, outputs
            Entries `column` or `column=source`.
        metadata
            Entries `column=field`; see `MetadataField`.
        options
            The further attributes of a mapping.

        Raises
        ------
        ValueError
            An entry cannot be read, a column stands twice, a type does not exist or is of no
            column, or the CSV header is neither a truth value, "absent" nor "present".
        """
        header = options.get("csv_header", False)
        if header not in _HEADERS:
            message = f'csv_header is {header!r}; it must be "absent" or "present"'
            raise ValueError(message)
        mapping = cls(
            parse_columns(comma_list(inputs)),
            parse_columns(comma_list(outputs)),
            options.get("timestamp"),
            options.get("event_id"),
            parse_metadata(comma_list(metadata)),
            options.get("input_path"),
            options.get("output_path"),
            csv_header=_HEADERS[header],
            types=parse_types(options.get("types", {})),
            shadow=options.get("shadow", True),
        )
        if repeated := mapping.duplicates():
            raise ValueError(f"these columns stand twice: {', '.join(repeated)}")
        if strange := mapping.types_of_no_column():
            message = f"these types are of no input or output column: {', '.join(strange)}"
            raise ValueError(message)
        return mapping

    @property
    def names(self) -> tuple[str, ...]:
        """All column names of a row, in order."""
        extra = [name for name in (self.timestamp, self.event_id) if name]
        sides = [column.name for column in (*self.inputs, *self.outputs)]
        sides += CONVERSATION_COLUMNS if self.conversations else ()
        return (*sides, *extra, *(column.name for column in self.metadata))

    def duplicates(self) -> list[str]:
        """Column names that stand more than once, which would overwrite each other."""
        names = self.names
        return sorted({name for name in names if names.count(name) > 1})

    def types_of_no_column(self) -> list[str]:
        """Names that have a type but are no column of the request or the response."""
        return sorted(set(self.types) - {column.name for column in (*self.inputs, *self.outputs)})


def parse_columns(text: str) -> tuple[Column, ...]:
    """Read a comma list of `column` or `column=source`; CSV quoting is allowed.

    Parameters
    ----------
    text
        For example `age, income, cluster=closest_cluster, "x=a[?b=='c,d'] | [0]"`.

    Raises
    ------
    ValueError
        An entry is empty or its source is neither a name nor JMESPath.
    """
    columns = []
    for entry in entries_of(text):
        name, equals, source = (part.strip() for part in entry.partition("="))
        if not name or (equals and not source):
            raise ValueError(f"entry {entry!r} must be `column` or `column=source`")
        column = Column(name, source or None)
        if column.is_path:
            check_path(source)
        columns.append(column)
    return tuple(columns)


def parse_metadata(text: str) -> tuple[MetadataColumn, ...]:
    """Read a comma list of `column=field`; see `MetadataField` for the fields.

    Raises
    ------
    ValueError
        An entry has no field, or one that does not exist.
    """
    fields = ", ".join((*MetadataField, "key[n]"))
    columns = []
    for entry in entries_of(text):
        name, _, written = (part.strip() for part in entry.partition("="))
        part = _KEY_PART.fullmatch(written)
        if not name or not (part or written in set(MetadataField)):
            raise ValueError(f"entry {entry!r} must be `column=field` with a field of: {fields}")
        if part:
            columns.append(MetadataColumn(name, MetadataField.KEY, int(part[1])))
        else:
            columns.append(MetadataColumn(name, MetadataField(written)))
    return tuple(columns)


def parse_types(written: Mapping[str, str] | str) -> dict[str, DataType]:
    """Read the types of columns: column name → type, or a comma list of `column=type`.

    Raises
    ------
    ValueError
        An entry has no type, or one that does not exist.
    """
    if isinstance(written, str):
        pairs = [entry.partition("=")[::2] for entry in entries_of(written)]
    else:
        pairs = list(written.items())
    types = {}
    for name, kind in pairs:
        try:
            types[name.strip()] = DataType(kind.strip())
        except ValueError:
            known = ", ".join(DataType)
            raise ValueError(
                f"the type of {name!r} is {kind!r}; it must be one of: {known}"
            ) from None
    return types


def check_path(path: str) -> str:
    """Return the path if it is JMESPath.

    Raises
    ------
    ValueError
        It is not; the message shows where.
    """
    try:
        jmespath.compile(path)
    except (JMESPathError, RecursionError) as error:
        first_line = str(error).splitlines()[0]
        message = (
            f"{path!r} is not JMESPath: {first_line.rstrip(':')}; "
            "in a path, a key with other characters than letters, digits and _ needs double quotes"
        )
        raise ValueError(message) from error
    return path


def is_plain_name(source: str) -> bool:
    """Whether a source can only mean a key of the record, not a path into it."""
    return not any(mark in source for mark in ".[]|{}()*?&@`'\"")


def comma_list(entries: Iterable[str] | str) -> str:
    """Write entries as the comma list that settings take; a text is one already."""
    if isinstance(entries, str):
        return entries
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(entries)
    return text.getvalue()
