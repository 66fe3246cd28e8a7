"""A line of bytes → the capture record it holds.

Format: AWS, "Capture data" in the SageMaker developer guide, and 93 real lines. Keys that are
not known here are ignored, since AWS adds some now and then.
"""

from __future__ import annotations

import json

import msgspec

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.bounds import LARGE_BYTES, line_holds_too_much, too_much
from capture_forwarder.parser.rejected import RejectedError

_BOM = b"\xef\xbb\xbf"


class CapturedPayload(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The request or the response of a call, as it was captured."""

    data: str | None = None
    encoding: str | None = None
    observed_content_type: str | None = None


class CaptureData(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Both sides of a call; a side that is not captured is None."""

    endpoint_input: CapturedPayload | None = None
    endpoint_output: CapturedPayload | None = None


class EventMetadata(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What SageMaker notes of a call.

    `inference_id` only when the caller gave one; `invocation_source` is `ShadowExperiment` for
    what a shadow variant answered.
    """

    event_id: str | None = None
    inference_id: str | None = None
    inference_time: str | None = None
    custom_attributes: object = None
    invocation_source: str | None = None

    @property
    def id(self) -> str | None:
        """The id that the call's inferences are known by."""
        return self.inference_id or self.event_id or None

    @property
    def is_shadow(self) -> bool:
        """Whether a shadow variant answered, whose answer the caller never saw."""
        return self.invocation_source == "ShadowExperiment"


class CapturedCall(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """One call of InvokeEndpoint."""

    capture_data: CaptureData | None = None
    event_metadata: EventMetadata | None = None
    ground_truth_data: object = None


_decode = msgspec.json.Decoder(CapturedCall).decode
_check = msgspec.json.Decoder(msgspec.Raw).decode


def read_call(line: bytes) -> tuple[CaptureData, EventMetadata, str]:
    """Read one line.

    Returns
    -------
    tuple
        The captured sides, the metadata, and the id of the call.

    Raises
    ------
    RejectedError
        With `invalid-json`, `not-a-capture-record` or `too-many-values`.
    """
    if line_holds_too_much(line):
        raise too_much("line")
    try:
        record = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        if line.startswith(_BOM):
            return read_call(line.removeprefix(_BOM))
        raise _explain(line, error) from error
    data, metadata = record.capture_data, record.event_metadata
    if data is None:
        kind = "a line without captureData"
        if record.ground_truth_data is not None:
            kind = "a ground truth line (labels, no inference)"
        raise RejectedError(Reason.NOT_A_CAPTURE_RECORD, f"This is {kind}.")
    if metadata is None or (identity := metadata.id) is None:
        detail = "The line has no eventMetadata with an eventId or inferenceId."
        raise RejectedError(Reason.NOT_A_CAPTURE_RECORD, detail)
    return data, metadata, identity


def _explain(line: bytes, error: Exception) -> RejectedError:
    """Tell text that is no JSON from JSON of another shape.

    The typed decoder stops at the first thing it does not like, so a cut line can look like a
    mere mismatch to it.
    """
    try:
        # To make nothing of a large document but to check it takes no memory.
        document = json.loads(line, parse_int=len) if len(line) <= LARGE_BYTES else _check(line)
    except RecursionError:
        return RejectedError(Reason.INVALID_JSON, "The JSON is nested too deeply.")
    except ValueError:
        where = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else "is not valid JSON"
        return RejectedError(Reason.INVALID_JSON, f"The line {where}; it may have been cut.")
    if isinstance(document, list) and document and _is_manifest(document[0]):
        detail = (
            "This is the manifest of a batch transform job and no captured call; forward it from "
            "S3, under the name that SageMaker gave it, and its data is followed."
        )
        return RejectedError(Reason.NOT_A_CAPTURE_RECORD, detail)
    if isinstance(error, msgspec.ValidationError):
        detail = f"The line has another shape than a capture record: {error}."
        return RejectedError(Reason.NOT_A_CAPTURE_RECORD, detail)
    return RejectedError(Reason.INVALID_JSON, f"The line is not strict JSON: {error}.")


def _is_manifest(entry: object) -> bool:
    return isinstance(entry, dict) and set(entry) == {"prefix"}
