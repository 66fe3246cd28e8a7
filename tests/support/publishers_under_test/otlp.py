"""An OpenTelemetry backend under test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from capture_forwarder.settings import PublisherName
from tests.support.fault_matrix.aws import AwsFaults
from tests.support.platforms.faults import Answer
from tests.support.platforms.otlp import PROTOBUF, TOKEN, OtlpServer, said
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
        self.server = OtlpServer()

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
