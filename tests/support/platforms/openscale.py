"""Watson OpenScale's APIs, as far as payload logging uses them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from .openscale_data_sets import DataSet, matching
from .openscale_records import Record, read_v1, read_v2, scoring_ids
from .openscale_tokens import (
    TokenIssuer,
    check_api_key_form,
    check_authorize,
    check_mcsp,
    jwt,
    plain,
)
from .platform_server import PlatformServer, RefusedError, read_json
from .server import Reply, Request, Row

__all__ = ["ACCOUNT", "Account", "DataSet", "OpenScaleServer", "Record"]

# Without an instance on AWS.
_DATA_SETS = re.compile(r"/openscale(?:/([^/]+))?/v2/data_sets")
_DATA_SET = re.compile(_DATA_SETS.pattern + r"/([^/]+)")
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
    account_id: str = "20251103-1502-3287-80ef-f2f1ba8e9d4a"
    project_id: str | None = None
    space_id: str | None = None


ACCOUNT = Account()


@dataclass
class _Storing:
    """One request whose records are stored after it was answered."""

    failure: tuple[str, str] | None
    polls: int = 0


class OpenScaleServer(PlatformServer):
    """Watson OpenScale on the loopback interface: both versions of its API, and all token APIs.

    A request that holds an inference refused by its id is refused whole, without naming it. What
    a query holds besides the names that the API has is ignored, as by a real server.

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
    tokens_are_jwt
        Whether IBM Cloud's and Cloud Pak's tokens can be read, as IBM's own client does.
    data_sets
        The data sets of other subscriptions and of other types, which come first in a list.
    fields
        The columns of the payload data set: name → type, as Spark writes it.

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
        self.tokens_are_jwt = False
        self.data_sets: list[DataSet] = []
        self.fields: dict[str, object] = {}
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
        code: str = "invalid_record",
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
        if request.method == "POST" and request.path.endswith(("/token", "/authorize")):
            return self._token(request)
        self._tokens.check(request)
        reply = self._written(request) if request.method == "POST" else self._read(request)
        if reply is None:
            raise RefusedError(404, f"No such resource: {request.method} {request.path}")
        return reply

    def _token(self, request: Request) -> Reply:
        if request.path == "/identity/token":
            return self._identity_token(request)
        if request.path == "/icp4d-api/v1/authorize":
            return self._authorize(request)
        return self._mcsp_token(request)

    def _written(self, request: Request) -> Reply | None:
        if match := _RECORDS.fullmatch(request.path):
            self._check_data_set(request, match[1], match[2])
            return self._add_records(request)
        if match := _PAYLOADS.fullmatch(request.path):
            self._check_known(match[1], self.account.data_mart_id)
            return self._add_payloads(request)
        return None

    def _read(self, request: Request) -> Reply | None:
        if match := _REQUEST.fullmatch(request.path):
            self._check_data_set(request, match[1], match[2])
            return self._request_status(match[3])
        if match := _DATA_SETS.fullmatch(request.path):
            self._check_instance(request, match[1])
            found = matching(self._all_data_sets, request.query)
            return Reply.of_json(200, {"data_sets": [one.as_json() for one in found]})
        if match := _DATA_SET.fullmatch(request.path):
            self._check_instance(request, match[1])
            named = [one for one in self._all_data_sets if one.id == match[2]]
            return Reply.of_json(200, named[0].as_json()) if named else None
        return None

    def _identity_token(self, request: Request) -> Reply:
        check_api_key_form(request, self.account.api_key)
        token, expiration = self._tokens.issue(jwt if self.tokens_are_jwt else plain)
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
        token, _ = self._tokens.issue(jwt if self.tokens_are_jwt else plain)
        return Reply.of_json(200, {"token": token})

    def _mcsp_token(self, request: Request) -> Reply:
        check_mcsp(request, self.account.account_id, self.account.api_key)
        token, _ = self._tokens.issue(jwt)
        return Reply.of_json(200, {"token": token})

    def _add_records(self, request: Request) -> Reply:
        self.check_size(request)
        records = read_v2(read_json(request))
        self._check_refused(records)
        later, failure = self._later or (None, None)
        if later is None or not any(later(record.scoring_id) for record in records):
            failure = None
        if failure is None:
            with self.lock:
                self.records += records
        return self.accepted(request, failure)

    def accepted(self, request: Request, failure: tuple[str, str] | None) -> Reply:
        """Answer that records are accepted, and remember what will have become of them."""
        with self.lock:
            name = f"loopback-request-{len(self._storing) + 1}"
            self._storing[name] = _Storing(failure)
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

    @property
    def _all_data_sets(self) -> list[DataSet]:
        own = DataSet(
            self.account.data_set_id, self.account.subscription_id, fields=dict(self.fields)
        )
        return [*self.data_sets, own]

    def _check_refused(self, records: list[Record]) -> None:
        status = self.refusal_of(record.scoring_id for record in records)
        if status is not None:
            raise RefusedError(status, "The records are not valid")

    def _check_data_set(self, request: Request, instance_id: str | None, data_set_id: str) -> None:
        self._check_instance(request, instance_id)
        self._check_known(data_set_id, self.account.data_set_id)

    def _check_instance(self, request: Request, instance_id: str | None) -> None:
        self._check_known(instance_id, self.account.service_instance_id or None)
        query = dict(parse_qsl(request.query))
        for name in ("project_id", "space_id"):
            self._check_known(query.get(name), getattr(self.account, name))

    def _check_known(self, name: str | None, known: str | None) -> None:
        if name != known:
            raise RefusedError(404, "No such resource for the given identifier")


def _failure(code: str, message: str) -> Row:
    return {"trace": "loopback", "errors": [{"code": code, "message": message}]}
