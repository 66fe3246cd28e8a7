"""The names of routes that the environment describes."""

from __future__ import annotations

ONLY_ROUTE = "captures"
"""The route of capture files."""

LABEL_ROUTE = "labels"
"""The route of labels."""
