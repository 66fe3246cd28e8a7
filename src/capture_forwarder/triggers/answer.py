"""Outcomes of messages → what the source of the event expects as an answer."""

from __future__ import annotations

from collections.abc import Mapping

from capture_forwarder.core.errors import CaptureFilesFailedError, ForwarderError
from capture_forwarder.triggers.message import Source, Trigger

_MAX_RESULT_TEXT = 1024


def answer(
    trigger: Trigger, event: Mapping[str, object], failures: Mapping[str, ForwarderError]
) -> dict[str, object]:
    """Tell the source of the event what was delivered.

    SQS is told the failed messages, which needs `ReportBatchItemFailures` on the event source
    mapping; S3 Batch Operations gets a result for each task in the schema version it asked
    with. Everything else can only be told by an error.

    Parameters
    ----------
    trigger
        The event, read.
    event
        The event as it came.
    failures
        Message id → why it failed; all others succeeded.

    Raises
    ------
    CaptureFilesFailedError
        Something failed and the source knows only success and error.
    """
    if trigger.source is Source.SQS:
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failures]}
    if trigger.source is Source.S3_BATCH:
        return _batch_answer(trigger, event, failures)
    if failures:
        reasons = " | ".join(str(error) for error in failures.values())
        message = f"{len(failures)} of {len(trigger.messages)} messages failed: {reasons}"
        raise CaptureFilesFailedError(message)
    return {"messages": len(trigger.messages)}


def _batch_answer(
    trigger: Trigger, event: Mapping[str, object], failures: Mapping[str, ForwarderError]
) -> dict[str, object]:
    """Source: AWS, "Invoke AWS Lambda function" in the S3 Batch Operations user guide."""
    results = []
    for message in trigger.messages:
        error = failures.get(message.id)
        code, text = "Succeeded", "forwarded"
        if error is not None:
            code = "PermanentFailure" if error.permanent else "TemporaryFailure"
            text = str(error)[:_MAX_RESULT_TEXT]
        results.append({"taskId": message.id, "resultCode": code, "resultString": text})
    return {
        "invocationSchemaVersion": event["invocationSchemaVersion"],
        "treatMissingKeysAs": "PermanentFailure",
        "invocationId": event["invocationId"],
        "results": results,
    }
