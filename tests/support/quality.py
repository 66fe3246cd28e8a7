"""Predictions and labels for the tests of model quality, and what they are measured by."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from capture_forwarder.monitor.engines.duckdb.engine import open_duckdb
from capture_forwarder.monitor.quality import (
    ProblemType,
    Question,
    Source,
    judge,
    quality_statistics,
)
from capture_forwarder.monitor.quality.judging import MEGABYTES

NOW = datetime(2026, 3, 1, 10, 20, 30, 456000, tzinfo=UTC)
PUBLISHED = Path(__file__).parents[3] / "shared" / "cases" / "monitor"


def source(*paths: Path, table: str | None = None, header: bool = True) -> Source:
    return Source("the data", paths, table, header)


def measured(
    question: Question, predictions: Source, labels: Source | None = None
) -> dict[str, Any]:
    """The whole document of statistics."""
    with open_duckdb(MEGABYTES) as engine:
        true = None if labels is None else (labels,)
        return quality_statistics(judge(engine, question, (predictions,), true), NOW)


def values(document: Mapping[str, Any], problem: ProblemType) -> dict[str, float]:
    """The metrics that are numbers; what JSON writes as a text is a number here."""
    return {
        name: float(one["value"])
        for name, one in document[problem.metrics].items()
        if "value" in one
    }


def csv_file(path: Path, rows: Iterable[Sequence[object]], *header: str) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        if header:
            writer.writerow(header)
        writer.writerows(rows)
    return path


def json_lines(path: Path, lines: Iterable[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def captured(
    identity: str, data: str, encoding: str = "CSV", *, side: str = "endpointOutput", **more: Any
) -> dict[str, Any]:
    """A captured response, as SageMaker writes its line."""
    return {
        "captureData": {side: {"data": data, "encoding": encoding}},
        "eventMetadata": {"eventId": identity, "inferenceTime": "2026-03-01T10:00:00Z"} | more,
        "eventVersion": "0",
    }


def labelled(identity: str, data: str, encoding: str = "CSV") -> dict[str, Any]:
    """A label, as Model Monitor reads its line."""
    return {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": identity},
        "eventVersion": "0",
    }
