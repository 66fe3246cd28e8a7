"""The event of a self-check, and all that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.triggers import SelfCheck, read_self_check, write_continuation

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["captureForwarder", "check", "file", "Records"]), inner)
    ),
)


def test_a_self_check_may_name_a_capture_file() -> None:
    file = {"bucket": "captures", "key": "a+b %.jsonl"}

    assert read_self_check({"captureForwarder": {"check": True}}) == SelfCheck()
    found = read_self_check({"captureForwarder": {"check": True, "file": file}})
    assert found == SelfCheck(CaptureFile("captures", "a+b %.jsonl"))


@pytest.mark.parametrize("file", [None, 3, {}, {"bucket": "b"}, {"bucket": "", "key": "k"}])
def test_what_names_no_file_is_a_check_without_one(file: Any) -> None:
    assert read_self_check({"captureForwarder": {"check": True, "file": file}}) == SelfCheck()


@given(json_values)
def test_any_other_event_is_none(event: Any) -> None:
    inner = event.get("captureForwarder") if isinstance(event, dict) else None
    asked = isinstance(inner, dict) and inner.get("check") is True and "Records" not in event

    assert (read_self_check(event) is not None) is asked


def test_a_continuation_is_none() -> None:
    body = json.loads(write_continuation(CaptureFile("b", "k"), 1, ["captures"]))
    body["captureForwarder"]["check"] = True

    assert read_self_check(body) is None
