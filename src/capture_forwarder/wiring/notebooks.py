"""Capture files of a file, a folder or an S3 prefix, as rows for notebooks and scripts."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from os import PathLike, fspath

from capture_forwarder.core.inference import Inference, Row
from capture_forwarder.core.rejection import Reason
from capture_forwarder.inspection import (
    Given,
    Inspection,
    by_endpoint,
    inspect_files,
    take_samples,
)
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.parser.captures import Captures, RejectedLine
from capture_forwarder.wiring.capture_files import find_capture_files, within

Address = str | PathLike[str]


@dataclass(frozen=True)
class CapturedRows:
    """What capture files hold.

    Parameters
    ----------
    rows
        The rows, in the order of the files and of their lines: column → value.
    rejected
        How many lines became no rows, by the reason.
    examples
        The first of these lines for each reason.
    files
        How many files were read.
    """

    rows: Sequence[Row]
    rejected: Counter[Reason]
    examples: Mapping[Reason, RejectedLine]
    files: int


def read_captures(
    addresses: Address | Sequence[Address],
    mapping: ColumnMapping,
    *,
    types: Mapping[str, str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> CapturedRows:
    """Read capture files through a mapping; all rows are in memory afterwards.

    Warns if lines were read and none of them fits.

    Parameters
    ----------
    addresses
        A file, a folder or an S3 address such as `s3://bucket/datacapture/endpoint/`, or several
        of one kind.
    mapping
        Which captured values become which columns.
    types
        See `Captures`.
    since, until
        From when to when, by the hour in the files' keys, widened to full hours.

    Returns
    -------
    CapturedRows
        The rows, and what was rejected.

    Raises
    ------
    UsageError
        An address does not exist or holds no capture files, or none of them is of these hours.
    CaptureFileError, OSError
        S3 cannot be listed, or a file cannot be read.
    ValueError
        A type does not exist.

    Examples
    --------
    ::

        mapping = ColumnMapping.of(inputs=["age", "income"], outputs=["score"])
        found = read_captures("s3://bucket/datacapture/endpoint/", mapping)
        frame = pandas.DataFrame(found.rows)
    """
    files, store = find_capture_files(_texts(addresses))
    files = within(files, since, until)
    rows: list[Row] = []
    rejected: Counter[Reason] = Counter()
    examples: dict[Reason, RejectedLine] = {}
    for file in files:
        with store.open(file.capture_file) as opened:
            key = file.capture_file.key
            for item in Captures(opened.stream, mapping, types=types, key=key):
                if isinstance(item, Inference):
                    rows.append(item.row)
                else:
                    rejected[item.reason] += 1
                    examples.setdefault(item.reason, item)
    if rejected and not rows:
        _warn_of(rejected, examples)
    return CapturedRows(rows, rejected, examples, len(files))


def inspect_captures(
    addresses: Address | Sequence[Address], *, lines: int = 1000
) -> Sequence[Inspection]:
    """Find out what capture files hold, and which mapping fits them.

    Parameters
    ----------
    addresses
        See `read_captures`.
    lines
        How many lines of each file are looked at.

    Returns
    -------
    sequence of Inspection
        One for each endpoint and variant: `mapping` (None where none fits), `types`, `notes`, and
        `preview`, the first rows.

    Raises
    ------
    UsageError
        An address does not exist or holds no capture files.
    CaptureFileError
        S3 cannot be listed.

    Examples
    --------
    ::

        for found in inspect_captures("captures/"):
            print(found.mapping, found.notes)
    """
    files, store = find_capture_files(_texts(addresses))
    return [
        inspect_files(take_samples(alike, store, lines), Given()) for alike in by_endpoint(files)
    ]


def _texts(addresses: Address | Sequence[Address]) -> list[str]:
    given = [addresses] if isinstance(addresses, (str, PathLike)) else addresses
    return [fspath(address) for address in given]


def _warn_of(rejected: Counter[Reason], examples: Mapping[Reason, RejectedLine]) -> None:
    (reason, count), *_ = rejected.most_common(1)
    lines = rejected.total()
    message = (
        f"No line of {lines} became a row. {count} of them: {reason.value}, "
        f"such as line {examples[reason].number} of its file. "
        "`examples` has one for each reason, and `inspect_captures` proposes a mapping."
    )
    warnings.warn(message, stacklevel=3)
