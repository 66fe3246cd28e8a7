"""A place with captures, and options → what `init` looks at, asks and writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import UsageError
from capture_forwarder.inspection.drafting.captures import (
    Captures,
    captures_in_bucket,
    newest_of_each,
)
from capture_forwarder.local.listing import list_files
from capture_forwarder.local.objects import FolderObjectStore
from capture_forwarder.local.whole_file import write_new_file, write_whole_file
from capture_forwarder.setup.sam.parameters import Where
from capture_forwarder.setup.sam.template import TemplateParameter, read_template

if TYPE_CHECKING:
    from capture_forwarder.aws.operator.calls import AwsCalls

_S3 = "s3://"
OpenAccount = Callable[[], "AwsCalls"]


def find_captures(place: str, account: OpenAccount, limit: int) -> Captures:
    """Find the newest capture files of a folder or prefix, endpoint by endpoint.

    Parameters
    ----------
    place
        A folder, a file, or `s3://bucket/prefix`.
    account
        Opens AWS; not called for a folder.
    limit
        The most files of each endpoint's variant.

    Raises
    ------
    UsageError
        There is no such place, or it holds no files.
    AccountError
        The bucket cannot be listed.
    """
    found = _in_s3(place, account(), limit) if place.startswith(_S3) else _in_folder(place, limit)
    if not found.files:
        raise UsageError(
            f"{place} holds no capture files.",
            "To have an endpoint write some: turn its Data Capture on, and call it.",
        )
    return found


def _in_folder(place: str, limit: int) -> Captures:
    path = Path(place)
    files = newest_of_each(list_files(path), limit)
    folder = path if path.is_dir() else path.parent
    base = str(folder.absolute()).strip("/")
    return Captures(
        place, None, f"{base}/" if base else "", tuple(files), FolderObjectStore(Path("/"))
    )


def _in_s3(place: str, calls: AwsCalls, limit: int) -> Captures:
    from capture_forwarder.aws.operator.buckets import S3Buckets  # noqa: PLC0415 - takes its time
    from capture_forwarder.wiring.stores import s3_store  # noqa: PLC0415

    bucket, _, prefix = place.removeprefix(_S3).partition("/")
    if not bucket:
        raise UsageError(f"{place} has no bucket.", "Write it as s3://bucket/prefix.")
    base, files = captures_in_bucket(S3Buckets(calls), bucket, prefix.lstrip("/"), limit)
    return Captures(place, bucket, base, tuple(files), s3_store(calls.client("s3")))


def find_keys(captures: Captures, calls: AwsCalls) -> list[str]:
    """Find the KMS keys that the newest file of each folder is encrypted with.

    Raises
    ------
    AccountError
        AWS does not say it.
    """
    from capture_forwarder.aws.operator.buckets import S3Buckets  # noqa: PLC0415

    newest = newest_of_each(captures.files, 1)
    files = [file.capture_file for file in newest]
    keys = (S3Buckets(calls).kms_key(file.bucket, file.key) for file in files)
    return list(dict.fromkeys(key for key in keys if key is not None))


def find_where(calls: AwsCalls, region: str | None) -> Where:
    """Find out the account, and its partition.

    Parameters
    ----------
    calls
        AWS.
    region
        The region of the stack; that of the calls if None.

    Raises
    ------
    AccountError
        AWS does not say who the caller is.
    """
    identity = calls.call("sts", "GetCallerIdentity")
    partition = str(identity["Arn"]).split(":")[1]
    return Where(partition, region or calls.region, str(identity["Account"]))


def read_text(path: Path) -> str | None:
    """Read a file that may not be there.

    Raises
    ------
    UsageError
        It is there and cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read.", "Name another file.") from error


def template_parameters(path: Path) -> dict[str, TemplateParameter] | None:
    """Read the parameters of the template; None if it is not there.

    Raises
    ------
    UsageError
        The file is something else.
    """
    text = read_text(path)
    return None if text is None else read_template(text, str(path))


def write_with_copy(path: Path, text: str) -> str | None:
    """Write a file, and keep a copy of one that is replaced.

    Returns
    -------
    str or None
        The copy's path; None if there was no file, or it said the same already.

    Raises
    ------
    UsageError
        The file or the copy cannot be written; the old file is as it was.
    """
    before = read_text(path)
    if before == text:
        return None
    copy = path.with_name(f"{path.name}.{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.old")
    try:
        if before is not None:
            write_new_file(copy, before)
        write_whole_file(path, text.encode())
    except OSError as error:
        problem = f"{path} cannot be written: {error.strerror}."
        raise UsageError(problem, "Name another file.") from error
    return None if before is None else str(copy)


def upload(calls: AwsCalls, address: str, text: str, *, replace: bool) -> None:
    """Bring a routes file to where the function reads it.

    Parameters
    ----------
    calls
        AWS.
    address
        `s3://bucket/key` or `ssm://name`.
    text
        The file.
    replace
        Whether to replace another text that is there.

    Raises
    ------
    UsageError
        Another text is there, and it may not be replaced.
    AccountError
        AWS refuses.
    """
    from capture_forwarder.aws.operator.deployment import AwsDeployment  # noqa: PLC0415
    from capture_forwarder.aws.operator.texts import write_text  # noqa: PLC0415

    if write_text(calls, address, text, replace=replace):
        return
    if AwsDeployment(calls).text(address) != text:
        problem = f"{address} holds another text. The files here are written; it is as it was."
        raise UsageError(problem, "To replace it, run the command again with --upload --force.")
