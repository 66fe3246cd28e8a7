"""The files with labels that may belong to the calls of a window."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from capture_forwarder.core.ports import FileStore, ListedFile
from capture_forwarder.monitor.data.files import Window
from capture_forwarder.monitor.data.opening import Format, format_of

# Of when labels were collected, as Model Monitor and the publisher of files write them.
_HOUR = re.compile(r"/(\d{4}/\d{2}/\d{2}/\d{2})/[^/]+$")


def label_files(store: FileStore, folder: str, window: Window) -> list[ListedFile]:
    """Find the files with labels below a folder, in the order in which they were collected.

    A label comes after its call: in folders of hours, those from the start of the window on are
    taken, however late. Files in no folder of an hour are always taken, as the oldest.

    Raises
    ------
    FileStoreError
        The folder cannot be listed.
    """
    found = []
    for file in store.files(folder):
        if not file.size or format_of(file.address) in {None, Format.DUCKDB}:
            continue
        hour = _hour_of(file.address)
        if hour is None or window.since is None or hour >= window.since:
            found.append((hour or datetime.min.replace(tzinfo=UTC), file.address, file))
    return [file for *_, file in sorted(found, key=lambda one: one[:2])]


def _hour_of(address: str) -> datetime | None:
    if not (found := _HOUR.search(address)):
        return None
    try:
        return datetime.strptime(found[1], "%Y/%m/%d/%H").replace(tzinfo=UTC)
    except ValueError:
        return None
