"""Botocore's service models, read in a fraction of the time.

A client begins with models of its service and the endpoints of all services, megabytes of JSON,
and with a search through the folders of all services, just to know that its own is among them:
together half of what making the first client costs. All are botocore's own points to extend: the
loader, where it looks, and how it reads a file.
"""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from botocore.loaders import JSONFileLoader, Loader

SERVICES = ("dynamodb", "s3", "secretsmanager", "sqs", "ssm")
"""The services that have clients here."""

_OF_CREDENTIALS = ("signin", "sso", "sso-oidc", "sts")  # whom botocore asks for a profile's

# The Lambda package has models there with what the function uses and nothing else. Where there are
# none, or botocore has a later version of a service's API, its own are read.
_TRIMMED = Path(__file__).with_name("service_models")


class QuickLoader(Loader):
    """Finds models where botocore does, for the services that are asked here.

    Parameters
    ----------
    trimmed
        A folder of models that are used in place of botocore's; it need not be there.
    """

    def __init__(self, trimmed: Path = _TRIMMED) -> None:
        super().__init__(extra_search_paths=[str(trimmed)], file_loader=_QuickFiles())

    def list_available_services(self, type_name: str) -> list[str]:
        """The services asked here; botocore raises the same error for others as it always does."""
        del type_name
        return [*SERVICES, *_OF_CREDENTIALS]


class _Asked(msgspec.Struct, omit_defaults=True, rename={"portal_sso": "portal.sso"}):
    """Endpoints of the services that are asked here, by the first part of their addresses."""

    dynamodb: object = None
    oidc: object = None
    portal_sso: object = None
    s3: object = None
    secretsmanager: object = None
    signin: object = None
    sqs: object = None
    ssm: object = None
    sts: object = None


class _Partition(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A part of AWS as botocore's file of endpoints describes it; more in it is an error."""

    defaults: object
    dns_suffix: object
    partition: object
    partition_name: object
    region_regex: object
    regions: object
    services: _Asked


class _Endpoints(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file."""

    partitions: list[_Partition]
    version: object


class _QuickFiles(JSONFileLoader):
    """Decodes JSON with msgspec, and of the endpoints only those that are asked here."""

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 - whatever the JSON holds
        """Read `{file_path}.json`, plain or zipped; None if there is neither."""
        plain, zipped = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            data = plain.read_bytes()
            if plain.stem == "endpoints":
                with suppress(msgspec.ValidationError):  # else all of it is read
                    return msgspec.to_builtins(msgspec.json.decode(data, type=_Endpoints))
            return msgspec.json.decode(data)
        if zipped.is_file():
            return msgspec.json.decode(gzip.decompress(zipped.read_bytes()))
        return None
