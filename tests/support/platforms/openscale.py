"""Watson OpenScale's APIs, as far as payload logging uses them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from .openscale_records import Record, read_v1, read_v2, scoring_ids
from .openscale_tokens import TokenIssuer, check_api_key_form, check_authorize
from .platform_server import PlatformServer, RefusedError, read_json
from .server import Reply, Request, Row

__all__ = ["ACCOUNT", "Account", "OpenScaleServer", "Record"]

_DATA_SETS = re.compile(r"/openscale/([^/]+)/v2/data_sets")
_RECORDS = re.compile(_DATA_SETS.pattern + r"/([^/]+)/records")
_REQUEST = re.compile(_DATA_SETS.pattern + r"/([^/]+)/requests/([^/]+)")
_PAYLOADS = re.compile(r"/v1/data_marts/([^/]+)/scoring_payloads")


@dataclass(frozen=True)
class Account:
    """What a user of the platform has to know to reach one subscription."""

    api_key: str = "loopback-api-key"
    username: str = "loopback-user"
    password: str = "loopback-password"  # noqa: S105
    service_instance_id: str = "2b8f6d40-51c7-4e9a-a3d8-0f94c7e1b625"
    data_mart_id: str = "9d3a1e76-c08b-4f52-b6e4-57a20d8c9f13"
    binding_id: str = "e61c4b98-2f7d-40a5-9c3e-8b15d6f07a24"
    subscription_id: str = "40f7a2c5-8e1b-4d63-b9f0-c62e3d7a5814"
    deployment_id: str = "b57e9d02-6a4c-4183-8f2d-d930a1c4e76b"
    data_set_id: str = "06d8c3f1-b92e-47a0-95c6-1e7f4a2d8b39"


ACCOUNT = Account()


@dataclass
class _Storing:
    """One request whose records are stored after it was answered."""

    failure: tuple[str, str] | None
    polls: int = 0


class OpenScaleServer(PlatformServer):
    """Watson OpenScale on the loopback interface: both versions of its API, and both token APIs.

    A request that holds an inference refused by its id is refused whole, without naming it.

    Attributes
    ----------
    records
        What was stored, in order.
    polls_until_done
        How often a v2 request is still `preparing` when asked for.
    location_base
        What the path in a Location header follows: the server's address, or nothing.
    v1_status
        The success status of v1; 204 comes without a body.

    Examples
    --------
    The second token is asked for because the first is no longer good::

        with OpenScaleServer() as server:
            publish(server.url, server.account)
            server.revoke()
            publish(server.url, server.account)
            assert server.tokens_issued == 2
    """

    def __init__(
        self, account: Account = ACCOUNT, *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self.account = account
        self.records: list[Record] = []
        self.polls_until_done = 0
        self.location_base = self.url
        self.v1_status: Literal[202, 204] = 202
        self._tokens = TokenIssuer(clock)
        self._storing: dict[str, _Storing] = {}
        self._later: tuple[Callable[[str], bool], tuple[str, str]] | None = None

    @property
    def published_ids(self) -> list[str]:
        """The scoring ids of the records that were stored."""
        with self.lock:
            return [record.scoring_id for record in self.records]

    @property
    def expires_in(self) -> int:
        """How many seconds the next tokens are good for."""
        return self._tokens.expires_in

    @expires_in.setter
    def expires_in(self, seconds: int) -> None:
        self._tokens.expires_in = seconds

    @property
    def tokens_issued(self) -> int:
        """How many tokens were given out, by either token API."""
        return self._tokens.issued

    def revoke(self) -> None:
        """Make every token that was given out invalid."""
        self._tokens.revoke()

    def ids_in(self, request: Request) -> list[str]:
        """Return the scoring ids that a publish request brought."""
        try:
            return scoring_ids(request.json)
        except ValueError:
            return []

    def fail_later_ids(
        self,
        failing: Callable[[str], bool] | None,
        code: str = "AIQCS0002E",
        message: str = "The records could not be stored",
    ) -> None:
        """Accept a v2 request that holds such an id, store nothing of it, and say so when asked.

        ``None`` ends it.
        """
        self._later = None if failing is None else (failing, (code, message))

    def publishes(self, method: str, path: str) -> bool:
        """Tell whether a request brings records or payloads."""
        return method == "POST" and bool(_RECORDS.fullmatch(path) or _PAYLOADS.fullmatch(path))

    def error(self, status: int, message: str) -> Reply:
        """Return an error in IBM's form."""
        return Reply.of_json(status, _failure(f"loopback-{status}", message))

    def handle(self, request: Request) -> Reply:
        """Answer as OpenScale does, and store the records it would take."""
        if request.method == "POST" and not request.query:
            if request.path == "/identity/token":
                return self._identity_token(request)
            if request.path == "/icp4d-api/v1/authorize":
                return self._authorize(request)
        self._tokens.check(request)
        if request.method == "POST" and not request.query:
            if match := _RECORDS.fullmatch(request.path):
                self._check_data_set(match[1], match[2])
                return self._add_records(request)
            if match := _PAYLOADS.fullmatch(request.path):
                self._check_known(match[1], self.account.data_mart_id)
                return self._add_payloads(request)
        if request.method == "GET":
            if match := _REQUEST.fullmatch(request.path):
                self._check_data_set(match[1], match[2])
                return self._request_status(match[3])
            if match := _DATA_SETS.fullmatch(request.path):
                self._check_known(match[1], self.account.service_instance_id)
                return self._data_sets(request)
        raise RefusedError(404, f"No such resource: {request.method} {request.path}")

    def _identity_token(self, request: Request) -> Reply:
        check_api_key_form(request, self.account.api_key)
        token, expiration = self._tokens.issue()
        answer = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "expiration": expiration,
        }
        return Reply.of_json(200, answer)

    def _authorize(self, request: Request) -> Reply:
        secrets = {"password": self.account.password, "api_key": self.account.api_key}
        check_authorize(request, self.account.username, secrets)
        return Reply.of_json(200, {"token": self._tokens.issue()[0]})

    def _add_records(self, request: Request) -> Reply:
        self.check_size(request)
        records = read_v2(read_json(request))
        self._check_refused(records)
        later, failure = self._later or (None, None)
        if later is None or not any(later(record.scoring_id) for record in records):
            failure = None
        with self.lock:
            name = f"loopback-request-{len(self._storing) + 1}"
            self._storing[name] = _Storing(failure)
            if failure is None:
                self.records += records
        path = f"{request.path.removesuffix('/records')}/requests/{name}"
        reply = Reply.of_json(202, {"state": "preparing"})
        return Reply(202, reply.body, headers={"Location": f"{self.location_base}{path}"})

    def _add_payloads(self, request: Request) -> Reply:
        self.check_size(request)
        ids = {
            "binding_id": self.account.binding_id,
            "subscription_id": self.account.subscription_id,
            "deployment_id": self.account.deployment_id,
        }
        records = read_v1(read_json(request), ids)
        self._check_refused(records)
        with self.lock:
            self.records += records
        return Reply(self.v1_status, b"" if self.v1_status == 204 else b"{}")

    def _request_status(self, name: str) -> Reply:
        with self.lock:
            storing = self._storing.get(name)
            if storing is None:
                raise RefusedError(404, "No such request")
            storing.polls += 1
            if storing.polls <= self.polls_until_done:
                return Reply.of_json(200, {"state": "preparing"})
        if storing.failure is None:
            return Reply.of_json(200, {"state": "active"})
        return Reply.of_json(200, {"state": "error", "failure": _failure(*storing.failure)})

    def _data_sets(self, request: Request) -> Reply:
        query = dict(parse_qsl(request.query))
        if query.keys() != {"type", "target_target_id", "target_target_type"}:
            raise RefusedError(400, "The query is not type, target_target_id, target_target_type")
        wanted = {
            "type": "payload_logging",
            "target_target_id": self.account.subscription_id,
            "target_target_type": "subscription",
        }
        data_sets = [self._data_set(request.path)] if query == wanted else []
        return Reply.of_json(200, {"data_sets": data_sets})

    def _data_set(self, path: str) -> Row:
        data_set_id = self.account.data_set_id
        return {
            "metadata": {
                "id": data_set_id,
                "url": f"{path}/{data_set_id}",
                "created_at": "2026-01-01T00:00:00.000Z",
            },
            "entity": {
                "data_mart_id": self.account.data_mart_id,
                "name": "payload",
                "type": "payload_logging",
                "target": {
                    "target_type": "subscription",
                    "target_id": self.account.subscription_id,
                },
                "schema_update_mode": "auto",
                "data_schema": {"type": "struct", "fields": []},
                "status": {"state": "active"},
            },
        }

    def _check_refused(self, records: list[Record]) -> None:
        status = self.refusal_of(record.scoring_id for record in records)
        if status is not None:
            raise RefusedError(status, "The records are not valid")

    def _check_data_set(self, service_instance_id: str, data_set_id: str) -> None:
        self._check_known(service_instance_id, self.account.service_instance_id)
        self._check_known(data_set_id, self.account.data_set_id)

    def _check_known(self, name: str, known: str) -> None:
        if name != known:
            raise RefusedError(404, "No such resource for the given identifier")


def _failure(code: str, message: str) -> Row:
    return {"trace": "loopback", "errors": [{"code": code, "message": message}]}
