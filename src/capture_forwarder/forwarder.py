"""An event from first look to answer: deliveries, their objects, their outcomes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping as Event
from dataclasses import dataclass

from capture_forwarder.columns import ColumnMapping
from capture_forwarder.errors import (
    ForwarderError,
    PublisherMisconfiguredError,
    UnexpectedError,
    UnknownEventError,
)
from capture_forwarder.model import CaptureObject, ObjectReport, Schema
from capture_forwarder.parser import LineParser
from capture_forwarder.pipeline import Ports, forward_object
from capture_forwarder.ports import Reporter
from capture_forwarder.triggers import Delivery, answer, read_event


@dataclass(frozen=True)
class Route:
    """Which mapping the objects go by, and under which name they are reported."""

    name: str
    mapping: ColumnMapping
    max_line_bytes: int


class Forwarder:
    """Forwards what events announce; made once and used for many events.

    Parameters
    ----------
    route
        The route that every object takes.
    ports
        The store, publisher, quarantine and clock.
    reporter
        Where logs and metrics go.
    """

    def __init__(self, route: Route, ports: Ports, reporter: Reporter) -> None:
        self._route = route
        self._ports = ports
        self._reporter = reporter
        self._compiled: tuple[Schema, LineParser] | None = None

    def handle(self, event: object) -> dict[str, object]:
        """Forward every object of an event and answer its source.

        Raises
        ------
        UnknownEventError
            The event has no known shape.
        ObjectsFailedError
            Something failed and the source understands only an error.
        """
        trigger = read_event(event)
        if not isinstance(event, Event):
            message = "The event is no JSON object."
            raise UnknownEventError(message)
        failures: dict[str, ForwarderError] = {}
        for delivery in trigger.deliveries:
            try:
                self._deliver(delivery)
            except ForwarderError as error:
                failures[delivery.id] = error
        return answer(trigger, event, failures)

    def forward(self, source: CaptureObject) -> ObjectReport:
        """Forward one object.

        Raises
        ------
        ForwarderError
            It was not forwarded to its end; see `forward_object`.
        """
        parser = self._parser()
        report = forward_object(
            source,
            parser,
            self._ports,
            route=self._route.name,
            max_line_bytes=self._route.max_line_bytes,
        )
        self._reporter.forwarded(source, report)
        return report

    def _deliver(self, delivery: Delivery) -> None:
        """Forward all objects of a delivery, the others also when one fails."""
        if delivery.problem:
            problem = UnknownEventError(delivery.problem)
            self._reporter.failed(f"message {delivery.id}", problem)
            raise problem
        first_error: ForwarderError | None = None
        quarantine = self._ports.quarantine
        for source in delivery.objects:
            if quarantine is not None and quarantine.holds(source):
                self._reporter.skipped(source, "quarantine is never taken as input")
                continue
            error = self._try(source)
            if error is not None:
                self._reporter.failed(str(source), error)
                first_error = first_error or error
        if first_error is not None:
            raise first_error

    def _try(self, source: CaptureObject) -> ForwarderError | None:
        """Forward an object; a fault that nobody expected fails it alone, not its neighbours."""
        try:
            self.forward(source)
        except ForwarderError as error:
            return error
        except Exception as error:  # noqa: BLE001 - ends as a failure, never as a success
            return UnexpectedError(str(source), error)
        return None

    def _parser(self) -> LineParser:
        """Compile the mapping, again when the platform's schema has changed."""
        schema = self._ports.publisher.schema()
        if self._compiled is None or self._compiled[0] != schema:
            mapping = complete(self._route.mapping, schema)
            check_columns(mapping, schema)
            missing = sorted(set(schema.required) - set(mapping.names))
            if missing:
                self._reporter.warn("model columns that no setting fills", columns=missing)
            self._compiled = (schema, LineParser(mapping, schema))
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
    if schema.types and unknown:
        message = f"The model's schema has no column {', '.join(map(repr, unknown))}."
        advice = f"Its columns are: {', '.join(schema.types)}. Correct the column settings."
        raise PublisherMisconfiguredError(message, advice)
