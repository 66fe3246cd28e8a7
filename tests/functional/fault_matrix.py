"""What the fault matrix is made of: files, a clock, faults of AWS, redelivery as SQS does it."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote_plus

import boto3
import pytest
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber

from capture_forwarder import handler, wiring
from capture_forwarder.aws import clients
from capture_forwarder.publishers import fiddler
from tests.captures import line, side
from tests.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer, Model
from tests.platforms.server import Request

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

_MARK = "of-the-forwarder"
_STUBBER = BotocoreStubber.__call__
HOST = "127.0.0.1"
BUCKET = "capture-bucket"
QUARANTINE = "quarantine-bucket"
TABLE = "capture-ledger"
ROWS = 100
IN_FLIGHT = 4
VISIBILITY_SECONDS = 120.0
MODEL = Model.of(
    inputs={"x": "int"},
    outputs={"score": "float"},
    metadata={"event_id": "str"},
    event_id_col="event_id",
)


@dataclass(frozen=True)
class CaptureFile:
    """A capture file of numbered calls, some of whose lines are no JSON and some blank.

    Every call holds `records` inferences; 60 calls of 10 make 6 batches of 100.
    """

    name: str = "file"
    calls: int = 60
    records: int = 10
    bad_every: int = 0
    zipped: bool = False
    rows: int = ROWS

    @property
    def key(self) -> str:
        return f"captures/endpoint/AllTraffic/2026/03/01/10/{self.name}.jsonl"

    @cached_property
    def lines(self) -> list[bytes]:
        lines = []
        request = side("\n".join(map(str, range(self.records))))
        response = side("\n".join(["0.5"] * self.records))
        for number in range(self.calls):
            lines.append(line(request, response, eventId=f"{self.name}-{number:06d}"))
            if self.bad_every and number % self.bad_every == self.bad_every // 2:
                lines += [b"{ no JSON", b""]
        return lines

    @property
    def body(self) -> bytes:
        content = b"\n".join(self.lines) + b"\n"
        return gzip.compress(content) if self.zipped else content

    @cached_property
    def bad_lines(self) -> list[int]:
        return [n for n, text in enumerate(self.lines, 1) if text.startswith(b"{ no")]

    @cached_property
    def ids(self) -> list[str]:
        calls = [f"{self.name}-{number:06d}" for number in range(self.calls)]
        if self.records == 1:
            return calls
        return [f"{call}_{index}" for call in calls for index in range(self.records)]

    @cached_property
    def position(self) -> dict[str, int]:
        return {name: n for n, name in enumerate(self.ids)}

    @property
    def batches(self) -> int:
        return -(-len(self.ids) // self.rows)

    def batch_of(self, request: Request) -> int | None:
        """Which batch of this file a publish request is, or is a part of."""
        if not request.publish_number:
            return None
        position = self.position.get(request.json["source"]["events"][0]["event_id"])
        return None if position is None else position // self.rows

    @property
    def message(self) -> str:
        """What EventBridge says of it."""
        detail = {"bucket": {"name": BUCKET}, "object": {"key": self.key}}
        return json.dumps(
            {
                "version": "0",
                "source": "aws.s3",
                "detail-type": "Object Created",
                "detail": {"version": "0", **detail},
            }
        )


class FastClock:
    """The machine's clock, on which sleeping takes no time but counts all the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._skipped = 0.0
        self.sleeps: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self._skipped += seconds
            self.on_sleep()

    def skip(self, seconds: float) -> None:
        """Let time pass without anybody sleeping."""
        with self._lock:
            self._skipped += seconds


class Door:
    """A port in front of a server that can refuse connections, and be opened again."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._sockets: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.port = 0
        self.open()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def open(self) -> None:
        listener = socket.create_server((HOST, self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in tuple(self._sockets):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                listener.close()
                return
            try:
                far = socket.create_connection((HOST, self._target))
            except OSError:
                near.close()
                continue
            self._sockets |= {near, far}
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        self._sockets.discard(source)
        source.close()


@cache
def _client(service: str, mark: str = "") -> Any:
    """A client that tries once; made once, since that takes longer than a test."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, user_agent_extra=mark)
    return boto3.client(service, config=config)  # type: ignore[call-overload]


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
            client = _client(service, _MARK)
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


class Context:
    """What Lambda tells of an invocation."""

    aws_request_id = "request"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


