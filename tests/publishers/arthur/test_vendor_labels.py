"""Our updates of ground truth at Arthur beside those of Arthur's own client, field by field."""

from __future__ import annotations

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.publishers.arthur.labels import LABEL_TIME, ArthurLabelPublisher
from tests.support.fakes import ManualClock
from tests.support.platforms.arthur import MODEL_ID, TOKEN
from tests.support.platforms.arthur_labels import ArthurLabelServer
from tests.support.platforms.server import Request
from tests.support.rows import inference_of
from tests.support.vendor import run_vendor

WHEN = "2026-03-02T10:00:00+00:00"
UPDATE = """
import sys
from arthur.client.rest import ArthurClient
from arthur.client.rest.inferences.models import PartnerIdInferenceGroundTruth

url, token, model_id, when = sys.argv[1:]
client = ArthurClient(url=url, api_key=token, organization_id="acme", allow_insecure=True)
labels = [
    PartnerIdInferenceGroundTruth(
        partner_inference_id=name, ground_truth_timestamp=when, ground_truth_data={"churned": said}
    )
    for name, said in (("call_0", 1), ("call_1", 0))
]
client.inferences.update_inferences(model_id, labels)
"""


@pytest.fixture
def both() -> tuple[Request, Request]:
    """The request that brings the same labels: the client's, and ours."""
    with ArthurLabelServer() as theirs:
        run_vendor("arthur.client", UPDATE, theirs.url, TOKEN, MODEL_ID, WHEN)
    with ArthurLabelServer() as ours:
        publisher = ArthurLabelPublisher(
            ours.url,
            FixedSecret(TOKEN),
            MODEL_ID,
            timeout=5,
            clock=ManualClock(),
            organization_id="acme",
        )
        rows = [
            inference_of(name, {"churned": said, LABEL_TIME: WHEN})
            for name, said in (("call_0", 1), ("call_1", 0))
        ]
        publisher.publish(Batch.of(rows))
    assert theirs.ground_truth == ours.ground_truth != []
    return theirs.publish_requests[0], ours.publish_requests[0]


def test_the_same_is_asked(both: tuple[Request, Request]) -> None:
    theirs, ours = both

    assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
    for name in ("authorization", "arthur-organization-id", "accept", "content-type"):
        assert ours.headers[name] == theirs.headers[name]


def test_the_bodies_hold_the_same_fields_and_values(both: tuple[Request, Request]) -> None:
    theirs, ours = both

    assert ours.json == theirs.json
