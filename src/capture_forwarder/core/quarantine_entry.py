"""How quarantine entries are written and named, wherever they are stored."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

import msgspec

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.line import Line
from capture_forwarder.core.rejection import Rejection


class QuarantineEntry(msgspec.Struct, frozen=True):
    """One rejected line in quarantine: enough to understand it and to send it again.

    `line` is the line itself where `encoding` is "utf-8", else its bytes in base64. For an
    inference that the platform refused, `inference_id` and `row_index` name it in its line;
    for a line, both are None. `revision` says which content of the file it was, also where the
    bucket has no versions; older entries do not have it.
    """

    reason: str
    detail: str
    bucket: str
    key: str
    version_id: str | None
    route: str
    line_number: int
    offset: int
    length: int
    time: str
    encoding: str
    line: str
    inference_id: str | None = None
    row_index: int | None = None
    revision: str | None = None


LONGEST_PREFIX = 300
"""The most bytes of a prefix: S3 keys hold 1024 with everything that is behind it."""

_LONGEST_PATH = 1024 - LONGEST_PREFIX - len("/")
_LONGEST_ROUTE = 200
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def make_entry(  # noqa: PLR0913, PLR0917 - what is known of a line
    capture_file: CaptureFile,
    line: Line,
    rejection: Rejection,
    route: str,
    time: str,
    revision: str | None = None,
) -> QuarantineEntry:
    """Put together what is known of a rejected line.

    A line that is not UTF-8 is stored as base64, so that not one byte of it is lost. Of a line
    over the size limit only the beginning is stored; offset and length find the whole in S3.
    """
    encoding, text = "utf-8", ""
    try:
        text = line.data.decode()
    except UnicodeDecodeError:
        encoding, text = "base64", base64.b64encode(line.data).decode()
    return QuarantineEntry(
        reason=rejection.reason.value,
        detail=rejection.detail,
        bucket=capture_file.bucket,
        key=capture_file.key,
        version_id=capture_file.version_id,
        route=route,
        line_number=line.number,
        offset=line.offset,
        length=line.length,
        time=time,
        encoding=encoding,
        line=text,
        revision=revision,
    )


def encode_entries(entries: Sequence[QuarantineEntry]) -> bytes:
    """Write entries as JSON Lines."""
    return msgspec.json.Encoder().encode_lines(list(entries))


def entry_path(capture_file: CaptureFile, first: QuarantineEntry, *, readable: bool = True) -> str:
    """Name the file for a run of entries, the same whenever the run starts at the same row.

    `{reason}/{bucket}/{key}/{revision}/{route}-{line}.jsonl`, with `-{row}` behind the line for
    a row that is not its line's first. The revision is in it because a key may be written again
    in a bucket without versions. A key too long for that, or not to be `readable`, is replaced by
    its SHA-256, since every entry carries the key in full, and so is a route's name that is very
    long. So the path fits a key of S3 below any prefix of at most `LONGEST_PREFIX` bytes.
    """
    revision = _as_folder(capture_file.version_id or first.revision or "unversioned")
    row = f"-{first.row_index}" if first.row_index else ""
    route = first.route if len(first.route.encode()) <= _LONGEST_ROUTE else _digest(first.route)
    file = f"{revision}/{route}-{first.line_number:09d}{row}.jsonl"
    path = f"{first.reason}/{capture_file.bucket}/{capture_file.key}/{file}"
    if not readable or len(path.encode()) > _LONGEST_PATH:
        path = f"{first.reason}/{capture_file.bucket}/{_digest(capture_file.key)}/{file}"
    return path


def _as_folder(revision: str) -> str:
    """An ETag as S3 gives it stands in quotes; what else could not be a folder is digested."""
    plain = revision.strip('"')
    return plain if _PLAIN.fullmatch(plain) else _digest(plain)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
