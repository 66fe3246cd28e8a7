"""Publish labels to Arthur Scope: ground truth for the inferences of the same partner ids.

Source of all protocol facts: arthur-client 1.4.0, which is generated from Arthur's OpenAPI.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote

import msgspec

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import BatchRefusedError, PlatformUnavailableError
from capture_forwarder.core.inference import Row
from capture_forwarder.core.iso_time import parse_iso_time
from capture_forwarder.core.labels import LatestLabels, latest_labels
from capture_forwarder.core.ports import Clock, Secret
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.arthur.answers import (
    arthur_service,
    check_answered,
    has_failed,
    may_pass_later,
    words_of,
)
from capture_forwarder.publishers.arthur.connection import ArthurConnection
from capture_forwarder.publishers.http import (
    HttpClient,
    RequestLimits,
    Service,
    retry_after,
)

LABEL_TIME = "ground_truth_timestamp"
"""The column with the time of a label, and Arthur's own name of it."""

_ROWS_A_REQUEST = 10_000
_BYTES_A_REQUEST = 4 * 1024 * 1024
_UPDATING = "update ground truth"
_encode = msgspec.json.Encoder().encode


class _Result(msgspec.Struct, frozen=True):
    status: int
    message: object = ""


class _Answer(msgspec.Struct, frozen=True):
    results: list[_Result]


_decode = msgspec.json.Decoder(_Answer, strict=False).decode


class ArthurLabelPublisher:
    """The ground truth of one model of an Arthur.

    Parameters
    ----------
    host, token, model_id, timeout, organization_id, authorities, limits
        See `ArthurPublisher`.
    clock
        Tells the time of labels that have none, as Arthur's own client does.
    """

    def __init__(  # noqa: PLR0913 - what one model takes
        self,
        host: str,
        token: Secret,
        model_id: str,
        *,
        timeout: float,
        clock: Clock,
        organization_id: str | None = None,
        authorities: str | None = None,
        limits: RequestLimits | None = None,
    ) -> None:
        self._service = arthur_service(host.rstrip("/"), model_id)
        client = HttpClient(self._service, timeout, authorities)
        self._connection = ArthurConnection(client, token, organization_id)
        self._path = f"/api/v3/models/{quote(model_id, safe='')}/inferences"
        self._clock = clock
        self._limits = limits or RequestLimits()

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most of one request; one at a time, so that the last label wins."""
        return self._limits.batch_limits(_ROWS_A_REQUEST, _BYTES_A_REQUEST, 1)

    def schema(self) -> Schema:
        """No types, but a column for the time of a label."""
        return Schema(timestamp_column=LABEL_TIME)

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Update the ground truth of one batch; see `Publisher.publish`.

        Of several labels of one inference only the last is sent.
        """
        del deadline
        latest = latest_labels(batch)
        now = self._clock.now().astimezone(UTC)
        body = _encode([_update(name, labels, now) for name, labels in latest.rows.items()])
        rows = len(batch)
        self._limits.check(body, rows)
        response = self._connection.send(
            "PATCH", self._path, _UPDATING, body, "application/json", rows
        )
        check_answered(response, self._service, _UPDATING, rows)
        return read_results(response.content, latest, self._service, retry_after(response))


def read_results(
    body: bytes, latest: LatestLabels, service: Service, wait: float | None = None
) -> Receipt:
    """Read an answer, which has a result for each label, in the order in which they were sent.

    Parameters
    ----------
    body
        The answer.
    latest
        What was sent.
    service
        Where to.
    wait
        How many seconds it asks to wait.

    Raises
    ------
    PlatformUnavailableError
        The answer is not Arthur's, or does not have as many results.
    BatchRefusedError
        Nor does it, and all that it tells of are refusals.
    """
    try:
        results = _decode(body).results
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise service.foreign("answered with something that is not Arthur's") from error
    if len(results) != len(latest.rows):
        raise _untold(results, len(latest.rows), service)
    failed = {index: one for index, one in enumerate(results) if not _is_success(one)}
    again = [index for index, one in failed.items() if may_pass_later(one.status)]
    refused = {index: _said(one) for index, one in failed.items() if not may_pass_later(one.status)}
    at = {index: _said(one) for index, one in failed.items() if has_failed(one.status)}
    return latest.receipt(refused, again, wait if again else None, at)


def _update(name: str, labels: Mapping[str, object], now: datetime) -> Row:
    data = {column: value for column, value in labels.items() if column != LABEL_TIME}
    time = _utc(labels.get(LABEL_TIME), now)
    return {"partner_inference_id": name, LABEL_TIME: time, "ground_truth_data": data}


def _utc(time: object, now: datetime) -> object:
    """A time in UTC; what is none goes as it stands, for Arthur to say so."""
    if time is None:
        return now.isoformat()
    try:
        then = parse_iso_time(str(time))
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return time


def _is_success(result: _Result) -> bool:
    return HTTPStatus.OK <= result.status < HTTPStatus.MULTIPLE_CHOICES


def _said(result: _Result) -> str:
    return words_of(result.status, result.message)


def _untold(
    results: list[_Result], sent: int, service: Service
) -> BatchRefusedError | PlatformUnavailableError:
    message = f"Arthur at {service.url} does not tell what became of each of {sent} label(s)."
    refusals = [one for one in results if not _is_success(one) and not may_pass_later(one.status)]
    if refusals and len(refusals) == len(results) and sent > 1:
        advice = "They are sent in smaller pieces, with the same ids."
        return BatchRefusedError(message, advice, platform_message=_said(refusals[0]))
    return PlatformUnavailableError(message, "They are sent again with the same ids.")
