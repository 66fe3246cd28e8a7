"""What is reported of a file, as CloudWatch reads it from the log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from capture_forwarder.aws.reporting import LogReporter
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.report import FileReport


def measured(report: FileReport, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    LogReporter().on_route("churn", "fiddler").forwarded(CaptureFile("bucket", "key"), report)
    (line,) = (line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line)
    document: dict[str, Any] = json.loads(line)
    (described,) = document["_aws"]["CloudWatchMetrics"]
    units = {metric["Name"]: metric["Unit"] for metric in described["Metrics"]}
    return {name: (units[name], document[name]) for name in units}


def test_the_latency_of_each_request_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    found = measured(FileReport(requests=3, latencies=(0.25, 0.5, 1.0)), capsys)
    assert found["PublishLatency"] == ("Milliseconds", [250.0, 500.0, 1000.0])
    assert found["PublishRequests"] == ("Count", [3.0])


def test_a_file_without_a_request_has_no_latency(capsys: pytest.CaptureFixture[str]) -> None:
    assert "PublishLatency" not in measured(FileReport(lines=2, empty=2), capsys)
