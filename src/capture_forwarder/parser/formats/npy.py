"""A reader for NumPy's .npy format, without NumPy and without ever unpickling.

Source: NumPy, "numpy.lib.format": magic, version, header length, a Python literal with `descr`,
`fortran_order` and `shape`, then the elements. Versions 1.0, 2.0 (longer header) and 3.0 (UTF-8
header) are read, with boolean, integer and floating point elements in either byte order.
"""

from __future__ import annotations

import ast
import math
import re
import struct

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.bounds import MOST_VALUES, too_much
from capture_forwarder.parser.formats.arrays import are_lengths, nest
from capture_forwarder.parser.rejected import RejectedError

MAGIC = b"\x93NUMPY"
_DESCR = re.compile(r"([<>|=])([biuf])([1248])")
STRUCT_CODES = {
    "b1": "?",
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "f2": "e",
    "f4": "f",
    "f8": "d",
}
"""Codes of the struct module, by kind and size of the elements."""
_CHARSETS = {1: "latin-1", 2: "latin-1", 3: "utf-8"}  # of the header, by major version
_FLOATS = "efd"
_MAX_HEADER_BYTES = 64 * 1024


def read_npy(raw: bytes, name: str) -> object:
    """Read an array.

    Parameters
    ----------
    raw
        A whole .npy file.
    name
        What to call it in a rejection: "request" or "response".

    Returns
    -------
    object
        Nested lists in C order, or one value for an array without dimensions; NaN and
        infinities are None.

    Raises
    ------
    RejectedError
        With `undecodable-payload`; with `unsupported-content-type` for element types that are
        no numbers, such as pickled objects; with `too-many-values`.
    """
    header, start = _header(raw, name)
    shape, order = header["shape"], header["fortran_order"]
    code, size = _element(header["descr"], name)
    if not isinstance(shape, tuple) or not are_lengths(shape) or not isinstance(order, bool):
        raise _undecodable(name, "its header is not that of an array")
    count = math.prod(shape)
    if len(raw) - start != count * size:
        raise _undecodable(name, f"its shape {shape} needs {count * size} bytes of elements")
    if count > MOST_VALUES:
        raise too_much(name)
    values = struct.unpack_from(f"{code[0]}{count}{code[1]}", raw, start)
    # A sum is finite only if all that it is of are, and much sooner made than as many questions.
    if code[1] in _FLOATS and not math.isfinite(sum(values)):
        values = tuple(value if math.isfinite(value) else None for value in values)
    try:
        return nest(values, shape, fortran=order)
    except ValueError as error:
        raise _undecodable(name, str(error)) from error


def _header(raw: bytes, name: str) -> tuple[dict[str, object], int]:
    if not raw.startswith(MAGIC) or len(raw) < len(MAGIC) + 4:
        raise _undecodable(name, "it does not start like one")
    major = raw[6]
    if major not in _CHARSETS:
        raise _undecodable(name, f"version {major} of the format is not known")
    layout = "<H" if major == 1 else "<I"
    start = 8 + struct.calcsize(layout)
    if len(raw) < start:
        raise _undecodable(name, "its header is cut short")
    (length,) = struct.unpack_from(layout, raw, 8)
    text = raw[start : start + length]
    if len(text) != length or length > _MAX_HEADER_BYTES:
        raise _undecodable(name, "its header is cut short")
    try:
        header = ast.literal_eval(text.decode(_CHARSETS[major]).strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise _undecodable(name, "its header cannot be read") from error
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise _undecodable(name, "its header is not that of an array")
    return header, start + length


def _element(descr: object, name: str) -> tuple[tuple[str, str], int]:
    found = _DESCR.fullmatch(descr) if isinstance(descr, str) else None
    kind = f"{found[2]}{found[3]}" if found else ""
    if found is None or kind not in STRUCT_CODES:
        detail = f"The {name} is an npy array of elements that are not plain numbers."
        raise RejectedError(Reason.UNSUPPORTED_CONTENT_TYPE, detail)
    # "=" would be the byte order of the machine that wrote it; SageMaker's are little-endian.
    order = ">" if found[1] == ">" else "<"
    return (order, STRUCT_CODES[kind]), int(found[3])


def _undecodable(name: str, why: str) -> RejectedError:
    return RejectedError(Reason.UNDECODABLE_PAYLOAD, f"The {name} is no npy array: {why}.")
