"""Parameter overrides: what is written is what the SAM CLI reads back, whatever the value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samcli.cli.types import CfnParameterOverridesType

from capture_forwarder.core.errors import UsageError
from capture_forwarder.setup.sam.overrides import read_overrides, replaced, write_override

NAMES = st.from_regex(r"[A-Z][A-Za-z0-9]{0,9}", fullmatch=True)
ODD = st.text(alphabet=" \\\"'=,[]?a\n\tä$#&", max_size=12)
VALUES = st.one_of(st.text(max_size=20), ODD)
WRITTEN = st.text(alphabet=" \\\"'=,aB1\n", max_size=30)


def as_sam_reads(*items: str) -> dict[str, str]:
    """What the SAM CLI makes of the items of a list in samconfig.toml."""
    reader: Any = CfnParameterOverridesType()
    return dict(reader.convert(list(items), None, None))


def writable(name: str, value: str) -> bool:
    try:
        write_override(name, value)
    except UsageError:
        return False
    return True


@given(NAMES, VALUES)
def test_the_sam_cli_reads_back_what_is_written_or_it_is_refused(name: str, value: str) -> None:
    if writable(name, value):
        assert as_sam_reads(write_override(name, value)) == {name: value}
        assert read_overrides(write_override(name, value)) == {name: value}
    else:
        assert "\\" in value or "ParameterKey=" in value


@pytest.mark.parametrize(
    "value",
    [
        *["", "a b", "instances[?kind=='a b'].x", 'say "yes"', "it's", "'quoted'", '"', "'", " x "],
        *["a,b", "arn:aws:s3:::b/k", "a\\b", "\\d+", "x=y z=w", "Other=value", "two\nlines", "é"],
    ],
)
def test_every_usual_value_can_be_written(value: str) -> None:
    assert as_sam_reads(write_override("Name", value)) == {"Name": value}


@pytest.mark.parametrize(
    "value", ["a\\", 'a\\"b', "a\\ b", "a\\'b", "a\\\nb", "ParameterKey=A,ParameterValue=b"]
)
def test_a_value_that_the_sam_cli_would_change_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="cannot read the value of Name"):
        write_override("Name", value)


def test_a_value_without_quotes_would_be_cut_at_its_first_space() -> None:
    assert as_sam_reads("Name=a b") == {"Name": "a"}


@given(WRITTEN)
def test_any_text_is_read_as_the_sam_cli_reads_it(text: str) -> None:
    try:
        expected = as_sam_reads(text)
    except Exception:  # noqa: BLE001 - of no valid format, in click's words
        expected = {}
    assert read_overrides(text) == expected


def test_the_long_form_is_read_too() -> None:
    text = 'ParameterKey=A,ParameterValue=b ParameterKey=C,ParameterValue="d e"'
    assert read_overrides(text) == as_sam_reads(text) == {"A": "b", "C": "d e"}


PAIRS = st.dictionaries(NAMES, VALUES, max_size=4).map(
    lambda found: {name: value for name, value in found.items() if writable(name, value)}
)


@given(st.lists(PAIRS, max_size=3), PAIRS)
def test_only_what_changes_is_replaced(
    before: list[dict[str, str]], changes: dict[str, str]
) -> None:
    items = [" ".join(write_override(*pair) for pair in one.items()) for one in before if one]
    old = as_sam_reads(*items)

    after = replaced(items, changes)

    assert as_sam_reads(*after) == {**old, **changes}
    untouched = [item for item in items if not read_overrides(item).keys() & changes.keys()]
    assert [item for item in after if item in untouched] == untouched
