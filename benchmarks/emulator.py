"""Lambda's Runtime Interface Emulator, the one that SAM ships, around a function."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import samcli

from benchmarks.loopback import HOST
from benchmarks.processes import Code
from tests.support.package import ARCHITECTURE

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_INVOKE = "/2015-03-31/functions/function/invocations"


class Emulator:
    """One emulated function. Its process is not started before the first invocation.

    Parameters
    ----------
    code
        What is run.
    task_root
        The folder that stands for /var/task.
    variables
        The function's environment.
    log
        Where the function's and the emulator's output goes.
    """

    def __init__(
        self, code: Code, task_root: Path, variables: Mapping[str, str], log: Path
    ) -> None:
        rapid = Path(samcli.__file__).parent / "local" / "rapid"
        self._port = _free_port()
        self._log = log
        command = [str(rapid / f"aws-lambda-rie-{ARCHITECTURE}")]
        command += ["--runtime-interface-emulator-address", f"{HOST}:{self._port}"]
        command += ["--runtime-api-address", f"{HOST}:{_free_port()}"]
        command += [sys.executable, *code.python, "-m", "awslambdaric", code.handler]
        environment = {
            "AWS_LAMBDA_FUNCTION_NAME": "ForwarderFunction",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "LAMBDA_TASK_ROOT": str(task_root),
            **variables,
            **code.settings,
            "PYTHONPATH": code.path,
        }
        with log.open("wb") as file:
            self._process = subprocess.Popen(  # noqa: S603 - SAM's own emulator
                command, cwd=task_root, env=environment, stdout=file, stderr=file
            )

    def __enter__(self) -> Self:
        """Wait until it listens."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                socket.create_connection((HOST, self._port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, self._log.read_text(errors="replace")
                time.sleep(0.02)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def invoke(self, event: object) -> object:
        """Invoke the function and return its answer."""
        connection = HTTPConnection(HOST, self._port, timeout=90)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", _INVOKE, json.dumps(event), headers)
        body = connection.getresponse().read()
        connection.close()
        answer = json.loads(body)
        failed = isinstance(answer, dict) and "errorType" in answer
        assert not failed, self._log.read_text(errors="replace")
        return answer


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
