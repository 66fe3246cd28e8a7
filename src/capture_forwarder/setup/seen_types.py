"""Content types of CSV and JSON that an endpoint's captures have in base64, as files show them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import find_folders, pages_between
from capture_forwarder.core.deployment import Capture
from capture_forwarder.core.errors import AccountError, CaptureFileError
from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.core.ports.operator import Buckets
from capture_forwarder.parser import CapturedPayload, RejectedError, read_call, read_lines
from capture_forwarder.setup.capture_settings import ContentTypes, can_be_named

_BACK = timedelta(days=1)
_MOST_PAGES = 50
_MOST_LINES = 200
_MOST_LINE_BYTES = 6 * 1024 * 1024


def seen_types(
    buckets: Buckets, store: ObjectStore, capture: Capture, endpoint: str, now: datetime
) -> ContentTypes:
    """Look at the newest capture file of each variant; what cannot be read shows nothing.

    Parameters
    ----------
    buckets, store
        Where the files are.
    capture
        The endpoint's Data Capture.
    endpoint
        Whose files to look at.
    now
        The time; files of the last day are looked at.
    """
    csv: dict[str, None] = {}
    json: dict[str, None] = {}
    path = f"{capture.prefix}{endpoint}/"
    try:
        for folder in find_folders(buckets, capture.bucket, path):
            for name in _types(buckets, store, capture.bucket, folder, now):
                kind = csv if name.endswith("csv") else json if "json" in name else None
                if kind is not None and can_be_named(name):
                    kind[name] = None
    except (AccountError, CaptureFileError):
        pass
    return ContentTypes(tuple(csv), tuple(json))


def _types(
    buckets: Buckets, store: ObjectStore, bucket: str, folder: str, now: datetime
) -> Iterator[str]:
    newest = None
    for page in islice(pages_between(buckets, bucket, folder, now - _BACK), _MOST_PAGES):
        newest = next((one for one in reversed(page.files) if one.key.endswith(".jsonl")), newest)
    if newest is None:
        return
    with store.open(CaptureFile(bucket, newest.key)) as opened:
        for line in islice(read_lines(opened.stream, _MOST_LINE_BYTES), _MOST_LINES):
            if line.too_long or not line.data.strip():
                continue
            try:
                data, _, _ = read_call(line.data)
            except RejectedError:
                continue
            for side in (data.endpoint_input, data.endpoint_output):
                if side is not None and (name := _base64_type(side)):
                    yield name


def _base64_type(side: CapturedPayload) -> str:
    """The content type of a payload in base64, without its parameters; empty for any other."""
    if side.encoding != "BASE64" or not side.observed_content_type:
        return ""
    return side.observed_content_type.partition(";")[0].strip().lower()
