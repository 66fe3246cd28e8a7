"""Publish captured lines to Arthur Scope by the data-capture endpoint of its v3 API.

Today's Arthur platform has no such endpoint. Sources of all protocol facts: Arthur's guide to
SageMaker Data Capture, and arthur-client 1.4.0, which is generated from Arthur's OpenAPI.
"""

from __future__ import annotations

from urllib.parse import quote

from urllib3.filepost import encode_multipart_formdata

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.ports import Secret
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.publishers.arthur.answers import (
    arthur_service,
    check_answered,
    read_receipt,
)
from capture_forwarder.publishers.arthur.connection import PUBLISHING, ArthurConnection
from capture_forwarder.publishers.arthur.requests import LineWriter
from capture_forwarder.publishers.http import HttpClient, RequestLimits, retry_after

# arthur-client's examples go to 100,000 inferences and 4 GiB a request; these bound our memory,
# and how much is sent again when an answer is lost.
_ROWS_A_REQUEST = 10_000
_BYTES_A_REQUEST = 4 * 1024 * 1024
_REQUESTS = 8


class ArthurPublisher:
    """One model of an Arthur.

    Parameters
    ----------
    host
        Scheme and host, with or without a slash at the end.
    token
        The access token; read again once when Arthur answers 401.
    model_id
        The model's id.
    timeout
        Seconds to wait for an answer.
    mapping
        The columns of the route's inferences: of both sides, or of none when they are the
        records of a call, whole.
    organization_id
        The organisation to act for, where the token belongs to several.
    authorities
        A file or folder of certificate authorities to trust in place of the usual ones.
    limits
        The most that one request may hold, in place of the usual limits.
    """

    def __init__(  # noqa: PLR0913 - what one model takes
        self,
        host: str,
        token: Secret,
        model_id: str,
        *,
        timeout: float,
        mapping: ColumnMapping,
        organization_id: str | None = None,
        authorities: str | None = None,
        limits: RequestLimits | None = None,
    ) -> None:
        self._service = arthur_service(host.rstrip("/"), model_id)
        client = HttpClient(self._service, timeout, authorities)
        self._connection = ArthurConnection(client, token, organization_id)
        model = quote(model_id, safe="")
        self._path = f"/api/v3/models/{model}/inferences/integrations/sagemaker_data_capture"
        self._writer = LineWriter(mapping)
        self._limits = limits or RequestLimits()

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most of one request; lines stay whole, as they go through as they are."""
        return self._limits.batch_limits(
            _ROWS_A_REQUEST, _BYTES_A_REQUEST, _REQUESTS, whole_lines=True
        )

    def schema(self) -> Schema:
        """Nothing: Arthur finds the attributes itself, by order or by name."""
        return Schema()

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Post the lines of one batch; see `Publisher.publish`.

        A success means that Arthur has accepted an inference; it stores it later.
        """
        del deadline
        rows = len(batch)
        lines = self._writer.lines(batch)
        content = b"".join(part for line in lines for part in (line.data, b"\n"))
        part = ("inferences.jsonl", content, "application/jsonl")
        body, content_type = encode_multipart_formdata({"inference_data": part})
        self._limits.check(body, rows)
        response = self._connection.send("POST", self._path, PUBLISHING, body, content_type, rows)
        check_answered(response, self._service, PUBLISHING, rows)
        return read_receipt(response.content, lines, self._service, retry_after(response))
