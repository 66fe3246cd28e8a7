"""The processes of a measurement: the two servers, and functions in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

from benchmarks.captures import FEATURES, MODEL_ID, OUTPUT, TIME
from benchmarks.loopback import HOST

REPOSITORY = Path(__file__).resolve().parents[1]
STOP_SECONDS = 10.0


class Process:
    """A child that ends when its standard input does."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
        # A file, since nobody reads it while the process runs.
        self._errors = TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(  # noqa: S603 - starts only what stands in this folder
            command,
            cwd=REPOSITORY,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> Self:
        """Begin to use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        with suppress(BrokenPipeError):
            self.pipe(self._process.stdin).close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def say(self, text: str) -> None:
        """Write one line to it."""
        stdin = self.pipe(self._process.stdin)
        with suppress(BrokenPipeError):
            stdin.write(text + "\n")
            stdin.flush()

    def hear(self) -> str:
        """Read one line from it.

        Raises
        ------
        RuntimeError
            It has ended; tells what it wrote last.
        """
        line = self.pipe(self._process.stdout).readline()
        if not line:
            self._errors.seek(0)
            message = f"A process of the benchmark has ended early. {self._errors.read()[-4000:]}"
            raise RuntimeError(message)
        return line

    @staticmethod
    def pipe(end: IO[str] | None) -> IO[str]:
        """Return a pipe that is there."""
        assert end is not None
        return end


class Server(Process):
    """One of the servers, at a free port."""

    def __init__(self, module: str, *arguments: str) -> None:
        super().__init__([sys.executable, "-m", module, *arguments])
        self.port = int(self.hear())
        self.url = f"http://{HOST}:{self.port}"

    def control(self, path: str) -> dict[str, Any]:
        """Ask or tell the server something of the measurement."""
        connection = HTTPConnection(HOST, self.port, timeout=30)
        connection.request("GET", f"/control/{path}")
        document: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return document


@dataclass(frozen=True)
class Servers:
    """Where the functions' requests go."""

    platform: Server
    aws: Server

    def reset(self, *, latency: float = 0.0, ledger_latency: float = 0.0) -> None:
        """Forget everything, and answer so many seconds late from now on."""
        self.platform.control(f"reset?latency={latency}")
        self.aws.control(f"reset?latency={ledger_latency}")

    def variables(self) -> dict[str, str]:
        """Return the environment that every function has, ours and the guide's."""
        return {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ENDPOINT_URL_S3": self.aws.url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.aws.url,
            "FIDDLER_URL": self.platform.url,
            "FIDDLER_TOKEN": "not-a-secret",
            "FIDDLER_MODEL_UUID": MODEL_ID,
            "FIDDLER_MODEL_COLUMNS": ",".join(FEATURES),
            "FIDDLER_MODEL_OUTPUT_COLUMN": OUTPUT,
            "FIDDLER_TIMESTAMP_COLUMN": TIME,
            "TQDM_DISABLE": "1",
        }


@dataclass(frozen=True)
class Code:
    """Code that can be run as a function: a handler and how to start a Python that finds it."""

    handler: str
    python: tuple[str, ...]
    path: str
    settings: Mapping[str, str]

    def with_settings(self, **settings: str) -> Code:
        """Return the same code with other settings; an empty one is not set."""
        return Code(self.handler, self.python, self.path, {**self.settings, **settings})


# As the template deploys it: a ledger, and a quarantine in a bucket.
DEPLOYED = {"FORWARDER_LEDGER": "dynamodb://ledger", "FORWARDER_QUARANTINE": "s3://kept/quarantine"}


def ours(package: Path, runtime: Path) -> Code:
    """Return the built package, with nothing around it but what Lambda starts it with."""
    path = os.pathsep.join(map(str, (package, runtime, REPOSITORY)))
    return Code("capture_forwarder.handlers.forwarder.lambda_handler", ("-S", "-P"), path, DEPLOYED)


def guide() -> Code:
    """Return the guides' method, with the whole fiddler-client and pandas."""
    return Code("benchmarks.inside.guide.lambda_handler", ("-P",), str(REPOSITORY), {})


def limit() -> Code:
    """Return what must be done at the least."""
    return Code("benchmarks.inside.limit.lambda_handler", ("-P",), str(REPOSITORY), {})


@dataclass(frozen=True)
class Done:
    """What one call of a function took: seconds, CPU seconds and bytes of memory at the most."""

    seconds: float
    cpu: float
    peak: int
    answer: Any
    profile: list[list[Any]]


class Function(Process):
    """A function in a process of its own, called as often as one likes."""

    def __init__(self, code: Code, servers: Servers) -> None:
        variables = {**servers.variables(), **code.settings, "PYTHONPATH": code.path}
        command = [sys.executable, *code.python, "-m", "benchmarks.inside.worker"]
        super().__init__([*command, code.handler], variables)

    def call(self, event: object, *, times: int = 1, profile: bool = False) -> Done:
        """Call the handler and wait for its end."""
        self.say(json.dumps({"event": event, "times": times, "profile": profile}))
        return Done(**json.loads(self.hear()))
