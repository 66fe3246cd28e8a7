"""Fiddler under test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from capture_forwarder.settings import PublisherName
from tests.support.fault_matrix.aws import AwsFaults
from tests.support.platforms.faults import CUT_JSON, GARBAGE_JSON
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer, Model
from tests.support.platforms.server import Row
from tests.support.publishers_under_test.base import Cause, OverHttp, answers

MODEL = Model.of(
    inputs={"x": "int"},
    outputs={"score": "float"},
    metadata={"plan": "str", "event_id": "str"},
    event_id_col="event_id",
)


class Fiddler(OverHttp):
    """A Fiddler with one model, or with several."""

    name = PublisherName.FIDDLER
    secret = "FIDDLER_TOKEN"  # noqa: S105 - the variable's name
    says = "Invalid event data"
    server: FiddlerServer
    unavailable: ClassVar[Mapping[str, Cause]] = {
        **OverHttp.unavailable,
        **answers(other_JSON=GARBAGE_JSON, half_a_JSON=CUT_JSON),
    }

    def __init__(self, folder: Path, aws: AwsFaults) -> None:
        super().__init__(folder, aws)
        self.server = self.make_server()

    def make_server(self) -> FiddlerServer:
        """The platform."""
        return FiddlerServer(MODEL)

    def own_variables(self, url: str) -> dict[str, str]:
        return {"FIDDLER_URL": url or self.server.url, "FIDDLER_MODEL_UUID": MODEL_ID}

    @property
    def stored(self) -> list[tuple[str, Row]]:
        return [(event["event_id"], event) for event in self.server.events]

    @property
    def credential(self) -> str:
        return self.server.token

    def expire(self) -> None:
        self.server.token = f"{TOKEN}-{len(self.server.requests)}"
