"""Runs a built package under Lambda's Runtime Interface Emulator, the one that SAM ships."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import samcli

from tests.support.package import ARCHITECTURE, isolated_python

HANDLER = "capture_forwarder.handlers.forwarder.lambda_handler"
HOST = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 10.0


class FunctionFailedError(Exception):
    """The function ended with an error instead of an answer.

    Attributes
    ----------
    error_type : str
        The error's type, as Lambda reports it.
    """

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{answer['errorType']}: {answer.get('errorMessage', '')}")
        self.error_type = str(answer["errorType"])


class Emulator:
    """One emulated function, between ``__enter__`` and ``__exit__``; `handler` is what it calls.

    Parameters
    ----------
    package
        The folder that stands for /var/task.
    runtime
        What `tests.support.package.lay_out_runtime` made.
    folder
        Where the log is written.
    variables
        The function's environment.
    timeout_seconds
        The function's time limit.
    """

    handler = HANDLER

    def __init__(
        self,
        *,
        package: Path,
        runtime: Path,
        folder: Path,
        variables: Mapping[str, str],
        timeout_seconds: int = 60,
    ) -> None:
        python, isolation = isolated_python(package, runtime)
        self._port = _free_port()
        rapid = Path(samcli.__file__).parent / "local" / "rapid"
        self._command = [
            str(rapid / f"aws-lambda-rie-{ARCHITECTURE}"),
            "--runtime-interface-emulator-address",
            f"{HOST}:{self._port}",
            "--runtime-api-address",
            f"{HOST}:{_free_port()}",
            *python,
            "-m",
            "awslambdaric",
            self.handler,
        ]
        self._variables = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_FUNCTION_NAME": "ForwarderFunction",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "LAMBDA_TASK_ROOT": str(package),
            **isolation,
            **variables,
        }
        self._package = package
        self._timeout_seconds = timeout_seconds
        self._log = folder / "emulator.log"

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._package, env=self._variables, stdout=log, stderr=log
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def log(self) -> str:
        """All that the function and the emulator have written so far."""
        return self._log.read_text(errors="replace")

    def invoke(self, event: object) -> Any:
        """Invoke the function once and wait for its answer.

        Parameters
        ----------
        event
            What the function is handed.

        Returns
        -------
        object
            Its answer.

        Raises
        ------
        FunctionFailedError
            If the function raised, exited or ran out of time.
        """
        # Init may take its own 10 s before the function's time begins.
        connection = HTTPConnection(HOST, self._port, timeout=self._timeout_seconds + 30)
        try:
            connection.request(
                "POST",
                "/2015-03-31/functions/function/invocations",
                body=json.dumps(event),
                headers={"Content-Type": "application/json"},
            )
            body = connection.getresponse().read()
        finally:
            connection.close()
        try:
            answer = json.loads(body)
        except ValueError:
            # The emulator reports a time limit or an exit as a sentence.
            message = body.decode(errors="replace")
            raise FunctionFailedError({"errorType": "Runtime", "errorMessage": message}) from None
        if isinstance(answer, dict) and "errorType" in answer:
            raise FunctionFailedError(answer)
        return answer

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self._process.poll() is None, self.log
            try:
                socket.create_connection((HOST, self._port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, self.log
                time.sleep(0.02)
            else:
                return

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
