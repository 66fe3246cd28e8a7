"""Publish captured lines to Arthur Scope by the data-capture endpoint of its v3 API.

Today's Arthur platform has no such endpoint. Sources of all protocol facts: Arthur's guide to
SageMaker Data Capture, and arthur-client 1.4.0, which is generated from Arthur's OpenAPI.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from urllib.parse import quote

import requests
from urllib3.filepost import encode_multipart_formdata

from capture_forwarder.core.batch import Batch, BatchLimits, Receipt
from capture_forwarder.core.ports import Secret
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.arthur.answers import read_receipt
from capture_forwarder.publishers.arthur.requests import LineWriter
from capture_forwarder.publishers.http import HttpClient, Site, retry_after

# arthur-client's examples go to 100,000 inferences and 4 GiB a request; these bound our memory,
# and how much is sent again when an answer is lost.
_ROWS_A_REQUEST = 10_000
_BYTES_A_REQUEST = 4 * 1024 * 1024
_REQUESTS = 8
_PUBLISHING = "publish inferences"
# 207 is what Arthur answers; its body says more than the status does.
_ANSWERED = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.MULTI_STATUS})


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
    """

    def __init__(
        self, host: str, token: Secret, model_id: str, *, timeout: float, mapping: ColumnMapping
    ) -> None:
        self._token = token
        self._renewing = threading.Lock()
        self._site = _site(host.rstrip("/"), model_id)
        self._client = HttpClient(self._site, timeout)
        model = quote(model_id, safe="")
        self._path = f"/api/v3/models/{model}/inferences/integrations/sagemaker_data_capture"
        self._writer = LineWriter(mapping)

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most of one request; lines stay whole, as they go through as they are."""
        return BatchLimits(_ROWS_A_REQUEST, _BYTES_A_REQUEST, _REQUESTS, whole_lines=True)

    def schema(self) -> Schema:
        """Nothing: Arthur finds the attributes itself, by order or by name."""
        return Schema()

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        """Post the lines of one batch; see `Publisher.publish`.

        A success means that Arthur has accepted an inference; it stores it later.
        """
        del deadline
        lines = self._writer.lines(batch)
        content = b"".join(part for line in lines for part in (line.data, b"\n"))
        part = ("inferences.jsonl", content, "application/jsonl")
        body, content_type = encode_multipart_formdata({"inference_data": part})
        response = self._post(body, content_type)
        status = response.status_code
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._site.refusal(status, response, _PUBLISHING, len(batch))
        if status not in _ANSWERED:
            raise self._site.garbage(f"answered {status} with something that is not Arthur's")
        return read_receipt(response.content, lines, self._site, retry_after(response))

    def _post(self, body: bytes, content_type: str) -> requests.Response:
        """Make one request, and once more with another token after a 401."""
        token = self._token.value()
        response = self._send(body, content_type, token)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            response = self._send(body, content_type, self._renewed(token))
        return response

    def _send(self, body: bytes, content_type: str, token: str) -> requests.Response:
        headers = {"Authorization": token, "Content-Type": content_type}
        return self._client.send("POST", self._path, _PUBLISHING, data=body, headers=headers)

    def _renewed(self, refused: str) -> str:
        """Read the token afresh, unless another thread has done so meanwhile."""
        with self._renewing:
            token = self._token.value()
            return self._token.value(fresh=True) if token == refused else token


def _site(url: str, model_id: str) -> Site:
    return Site(
        "Arthur",
        url,
        "ARTHUR_HOST",
        {
            HTTPStatus.UNAUTHORIZED: (
                "The token is wrong or expired: put one with raw_data write into "
                "ARTHUR_ACCESS_TOKEN, or into what ARTHUR_ACCESS_TOKEN_SECRET_ARN or "
                "ARTHUR_ACCESS_TOKEN_PARAMETER names."
            ),
            HTTPStatus.PAYMENT_REQUIRED: (
                "Your Arthur plan does not allow it; ask whoever manages the account."
            ),
            HTTPStatus.FORBIDDEN: f"Give the token raw_data write on model {model_id}.",
            HTTPStatus.NOT_FOUND: (
                f"There is no model {model_id}, or no v3 API: look at ARTHUR_MODEL_ID and "
                "ARTHUR_HOST."
            ),
        },
        "Look at ARTHUR_HOST (a redirection is not followed), ARTHUR_MODEL_ID and the server.",
    )
