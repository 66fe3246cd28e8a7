"""Writes the parts of botocore's service models that the function uses.

    python lambda_package/trim_models.py

An AWS client begins with the model of its service, of which S3's has a hundred operations in
1.4 MB. The function calls two of them, so the package carries models with those alone, in a place
where botocore looks before its own; all five together are a hundredth of the originals. A test
compares them with the installed botocore's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

FOLDER = Path(__file__).resolve().parent / "service_models"
KIND = "service-2"
OPERATIONS = {
    # The last one botocore calls by itself, to learn where a table is.
    "dynamodb": ("UpdateItem", "DescribeEndpoints"),
    # The last two botocore calls by itself, for a bucket elsewhere and for a directory bucket.
    "s3": ("GetObject", "PutObject", "HeadBucket", "CreateSession"),
    "secretsmanager": ("GetSecretValue",),
    "sqs": ("SendMessage",),
    "ssm": ("GetParameter",),
}
"""Service → what the function calls."""
# Nobody reads a date of their answers, and whoever makes one imports what else nobody needs.
UNDATED = ("GetObject", "GetParameter", "GetSecretValue")


def trimmed(service: str) -> tuple[str, dict[str, Any]]:
    """Take what is used of the installed botocore's model of a service.

    Parameters
    ----------
    service
        One of `OPERATIONS`.

    Returns
    -------
    tuple
        The API's version, and the model without other operations, the shapes that only those
        have, dates that nobody reads, and what describes them.
    """
    loader = Loader(include_default_extras=False)
    version = loader.determine_latest_version(service, KIND)
    model: dict[str, Any] = loader.load_service_model(service, KIND, version)
    operations = {name: model["operations"][name] for name in OPERATIONS[service]}
    shapes = _reached(operations, _undated(operations, model["shapes"]))
    used = {"operations": _undescribed(operations), "shapes": _undescribed(shapes)}
    return version, {**model, **used}


def place(service: str, version: str) -> Path:
    """Where a model lies, as botocore's loader looks for it."""
    return FOLDER / service / version / f"{KIND}.json"


def _reached(start: object, shapes: dict[str, Any]) -> dict[str, Any]:
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


def _undated(operations: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    """Leave out the dates of those operations' answers."""
    answers = [operations[name]["output"] for name in UNDATED if name in operations]
    return shapes | {
        name: {**shape, "members": _without_dates(shape["members"], shapes)}
        for name, shape in _reached(answers, shapes).items()
        if "members" in shape
    }


def _without_dates(members: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
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


def main() -> None:
    """Write all models."""
    for service in OPERATIONS:
        version, model = trimmed(service)
        path = place(service, version)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(model, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{path.relative_to(FOLDER.parent)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
