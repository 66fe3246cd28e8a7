"""What is redacted reaches no platform, whatever way its publisher sends rows."""

from __future__ import annotations

import gzip

import pytest

from tests.support.platforms.server import Request
from tests.support.publishers_under_test.base import PLANTED, OverHttp
from tests.support.publishers_under_test.bench import Put
from tests.support.publishers_under_test.registry import PUBLISHERS

OF_ROWS = [name for name, one in PUBLISHERS.items() if not one.labels and not one.conversations]
ACTIONS = ["drop", "hash"]


def body_of(request: Request) -> bytes:
    zipped = request.headers.get("content-encoding") == "gzip"
    return gzip.decompress(request.body) if zipped else request.body


def check_sent(platform: object) -> None:
    if isinstance(platform, OverHttp):
        assert platform.server.publish_requests
        for request in platform.server.requests:
            assert PLANTED.encode() not in body_of(request)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", OF_ROWS)
def test_a_redacted_column_reaches_no_platform_and_the_others_do(
    name: str, action: str, put: Put
) -> None:
    here = put(name, FORWARDER_REDACT=f"plan={action}", FORWARDER_REDACT_KEY="k")

    here.publish(here.batch(3, records=2))

    rows = [row for _, row in here.platform.stored]
    assert len(rows) == 6
    assert PLANTED not in str(rows)
    assert sorted(row["score"] for row in rows) == [0.0, 0.0, 0.0, 0.125, 0.125, 0.125]
    check_sent(here.platform)


@pytest.mark.parametrize("action", ACTIONS)
def test_redacted_prompts_reach_no_backend(action: str, put: Put) -> None:
    here = put("otlp", FORWARDER_REDACT=f"input_messages={action}", FORWARDER_REDACT_KEY="k")

    here.publish(here.batch(3))

    assert isinstance(here.platform, OverHttp)
    assert here.platform.server.published_ids == ["call-0", "call-1", "call-2"]
    check_sent(here.platform)
