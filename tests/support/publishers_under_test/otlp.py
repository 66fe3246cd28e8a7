"""An OpenTelemetry backend under test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from capture_forwarder.settings import PublisherName
from tests.support.fault_matrix.aws import AwsFaults
from tests.support.platforms.faults import CUT_JSON, GARBAGE_JSON, Answer
from tests.support.platforms.mlflow_labels import MlflowLabelServer
from tests.support.platforms.otlp import PROTOBUF, TOKEN, OtlpServer, said
from tests.support.platforms.phoenix_labels import PhoenixLabelServer
from tests.support.platforms.server import Row
from tests.support.publishers_under_test.base import Cause, OverHttp, answers


class Otlp(OverHttp):
    """A collector, which gets calls of a language model."""

    name = PublisherName.OTLP
    secret = "OTLP_TOKEN"  # noqa: S105 - the variable's name
    says = "invalid span"
    replaces = True
    conversations = True
    failures_that_refuse = frozenset({408, 425, 500})
    server: OtlpServer
    unavailable: ClassVar[Mapping[str, Cause]] = {
        # OTLP takes a 500 for a refusal.
        **{name: cause for name, cause in OverHttp.unavailable.items() if name != "500"},
        **answers(
            no_protobuf=Answer(b"\xff\xff\xff", content_type=PROTOBUF),
            half_a_JSON=Answer(b'{"partialSuccess": {'),
            text=Answer(b"OK", content_type="text/plain"),
        ),
    }

    def __init__(self, folder: Path, aws: AwsFaults) -> None:
        super().__init__(folder, aws)
        self.server = self.make_server()

    def make_server(self) -> OtlpServer:
        """The platform."""
        return OtlpServer()

    def own_variables(self, url: str) -> dict[str, str]:
        return {"OTLP_URL": url or self.server.url}

    @property
    def stored(self) -> list[tuple[str, Row]]:
        return [
            (span.inference_id, {**json.loads(asked), **json.loads(answered)})
            for span in self.server.spans
            for asked, answered in zip(said(span, "input"), said(span, "output"), strict=True)
        ]

    @property
    def credential(self) -> str:
        return self.server.token

    def expire(self) -> None:
        self.server.token = f"{TOKEN}-{len(self.server.requests)}"


class PhoenixLabels(Otlp):
    """A Phoenix, whose spans are annotated."""

    labels = ("x", "plan", "score")
    says = "invalid annotation"
    failures_that_refuse = frozenset()
    server: PhoenixLabelServer
    unavailable: ClassVar[Mapping[str, Cause]] = {
        **OverHttp.unavailable,
        **answers(other_JSON=GARBAGE_JSON, half_a_JSON=CUT_JSON, fewer=Answer(b'{"data": []}')),
    }

    def make_server(self) -> PhoenixLabelServer:
        return PhoenixLabelServer()

    def own_variables(self, url: str) -> dict[str, str]:
        return {**super().own_variables(url), "OTLP_BACKEND": "phoenix"}

    @property
    def stored(self) -> list[tuple[str, Row]]:
        rows: dict[str, Row] = {}
        with self.server.lock:
            annotations = list(self.server.annotations.values())
        for one in annotations:
            value = one["result"].get("score", one["result"]["label"])
            rows.setdefault(one["metadata"]["inference_id"], {})[one["name"]] = value
        return list(rows.items())


class MlflowLabels(Otlp):
    """An MLflow, whose traces are assessed: each label by a request of its own."""

    labels = ("x", "plan", "score")
    says = "invalid assessment"
    failures_that_refuse = frozenset()
    server: MlflowLabelServer
    unavailable: ClassVar[Mapping[str, Cause]] = {
        **OverHttp.unavailable,
        **answers(other_JSON=GARBAGE_JSON, half_a_JSON=CUT_JSON, nothing=Answer(b"")),
    }

    def make_server(self) -> MlflowLabelServer:
        return MlflowLabelServer()

    def own_variables(self, url: str) -> dict[str, str]:
        own = {"OTLP_BACKEND": "mlflow", "OTLP_EXPERIMENT_ID": "1"}
        return {**super().own_variables(url), **own}

    @property
    def tries(self) -> int:
        """How often the labels of an inference were begun with: by a look at its trace."""
        return len(self.server.looks)

    @property
    def stored(self) -> list[tuple[str, Row]]:
        rows: list[tuple[str, Row]] = []
        for one in self.server.stored:
            name, column = one["metadata"]["inference_id"], one["assessment_name"]
            held = (row for known, row in rows if known == name and column not in row)
            if (row := next(held, None)) is None:
                rows.append((name, row := {}))
            row[column] = one["feedback"]["value"]
        return rows
