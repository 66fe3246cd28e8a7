"""The publishers under test. A new platform has a line here, and all suites run over it."""

from __future__ import annotations

from tests.support.publishers_under_test.arthur import Arthur
from tests.support.publishers_under_test.base import OverHttp, PublisherUnderTest
from tests.support.publishers_under_test.fiddler import Fiddler
from tests.support.publishers_under_test.labels import (
    ArthurLabels,
    DuckDbLabels,
    FiddlerLabels,
    FolderOfLabels,
    OpenScaleLabels,
    OpenScaleLabelsV1,
    S3OfLabels,
)
from tests.support.publishers_under_test.local import (
    DuckDb,
    FolderOfArrays,
    FolderOfFiles,
    FolderOfParquet,
    S3OfArrays,
    S3OfFiles,
)
from tests.support.publishers_under_test.openscale import (
    OpenScale,
    OpenScaleConfirmed,
    OpenScaleOnCloudPak,
    OpenScaleV1,
)
from tests.support.publishers_under_test.otlp import MlflowLabels, Otlp, PhoenixLabels

PUBLISHERS: dict[str, type[PublisherUnderTest]] = {
    "fiddler": Fiddler,
    "arthur": Arthur,
    "openscale": OpenScale,
    "openscale-confirmed": OpenScaleConfirmed,
    "openscale-cloud-pak": OpenScaleOnCloudPak,
    "openscale-v1": OpenScaleV1,
    "duckdb": DuckDb,
    "files": FolderOfFiles,
    "files-array": FolderOfArrays,
    "files-parquet": FolderOfParquet,
    "files-s3": S3OfFiles,
    "files-array-s3": S3OfArrays,
    "otlp": Otlp,
    "fiddler-labels": FiddlerLabels,
    "arthur-labels": ArthurLabels,
    "openscale-labels": OpenScaleLabels,
    "openscale-labels-v1": OpenScaleLabelsV1,
    "phoenix-labels": PhoenixLabels,
    "mlflow-labels": MlflowLabels,
    "duckdb-labels": DuckDbLabels,
    "files-labels": FolderOfLabels,
    "files-s3-labels": S3OfLabels,
}

OVER_HTTP: dict[str, type[OverHttp]] = {
    name: entry for name, entry in PUBLISHERS.items() if issubclass(entry, OverHttp)
}

FAULT_MATRIX = tuple(
    name
    for name, entry in OVER_HTTP.items()
    if name == next(first for first, other in OVER_HTTP.items() if other.name == entry.name)
)
"""Those that go through every fault: the first of each platform over HTTP."""

LABELS_FAULT_MATRIX = ("fiddler-labels", "arthur-labels", "openscale-labels")
"""The same of those that take labels, at fewer places."""
