"""Publish rows to IBM Watson OpenScale, which is watsonx.governance today.

IBM's SDKs take 127 MB and do not try a 429 again, hence this thin client. Sources of all protocol
facts: ibm-watson-openscale 3.1.11 for v2, ibm-ai-openscale 2.2.1 for v1, and IBM's guide.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.errors import (
    BatchTooLargeError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
    SettingsError,
)
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.openscale.answers import (
    address_blocked,
    content_blocked,
    is_firewall,
    not_stored,
    openscale_site,
)
from capture_forwarder.publishers.openscale.connection import Server
from capture_forwarder.publishers.openscale.records import TIME
from capture_forwarder.publishers.openscale.requests import DataSetRecords, ScoringPayloads, Target
from capture_forwarder.publishers.openscale.tokens import Tokens

BODY_BYTES = 900_000
"""The most that a request may hold: where IBM's SDK cuts, since no limit is published."""

OUTCOME_SECONDS = 120.0
"""How long an outcome that is still open is asked for."""

Answer = TypeVar("Answer")

_ROWS = 500
_CAPTURED_BYTES = 300_000
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 10.0
_PUBLISHING = "publish records"
_ASKING = "ask whether records are stored"
_FINDING = "find the payload data set"


class _Metadata(msgspec.Struct):
    id: str


class _DataSet(msgspec.Struct):
    metadata: _Metadata


class _DataSets(msgspec.Struct):
    data_sets: list[_DataSet]


class _Outcome(msgspec.Struct):
    state: str
    failure: object = None


