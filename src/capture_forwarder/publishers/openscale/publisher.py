"""Publish rows to IBM Watson OpenScale, which is watsonx.governance today.

IBM's SDKs take 127 MB and do not try a 429 again, hence this thin client. Sources of all protocol
facts: ibm-watson-openscale 3.1.11 for v2, ibm-ai-openscale 2.2.1 for v1, and IBM's guide.
"""

from __future__ import annotations

import threading
from http import HTTPStatus

import requests

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import (
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
    SettingsError,
)
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.publishers.http import RequestLimits
from capture_forwarder.publishers.openscale.answers import (
    address_blocked,
    content_blocked,
    is_firewall,
    openscale_service,
)
from capture_forwarder.publishers.openscale.connection import OpenScaleConnection
from capture_forwarder.publishers.openscale.host import Host
from capture_forwarder.publishers.openscale.outcomes import Outcomes
from capture_forwarder.publishers.openscale.records import TIME
from capture_forwarder.publishers.openscale.requests import (
    DataSetRecords,
    Destination,
    ScoringPayloads,
)
from capture_forwarder.publishers.openscale.schema import (
    FEEDBACK,
    DataSet,
    DataSets,
    check,
    chosen,
    feedback_schema,
    schema_of,
)
from capture_forwarder.publishers.openscale.tokens import Tokens

BODY_BYTES = 900_000
"""The most that a request may hold: where IBM's SDK cuts, since no limit is published."""

_ROWS = 500
# Every record names its columns and has an id: a third of a request is for the values.
_VALUES_SHARE = 3
_SCHEMA_SECONDS = 900.0
_PUBLISHING = "publish records"
_FINDING = "find the data set"
_READING = "read the data set"


class OpenScalePublisher:
    """One subscription of an OpenScale.

    Parameters
    ----------
    host
        Where it answers.
    tokens
        Where tokens come from; asked for another once after a 401.
    destination
        What is written to, and by which version of the API.
    mapping
        Says which columns are inputs, outputs and metadata.
    clock
        Time, and the waiting for outcomes.
    limits
        The most that one request may hold, in place of the usual limits.

    Raises
    ------
    SettingsError
        The destination cannot take what the mapping gives, or is not known.
    """

    def __init__(  # noqa: PLR0913 - what one subscription takes
        self,
        host: Host,
        tokens: Tokens,
        destination: Destination,
        mapping: ColumnMapping,
        clock: Clock,
        *,
        limits: RequestLimits | None = None,
    ) -> None:
        if problems := destination.problems(mapping):
            raise SettingsError(problems)
        self._destination = destination
        self._clock = clock
        self._service = openscale_service(host.base, destination.ids)
        self._connection = OpenScaleConnection(host, self._service, tokens)
        self._outcomes = Outcomes(self._connection, self._service, clock)
        self._records = destination.encoder(mapping)
        self._columns = [column.name for column in (*mapping.inputs, *mapping.outputs)]
        given = limits or RequestLimits()
        self._most = RequestLimits(given.rows, given.body_bytes or BODY_BYTES)
        self._lock = threading.Lock()
        self._found: str | None = None
        self._schema: Schema | None = None
        self._schema_time = 0.0

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most of one batch, such that its request is seldom too large."""
        most = self._most.body_bytes or BODY_BYTES
        rows = max(1, min(_ROWS, most // 2 // self._records.overhead))
        return self._most.batch_limits(rows, most // _VALUES_SHARE)

    def schema(self) -> Schema:
        """The types that the data set gives to the columns, read afresh every 15 minutes.

        In v1 there are none. The time has a column; the id is sent apart from the columns.

        Raises
        ------
        PublishError
            See `Publisher.publish`.
        """
        labels = self._destination.kind == FEEDBACK
        if isinstance(self._destination, ScoringPayloads):
            return Schema(timestamp_column=None if labels else TIME)
        now = self._clock.monotonic()
        if self._schema is None or now - self._schema_time > _SCHEMA_SECONDS:
            try:
                data_set = self._read_data_set(self._destination)
            except PublisherMisconfiguredError:
                self._found = None  # it may be gone, and another in its place
                raise
            self._schema = (
                feedback_schema(data_set) if labels else schema_of(data_set, self._columns, TIME)
            )
            self._schema_time = now
        return self._schema

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Send one batch; see `Publisher.publish`.

        OpenScale stores a batch after it has accepted it. Where that is waited for, which is
        `OUTCOME_SECONDS` at most, a batch whose outcome stays open is sent again with the same
        ids.

        A batch that the web firewall blocks is refused if an empty one passes, so that a row
        that looks like an attack ends in quarantine and blocks nothing else. If that is blocked
        too, the function's address is, and no row is to blame.
        """
        rows = len(batch)
        body = self._records.body(batch.inferences)
        self._most.check(body, rows)
        destination = self._destination
        if isinstance(destination, ScoringPayloads):
            self._post(destination.payloads_path, body, rows, HTTPStatus.NO_CONTENT)
            return ACCEPTED
        data_set_id = self._data_set(destination)
        response = self._post(destination.records_path(data_set_id), body, rows)
        if destination.confirm:
            request_id = self._outcomes.request_id(response)
            self._outcomes.wait(destination.outcome_path(data_set_id, request_id), deadline)
        return ACCEPTED

    def _data_set(self, destination: DataSetRecords) -> str:
        """Return the data set's id, looked up once, and again when it is not known any more."""
        if destination.data_set_id:
            return destination.data_set_id
        with self._lock:
            if self._found is None:
                found = self._connection.get(destination.search_path, _FINDING, DataSets)
                subscription = destination.subscription_id or ""
                self._found = chosen(found.data_sets, destination.kind, subscription)
            return self._found

    def _read_data_set(self, destination: DataSetRecords) -> DataSet:
        path = destination.data_set_path(self._data_set(destination))
        data_set = self._connection.get(path, _READING, DataSet)
        check(data_set, destination.kind, destination.subscription_id)
        return data_set

    def _post(self, path: str, body: bytes, rows: int, *also: HTTPStatus) -> requests.Response:
        """Post a batch and make sure that the success is OpenScale's own.

        Something that answers in its place sends a page, or another status.
        """
        response = self._connection.send("POST", path, _PUBLISHING, body, rows)
        status = response.status_code
        if is_firewall(response):
            raise self._blocked(path, response)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            if status == HTTPStatus.NOT_FOUND:
                self._found = None
            raise self._service.refusal(status, response, _PUBLISHING, rows)
        page = "html" in response.headers.get("Content-Type", "").lower()
        if page or status not in {HTTPStatus.ACCEPTED, *also}:
            what = f"answered {status} with something that is not OpenScale's"
            raise self._service.foreign(what)
        return response

    def _blocked(self, path: str, response: requests.Response) -> PublishError:
        """Find out by an empty batch whether the firewall blocks this batch or all of them."""
        probe = self._connection.send("POST", path, _PUBLISHING, b"[]")
        if is_firewall(probe):
            return address_blocked(self._service, _PUBLISHING)
        error = self._service.refusal(probe.status_code, probe, _PUBLISHING)
        if isinstance(error, PlatformUnavailableError):
            return error
        return content_blocked(self._service, response)
