"""Faults of AWS: answers in place of moto's, for the forwarder's own clients alone."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber
from moto.s3.models import s3_backends

from capture_forwarder.aws import clients

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

_ACCOUNT = "123456789012"  # moto's
_MARK = "of-the-forwarder"
_STUBBER = BotocoreStubber.__call__


@cache
def aws_client(service: str, mark: str = "") -> Any:
    """A client that tries once; made once, since that takes longer than a test."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, user_agent_extra=mark)
    return boto3.client(service, config=config)  # type: ignore[call-overload]


def objects_in(bucket: str) -> dict[str, bytes]:
    """Key → content of what lies in a bucket, in the order of the keys, without a request."""
    keys = s3_backends[_ACCOUNT]["aws"].buckets[bucket].keys
    return {key: keys[key].value for key in sorted(keys)}


Answer = Callable[["AWSPreparedRequest", Callable[[], AWSResponse | None]], AWSResponse]
"""Answers a request to AWS; the second argument lets it happen and gives its answer."""


def aws_error(status: int, code: str, **members: object) -> Answer:
    """Answer with an error, in the words of DynamoDB (JSON) and of S3 (XML)."""

    def answer(request: AWSPreparedRequest, _: Callable[[], AWSResponse | None]) -> AWSResponse:
        if b"dynamodb" in str(request.url).encode():
            body = json.dumps({"__type": f"com.amazonaws#{code}", **members}).encode()
        else:
            body = f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
        return AWSResponse(request.url, status, HTTPHeaders(), _Raw(body))

    return answer


def broken_off(after: float, *, politely: bool) -> Answer:
    """Cut an answer's body after a part of it: by a reset, or as if that were the end."""

    def answer(
        request: AWSPreparedRequest, really: Callable[[], AWSResponse | None]
    ) -> AWSResponse:
        whole = really()
        assert whole is not None
        body = whole.content
        headers = HTTPHeaders.from_dict(
            {"Content-Length": str(len(body)), "ETag": whole.headers["ETag"]}
        )
        part = body[: int(len(body) * after)]
        return AWSResponse(request.url, 200, headers, _Raw(part, broken=not politely))

    return answer


def lost_answer(
    request: AWSPreparedRequest, really: Callable[[], AWSResponse | None]
) -> AWSResponse:
    """Do what is asked, and lose the answer on its way."""
    really()
    raise ConnectionClosedError(request=request, endpoint_url=str(request.url))


def no_answer(request: AWSPreparedRequest, _: Callable[[], AWSResponse | None]) -> AWSResponse:
    """Break the connection off before anything is done."""
    raise ConnectionClosedError(request=request, endpoint_url=str(request.url))


def nonsense(_: AWSPreparedRequest, really: Callable[[], AWSResponse | None]) -> AWSResponse:
    """Do what is asked, and raise what nobody expects of a client."""
    really()
    raise ZeroDivisionError


class _Raw(BytesIO):
    """A body as urllib3 hands it out, which may break off."""

    def __init__(self, body: bytes, *, broken: bool = False) -> None:
        super().__init__(body)
        self._broken = broken

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        if not count and self._broken:
            raise urllib3.exceptions.ProtocolError("Connection broken", ConnectionResetError())
        return count

    def stream(self, *_: object, **__: object) -> Iterable[bytes]:
        yield self.read()


class AwsFaults:
    """Answers the nth request of an operation in place of AWS."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rules: list[tuple[str, Callable[[str], bool], set[int], Answer]] = []
        self._seen: Counter[int] = Counter()
        self.calls: Counter[str] = Counter()

    def add(
        self,
        operation: str,
        answer: Answer,
        numbers: Iterable[int],
        url: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._rules.append((operation, url, set(numbers), answer))

    def clear(self) -> None:
        self._rules.clear()

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take part in every request of the forwarder's clients."""
        for service, name in (
            ("s3", "s3"),
            ("dynamodb", "dynamodb"),
            ("secretsmanager", "secrets"),
            ("sqs", "sqs"),
        ):
            client = aws_client(service, _MARK)
            monkeypatch.setattr(clients, f"{name}_client", lambda client=client: client)
        monkeypatch.setattr(BotocoreStubber, "__call__", self._answer)

    def _answer(
        self, event_name: str, request: AWSPreparedRequest, **_: object
    ) -> AWSResponse | None:
        # moto checks DynamoDB's conditions and writes in two steps; the lock makes them one.
        with self._lock:

            def really() -> AWSResponse | None:
                return _STUBBER(botocore_stubber, event_name, request)

            operation = event_name.rpartition(".")[2]
            if _MARK not in str(request.headers["User-Agent"]):
                return really()
            self.calls[operation] += 1
            for n, (wanted, url, numbers, answer) in enumerate(self._rules):
                if wanted == operation and url(str(request.url)):
                    self._seen[n] += 1
                    if self._seen[n] in numbers:
                        return answer(request, really)
            return really()


class KeptSecret:
    """A secret in Secrets Manager."""

    def __init__(self, name: str, text: str) -> None:
        self._client = aws_client("secretsmanager")
        self.arn = str(self._client.create_secret(Name=name, SecretString=text)["ARN"])

    def put(self, text: str) -> None:
        """Replace it."""
        self._client.put_secret_value(SecretId=self.arn, SecretString=text)
