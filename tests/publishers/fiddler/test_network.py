"""Connections to Fiddler are kept, also by the real client; see test_networks.py for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.publishers.fiddler.publisher import FiddlerPublisher
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer, Model
from tests.support.rows import inference_of

MODEL = Model.of(inputs={"age": "int"}, outputs={"score": "float"}, event_id_col="event_id")
BATCH = Batch.of([inference_of("call_0", {"event_id": "call_0", "age": 1, "score": 0.5})])


@pytest.fixture
def server() -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as running:
        yield running


def publisher(url: str) -> FiddlerPublisher:
    token = FixedSecret(TOKEN)
    return FiddlerPublisher(url, token, UUID(MODEL_ID), timeout=5.0, clock=SystemClock())


def test_rows_take_the_connection_that_logged_in(server: FiddlerServer) -> None:
    fiddler = publisher(server.url)

    for _ in range(3):
        fiddler.publish(BATCH)

    assert server.open_connections == 1
