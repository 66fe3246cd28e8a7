"""Why a line or an inference cannot be delivered."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why a line or an inference cannot be delivered."""

    INVALID_JSON = "invalid-json"
    NOT_A_CAPTURE_RECORD = "not-a-capture-record"
    MISSING_INPUT = "missing-input"
    MISSING_OUTPUT = "missing-output"
    UNDECODABLE_PAYLOAD = "undecodable-payload"
    UNSUPPORTED_CONTENT_TYPE = "unsupported-content-type"
    COLUMN_COUNT_MISMATCH = "column-count-mismatch"
    RECORD_COUNT_MISMATCH = "record-count-mismatch"
    NOT_A_CONVERSATION = "not-a-conversation"
    ERROR_RESPONSE = "error-response"
    LINE_TOO_LONG = "line-too-long"
    TOO_MANY_VALUES = "too-many-values"
    NOT_A_LABEL = "not-a-label"
    LABEL_COUNT_MISMATCH = "label-count-mismatch"
    LABEL_WITHOUT_INFERENCE = "label-without-inference"
    PARSER_FAILED = "parser-failed"
    REJECTED_BY_PLATFORM = "rejected-by-platform"


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """Why a line cannot be forwarded. `detail` tells a person more and quotes no data."""

    reason: Reason
    detail: str
