"""Which keys a rule's pattern takes, as far as `doctor` reads it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.setup.checks.queues import takes


def pattern(*keys: Any, bucket: str = "captures") -> dict[str, Any]:
    return {"detail": {"bucket": {"name": [bucket]}, "object": {"key": list(keys)}}}


@pytest.mark.parametrize(
    ("matcher", "taken"),
    [
        ({"wildcard": "data/*.jsonl"}, True),
        ({"wildcard": "data/*.json"}, False),
        ({"wildcard": "*"}, True),
        ({"prefix": "data/"}, True),
        ({"prefix": "other/"}, False),
        ({"suffix": ".jsonl"}, True),
        ({"suffix": ".gz"}, False),
        ("data/a\n+.jsonl", True),
        ({"anything-but": "x"}, False),
    ],
)
def test_a_key_is_taken_by_what_fits_it(matcher: Any, *, taken: bool) -> None:
    assert takes(pattern(matcher), "captures", "data/a\n+.jsonl") is taken
    assert takes(pattern("nothing", matcher), "captures", "data/a\n+.jsonl") is taken
    assert not takes(pattern(matcher), "others", "data/a\n+.jsonl")


def test_a_field_that_is_not_named_may_hold_anything() -> None:
    assert takes({"detail": {"bucket": {"name": ["captures"]}}}, "captures", "any")
    assert takes({}, "captures", "any")


@given(st.text("a.*/", max_size=6), st.text("a./", max_size=6))
def test_only_the_star_is_wild(wildcard: str, key: str) -> None:
    expected = re.fullmatch(wildcard.replace(".", "[.]").replace("*", ".*"), key) is not None

    assert takes(pattern({"wildcard": wildcard}), "captures", key) is expected
