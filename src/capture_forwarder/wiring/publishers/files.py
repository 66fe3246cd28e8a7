"""The settings of files of rows → their publishers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from capture_forwarder.core.ports import PartFiles, Publisher
from capture_forwarder.settings.publishers import FilesSettings
from capture_forwarder.wiring.publishers.context import PublisherContext

if TYPE_CHECKING:
    from capture_forwarder.publishers.files.formats import FileFormat


def for_rows(settings: FilesSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of a route's files."""
    from capture_forwarder.publishers.files.publisher import KEY, TIME, FilePublisher  # noqa: PLC0415

    mapping = context.route.mapping
    key, time = mapping.event_id or KEY, mapping.timestamp or TIME
    form = _file_format(settings, context, key, time)
    return FilePublisher(_part_files(settings.place), context.route.name, key, time, form)


def for_labels(settings: FilesSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of files of labels."""
    from capture_forwarder.publishers.files.labels import (  # noqa: PLC0415
        LABEL_TIME,
        FileLabelPublisher,
    )
    from capture_forwarder.publishers.files.publisher import KEY, FilePublisher  # noqa: PLC0415

    rows = FilePublisher(_part_files(settings.place), context.route.name, KEY, LABEL_TIME)
    return FileLabelPublisher(rows)


def _file_format(
    settings: FilesSettings, context: PublisherContext, key: str, time: str
) -> FileFormat:
    from capture_forwarder.publishers.files.formats import JsonArray, JsonLines  # noqa: PLC0415

    match settings.format:
        case "json-lines":
            return JsonLines()
        case "json-array":
            return JsonArray(time)
        case "parquet":
            from capture_forwarder.publishers.files.parquet import Parquet  # noqa: PLC0415

            return Parquet(context.route.mapping.columns.types, key, time)
        case _:
            assert_never(settings.format)


def _part_files(address: str) -> PartFiles:
    """Open the folder, or the prefix in S3, that files of rows go to."""
    if not address.startswith("s3://"):
        from capture_forwarder.local.parts import FolderPartFiles  # noqa: PLC0415

        return FolderPartFiles(Path(address))
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415
    from capture_forwarder.aws.parts import S3PartFiles  # noqa: PLC0415

    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return S3PartFiles(s3_client(), bucket, prefix)
