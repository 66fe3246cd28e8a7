"""Addresses in settings: what a person may write, checked and in one spelling."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from capture_forwarder.core.partner_app_arn import check_partner_app_arn
from capture_forwarder.core.quarantine_entry import LONGEST_PREFIX

_DYNAMODB = "dynamodb://"
# Source: Amazon S3 User Guide, "General purpose bucket naming rules".
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Source: Amazon DynamoDB Developer Guide, "Naming rules"; its API takes a table's ARN as well.
_TABLE = re.compile(r"(?:arn:[^/]+:table/)?[A-Za-z0-9_.-]{3,255}")


_THIS_MACHINE = frozenset({"localhost", "host.docker.internal"})
"""Names of the machine itself; the second is Docker's, for containers that `sam local` starts."""


def is_plain_http(text: str) -> bool:
    """Whether an address is one of another machine, to which nothing goes encrypted."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme == "http" and bool(parts.hostname) and not _is_loopback(parts.hostname)


def _is_loopback(host: str | None) -> bool:
    if host is None or host in _THIS_MACHINE:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "must be an address such as https://monitoring.example.com"
        raise ValueError(message)
    if "@" in parts.netloc:
        message = "must not contain a user or password, since addresses are logged"
        raise ValueError(message)
    if parts.query or parts.fragment:
        message = "must not contain a query or fragment"
        raise ValueError(message)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _origin(text: str) -> str:
    address = _address(text)
    if urlsplit(address).path:
        message = "must be only scheme and host, since fiddler-client drops a path"
        raise ValueError(message)
    return address


def _prefix_or_folder(text: str) -> str:
    if text.startswith("s3://"):
        bucket, _, prefix = text.removeprefix("s3://").partition("/")
        if not bucket or not prefix.strip("/"):
            message = "needs a prefix after the bucket, as in s3://bucket/prefix"
            raise ValueError(message)
        prefix = prefix.strip("/")
        if (size := len(prefix.encode())) > LONGEST_PREFIX:
            message = (
                f"has a prefix of {size} bytes; it may have {LONGEST_PREFIX}, so that the names of "
                "what is written behind it fit S3's 1024"
            )
            raise ValueError(message)
        return f"s3://{bucket}/{prefix}"
    if "://" in text:
        message = "must be s3://bucket/prefix or a folder"
        raise ValueError(message)
    return text.rstrip("/") or "/"


def _ledger(text: str) -> str:
    if text.startswith(_DYNAMODB):
        table = text.removeprefix(_DYNAMODB).strip("/")
        if not _TABLE.fullmatch(table):
            message = (
                "needs a table's name, as in dynamodb://table: 3 to 255 letters, digits and _.-"
            )
            raise ValueError(message)
        return f"{_DYNAMODB}{table}"
    if "://" in text:
        message = "must be dynamodb://table or the path of an SQLite file"
        raise ValueError(message)
    return text


def _queue(text: str) -> str:
    if urlsplit(text).scheme not in {"http", "https"}:
        message = "must be the URL of an SQS queue"
        raise ValueError(message)
    return text


def _buckets(names: object) -> object:
    if not isinstance(names, str):
        return names
    found = tuple(name.strip() for name in names.split(",") if name.strip())
    if not all(map(_BUCKET.fullmatch, found)):
        message = "must be names of buckets, comma separated"
        raise ValueError(message)
    return found


def _routes_file(text: str) -> str:
    if text.startswith("s3://"):
        bucket, _, key = text.removeprefix("s3://").partition("/")
        if not bucket or not key:
            message = "needs bucket and key, as in s3://bucket/routes.yaml"
            raise ValueError(message)
    elif text.startswith("ssm://"):
        if not text.removeprefix("ssm://"):
            message = "needs a parameter's name, as in ssm:///forwarder/routes"
            raise ValueError(message)
    elif "://" in text:
        message = "must be a path, s3://bucket/key or ssm://parameter"
        raise ValueError(message)
    return text


Address = Annotated[str, AfterValidator(_address)]
"""Scheme, host and maybe a path, without a slash at its end."""

Origin = Annotated[str, AfterValidator(_origin)]
"""Scheme and host alone."""

PartnerAppArn = Annotated[str, AfterValidator(check_partner_app_arn)]
"""A SageMaker partner app; source of the form: AWS, "Service Authorization Reference"."""

PrefixOrFolder = Annotated[str, AfterValidator(_prefix_or_folder)]
"""`s3://bucket/prefix`, which leaves room for what stands behind it in a key, or a folder."""

LedgerPlace = Annotated[str, AfterValidator(_ledger)]
"""`dynamodb://table` or the path of an SQLite file."""

QueueUrl = Annotated[str, AfterValidator(_queue)]
"""The URL of an SQS queue."""

BucketNames = Annotated[tuple[str, ...], BeforeValidator(_buckets)]
"""Names of buckets, written with commas between them."""

RoutesFile = Annotated[str, AfterValidator(_routes_file)]
"""A path, `s3://bucket/key` or `ssm://parameter`."""
