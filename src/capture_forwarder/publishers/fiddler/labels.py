"""Publish labels to Fiddler: they update the events of the same ids, and never make one.

Fiddler answers an update of an event that it does not have as it answers any other: nothing is
changed, and nobody is told. Source: fiddler-client 3.14.1, `Model.update_event`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.labels import latest_labels
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.fiddler.requests import (
    BYTES_A_REQUEST,
    ROWS_A_REQUEST,
    update_body,
)
from capture_forwarder.publishers.fiddler.schema import label_schema
from capture_forwarder.publishers.fiddler.sessions import FiddlerSessions
from capture_forwarder.publishers.http import RequestLimits

if TYPE_CHECKING:
    from capture_forwarder.core.ports import Clock, Secret, SignRequest

_SCHEMA_SECONDS = 900.0
_UPDATING = "update events"


class FiddlerLabelPublisher:
    """The labels of one Fiddler model.

    Parameters
    ----------
    url, token, model_id, timeout, clock, authorities, sign, limits
        See `FiddlerPublisher`.
    """

    def __init__(  # noqa: PLR0913 - what one model takes
        self,
        url: str,
        token: Secret,
        model_id: UUID,
        *,
        timeout: float,
        clock: Clock,
        authorities: str | None = None,
        sign: SignRequest | None = None,
        limits: RequestLimits | None = None,
    ) -> None:
        self._model_id = str(model_id)
        self._sessions = FiddlerSessions(
            url,
            token,
            self._model_id,
            timeout=timeout,
            authorities=authorities,
            sign=sign,
            method="PATCH",
            doing=_UPDATING,
        )
        self._clock = clock
        self._limits = limits or RequestLimits()
        self._schema: Schema | None = None
        self._schema_time = 0.0

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most that one request may hold; one at a time, so that the last label wins."""
        return self._limits.batch_limits(ROWS_A_REQUEST, BYTES_A_REQUEST, 1)

    def schema(self) -> Schema:
        """The model's targets and their types, read afresh every 15 minutes.

        Raises
        ------
        PublishError
            See `Publisher.publish`.
        """
        now = self._clock.monotonic()
        if self._schema is None or now - self._schema_time > _SCHEMA_SECONDS:
            self._schema = self._read_schema()
            self._schema_time = now
        return self._schema

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Update the events of one batch; see `Publisher.publish`.

        Of several labels of one event only the last is sent. A 2xx answer means that Fiddler has
        queued them, not that there are such events.
        """
        del deadline
        key = (self._schema or self.schema()).event_id_column or ""
        latest = latest_labels(batch)
        events = [{key: name, **labels} for name, labels in latest.rows.items()]
        body = update_body(self._model_id, events)
        self._limits.check(body, len(batch))
        self._sessions.send(body, len(events), batch.repeats)
        return latest.receipt({})

    def _read_schema(self) -> Schema:
        model = self._sessions.model()
        try:
            return label_schema(model)
        except ForwarderError:
            raise
        except Exception as error:
            raise self._sessions.foreign(error) from error
