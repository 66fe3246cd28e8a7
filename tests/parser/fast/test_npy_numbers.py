"""The short way of npy: which arrays it takes, and that it never changes what they mean."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import CSV, JSON, line, side
from tests.support.two_ways import is_same_both_ways

NPY = "application/x-npy"
TWO = ColumnMapping.of("a,b", event_id="id")
ONE = ColumnMapping.of("a", event_id="id")
KINDS = [
    *("?", "i1", "u1", "c8"),
    *(f"{o}{k}" for o in "<>" for k in ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")),
]
FLOAT, INT = DataType.FLOAT, DataType.INT


def written(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def accepts(raw: bytes, mapping: ColumnMapping, *types: DataType | None) -> bool:
    """Whether the short way takes a request of these bytes."""
    known = {name: kind for name, kind in zip("ab", types, strict=False) if kind}
    return is_same_both_ways(line(side(raw, NPY), None), mapping, known)


TABLE = np.array([[1, 2], [3, 4], [5, 6]])


@pytest.mark.parametrize("kind", ["<f4", "<f8", ">f8", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_tables_of_floats_are_taken(kind: str, order: str) -> None:
    raw = written(np.array(TABLE, dtype=kind, order=order))  # type: ignore[call-overload]
    assert accepts(raw, TWO, FLOAT, FLOAT)
    assert accepts(raw, TWO)
    assert accepts(raw, TWO, None, FLOAT)
    assert not accepts(raw, TWO, FLOAT, INT)


@pytest.mark.parametrize("kind", ["<i8", ">i4", "u1", "<u8"])
def test_tables_of_integers_are_taken(kind: str) -> None:
    raw = written(TABLE.astype(kind))
    assert accepts(raw, TWO, FLOAT, FLOAT)
    assert accepts(raw, TWO, INT, None)
    assert accepts(raw, TWO)
    assert not accepts(raw, TWO, FLOAT, INT)


def test_a_list_of_numbers_is_as_many_records_of_one_column_or_one_of_many() -> None:
    assert accepts(written(np.array([0.5, 1.5])), ONE)
    assert accepts(written(np.array([0.5, 1.5])), TWO)
    assert accepts(written(np.array([[0.5], [1.5]])), ONE)
    assert not accepts(written(np.array([0.5, 1.5, 2.5])), TWO)


@pytest.mark.parametrize(
    "array",
    [
        np.array([[0.5, np.nan]]),
        np.array([[0.5, -np.inf]]),
        np.array([[True, False]]),
        np.array([[1j, 2]]),
        np.zeros((0, 2)),
        np.zeros((2, 0)),
        np.zeros((2, 3)),
        np.zeros((1, 2, 1)),
        np.array(0.5),
        np.array(["x", "y"]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_what_is_in_doubt_is_left_to_the_long_way(array: np.ndarray) -> None:
    assert not accepts(written(array), TWO)
    assert not accepts(written(array), TWO, FLOAT, FLOAT)


def test_files_that_are_cut_or_too_long_are_left_to_the_long_way() -> None:
    raw = written(TABLE)
    assert not accepts(raw[:-1], TWO)
    assert not accepts(raw + b"\0", TWO)
    assert not accepts(raw[:20], TWO)
    assert not accepts(raw[:8] + bytes([raw[8] - 1]) + raw[9:], TWO)
    assert not accepts(b"1,2", TWO)


def test_numbers_whose_sum_is_too_large_are_the_same() -> None:
    assert not accepts(written(np.full((9, 2), 1e308)), TWO)


@pytest.mark.parametrize("response", [side("0.5\n1\n2", CSV), side("[0.5, 1, 2]", JSON)])
def test_the_answer_to_an_array_may_be_of_another_format(response: object) -> None:
    mapping = ColumnMapping.of("a,b", "score")
    assert is_same_both_ways(line(side(written(TABLE), NPY), response), mapping)


@given(
    st.sampled_from(KINDS).flatmap(
        lambda kind: npst.arrays(kind, npst.array_shapes(min_dims=0, max_dims=3, max_side=3))
    ),
    st.sampled_from("CF"),
    st.lists(st.sampled_from([FLOAT, INT, None]), min_size=2, max_size=2),
    st.binary(max_size=2),
    st.integers(0, 200),
)
def test_whatever_the_short_way_takes_means_the_same_on_the_long_way(
    array: np.ndarray, order: str, types: list[DataType | None], patch: bytes, at: int
) -> None:
    raw = written(np.array(array, order=order))  # type: ignore[call-overload]
    accepts(raw, TWO, *types)
    accepts(raw, ONE, *types)
    accepts(raw[:at] + patch + raw[at + len(patch) :], TWO, *types)
