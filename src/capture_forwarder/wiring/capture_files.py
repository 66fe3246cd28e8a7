"""What a user names → the capture files there, and the store to read them from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import full_hours, is_within
from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.local.listing import SUFFIXES, list_files
from capture_forwarder.local.objects import FolderObjectStore
from capture_forwarder.settings import RouteSettings, Settings

_S3 = "s3://"
CAPTURES = "capture files"
"""What messages call them."""

WHERE_CAPTURES_ARE = (
    "An endpoint writes capture files once its Data Capture is on and it is called, as "
    "ENDPOINT/VARIANT/YEAR/MONTH/DAY/HOUR/NAME.jsonl below its destination."
)
"""What helps those who look for them in another place."""

_TABLES = (".csv", ".parquet")


def find_capture_files(
    addresses: Sequence[str],
    outputs: Sequence[str] = (),
    max_line_bytes: int | None = None,
    suffixes: tuple[str, ...] = SUFFIXES,
    kind: str = CAPTURES,
) -> tuple[list[FoundFile], ObjectStore]:
    """Find the capture files, or files of another kind, at addresses, each once.

    Parameters
    ----------
    addresses
        Files and folders, or S3 addresses; not both.
    outputs
        What the forwarder itself writes to, which is never taken as input; see `outputs_of`.
    max_line_bytes
        See `s3_store`.
    suffixes, kind
        How the names of files in folders end, and what messages call them.

    Raises
    ------
    UsageError
        An address does not exist, is something else or holds no capture files.
    CaptureFileError
        S3 cannot be listed.
    """
    remote = [address for address in addresses if address.startswith(_S3)]
    if remote and len(remote) != len(addresses):
        problem = "Some of these addresses are in S3 and some are local."
        raise UsageError(problem, "Run the command once for each kind.")
    folders = [Path(output).absolute() for output in outputs if not output.startswith(_S3)]
    found: dict[CaptureFile, FoundFile] = {}
    for address in addresses:
        if kind == CAPTURES and not remote:
            _check_is_no_other(address)
        files = list(files_in_s3(address) if remote else _local(address, folders, suffixes))
        if not files:
            listed = ", ".join(f"*{suffix}" for suffix in suffixes)
            expected = "" if remote else f" ({listed})"
            look = f"To see what is there: {'aws s3 ls' if remote else 'ls'} {shlex.quote(address)}"
            advice = f"{WHERE_CAPTURES_ARE}\n{look}" if kind == CAPTURES else look
            raise UsageError(f"{address} holds no {kind}{expected}.", advice)
        found.update((file.capture_file, file) for file in files)
    store = store_in_s3(max_line_bytes) if remote else FolderObjectStore(Path("/"))
    return list(found.values()), store


def _check_is_no_other(address: str) -> None:
    """Tell a table from a capture file."""
    if address.endswith(_TABLES) and Path(address).is_file():
        name = shlex.quote(address)
        raise UsageError(
            f"{address} is a table, and no capture file.",
            f"If it holds labels: capture-forwarder labels send {name}\n"
            f"To monitor its rows: capture-forwarder monitor baseline {name} --to baseline",
        )


def within(
    found: Sequence[FoundFile],
    since: datetime | None,
    until: datetime | None,
    limit: int | None = None,
) -> list[FoundFile]:
    """Keep the files of some hours, by the hour in their keys.

    Parameters
    ----------
    found
        The files, in order.
    since, until
        From when to when, widened to full hours; with either, files without an hour are left out.
    limit
        The most files to keep; None for all.

    Raises
    ------
    UsageError
        None is left.
    """
    first, end = full_hours(since, until)
    hours = [(file, file.capture_file.capture_hour) for file in found]
    kept = list(found)
    if first is not None or end is not None:
        kept = [file for file, hour in hours if hour is not None and is_within(hour, first, end)]
    if not kept:
        raise UsageError(
            f"None of {len(found)} files is of these hours.",
            "The hour of a file stands in its key, as in .../2026/03/01/10/NAME.jsonl.",
        )
    return kept[:limit]


def outputs_of(routes: Sequence[RouteSettings], settings: Settings) -> list[str]:
    """Say where the forwarder itself writes files: to the quarantine, and what routes name."""
    outputs = [*(route.output for route in routes), settings.quarantine]
    return [output for output in outputs if output is not None]


def _local(address: str, outputs: Sequence[Path], suffixes: tuple[str, ...]) -> Iterator[FoundFile]:
    path = Path(address)
    for file in list_files(path, suffixes):
        output = _folder_of(Path(file.name), outputs)
        if output is None:
            yield file
        elif not path.is_dir():
            problem = f"{address} is in {output}, where the forwarder itself writes."
            raise UsageError(problem, "What it wrote is never taken as input.")


def _folder_of(path: Path, folders: Sequence[Path]) -> Path | None:
    return next((one for one in folders if path.absolute().is_relative_to(one)), None)


def files_in_s3(address: str) -> Iterator[FoundFile]:
    """Find the files at an S3 address; there may be none.

    Raises
    ------
    UsageError, CaptureFileError
        The address has no bucket, or S3 cannot be listed.
    """
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415 - boto3 takes its time
    from capture_forwarder.aws.listing import list_objects  # noqa: PLC0415

    bucket, _, prefix = address.removeprefix(_S3).partition("/")
    if not bucket:
        raise UsageError(f"{address} has no bucket.", "Write it as s3://bucket/prefix.")
    return list_objects(s3_client, bucket, prefix)


def store_in_s3(max_line_bytes: int | None = None) -> ObjectStore:
    """Make the store that reads from S3; see `s3_store`."""
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415
    from capture_forwarder.wiring.stores import s3_store  # noqa: PLC0415

    return s3_store(s3_client(), max_line_bytes)
