"""One capture file: where it is, and what its key says of the calls in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

import msgspec

_HOUR = (
    r"(?P<year>\d{4})/(?P<month>0[1-9]|1[0-2])/(?P<day>0[1-9]|[12]\d|3[01])/(?P<hour>[01]\d|2[0-3])"
)

# {any prefix}/{endpoint}/{variant}/yyyy/mm/dd/hh/{file}. A destination with a trailing slash
# gives empty parts in the prefix, never behind the endpoint (seen in real listings).
_KEY = re.compile(rf"(?:^|/)(?P<endpoint>[^/]+)/(?P<variant>[^/]+)/{_HOUR}/[^/]+$")

# Of a file that no endpoint wrote: ground truth stands below {any prefix}/yyyy/mm/dd/hh.
_FOLDERS = re.compile(rf"(?:^|/){_HOUR}/[^/]+$")

# HyperPod writes {prefix}/{hash}/pod/AllTraffic/yyyy/mm/dd/hh/{file}: no endpoint, no variant.
_POD = re.compile(r"[^/]+/pod/AllTraffic/\d{4}/\d\d/\d\d/\d\d/[^/]+$")

# The manifests of batch transform jobs, {any prefix}/{input or output}/yyyy/mm/dd/hh/{file}.json:
# no endpoint, no variant.
_MANIFEST = re.compile(rf"(?:^|/)(?:input|output)/{_HOUR}/[^/]+\.json$")

_HOUR_TEXT = "{year}-{month}-{day}T{hour}:00:00Z"


class CaptureFile(msgspec.Struct, frozen=True, dict=True):
    """One S3 object with capture lines.

    Parameters
    ----------
    bucket, key
        Where it lies; the key as S3 knows it, decoded.
    version_id
        The version to read, on a versioned bucket; else None.
    """

    bucket: str
    key: str
    version_id: str | None = None

    @cached_property
    def _parts(self) -> Mapping[str, str]:
        found = _MANIFEST.search(self.key) or _KEY.search(self.key)
        return found.groupdict() if found else {}

    @property
    def endpoint(self) -> str | None:
        """The endpoint's name, parsed from the right of the key; None for another layout."""
        return None if _POD.search(self.key) else self._parts.get("endpoint")

    @property
    def variant(self) -> str | None:
        """The production variant's name, parsed from the right of the key."""
        return None if _POD.search(self.key) else self._parts.get("variant")

    @property
    def capture_hour(self) -> str | None:
        """The hour the file belongs to, as ISO 8601 in UTC (`2026-03-01T10:00:00Z`)."""
        return _HOUR_TEXT.format(**self._parts) if self._parts else None

    @property
    def folder_hour(self) -> str | None:
        """The hour that its folders say, whoever wrote it, in the form of `capture_hour`."""
        found = _FOLDERS.search(self.key)
        return _HOUR_TEXT.format(**found.groupdict()) if found else None

    @property
    def folder(self) -> str | None:
        """What stands in the key before the hours: the same for all files of one deployment.

        None for another layout, whose folders say nothing of it.
        """
        return self.key.rsplit("/", 5)[0] if self._parts else None

    def __str__(self) -> str:
        version = f" (version {self.version_id})" if self.version_id else ""
        return f"s3://{self.bucket}/{self.key}{version}"
