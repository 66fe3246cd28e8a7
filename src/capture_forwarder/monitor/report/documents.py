"""The documents of an execution, as they were read from its folder.

They may be Model Monitor's own, or be wrong in part: what cannot be used is left out, never shown
as something else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
"""A JSON object."""

_NOTHING: Document = {}


@dataclass(frozen=True)
class Documents:
    """What is known of an execution.

    Parameters
    ----------
    execution
        `execution.json`; empty for a folder that Model Monitor wrote.
    statistics, constraints, violations
        The files of that name.
    baseline
        The baseline's `statistics.json`.
    drift
        `drift.json`: how far each feature has drifted; empty for a folder of Model Monitor.
    quality
        The documents of an execution of model quality, if it is another one.
    history
        `execution.json` of all executions that are known, in any order.
    """

    execution: Document = field(default_factory=dict)
    statistics: Document = field(default_factory=dict)
    constraints: Document = field(default_factory=dict)
    violations: Document = field(default_factory=dict)
    baseline: Document = field(default_factory=dict)
    drift: Document = field(default_factory=dict)
    quality: Documents | None = None
    history: Sequence[Document] = ()


def inner(document: object, *keys: str) -> Document:
    """Go down into objects; an empty one where there is none."""
    for key in keys:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document if isinstance(document, Mapping) else _NOTHING


def entries(document: object, key: str) -> list[Document]:
    """The objects in a list of a document."""
    found = document.get(key) if isinstance(document, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def number(value: object) -> float | None:
    """A number that can be drawn; None for text that is none, for NaN and for infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def numbers(value: object) -> list[float]:
    """A list of numbers; empty if any of them is none."""
    found = [number(one) for one in value] if isinstance(value, list) else []
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else []


def text(value: object) -> str:
    """A text; empty for anything else."""
    return value if isinstance(value, str) else ""
