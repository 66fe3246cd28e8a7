"""Capture files → the first lines of each, endpoint by endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.line import Line
from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.inspection.report import Sample
from capture_forwarder.parser import read_lines

_MAX_LINE_BYTES = 16 * 1024 * 1024
# Sampled lines are held while an endpoint is looked at.
_BYTES_AN_ENDPOINT = 64 * 1024 * 1024


def by_endpoint(found: Iterable[FoundFile]) -> list[list[FoundFile]]:
    """Files of one endpoint and variant together, or of one folder of hours; others alone."""
    groups: dict[object, list[FoundFile]] = {}
    for file in found:
        capture_file = file.capture_file
        key: object = capture_file.folder or file.name
        if capture_file.endpoint:
            key = (capture_file.endpoint, capture_file.variant)
        groups.setdefault(key, []).append(file)
    return list(groups.values())


def take_samples(files: Sequence[FoundFile], store: ObjectStore, limit: int) -> list[Sample]:
    """Read the first lines of each file.

    Parameters
    ----------
    files
        Files of one endpoint and variant.
    store
        Where to read them from.
    limit
        The most lines of a file; fewer once 64 MiB are held, but at least one.
    """
    samples: list[Sample] = []
    held = 0
    for file in files:
        sample = _sample(file, store, limit, _BYTES_AN_ENDPOINT - held)
        held += sum(len(line.data) for line in sample.lines)
        samples.append(sample)
    return samples


def _sample(file: FoundFile, store: ObjectStore, limit: int, room: int) -> Sample:
    lines: list[Line] = []
    try:
        with store.open(file.capture_file) as opened:
            for line in read_lines(opened.stream, _MAX_LINE_BYTES):
                if len(lines) >= limit or (lines and room <= 0):
                    return Sample(file.capture_file, file.name, lines, complete=False)
                lines.append(line)
                room -= len(line.data)
    except CaptureFileError as error:
        problem = file.rename(str(error))
        return Sample(file.capture_file, file.name, lines, complete=False, problem=problem)
    return Sample(file.capture_file, file.name, lines)
