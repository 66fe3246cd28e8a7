"""A profile and a region → what the operator's commands ask of AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.ports.operator import Buckets
from capture_forwarder.local.whole_file import write_new_file
from capture_forwarder.setup.bucket import SaveUndo

if TYPE_CHECKING:
    from capture_forwarder.aws.operator.calls import AwsCalls


def open_account(profile: str | None, region: str | None) -> AwsCalls:
    """Prepare calls of AWS; connects to nothing yet.

    Raises
    ------
    UsageError
        No region is named, or there is no such profile.
    """
    from capture_forwarder.aws.operator.calls import AwsCalls  # noqa: PLC0415 - takes its time

    calls = AwsCalls(profile, region)
    _ = calls.region
    return calls


def open_buckets(calls: AwsCalls, owner: str | None) -> Buckets:
    """Open buckets whose notifications may be read and changed.

    Parameters
    ----------
    calls
        AWS.
    owner
        The account that must own them; the caller's own if None.

    Raises
    ------
    AccountError
        AWS does not say who the caller is.
    """
    from capture_forwarder.aws.operator.buckets import S3Buckets  # noqa: PLC0415

    own = owner or str(calls.call("sts", "GetCallerIdentity")["Account"])
    return S3Buckets(calls, own)


def undo_writer(bucket: str, path: str | None) -> SaveUndo:
    """Make what keeps an undo file.

    Parameters
    ----------
    bucket
        The bucket, which the name of the file is made of where no path is given.
    path
        The file, which must not be there yet.
    """

    def save(text: str) -> str:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        file = Path(path or f"capture-forwarder-undo-{bucket}-{stamp}.json")
        try:
            write_new_file(file, text)
        except FileExistsError as error:
            advice = "Move it, or name another file by --undo-file. Nothing was changed."
            raise UsageError(f"{file} is there already.", advice) from error
        except OSError as error:
            problem = f"{file} cannot be written: {error.strerror}."
            raise UsageError(problem, "Nothing was changed.") from error
        return str(file)

    return save


def read_undo(path: str) -> str:
    """Read an undo file.

    Raises
    ------
    UsageError
        It cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read.", "Name an undo file.") from error
