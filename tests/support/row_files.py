"""What stands in a file of rows, read as the readers of its form do."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from typing import Any


def read_rows(name: str, data: bytes) -> list[dict[str, Any]]:
    """Read the rows of a file by the end of its name."""
    if name.endswith(".jsonl.gz"):
        return [json.loads(text) for text in gzip.decompress(data).splitlines()]
    if name.endswith(".json"):
        document = json.loads(data)
        assert isinstance(document, list)
        return document
    assert name.endswith(".parquet"), name
    from pyarrow import parquet  # noqa: PLC0415 - it takes its time

    return list(parquet.ParquetFile(BytesIO(data)).read().to_pylist())
