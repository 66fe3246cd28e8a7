"""What a scheduled check has found, of whatever kind it was."""

from __future__ import annotations

import msgspec

from capture_forwarder.core.ports import Metrics
from capture_forwarder.monitor.executions.folder import Kept


class Finding(msgspec.Struct, frozen=True):
    """A violation: of which column or metric, and what it says."""

    name: str
    description: str


class Found(msgspec.Struct, frozen=True):
    """An execution in its folder, its violations, and what is measured of it."""

    kept: Kept
    findings: tuple[Finding, ...]
    metrics: tuple[Metrics, ...]
