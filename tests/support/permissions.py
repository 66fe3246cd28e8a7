"""Calls of AWS against the statements of a role: which of them allows a call, if any does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]


def needed(
    operation: str, parameters: Mapping[str, Any]
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """What a call needs: actions, resources, and the keys that conditions look at.

    Source: AWS, "Actions, resources, and condition keys" in the Service Authorization Reference.
    """
    bucket = f"arn:aws:s3:::{parameters.get('Bucket')}"
    if operation in {"GetObject", "PutObject"}:
        yield f"s3:{operation}", f"{bucket}/{parameters['Key']}", {}
    elif operation == "ListObjectsV2":
        yield "s3:ListBucket", bucket, {"s3:prefix": parameters["Prefix"]}
    elif operation == "Publish":
        yield "sns:Publish", parameters["TopicArn"], {}
    elif operation == "PutEvents":
        bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"
        for entry in parameters["Entries"]:
            yield "events:PutEvents", bus, {"events:source": entry["Source"]}
    else:
        message = f"{operation}: write down here what it needs"
        raise AssertionError(message)


def allowing(
    statements: Sequence[Statement], action: str, resource: str, keys: Mapping[str, str]
) -> list[str]:
    """The names of the statements that allow something."""
    return [
        one["Sid"]
        for one in statements
        if one["Effect"] == "Allow"
        and action in _list(one["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in _list(one["Resource"]))
        and _holds(one.get("Condition", {}), keys)
    ]


def _holds(condition: Mapping[str, Any], keys: Mapping[str, str]) -> bool:
    assert condition.keys() <= {"StringEquals", "StringLike"}
    return all(
        name in keys and any(fnmatchcase(keys[name], one) for one in _list(patterns))
        for kind in condition.values()
        for name, patterns in kind.items()
    )


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
