"""Leaves of botocore's data what a function calls: services, their endpoints, their operations.

A client begins with the model of its service, of which S3's has a hundred operations in 1.4 MB, and
with the endpoints of all services. A function calls three of S3's. What is left here is taken, at
each build, from the botocore that is in the package; docs/package.md says how much of a cold start
hangs on it.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

Operations = Mapping[str, tuple[str, ...]]
"""Service → what a function calls."""

FORWARDER_OPERATIONS: Operations = {
    # The last one botocore calls by itself, to learn where a table is.
    "dynamodb": ("UpdateItem", "DescribeEndpoints"),
    # The last two botocore calls by itself, for a bucket elsewhere and for a directory bucket.
    "s3": ("GetObject", "ListObjectsV2", "PutObject", "HeadBucket", "CreateSession"),
    "secretsmanager": ("GetSecretValue",),
    "sqs": ("SendMessage", "SendMessageBatch", "GetQueueAttributes"),
    "ssm": ("GetParameter",),
    # Both botocore calls by itself, where credentials are had by taking on a role.
    "sts": ("AssumeRole", "AssumeRoleWithWebIdentity"),
}
MONITOR_OPERATIONS: Operations = {
    "events": ("PutEvents",),
    "s3": FORWARDER_OPERATIONS["s3"],
    "sns": ("Publish",),
    "sts": FORWARDER_OPERATIONS["sts"],
}

# Nobody reads a date of their answers, and to make one botocore imports what nothing else needs.
UNDATED = frozenset({"GetObject", "GetParameter", "GetSecretValue", "ListObjectsV2"})

_MODEL = "service-2.json"
_ENDPOINTS = "endpoints.json"

Shapes = dict[str, dict[str, Any]]


def keep_called(data: Path, operations: Operations) -> None:
    """Remove from a folder of botocore's data what describes anything that is not called.

    Parameters
    ----------
    data
        The folder `botocore/data`.
    operations
        What is called.
    """
    prefixes = set()
    for service in sorted(path for path in data.iterdir() if path.is_dir()):
        if service.name not in operations:
            shutil.rmtree(service)
            continue
        _unzip(service)
        for path in service.rglob("*.json"):
            _write(path, json.loads(path.read_bytes()))
        path = max(service.glob(f"*/{_MODEL}"))
        model = called(json.loads(path.read_bytes()), operations[service.name])
        prefixes.add(model["metadata"]["endpointPrefix"])
        _write(path, model)
    endpoints = json.loads((data / _ENDPOINTS).read_bytes())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in prefixes}
    _write(data / _ENDPOINTS, endpoints)


def called(model: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Take some operations of a service's model, and what describes them.

    Parameters
    ----------
    model
        The whole model.
    names
        The operations.

    Returns
    -------
    dict
        The model without other operations, the shapes that only those have, dates that nobody
        reads, and documentation.
    """
    operations = {name: model["operations"][name] for name in names}
    shapes = _reached(operations, _undated(operations, model["shapes"]))
    used = {"operations": _undescribed(operations), "shapes": _undescribed(shapes)}
    return {**model, **used}


def _unzip(service: Path) -> None:
    """Unzip what botocore would unzip whenever the function starts."""
    for zipped in service.rglob("*.json.gz"):
        zipped.with_suffix("").write_bytes(gzip.decompress(zipped.read_bytes()))
        zipped.unlink()


def _write(path: Path, document: object) -> None:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")


def _reached(start: object, shapes: Shapes) -> Shapes:
    """The shapes that `start` refers to, those that they refer to, and so on."""
    names: set[str] = set()
    left = [start]
    while left:
        one = left.pop()
        if isinstance(one, list):
            left += one
        elif isinstance(one, dict):
            left += one.values()
            name = one.get("shape")
            if isinstance(name, str) and name in shapes and name not in names:
                names.add(name)
                left.append(shapes[name])
    return {name: shape for name, shape in shapes.items() if name in names}


def _undated(operations: Mapping[str, Any], shapes: Shapes) -> Shapes:
    """Leave out the dates of those operations' answers."""
    answers = [operations[name]["output"] for name in UNDATED & operations.keys()]
    return shapes | {
        name: {**shape, "members": _without_dates(shape["members"], shapes)}
        for name, shape in _reached(answers, shapes).items()
        if "members" in shape
    }


def _without_dates(members: dict[str, Any], shapes: Shapes) -> dict[str, Any]:
    return {
        name: member
        for name, member in members.items()
        if shapes[member["shape"]]["type"] != "timestamp"
    }


def _undescribed(document: Any) -> Any:  # noqa: ANN401 - whatever the JSON holds
    """Leave out what is for people to read, two thirds of a model."""
    if isinstance(document, list):
        return [_undescribed(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        name: _undescribed(value)
        for name, value in document.items()
        if name != "documentation" or not isinstance(value, str)
    }