class OpenScalePublisher:
    """One subscription of an OpenScale.

    Parameters
    ----------
    server
        Where it answers.
    tokens
        Where tokens come from; asked for another once after a 401.
    target
        What is written to, and by which version of the API.
    mapping
        Says which columns are inputs, outputs and metadata.
    clock
        Time, and the waiting for outcomes.

    Raises
    ------
    SettingsError
        The target cannot take what the mapping gives, or is not told.
    """

    def __init__(
        self, server: Server, tokens: Tokens, target: Target, mapping: ColumnMapping, clock: Clock
    ) -> None:
        if problems := target.problems(mapping):
            raise SettingsError(problems)
        self._tokens = tokens
        self._target = target
        self._clock = clock
        self._site = openscale_site(server.url.rstrip("/"), target.ids)
        self._client = server.client(self._site)
        self._records = target.encoder(mapping)
        self._finding = threading.Lock()
        self._found: str | None = None
        # Every record names its columns: half of a request is for that, half for the values.
        rows = min(_ROWS, BODY_BYTES // 2 // self._records.overhead)
        self._limits = BatchLimits(max(1, rows), _CAPTURED_BYTES)

    takes_json = False

    @property
    def limits(self) -> BatchLimits:
        """The most of one batch, such that its request is seldom over `BODY_BYTES`."""
        return self._limits

    def schema(self) -> Schema:
        """No types, but a column for the time; the id is sent apart from the columns."""
        return Schema(timestamp_column=TIME)

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
        if len(body) > BODY_BYTES and rows > 1:
            message = f"{rows} inferences take {len(body)} bytes, and a request {BODY_BYTES}."
            raise BatchTooLargeError(message, "They are sent in smaller pieces.")
        target = self._target
        if isinstance(target, ScoringPayloads):
            self._post(target.payloads_path, body, rows, HTTPStatus.NO_CONTENT)
            return ACCEPTED
        data_set = self._data_set(target)
        response = self._post(target.records_path(data_set), body, rows)
        if target.confirm:
            outcome = target.outcome_path(data_set, self._request_id(response))
            self._await_stored(outcome, deadline)
        return ACCEPTED

    def _data_set(self, target: DataSetRecords) -> str:
        """Return the data set's id, looked up once, and again when it is not known any more."""
        if target.data_set_id:
            return target.data_set_id
        with self._finding:
            if self._found is None:
                self._found = self._find_data_set(target)
            return self._found

    def _find_data_set(self, target: DataSetRecords) -> str:
        listed = self._get(target.search_path, _FINDING, _DataSets).data_sets
        if not listed:
            message = f"The subscription {target.subscription_id} has no payload data set."
            advice = "Set up its payload logging, or look at OPENSCALE_SUBSCRIPTION_ID."
            raise PublisherMisconfiguredError(message, advice)
        return listed[0].metadata.id  # as IBM's guide does

    def _post(self, path: str, body: bytes, rows: int, *also: HTTPStatus) -> requests.Response:
        """Post a batch and make sure that the success is OpenScale's own.

        Something that answers in its place sends a page, or another status.
        """
        response = self._send("POST", path, _PUBLISHING, body)
        status = response.status_code
        if is_firewall(response):
            raise self._blocked(path, response)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            if status == HTTPStatus.NOT_FOUND:
                self._found = None
            raise self._site.refusal(status, response, _PUBLISHING, rows)
        page = "html" in response.headers.get("Content-Type", "").lower()
        if page or status not in {HTTPStatus.ACCEPTED, *also}:
            raise self._site.garbage(f"answered {status} with something that is not OpenScale's")
        return response

    def _blocked(self, path: str, response: requests.Response) -> PublishError:
        """Find out by a batch of nothing whether the firewall blocks a batch or all."""
        probe = self._send("POST", path, _PUBLISHING, b"[]")
        if is_firewall(probe):
            return address_blocked(self._site, _PUBLISHING)
        error = self._site.refusal(probe.status_code, probe, _PUBLISHING)
        if isinstance(error, PlatformUnavailableError):
            return error
        return content_blocked(self._site, response)

    def _request_id(self, response: requests.Response) -> str:
        """Where the outcome is asked for: the last part of the address that OpenScale names.

        Only that part: the address may name a host that only the Cloud Pak itself can reach, and
        the token must go to no host but ours.
        """
        path = urlsplit(response.headers.get("Location", "")).path
        name = path.rstrip("/").rpartition("/")[2]
        if not name:
            raise self._site.garbage("accepted records without saying where their outcome is")
        return name

    def _await_stored(self, path: str, deadline: float | None) -> None:
        """Ask until a request is stored; a fault in between is no outcome.

        Raises
        ------
        PlatformUnavailableError
            It was not in time, or the platform failed at it.
        BatchRefusedError
            The platform will not store it.
        """
        end = self._clock.monotonic() + OUTCOME_SECONDS
        end = end if deadline is None else min(end, deadline)
        wait = _FIRST_WAIT
        fault: PlatformUnavailableError | None = None
        while self._clock.monotonic() + wait < end:
            self._clock.sleep(wait)
            wait = min(_LONGEST_WAIT, 2 * wait)
            try:
                outcome = self._get(path, _ASKING, _Outcome)
            except PlatformUnavailableError as error:
                fault = error
                wait = max(wait, error.retry_after or 0.0)
                continue
            if outcome.state == "active":
                return
            if outcome.state == "error":
                raise not_stored(self._site, outcome.failure)
        message = f"OpenScale at {self._site.url} has accepted a batch and not stored it in time."
        advice = "It is sent again with the same ids."
        # Not before it would have been asked for again: shortly before a deadline, never.
        raise PlatformUnavailableError(message, advice, retry_after=wait) from fault

    def _get(self, path: str, doing: str, kind: type[Answer]) -> Answer:
        response = self._send("GET", path, doing)
        if is_firewall(response):
            raise address_blocked(self._site, doing)
        status = response.status_code
        if doing == _ASKING and status == HTTPStatus.NOT_FOUND:
            raise self._site.garbage("does not know of records that it has accepted")
        if status != HTTPStatus.OK:
            raise self._site.refusal(status, response, doing)
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            what = f"answered to `{doing}` with something that is not OpenScale's"
            raise self._site.garbage(what) from error

    def _send(
        self, method: str, path: str, doing: str, body: bytes | None = None
    ) -> requests.Response:
        """Make one request, and once more with another token after a 401."""
        token = self._tokens.value()
        response = self._client.send(method, path, doing, data=body, headers=_headers(token))
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            token = self._tokens.value(refused=token)
            response = self._client.send(method, path, doing, data=body, headers=_headers(token))
        return response


def _headers(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
