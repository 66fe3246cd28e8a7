"""One route at work: its objects to its platform, by its mapping compiled once."""

from __future__ import annotations

import dataclasses
import threading

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    ForwarderError,
    OutOfTimeError,
    PublisherMisconfiguredError,
    UnexpectedError,
)
from capture_forwarder.core.ports import Reporter
from capture_forwarder.core.report import FileReport
from capture_forwarder.core.schema import Schema
from capture_forwarder.forwarding.options import Invocation, Ports, RouteOptions
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.forwarding.retry import Retrier
from capture_forwarder.parser import RouteParser, compile_mapping
from capture_forwarder.parser.mapping.columns import ColumnMapping

_SETTING_UP_SECONDS = 10.0


class Route:
    """Forwards objects on one route; made once and used for many.

    Parameters
    ----------
    mapping
        Which captured values become which columns.
    options
        How objects are forwarded; names the route.
    ports
        The store, the route's publisher, the quarantine, ledger and clock.
    reporter
        Who is told of this route's work.
    """

    def __init__(
        self, mapping: ColumnMapping, options: RouteOptions, ports: Ports, reporter: Reporter
    ) -> None:
        self._mapping = mapping
        self._options = options
        self._ports = ports
        self._lock = threading.Lock()
        self._compiled: tuple[Schema, RouteParser] | None = None
        self.reporter = reporter

    @property
    def name(self) -> str:
        """The route's name."""
        return self._options.route

    def forward(self, capture_file: CaptureFile, invocation: Invocation) -> FileReport:
        """Forward one object.

        Raises
        ------
        ForwarderError
            It was not forwarded to its end; see `forward_file`.
        """
        parser = self._parser(invocation.deadline)
        report = forward_file(capture_file, parser, self._ports, self._options, invocation)
        self.reporter.forwarded(capture_file, report)
        return report

    def attempt(self, capture_file: CaptureFile, invocation: Invocation) -> ForwarderError | None:
        """Forward one object and tell of its failure, but not that its time was up.

        A fault that nobody expected fails this object on this route alone.
        """
        try:
            self.forward(capture_file, invocation)
        except OutOfTimeError as error:
            return error
        except ForwarderError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - ends as a failure, never as a success
            failure = UnexpectedError(str(capture_file), error)
        else:
            return None
        self.reporter.failed(str(capture_file), failure)
        return failure

    def _parser(self, deadline: float | None) -> RouteParser:
        """Compile the mapping, again when the platform's schema has changed."""
        seconds = min(_SETTING_UP_SECONDS, self._options.retry_seconds)
        retrier = Retrier(self._ports.clock, seconds)
        with self._lock:
            schema = retrier.call(self._ports.publisher.schema, deadline)
            if self._compiled is None or self._compiled[0] != schema:
                mapping = complete(self._mapping, schema)
                check_columns(mapping, schema)
                missing = sorted(set(schema.required) - set(mapping.names))
                if missing:
                    self.reporter.warn("model columns that no setting fills", columns=missing)
                as_json = self._ports.publisher.takes_json
                self._compiled = (schema, compile_mapping(mapping, schema, as_json=as_json))
            return self._compiled[1]


def complete(mapping: ColumnMapping, schema: Schema) -> ColumnMapping:
    """Fill the id and time columns that the settings leave open with the platform's own."""
    names = set(mapping.names)
    event_id, timestamp = mapping.event_id, mapping.timestamp
    if event_id is None and schema.event_id_column not in names:
        event_id = schema.event_id_column
    if timestamp is None and schema.timestamp_column not in names:
        timestamp = schema.timestamp_column
    return dataclasses.replace(mapping, event_id=event_id, timestamp=timestamp)


def check_columns(mapping: ColumnMapping, schema: Schema) -> None:
    """Make sure that the platform knows every column that will be sent.

    Raises
    ------
    PublisherMisconfiguredError
        It does not; names the columns.
    """
    own = {schema.event_id_column, schema.timestamp_column}
    unknown = [name for name in mapping.names if name not in schema.types and name not in own]
    if schema.types and unknown and not schema.takes_others:
        message = f"The model's schema has no column {', '.join(map(repr, unknown))}."
        advice = f"Its columns are: {', '.join(schema.types)}. Correct the column settings."
        raise PublisherMisconfiguredError(message, advice)
