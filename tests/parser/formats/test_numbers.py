"""Many numbers, a few of them odd: each means what it means alone."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.parser.formats.numbers import LONGEST_NUMBER, as_numbers, replace_odd

NUMBERS = ("1.5", "-2", "3e5", "7", "0.25")
ODD = ("+3", ".5", "2.", "007", "1.2.3", "-", "x", "é", "1e400", "9" * 320, "1-2", "1]")
NULLS = ("NaN", "nan", "")

# Where no letters stand beside the numbers, there is a quicker way.
digits = st.sampled_from(["1.5", "7", "+3", ""])
anything = st.sampled_from([*NUMBERS * 4, *ODD, *NULLS])


def records(cells: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(cells, min_size=3, max_size=3).map(",".join)


def several(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(texts, min_size=1, max_size=6)


def has_long(texts: list[str]) -> bool:
    return max(map(len, texts)) > LONGEST_NUMBER


def agree(texts: list[str], written: str, odd: list[int], between: str, instead: str) -> None:
    """Require that each text is written as it is alone, or is odd."""
    msgspec.json.decode(f"[{written}]")
    for index, (text, json) in enumerate(zip(texts, written.split(between), strict=True)):
        alone = as_numbers(text, large=True) or ("null" if not text else None)
        assert json == (instead if index in odd else alone)


@given(several(digits) | several(anything))
def test_a_cell_among_odd_ones_is_written_as_it_is_alone(texts: list[str]) -> None:
    replaced = replace_odd(texts, large=has_long(texts))
    if replaced is not None:
        agree(texts, replaced.written, list(replaced.odd), ",", "0")


@given(several(records(digits)) | several(records(anything)))
def test_a_record_among_odd_ones_is_written_as_it_is_alone(texts: list[str]) -> None:
    between, instead = ",0\n,", "0,0,0"
    replaced = replace_odd(texts, large=has_long(texts), between=between, instead=instead)
    if replaced is not None:
        agree(texts, replaced.written, list(replaced.odd), between, instead)


@pytest.mark.parametrize("texts", [["+3", ""], ["", "+3"], ["1", "+3", "", "2"]])
def test_an_empty_cell_beside_an_odd_one_is_null(texts: list[str]) -> None:
    replaced = replace_odd(texts, large=False)
    assert replaced is not None
    written = ["0" if text == "+3" else text or "null" for text in texts]
    assert replaced.written.split(",") == written


def test_a_few_odd_numbers_among_many_are_found() -> None:
    texts = ["0.5"] * 200
    for odd in (3, 77, 199):
        texts[odd] = "+7"
    replaced = replace_odd(texts, large=False)
    assert replaced is not None
    assert replaced.odd == [3, 77, 199]
