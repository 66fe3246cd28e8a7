"""An event from first look to answer: deliveries, their objects, their outcomes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from capture_forwarder.columns import ColumnMapping
from capture_forwarder.errors import (
    ForwarderError,
    OutOfTimeError,
    PublisherMisconfiguredError,
    PublishError,
    UnexpectedError,
    UnknownEventError,
)
from capture_forwarder.model import CaptureObject, ObjectReport, Schema
from capture_forwarder.parser import LineParser
from capture_forwarder.pipeline import forward_object
from capture_forwarder.ports import Continuations, Reporter
from capture_forwarder.retry import Retrier
from capture_forwarder.terms import Invocation, Ports, Terms
from capture_forwarder.triggers import Delivery, answer, read_event

_MOST_HOPS = 100
_SETTING_UP_SECONDS = 10.0


@dataclass(frozen=True)
class Route:
    """Which mapping the objects go by, and how they are forwarded."""

    mapping: ColumnMapping
    terms: Terms


class Forwarder:
    """Forwards what events announce; made once and used for many events.

    Parameters
    ----------
    route
        The route that every object takes.
    ports
        The store, publisher, quarantine, ledger and clock.
    reporter
        Where logs and metrics go.
    continuations
        The queue that takes objects whose time is up; without one, or without a ledger, such an
        object fails and comes again.
    """

    def __init__(
        self,
        route: Route,
        ports: Ports,
        reporter: Reporter,
        continuations: Continuations | None = None,
    ) -> None:
        self._route = route
        self._ports = ports
        self._reporter = reporter
        self._continuations = continuations if ports.ledger else None
        self._compiled: tuple[Schema, LineParser] | None = None

    def handle(
        self, event: object, *, owner: str = "", seconds_left: float | None = None
    ) -> dict[str, object]:
        """Forward every object of an event and answer its source.

        Parameters
        ----------
        event
            The event, decoded.
        owner
            Names this invocation in the ledger.
        seconds_left
            How long it may take; None for as long as it takes.

        Raises
        ------
        UnknownEventError
            The event has no known shape.
        ObjectsFailedError
            Something failed and the source understands only an error.
        """
        trigger = read_event(event)
        if not isinstance(event, Mapping):
            message = "The event is no JSON object."
            raise UnknownEventError(message)
        now = self._ports.clock.monotonic()
        invocation = Invocation(owner, None if seconds_left is None else now + seconds_left)
        failures: dict[str, ForwarderError] = {}
        down: ForwarderError | None = None
        for delivery in trigger.deliveries:
            error = self._deliver(delivery, invocation, down)
            if error is not None:
                failures[delivery.id] = error
                down = down or (error if _concerns_all(error) else None)
        return answer(trigger, event, failures)

    def forward(self, source: CaptureObject, invocation: Invocation | None = None) -> ObjectReport:
        """Forward one object; without an invocation, in one of its own without a deadline.

        Raises
        ------
        ForwarderError
            It was not forwarded to its end; see `forward_object`.
        """
        invocation = invocation or Invocation(str(uuid4()))
        parser = self._parser(invocation.deadline)
        report = forward_object(source, parser, self._ports, self._route.terms, invocation)
        self._reporter.forwarded(source, report)
        return report

    def _deliver(
        self, delivery: Delivery, invocation: Invocation, down: ForwarderError | None
    ) -> ForwarderError | None:
        """Forward all objects of a delivery, the others also when one fails.

        Returns
        -------
        ForwarderError or None
            The first error; `down` untried, if the platform has already been found down.
        """
        if delivery.problem:
            problem = UnknownEventError(delivery.problem)
            self._reporter.failed(f"message {delivery.id}", problem)
            return problem
        first_error: ForwarderError | None = None
        quarantine = self._ports.quarantine
        for source in delivery.objects:
            if quarantine is not None and quarantine.holds(source):
                self._reporter.skipped(source, "quarantine is never taken as input")
                continue
            error = down or self._try(source, invocation, delivery.hops)
            if error is not None:
                self._reporter.failed(str(source), error)
                first_error = first_error or error
                down = down or (error if _concerns_all(error) else None)
        return first_error

    def _try(
        self, source: CaptureObject, invocation: Invocation, hops: int
    ) -> ForwarderError | None:
        """Forward an object; a fault that nobody expected fails it alone, not its neighbours."""
        try:
            self.forward(source, invocation)
        except OutOfTimeError as error:
            return self._hand_on(source, hops, error)
        except ForwarderError as error:
            return error
        except Exception as error:  # noqa: BLE001 - ends as a failure, never as a success
            return UnexpectedError(str(source), error)
        return None

    def _hand_on(
        self, source: CaptureObject, hops: int, error: OutOfTimeError
    ) -> ForwarderError | None:
        """Have a later invocation go on at the saved place."""
        if self._continuations is None or hops >= _MOST_HOPS:
            return error
        try:
            self._continuations.send(source, hops + 1)
        except ForwarderError as failure:
            return failure
        self._reporter.continued(source, hops + 1, error.report)
        return None

    def _parser(self, deadline: float | None) -> LineParser:
        """Compile the mapping, again when the platform's schema has changed."""
        seconds = min(_SETTING_UP_SECONDS, self._route.terms.retry_seconds)
        retrier = Retrier(self._ports.clock, seconds)
        schema = retrier.call(self._ports.publisher.schema, deadline)
        if self._compiled is None or self._compiled[0] != schema:
            mapping = complete(self._route.mapping, schema)
            check_columns(mapping, schema)
            missing = sorted(set(schema.required) - set(mapping.names))
            if missing:
                self._reporter.warn("model columns that no setting fills", columns=missing)
            self._compiled = (schema, LineParser(mapping, schema))
        return self._compiled[1]


def _concerns_all(error: ForwarderError) -> bool:
    """Whether the platform as a whole is to blame, so that nothing else need be tried on it."""
    return isinstance(error, PublishError)


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
