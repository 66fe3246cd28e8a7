"""Inferences for tests, from their id and their row."""

from __future__ import annotations

from capture_forwarder.core.inference import Inference, Row


def inference_of(name: str, row: Row) -> Inference:
    """Make an inference."""
    return Inference(name, tuple(row), tuple(row.values()))
