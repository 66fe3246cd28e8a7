"""An inference's id → the ids of its trace and span, so that a repeat is the same span."""

from __future__ import annotations

from hashlib import blake2b

_TRACE_BYTES = 16
_SPAN_BYTES = 8


def trace_id(inference_id: str) -> bytes:
    """The 16 bytes that a trace is known by (W3C Trace Context, "trace-id")."""
    return _digest(inference_id, _TRACE_BYTES, b"cf-trace")


def span_id(inference_id: str) -> bytes:
    """The 8 bytes that the trace's only span is known by (W3C Trace Context, "parent-id")."""
    return _digest(inference_id, _SPAN_BYTES, b"cf-span")


def _digest(inference_id: str, size: int, purpose: bytes) -> bytes:
    return blake2b(inference_id.encode(), digest_size=size, person=purpose).digest()
