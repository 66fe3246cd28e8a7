"""The function's own queue, for capture files that take longer than one invocation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from capture_forwarder.aws.errors import AWS_ERRORS, read_error
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ContinuationError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


Write = Callable[[CaptureFile, int, Sequence[str]], str]


class SqsContinuations:
    """Sends continuation messages to a queue.

    Parameters
    ----------
    make_client
        Makes an SQS client; called at the first message, since most invocations send none.
    url
        The queue that invokes the function.
    write
        Writes a message's body from a capture file, its number of hops and its routes, in the
        form in which the function reads it.
    """

    def __init__(self, make_client: Callable[[], SQSClient], url: str, write: Write) -> None:
        self._client = cache(make_client)
        self._url = url
        self._write = write

    def send(
        self, capture_file: CaptureFile, hops: int, routes: Sequence[str], delay_seconds: int = 0
    ) -> None:
        """Have a later invocation continue the file; see `Continuations.send`."""
        try:
            body = self._write(capture_file, hops, routes)
            self._client().send_message(
                QueueUrl=self._url, MessageBody=body, DelaySeconds=delay_seconds
            )
        except AWS_ERRORS as error:
            message = (
                f"The rest of {capture_file} cannot be left to a later invocation: "
                f"{read_error(error).sentence}."
            )
            advice = "Check FORWARDER_QUEUE_URL, and allow sqs:SendMessage on that queue."
            raise ContinuationError(message, advice) from error
