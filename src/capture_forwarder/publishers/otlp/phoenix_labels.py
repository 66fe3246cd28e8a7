"""Publish labels to Phoenix: annotations of the spans that have the ids of the inferences.

Source of all protocol facts: Arize Phoenix 20.26, `api/routers/v1/spans.py` and `annotations.py`.
"""

from __future__ import annotations

import re
from http import HTTPStatus

import msgspec
import requests

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.labels import LatestLabels, latest_labels
from capture_forwarder.core.schema import Schema
from capture_forwarder.publishers.http import RequestLimits, Service
from capture_forwarder.publishers.otlp.attributes import as_json
from capture_forwarder.publishers.otlp.connection import OtlpConnection
from capture_forwarder.publishers.otlp.ids import span_id

IDENTIFIER = "capture-forwarder"
"""Phoenix replaces an annotation by one of the same name, span and identifier."""

_ROWS_A_REQUEST = 1000
_BYTES_A_REQUEST = 4 * 1024 * 1024
_ANNOTATING = "annotate spans"
_PATH = "/v1/span_annotations?sync=true"
_SPAN_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])")
_UNKNOWN = "Phoenix has no span of this inference."
_encode = msgspec.json.Encoder().encode


class _Answer(msgspec.Struct):
    data: list[msgspec.Raw]


_decode = msgspec.json.Decoder(_Answer).decode


class PhoenixLabelPublisher:
    """The annotations of spans in a Phoenix.

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
        """The most of one request; one at a time, so that the last label wins."""
        return self._limits.batch_limits(_ROWS_A_REQUEST, _BYTES_A_REQUEST, 1)

    def schema(self) -> Schema:
        """Nothing: an annotation has whatever name a label has."""
        return Schema()

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Annotate the spans of one batch; see `Publisher.publish`.

        Phoenix takes a request as a whole, and names the spans that it does not have: the others
        are sent again.
        """
        del deadline
        rows = len(batch)
        latest = latest_labels(batch)
        annotations = [
            _annotation(name, column, value)
            for name, labels in latest.rows.items()
            for column, value in labels.items()
        ]
        body = _encode({"data": annotations})
        self._limits.check(body, rows)
        headers = {"Content-Type": "application/json"}
        response = self._connection.send(
            "POST", _PATH, _ANNOTATING, body=body, headers=headers, rows=rows
        )
        if response.status_code == HTTPStatus.NOT_FOUND:
            return self._without_spans(response, latest, rows)
        if not HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            raise self._service.refusal(response.status_code, response, _ANNOTATING, rows)
        self._check(response, len(annotations))
        return latest.receipt({})

    def _without_spans(
        self, response: requests.Response, latest: LatestLabels, rows: int
    ) -> Receipt:
        named = set(_SPAN_ID.findall(response.text))
        known = {span_id(name).hex(): at for at, name in enumerate(latest.rows)}
        unknown = {at for identity, at in known.items() if identity in named}
        if not unknown:
            raise self._service.refusal(response.status_code, response, _ANNOTATING, rows)
        others = [at for at in range(len(latest.rows)) if at not in unknown]
        return latest.receipt(dict.fromkeys(sorted(unknown), _UNKNOWN), others)

    def _check(self, response: requests.Response, sent: int) -> None:
        try:
            stored = len(_decode(response.content).data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._service.foreign("answered with something that is not its own") from error
        if stored != sent:
            raise self._service.foreign(f"stored {stored} of {sent} annotation(s)")


def _annotation(name: str, column: str, value: object) -> dict[str, object]:
    return {
        "span_id": span_id(name).hex(),
        "name": column,
        "annotator_kind": "HUMAN",
        "result": _result(value),
        "identifier": IDENTIFIER,
        "metadata": {"inference_id": name},
    }


def _result(value: object) -> dict[str, object]:
    """A number is a score as well as a label; anything else is a label alone."""
    label = value if isinstance(value, str) else as_json(value)
    if isinstance(value, (int, float)):
        return {"label": label, "score": float(value)}
    return {"label": label}
