"""Numbers in reports are short, and are those numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.monitor.report.wording import short_number


@given(st.floats(-1e12, 1e12, allow_nan=False))
def test_a_short_number_is_the_number_but_for_its_last_digits(value: float) -> None:
    read = float(short_number(value).replace(",", "").replace("\N{MINUS SIGN}", "-"))
    assert read == pytest.approx(value, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1090.4, "1,090"),
        (1090, "1,090"),
        (0.5, "0.5"),
        (None, "\N{EN DASH}"),
        (-2.50, "\N{MINUS SIGN}2.5"),
    ],
)
def test_a_short_number_is_read_at_a_glance(value: float | None, written: str) -> None:
    assert short_number(value) == written
