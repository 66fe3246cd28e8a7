"""S3 and DynamoDB for measuring: objects are files of a folder, items live in a dictionary.

    python -m benchmarks.aws_server FOLDER

prints its port. Every request is counted by its operation. Conditions of writes are not looked
at: the measurements have one owner an object, for whom they hold. The tests of the ledger run
against a full emulation.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from benchmarks.loopback import Answer, Request, serve

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_CLAUSES = re.compile(r"\b(SET|REMOVE)\b")
_COMMA = re.compile(r",\s*(?![^(]*\))")
_DYNAMODB = ("Content-Type: application/x-amz-json-1.0",)

Item = dict[str, Any]


class Aws:
    """The objects of a folder and the items of any tables."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._items: dict[str, Item] = {}
        self._counts: Counter[str] = Counter()
        self._latency = 0.0

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        path = urlsplit(request.path).path
        if path == "/control/reset":
            query = dict(parse_qsl(urlsplit(request.path).query))
            self._latency = float(query.get("latency", "0"))
            self._items.clear()
            self._counts.clear()
        if path.startswith("/control/"):
            return Answer(json.dumps(self._counts).encode())
        target = request.headers.get("x-amz-target", "")
        if target.startswith("DynamoDB"):
            return self._dynamodb(target.rpartition(".")[2], json.loads(request.body))
        if request.method == "GET" and path.count("/") > 1:
            return self._get_object(request, unquote(path))
        known = request.method == "PUT" and path.count("/") > 1
        self._counts["PutObject" if known else f"{request.method} {path}"] += 1
        return Answer(headers=('ETag: "0"',))

    def _get_object(self, request: Request, path: str) -> Answer:
        self._counts["GetObject"] += 1
        file = self._folder / path.lstrip("/")
        if not file.is_file():
            code = b"<Error><Code>NoSuchKey</Code></Error>"
            return Answer(code, HTTPStatus.NOT_FOUND, ("Content-Type: application/xml",))
        status = file.stat()
        size = status.st_size
        headers: tuple[str, ...] = (
            f'ETag: "{size:x}{status.st_mtime_ns:x}"',
            "Accept-Ranges: bytes",
        )
        found = _RANGE.fullmatch(request.headers.get("range", ""))
        if found is None:
            return Answer(headers=headers, file=file, length=size)
        start = int(found[1])
        last = min(int(found[2] or size), size - 1)
        headers += (f"Content-Range: bytes {start}-{last}/{size}",)
        length = last + 1 - start
        return Answer(
            b"", HTTPStatus.PARTIAL_CONTENT, headers, file=file, start=start, length=length
        )

    def _dynamodb(self, operation: str, body: Item) -> Answer:
        self._counts[operation] += 1
        status = HTTPStatus.OK
        answer: Item = {}
        if operation == "UpdateItem":
            answer = {"Attributes": self._update(body)}
        elif operation == "GetItem":
            found = self._items.get(_name(body))
            answer = {} if found is None else {"Item": found}
        elif operation == "PutItem":
            self._items[_name(body)] = body["Item"]
        elif operation == "DeleteItem":
            self._items.pop(_name(body), None)
        else:
            status = HTTPStatus.BAD_REQUEST
            answer = {"__type": "com.amazonaws.dynamodb#UnknownOperationException"}
        return Answer(json.dumps(answer).encode(), status, _DYNAMODB, self._latency)

    def _update(self, body: Item) -> Item:
        item = self._items.setdefault(_name(body), dict(body["Key"]))
        names: dict[str, str] = body.get("ExpressionAttributeNames", {})
        values: Item = body.get("ExpressionAttributeValues", {})
        _, *parts = _CLAUSES.split(body["UpdateExpression"])
        for clause, text in zip(parts[::2], parts[1::2], strict=True):
            for change in _COMMA.split(text.strip()):
                left, _, right = (part.strip() for part in change.partition("="))
                name = names.get(left, left)
                if clause == "REMOVE":
                    item.pop(name, None)
                elif right.startswith("if_not_exists("):
                    item.setdefault(name, values[right[:-1].rpartition(",")[2].strip()])
                else:
                    item[name] = values[right]
        return item


def _name(body: Item) -> str:
    key = body.get("Key") or {"id": body["Item"]["id"]}
    return json.dumps([body["TableName"], key], sort_keys=True)


if __name__ == "__main__":
    serve(Aws(Path(sys.argv[1])))
