"""Publish labels to MLflow: assessments of the traces that have the ids of the inferences.

Source of all protocol facts: MLflow 3.17, `server/handlers.py`, `protos/assessments.proto` and
`store/tracking/sqlalchemy_store.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from http import HTTPStatus

import msgspec
import requests

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import BatchRefusedError, BatchTooLargeError
from capture_forwarder.core.labels import latest_labels
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.http import RequestLimits, Service
from capture_forwarder.publishers.otlp.attributes import as_json
from capture_forwarder.publishers.otlp.connection import OtlpConnection
from capture_forwarder.publishers.otlp.ids import trace_id

SOURCE = "capture-forwarder"
"""The source that tells these assessments from those of people and judges."""

# A label takes a request, and its trace one more: so many take a few seconds.
_ROWS_A_BATCH = 100
_BYTES_A_BATCH = 1024 * 1024
_TRACES = "/api/3.0/mlflow/traces"
_LOOKING = "read the assessments of a trace"
_ASSESSING = "assess a trace"
_NO_SUCH_RESOURCE = "RESOURCE_DOES_NOT_EXIST"
_LARGEST_WHOLE = 2**53
_encode = msgspec.json.Encoder().encode

_Value = str | bool | float


class _Source(msgspec.Struct):
    source_id: str = ""


class _Feedback(msgspec.Struct):
    value: object = None


class _Assessment(msgspec.Struct):
    assessment_id: str
    assessment_name: str = ""
    source: _Source = msgspec.field(default_factory=_Source)
    feedback: _Feedback | None = None


class _Assessed(msgspec.Struct):
    assessment: _Assessment


class _Info(msgspec.Struct):
    trace_id: str
    assessments: list[_Assessment] = []


class _Trace(msgspec.Struct):
    trace_info: _Info


class _Found(msgspec.Struct):
    trace: _Trace


class _Failure(msgspec.Struct):
    error_code: str = ""
    message: str = ""


_decode_assessed = msgspec.json.Decoder(_Assessed).decode
_decode_found = msgspec.json.Decoder(_Found).decode
_decode_failure = msgspec.json.Decoder(_Failure).decode


class _WithoutTraceError(Exception):
    """MLflow has no such trace; the text is its own."""


class MlflowLabelPublisher:
    """The assessments of traces in an MLflow.

    Each is made only where its trace has none yet, and else changed, since MLflow stores whatever
    is made as one more.

    Parameters
    ----------
    service, connection
        Its address, and what sends requests there.
    limits
        The most that one request may hold, in place of the usual limits.
    """

    def __init__(
        self, service: Service, connection: OtlpConnection, limits: RequestLimits | None = None
    ) -> None:
        self._service = service
        self._connection = connection
        self._limits = limits or RequestLimits()

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most of one batch; one at a time, so that the last label wins."""
        return self._limits.batch_limits(_ROWS_A_BATCH, _BYTES_A_BATCH, 1)

    def schema(self) -> Schema:
        """Nothing: an assessment has whatever name a label has."""
        return Schema()

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Assess the traces of one batch; see `Publisher.publish`.

        Labels whose trace is not there, or that MLflow refuses, are named, and the others stored.
        Where it refuses a label before it has taken one, this is an error; so is one that is too
        large, which has to go alone. What is stored by then is found again.
        """
        del deadline
        rows = len(batch)
        latest = latest_labels(batch)
        # Each request holds one label: the limit is kept by all of the batch together.
        self._limits.check(_encode(latest.rows), rows)
        refused: dict[int, str] = {}
        for at, (name, labels) in enumerate(latest.rows.items()):
            try:
                self._assess(name, labels, rows)
            except _WithoutTraceError as error:
                refused[at] = str(error)
            except BatchRefusedError as error:
                if at == len(refused) or isinstance(error, BatchTooLargeError):
                    raise
                refused[at] = error.platform_message
        return latest.receipt(refused)

    def _assess(self, name: str, labels: Mapping[str, object], rows: int) -> None:
        path = f"{_TRACES}/tr-{trace_id(name).hex()}"
        stored = self._stored(path)
        for column, label in labels.items():
            value = _value(label)
            ours = list(_ours(stored, name, column))
            for one in ours:
                if not _is(one, value):
                    change = {"assessment": _feedback(value), "update_mask": "feedback"}
                    place = f"{path}/assessments/{one.assessment_id}"
                    self._send("PATCH", place, change, rows)
            if not ours:
                made = {"assessment": _assessment(name, column, value)}
                self._send("POST", f"{path}/assessments", made, rows)

    def _stored(self, path: str) -> list[_Assessment]:
        response = self._connection.send("GET", path, _LOOKING)
        if response.status_code == HTTPStatus.NOT_FOUND:
            failure = _failure(response)
            if failure.error_code == _NO_SUCH_RESOURCE:
                words = f"MLflow has no trace of this inference: {failure.message}"
                raise _WithoutTraceError(words)
        if response.status_code != HTTPStatus.OK:
            raise self._service.refusal(response.status_code, response, _LOOKING)
        try:
            return _decode_found(response.content).trace.trace_info.assessments
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._service.foreign("answered with something that is not its own") from error

    def _send(self, method: str, path: str, content: object, rows: int) -> None:
        headers = {"Content-Type": "application/json"}
        response = self._connection.send(
            method, path, _ASSESSING, body=_encode(content), headers=headers, rows=rows
        )
        if response.status_code != HTTPStatus.OK:
            raise self._service.refusal(response.status_code, response, _ASSESSING, rows)
        try:
            _decode_assessed(response.content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._service.foreign("answered with something that is not its own") from error


def assessment_id(name: str, column: str) -> str:
    """The id of an inference's label, which MLflow takes and has only once.

    A label whose answer was lost, and that is sent again before the first one is stored, is
    therefore not stored twice.
    """
    digest = blake2b(as_json([name, column]).encode(), digest_size=16, person=b"cf-assessment")
    return f"a-{digest.hexdigest()}"


def _assessment(name: str, column: str, value: _Value) -> dict[str, object]:
    return {
        "assessment_id": assessment_id(name, column),
        "assessment_name": column,
        "source": {"source_type": "HUMAN", "source_id": SOURCE},
        **_feedback(value),
        "metadata": {"inference_id": name},
    }


def _feedback(value: _Value) -> dict[str, object]:
    return {"feedback": {"value": value}}


def _value(label: object) -> _Value:
    """MLflow stores numbers as floats; what they cannot hold, and structures, become text."""
    if isinstance(label, (str, bool, float)):
        return label
    if isinstance(label, int) and abs(label) <= _LARGEST_WHOLE:
        return float(label)
    return as_json(label)


def _ours(stored: list[_Assessment], name: str, column: str) -> Iterator[_Assessment]:
    """Find a label among the assessments of its trace, by its id or where MLflow chose another."""
    own = assessment_id(name, column)
    for one in stored:
        named = one.assessment_name == column and one.source.source_id == SOURCE
        if one.feedback is not None and (named or one.assessment_id == own):
            yield one


def _is(stored: _Assessment, value: _Value) -> bool:
    held = stored.feedback.value if stored.feedback is not None else None
    return type(held) is type(value) and held == value


def _failure(response: requests.Response) -> _Failure:
    try:
        return _decode_failure(response.content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Failure()
