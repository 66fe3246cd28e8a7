"""Our requests to Arthur beside those of Arthur's own client, field by field."""

from __future__ import annotations

from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Line
from capture_forwarder.core.schema import Schema
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser import compile_mapping
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.arthur.publisher import ArthurPublisher
from tests.support.captures import SOURCE, line, side
from tests.support.platforms.arthur import MODEL_ID, TOKEN, ArthurServer
from tests.support.platforms.server import Request
from tests.support.vendor import run_vendor

LINE = line(side("1,2\n3,4"), side("0.5\n0.75"))
PUBLISH = """
import sys
from arthur.client.rest import ArthurClient
from arthur.client.rest.inferences.models import SageMakerInferenceData

url, token, model_id, path = sys.argv[1:]
client = ArthurClient(url=url, api_key=token, organization_id="acme", allow_insecure=True)
with open(path, "rb") as file:
    data = SageMakerInferenceData.construct(inference_data=("inferences.jsonl", file))
    client.inferences.send_sagemaker_data(model_id, data)
"""


@pytest.fixture
def both(tmp_path: Path) -> tuple[Request, Request]:
    """The request that brings the same line: the client's, and ours."""
    file = tmp_path / "inferences.jsonl"
    file.write_bytes(LINE + b"\n")
    with ArthurServer() as theirs:
        run_vendor("arthur.client", PUBLISH, theirs.url, TOKEN, MODEL_ID, str(file))
    mapping = ColumnMapping()
    parsed = compile_mapping(mapping, Schema()).for_file(SOURCE)(LINE)
    assert isinstance(parsed, ParsedLine)
    with ArthurServer() as ours:
        ArthurPublisher(
            ours.url,
            FixedSecret(TOKEN),
            MODEL_ID,
            timeout=5,
            mapping=mapping,
            organization_id="acme",
        ).publish(Batch.of(parsed.inferences, Line(1, 0, LINE, len(LINE))))
    assert theirs.published_ids == ours.published_ids != []
    return theirs.publish_requests[0], ours.publish_requests[0]


def part_of(request: Request) -> Any:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts: Any = BytesParser().parsebytes(head + request.body).get_payload()
    assert len(parts) == 1
    return parts[0]


def test_the_same_is_asked(both: tuple[Request, Request]) -> None:
    theirs, ours = both

    assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
    for name in ("authorization", "arthur-organization-id", "accept"):
        assert ours.headers[name] == theirs.headers[name]


def test_the_form_holds_the_same(both: tuple[Request, Request]) -> None:
    theirs, ours = map(part_of, both)

    assert ours["content-disposition"] == theirs["content-disposition"]
    assert ours.get_payload(decode=True) == theirs.get_payload(decode=True)
