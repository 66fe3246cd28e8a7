"""Keys of files that name no endpoint."""

from __future__ import annotations

import pytest

from capture_forwarder.core.capture_file import CaptureFile

HOURS = "2026/09/28/10/c.jsonl"


@pytest.mark.parametrize("deployment", ["any/3f9c2a", "b7d1"])
def test_a_pod_of_hyperpod_is_no_endpoint(deployment: str) -> None:
    found = CaptureFile("bucket", f"{deployment}/pod/AllTraffic/{HOURS}")

    assert (found.endpoint, found.variant) == (None, None)
    assert found.capture_hour == "2026-09-28T10:00:00Z"
    assert found.folder == f"{deployment}/pod/AllTraffic"


def test_an_endpoint_keeps_its_name_whatever_lies_before_it() -> None:
    found = CaptureFile("bucket", f"any/pod/blue/{HOURS}")

    assert (found.endpoint, found.variant, found.folder) == ("pod", "blue", "any/pod/blue")


def test_a_key_of_another_layout_has_no_folder_of_hours() -> None:
    assert CaptureFile("bucket", "any/file.jsonl").folder is None
