"""The .npy reader against NumPy's own writer."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.formats.npy import read_npy
from capture_forwarder.parser.rejected import RejectedError

DTYPES = st.sampled_from(
    ["?", "i1", "u1"]
    + [f"{o}{k}" for o in "<>" for k in ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")]
)


def written(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def without_nan(value: object) -> object:
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return value if not isinstance(value, float) or math.isfinite(value) else None


@given(
    DTYPES.flatmap(lambda kind: npst.arrays(kind, npst.array_shapes(min_dims=0, max_side=4))),
    st.booleans(),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
)
def test_what_numpy_writes_is_read_equal(
    array: np.ndarray, fortran: bool, version: tuple[int, int]
) -> None:
    stored = np.array(array, order="F" if fortran else "C")

    found = read_npy(written(stored, version), "request")

    assert found == without_nan(array.tolist())


def test_no_rows_are_no_rows() -> None:
    assert read_npy(written(np.zeros((0, 3))), "request") == []


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.array([{"a": 1}], dtype=object), Reason.UNSUPPORTED_CONTENT_TYPE),
        (np.array(["text"]), Reason.UNSUPPORTED_CONTENT_TYPE),
        (np.array(["2026-03-01"], dtype="datetime64[s]"), Reason.UNSUPPORTED_CONTENT_TYPE),
        (np.array([1 + 2j]), Reason.UNSUPPORTED_CONTENT_TYPE),
        (np.zeros((3, 0)), Reason.UNDECODABLE_PAYLOAD),
    ],
    ids=["objects", "text", "dates", "complex", "rows without values"],
)
def test_what_is_no_table_of_numbers_is_rejected(array: np.ndarray, reason: Reason) -> None:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    with pytest.raises(RejectedError) as caught:
        read_npy(file.getvalue(), "request")
    assert caught.value.reason is reason


@given(st.integers(0, 400), st.binary(max_size=8))
def test_a_damaged_file_is_an_array_of_another_or_rejected(cut: int, patch: bytes) -> None:
    raw = written(np.arange(12, dtype="<f8").reshape(3, 4))
    damaged = raw[:cut] + patch + raw[cut + len(patch) :]
    try:
        found = read_npy(damaged, "request")
    except RejectedError:
        return
    assert isinstance(found, (list, float, int, bool))


@given(st.integers(0, 223))
def test_a_file_cut_short_is_rejected(length: int) -> None:
    raw = written(np.arange(12, dtype="<f8").reshape(3, 4))
    assert len(raw) == 224
    with pytest.raises(RejectedError):
        read_npy(raw[:length], "request")


@pytest.mark.parametrize("shape", [b"(9999999999, 0)", b"(9999999999, 9)", b"(-1, 12)", b"(1.5,)"])
def test_a_header_that_announces_what_is_not_there_costs_nothing(shape: bytes) -> None:
    raw = written(np.arange(12, dtype="<f8").reshape(3, 4))
    patched = raw.replace(b"(3, 4), }" + b" " * (len(shape) - 6), shape + b", }")
    assert patched != raw
    with pytest.raises(RejectedError):
        read_npy(patched, "request")