class World:
    """An account, a platform, the function's settings and a queue that redelivers.

    Parameters
    ----------
    monkeypatch, capsys
        pytest's.
    files
        What lies in the bucket.
    variables
        Settings that differ from the usual ones.
    behind_a_door
        Whether connections to the platform can be refused.
    rows
        How many the platform takes at once.
    """

    def __init__(  # noqa: PLR0913
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        files: Sequence[CaptureFile],
        *,
        variables: dict[str, str] | None = None,
        behind_a_door: bool = False,
        rows: int = ROWS,
    ) -> None:
        self._rows = rows
        self.files = {file.key: file for file in files}
        self.clock = FastClock()
        self.server = FiddlerServer(MODEL)
        self.aws = AwsFaults()
        self.rounds: list[set[str]] = []
        self.summaries: list[dict[str, Any]] = []
        self.metrics: Counter[str] = Counter()
        self.continued = 0
        self.context: Context | None = None
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self._variables = variables or {}
        self._behind_a_door = behind_a_door
        self._mock = mock_aws()

    def __enter__(self) -> Self:
        self.server.__enter__()
        self._mock.start()
        self.s3 = _client("s3")
        for bucket in (BUCKET, QUARANTINE):
            self.s3.create_bucket(Bucket=bucket)
        for file in self.files.values():
            self.s3.put_object(Bucket=BUCKET, Key=file.key, Body=file.body)
        _client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.sqs = _client("sqs")
        self.queue = self.sqs.create_queue(QueueName="captures")["QueueUrl"]
        self._secrets = _client("secretsmanager")
        secret = self._secrets.create_secret(Name="fiddler-token", SecretString=TOKEN)
        if self._behind_a_door:
            self.door = Door(int(self.server.url.rpartition(":")[2]))
        settings = {
            "FIDDLER_URL": self.door.url if self._behind_a_door else self.server.url,
            "FIDDLER_TOKEN_SECRET_ARN": secret["ARN"],
            "FIDDLER_MODEL_UUID": MODEL_ID,
            "FIDDLER_MODEL_COLUMNS": "x",
            "FIDDLER_MODEL_OUTPUT_COLUMN": "score",
            "FORWARDER_QUARANTINE": f"s3://{QUARANTINE}/rejected",
            "FORWARDER_LEDGER": f"dynamodb://{TABLE}",
            "FORWARDER_QUEUE_URL": self.queue,
            "FORWARDER_REQUESTS_IN_FLIGHT": str(IN_FLIGHT),
            "FORWARDER_RETRY_SECONDS": "10",
            **self._variables,
        }
        for name, value in settings.items():
            self._monkeypatch.setenv(name, value)
        self._monkeypatch.setattr(wiring, "SystemClock", lambda: self.clock)
        self._monkeypatch.setattr(fiddler, "_ROWS_A_REQUEST", self._rows)
        self.aws.watch(self._monkeypatch)
        handler.forwarder.cache_clear()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        handler.forwarder.cache_clear()
        if self._behind_a_door:
            self.door.close()
        self.server.__exit__(kind, error, traceback)
        self._mock.stop()

    def rotate_token(self) -> None:
        """Let the token expire, and put a new one where the function finds it."""
        self.server.token = f"{TOKEN}-{len(self.server.requests)}"
        self._secrets.put_secret_value(SecretId="fiddler-token", SecretString=self.server.token)

    def invoke(self, messages: dict[str, str]) -> set[str]:
        """Invoke the function with SQS messages; return the ids of those that failed."""
        for log in logging.getLogger("capture-forwarder").handlers:
            if isinstance(log, logging.StreamHandler):
                log.stream = sys.stdout  # the logger outlives a test, what captures its output not
        records = [
            {
                "messageId": name,
                "receiptHandle": name,
                "body": body,
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:captures",
                "awsRegion": "us-east-1",
            }
            for name, body in messages.items()
        ]
        answer: Any = handler.lambda_handler({"Records": records}, self.context)
        self._listen()
        return {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}

    def deliver(self, *files: CaptureFile, rounds: int = 12) -> None:
        """Announce files, and redeliver as SQS does until no message fails.

        After each round, what was acknowledged for good must be delivered in full.
        """
        messages = {file.name: file.message for file in files or self.files.values()}
        while messages:
            assert len(self.rounds) < rounds, f"still failing: {sorted(messages)}"
            failed = self.invoke(messages)
            self.rounds.append(failed)
            left = {name: body for name, body in messages.items() if name in failed}
            left |= self._continuations()
            self._check_acknowledged({_key(body) for body in messages.values()}, left.values())
            messages = left
            self.clock.sleep(VISIBILITY_SECONDS)

    @property
    def stored(self) -> Counter[str]:
        """How often each inference was stored by the platform."""
        return Counter(event["event_id"] for event in self.server.events)

    @property
    def quarantined(self) -> list[dict[str, Any]]:
        listing = self.s3.list_objects_v2(Bucket=QUARANTINE).get("Contents", [])
        bodies = [self.s3.get_object(Bucket=QUARANTINE, Key=o["Key"])["Body"] for o in listing]
        return [json.loads(text) for body in bodies for text in body.read().splitlines()]

    def twice(self, file: CaptureFile) -> set[int]:
        """The batches of a file of which something is stored more than once."""
        stored = self.stored
        return {file.position[n] // ROWS for n in stored if stored[n] > 1 and n in file.position}

    def check_complete(self, file: CaptureFile) -> None:
        """Every inference is stored or in quarantine, every bad line in quarantine, each once."""
        entries = [entry for entry in self.quarantined if entry["key"] == file.key]
        refused = [entry["inference_id"] for entry in entries if entry["inference_id"]]
        bad = [entry["line_number"] for entry in entries if not entry["inference_id"]]
        stored = self.stored
        assert len(refused) == len(set(refused))
        assert {n for n in stored if n in file.position} | set(refused) == set(file.ids)
        assert not set(refused) & set(stored)
        assert sorted(bad) == file.bad_lines, f"{sorted(bad)} in quarantine, not {file.bad_lines}"

    def check_accounting(self) -> None:
        """What was told of each file adds up, and so do the metrics."""
        for event_id, rows in _rows(self.server.events).items():
            assert len(rows) == 1, f"{event_id} came back as another row"
        for told in self.summaries:
            assert told["lines"] == told["forwarded"] + told["empty"] + sum(
                told["quarantined"].values()
            )
            assert told["inferences"] == told["published"] + told["refused"]
        for file in self.files.values():
            parts = [told for told in self.summaries if self._told_of(told) == file.key]
            refused = sum(told["refused"] for told in parts)
            assert sum(told["lines"] for told in parts) == len(file.lines), parts
            assert sum(told["empty"] for told in parts) == len(file.bad_lines)
            assert sum(told["published"] for told in parts) == len(file.ids) - refused
        for metric, name in (
            ("LinesRead", "lines"),
            ("LinesForwarded", "forwarded"),
            ("LinesEmpty", "empty"),
            ("Inferences", "inferences"),
            ("InferencesPublished", "published"),
            ("InferencesRefused", "refused"),
        ):
            assert self.metrics[metric] == sum(told[name] for told in self.summaries)

    def _told_of(self, told: dict[str, Any]) -> str:
        """The key of the file that a summary is of; one of a failure names the whole address."""
        return str(told.get("key") or told["delivery"].removeprefix(f"s3://{BUCKET}/"))

    def _check_acknowledged(self, keys: set[str], left: Iterable[str]) -> None:
        for key in keys - {_key(body) for body in left}:
            self.check_complete(self.files[key])

    def _continuations(self) -> dict[str, str]:
        found = {}
        while messages := self.sqs.receive_message(QueueUrl=self.queue).get("Messages"):
            for message in messages:
                found[message["MessageId"]] = message["Body"]
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        self.continued += len(found)
        return found

    def _listen(self) -> None:
        for text in self._capsys.readouterr().out.splitlines():
            if not text.startswith("{"):
                continue
            document = json.loads(text)
            if "resumed_at" in document:
                self.summaries.append(document)
            for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
                for metric in directive["Metrics"]:
                    value = document[metric["Name"]]
                    self.metrics[metric["Name"]] += sum(value) if isinstance(value, list) else value


def _key(body: str) -> str:
    message = json.loads(body)
    if "detail" in message:
        return str(message["detail"]["object"]["key"])
    return unquote_plus(message["Records"][0]["s3"]["object"]["key"])


def _rows(events: Iterable[dict[str, Any]]) -> dict[str, set[str]]:
    rows: dict[str, set[str]] = {}
    for event in events:
        rows.setdefault(event["event_id"], set()).add(json.dumps(event, sort_keys=True))
    return rows
