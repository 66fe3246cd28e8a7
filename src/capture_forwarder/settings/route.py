"""A route: which capture files go by which mapping to which publisher."""

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import ConfigDict, Field

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.parser import (
    ColumnMapping,
    comma_list,
    parse_columns,
    parse_metadata,
    parse_types,
)
from capture_forwarder.settings.base import Model, Text
from capture_forwarder.settings.entries import (
    Columns,
    Metadata,
    Path,
    Redaction,
    Types,
    redaction_of,
)
from capture_forwarder.settings.labels import LabelSettings
from capture_forwarder.settings.names import ONLY_ROUTE
from capture_forwarder.settings.otlp import OtlpSettings
from capture_forwarder.settings.publishers import AnyPublisher, FilesSettings, PublisherName

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
"""How a route may be called."""


class Match(Model):
    """Which capture files a route is for: those that match everything given here.

    A pattern's `*` stands for any text, slashes too, `?` for one character and `[abc]` for one
    of several; upper and lower case differ.
    """

    bucket: Text | None = Field(None, description="pattern of the bucket's name")
    prefix: Text | None = Field(None, description="how the key begins; no pattern")
    key: Text | None = Field(None, description="pattern of the whole key")
    endpoint: Text | None = Field(None, description="pattern of the endpoint's name")
    variant: Text | None = Field(None, description="pattern of the production variant's name")

    def misses(self, capture_file: CaptureFile) -> list[str]:
        """Say what keeps a capture file from this route; nothing if it matches."""
        found = []
        if self.prefix is not None and not capture_file.key.startswith(self.prefix):
            found.append(f"the key does not begin with {self.prefix!r}")
        for name, pattern, value in (
            ("bucket", self.bucket, capture_file.bucket),
            ("key", self.key, capture_file.key),
            ("endpoint", self.endpoint, capture_file.endpoint),
            ("variant", self.variant, capture_file.variant),
        ):
            if pattern is None:
                continue
            if value is None:
                found.append(f"the key names no {name}, as {pattern!r} asks for")
            elif not fnmatchcase(value, pattern):
                found.append(f"the {name} is {value!r}, not {pattern!r}")
        return found


class MappingSettings(Model):
    """Which captured values become which columns.

    Lists are written as such or as one text with commas; an entry is `column` or `column=source`.
    """

    inputs: Columns = Field((), description="the request's columns, in captured order")
    outputs: Columns = Field((), description="the response's columns, in captured order")
    timestamp: Text | None = Field(None, description="column for the time of the call")
    event_id: Text | None = Field(None, description="column for the id of the inference")
    metadata: Metadata = Field((), description="further columns, as column=field")
    input_path: Path | None = Field(None, description="JMESPath of a JSON request's records")
    output_path: Path | None = Field(None, description="JMESPath of a JSON response's records")
    csv_header: Literal["absent", "present"] = Field(
        "absent", description="whether CSV begins with a header row"
    )
    types: Types = Field(
        (), description="types of columns, as column: type, where the platform's schema has none"
    )
    shadow: Literal["include", "exclude"] = Field(
        "include", description="whether calls of shadow variants are forwarded"
    )
    redact: Redaction = Field(
        (), description="what must not leave as it is, as column: drop, hash or patterns"
    )
    max_cast_failures: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of the rows in which a column may fail its type, or the file is held",
    )
    max_refused: float = Field(
        0.25,
        ge=0,
        le=1,
        description="share of the rows that the platform may refuse, or the file is held",
    )

    @property
    def columns(self) -> ColumnMapping:
        """The mapping that these settings describe."""
        return ColumnMapping(
            inputs=parse_columns(comma_list(self.inputs)),
            outputs=parse_columns(comma_list(self.outputs)),
            timestamp=self.timestamp,
            event_id=self.event_id,
            metadata=parse_metadata(comma_list(self.metadata)),
            input_path=self.input_path,
            output_path=self.output_path,
            csv_header=self.csv_header == "present",
            types=parse_types(comma_list(self.types)),
            shadow=self.shadow == "include",
            redact=redaction_of(self.redact),
        )


class RouteSettings(Model):
    """Which capture files, or files of labels, go by which mapping to which publisher."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: str = Field(
        ONLY_ROUTE,
        pattern=f"^{NAME.pattern}$",
        description="the route's name in ledger, quarantine, logs and metrics; keep it",
    )
    match: Match = Match()
    goes_on: bool = Field(
        False,  # noqa: FBT003
        alias="continue",
        description="whether the routes below are tried too when this one matches",
    )
    mapping: MappingSettings = MappingSettings()
    labels: LabelSettings | None = Field(
        None, description="where labels (ground truth) are; in place of a mapping"
    )
    publisher: AnyPublisher

    @property
    def columns(self) -> ColumnMapping:
        """The mapping, by which a publisher of traces gets conversations."""
        conversations = isinstance(self.publisher, OtlpSettings)
        return replace(self.mapping.columns, conversations=conversations)

    @property
    def delay_seconds(self) -> int:
        """How long a new file waits in the function's queue before it is read."""
        return self.labels.delay if self.labels else 0

    @property
    def publisher_name(self) -> PublisherName:
        """Which publisher the rows go to."""
        return PublisherName(self.publisher.type)

    @property
    def output(self) -> str | None:
        """The address that the publisher writes files to, if it does."""
        return self.publisher.place if isinstance(self.publisher, FilesSettings) else None

    def misses(self, capture_file: CaptureFile) -> list[str]:
        """Say what keeps a capture file from this route; nothing if it matches."""
        return self.match.misses(capture_file)


class RoutesDocument(Model):
    """A routes file: a capture file takes the first route that matches, or several in a row."""

    routes: tuple[RouteSettings, ...] = Field(min_length=1, description="in order")
