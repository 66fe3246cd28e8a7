"""Botocore's service models, read in a fraction of the time.

A client begins with models of its service, megabytes of JSON, and with a search through the
folders of all services, just to know that its own is among them: together half of what making the
first client costs. Both are botocore's own points to extend: the loader, and how it reads a file.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
from botocore.loaders import JSONFileLoader, Loader

SERVICES = ("dynamodb", "s3", "secretsmanager", "sqs", "ssm")
"""The services that have clients here."""


class QuickLoader(Loader):
    """Finds models where botocore does, for the services that are used here."""

    def __init__(self) -> None:
        super().__init__(file_loader=_QuickFiles())

    def list_available_services(self, type_name: str) -> list[str]:
        """The services used here; botocore raises the same error for others as it always does."""
        del type_name
        return list(SERVICES)


class _QuickFiles(JSONFileLoader):
    """Decodes JSON with msgspec."""

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 - whatever the JSON holds
        """Read `{file_path}.json`, plain or zipped; None if there is neither."""
        plain, zipped = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            return msgspec.json.decode(plain.read_bytes())
        if zipped.is_file():
            return msgspec.json.decode(gzip.decompress(zipped.read_bytes()))
        return None
