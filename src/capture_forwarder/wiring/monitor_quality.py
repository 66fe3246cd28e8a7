"""What a user names as predictions or labels → files to read, those in S3 fetched first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from capture_forwarder.core.errors import UsageError
from capture_forwarder.local.whole_file import UNFINISHED
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.data.opening import format_of
from capture_forwarder.monitor.quality import Source
from capture_forwarder.wiring.monitor import fetched

_S3 = "s3://"


def find_source(
    addresses: Sequence[str],
    table: str | None,
    folder: Path,
    window: Window,
    *,
    header: bool,
) -> Source:
    """Find the files of a source; those of a folder in the order of their paths.

    Parameters
    ----------
    addresses
        Files and folders of this machine, or S3 addresses.
    table
        The table of a DuckDB file.
    folder
        Where those in S3 are copied to; made where it is needed.
    window
        Of those in S3, files in folders of other hours are not copied.
    header
        Whether CSV files begin with a row of names.

    Raises
    ------
    UsageError
        Something is not there, or its name tells no format.
    CaptureFileError
        S3 cannot be listed or read.
    """
    name = " ".join(addresses)
    paths = [
        path
        for number, address in enumerate(addresses)
        for path in _files(address, folder / str(number), window)
    ]
    if not paths:
        message = f"{name} holds no file whose name tells a format."
        raise UsageError(message, "Known are .csv, .json, .jsonl, .parquet and .duckdb.")
    return Source(name, tuple(paths), table, header)


def _files(address: str, folder: Path, window: Window) -> Iterable[Path]:
    path = Path(address)
    if address.startswith(_S3):
        path = fetched(address, folder, window, None)
    elif "://" in address:
        message = f"{address} is neither on this machine nor in S3."
        raise UsageError(message, "Copy it to one of them first.")
    if path.is_dir():
        return sorted(
            file
            for file in path.rglob("*")
            if file.is_file()
            and not file.name.startswith(".")
            and not file.name.endswith(UNFINISHED)
            and format_of(file.name)
        )
    if not path.exists():
        raise UsageError(f"{address} does not exist.", "Check the path.")
    return [path]
