"""The function's own queue, for objects that take longer than one invocation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ContinuationError
from capture_forwarder.triggers import write_continuation

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsContinuations:
    """Sends continuation messages to a queue.

    Parameters
    ----------
    make_client
        Makes an SQS client; called at the first message, since most invocations send none.
    url
        The queue that invokes the function.
    """

    def __init__(self, make_client: Callable[[], SQSClient], url: str) -> None:
        self._client = cache(make_client)
        self._url = url

    def send(self, capture_file: CaptureFile, hops: int, routes: Sequence[str]) -> None:
        """Have the object delivered again; see `Continuations.send`."""
        try:
            self._client().send_message(
                QueueUrl=self._url, MessageBody=write_continuation(capture_file, hops, routes)
            )
        except (ClientError, BotoCoreError) as error:
            message = f"The rest of {capture_file} cannot be handed on: {type(error).__name__}."
            advice = "Allow sqs:SendMessage on the queue of FORWARDER_QUEUE_URL."
            raise ContinuationError(message, advice) from error
