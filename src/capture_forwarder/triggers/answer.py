"""Outcomes of messages → what the source of the event expects as an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from capture_forwarder.core.errors import CaptureFilesFailedError
from capture_forwarder.triggers.message import Source, Trigger
from capture_forwarder.triggers.outcome import Outcome

_MAX_RESULT_TEXT = 1024


def answer(
    trigger: Trigger, event: Mapping[str, object], outcomes: Sequence[Outcome]
) -> dict[str, object]:
    """Tell the source of the event what became of its messages.

    SQS gets the ids of the failed messages, which needs `ReportBatchItemFailures` on the event
    source mapping; S3 Batch Operations gets a result for each task, in the schema version of its
    event. All other sources understand nothing but an error.

    Parameters
    ----------
    trigger
        The event, read.
    event
        The event as it came.
    outcomes
        What became of each message, in the order of the trigger's messages.

    Raises
    ------
    CaptureFilesFailedError
        Something failed and the source knows only success and error.
    """
    errors = {
        message.id: outcome.error
        for message, outcome in zip(trigger.messages, outcomes, strict=True)
        if outcome.error is not None
    }
    if trigger.source is Source.SQS:
        return {"batchItemFailures": [{"itemIdentifier": name} for name in errors]}
    if trigger.source is Source.S3_BATCH:
        return _batch_answer(trigger, event, outcomes)
    if errors:
        reasons = " | ".join(str(error) for error in errors.values())
        message = f"{len(errors)} of {len(trigger.messages)} messages failed: {reasons}"
        raise CaptureFilesFailedError(message)
    return {"messages": len(trigger.messages)}


def _batch_answer(
    trigger: Trigger, event: Mapping[str, object], outcomes: Sequence[Outcome]
) -> dict[str, object]:
    """Source: AWS, "Invoke AWS Lambda function" in the S3 Batch Operations user guide."""
    results = []
    for message, outcome in zip(trigger.messages, outcomes, strict=True):
        code = "Succeeded"
        if outcome.error is not None:
            code = "PermanentFailure" if outcome.error.permanent else "TemporaryFailure"
        text = outcome.text[:_MAX_RESULT_TEXT]
        results.append({"taskId": message.id, "resultCode": code, "resultString": text})
    return {
        "invocationSchemaVersion": event["invocationSchemaVersion"],
        "treatMissingKeysAs": "PermanentFailure",
        "invocationId": event["invocationId"],
        "results": results,
    }
