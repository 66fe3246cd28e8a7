"""Calls of every make, most of them plain and some odd, from a seed."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import jmespath

from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser import ColumnMapping

_TYPES = [None, *(kind for kind in DataType if kind is not DataType.VECTOR)]
_CELLS: dict[DataType | None, list[str]] = {
    None: ["5", "0.50", "word", "1.5e3", "-3"],
    DataType.FLOAT: [
        "12.345",
        "5",
        "0.0",
        "-1.25",
        "1e-05",
        "0.1000000000000000055511151231257827",
    ],
    DataType.INT: ["0", "7", "-99", "12345678901234567890"],
    DataType.BOOL: ["true", "false", "0", "1", "True", "FALSE"],
    DataType.STR: ["abc", "x y", "7", "1.5", "é"],
    DataType.CATEGORY: ["red", "green", "1", "1.0"],
    DataType.TIMESTAMP: ["2026-03-01T10:20:30Z", "2026-03-01", "2026-03-01 10:20:30+02:00"],
}
_ODD_CELLS = [
    *["", " ", "NaN", "nan", "null", "true", '"x"', "1e400", "-0", "007", ".5", "2.", "+3", " 7 "],
    *["x", "[1", "{}", "1]", "9" * 320, "1e5", "1E-3", "inf", "-inf", "Infinity", "c0", "75.5"],
    *["12345678901234567890123", "a b", "[1;2]", "0x1", "1_000", "\t", "None", "-", "e", "1.2.3"],
    *["9007199254740993.0", "1e23", "-1e400", "1e-400", "1772031512345", "20260301T102030Z"],
    *["9" * 199 + "e99", "9" * 250 + "e99", "1E400", "1e0000000005", "1e+308", "1e+309", "-1E999"],
    *["--1", "1e", "falsE", "NULL", "\u2028", "\ufeff1", "'q'", "a\\b", "\u007f", "i0", "o0"],
    *["?", "$5", "(7)", "\u00a07", "\u0663"],
]
_VALUES: dict[DataType | None, list[object]] = {
    None: [5, 0.5, "word", True, None],
    DataType.FLOAT: [0.25, 5, -1e-7],
    DataType.INT: [7, -3],
    DataType.BOOL: [True, False],
    DataType.STR: ["abc"],
    DataType.CATEGORY: ["red", "green"],
    DataType.TIMESTAMP: ["2026-03-01T10:20:30Z"],
}
_ODD_VALUES: list[object] = [
    *[None, True, 1, 1.5, "x", "", [1], {"a": 1}, 10**30, 75.0, "5", -0.0, [1.5]],
    *[2.0**53, 1e23, "1e400", 10**400, "1772031512345", "9007199254740993.0"],
    *[float("nan"), float("inf"), float("-inf"), "NaN", float("nan")],
]
_PATHS = [
    "p{n}.v",
    "list[{n}].v",
    "list[-1].v{n}",
    "d.e[0].f{n}",
    "w{n}",
    "list[0][{n}]",
    "v{n}[0]",
]
_WIDTHS = [(1, 1), (2, 1), (3, 1), (3, 2), (0, 1), (2, 0), (1, 2)]
_LINES = [
    "named",
    "named",
    "list",
    "features",
    "features",
    "value",
    "document",
    "instances",
    "more",
]
_CATEGORIES: list[list[object]] = [["red", "green"], [1, 2], ["1", "red"], [1.0, "x"]]


def made_up(seed: int) -> tuple[list[bytes], ColumnMapping, Schema]:
    """Make the lines of a chunk, and a route for them.

    Returns
    -------
    tuple
        The lines, without their ends, the mapping, and what the platform knows of its columns.
    """
    return _Maker(Random(seed)).lines()  # noqa: S311 - it has to be the same every time


class _Maker:
    def __init__(self, random: Random) -> None:
        self._random = random
        inputs, outputs = random.choice([*_WIDTHS, (40, 1)] if random.random() < 0.2 else _WIDTHS)
        self._inputs = [f"i{n}" for n in range(inputs)]
        if inputs and random.random() < 0.1:
            # Its name may be a cell too, which looks like a header then.
            self._inputs[0] = random.choice(["5", "7", "null", "NaN", "word,"])
        self._outputs = [f"o{n}" for n in range(outputs)]
        names = [*self._inputs, *self._outputs]
        all_floats = random.random() < 0.3
        self._types = {
            name: DataType.FLOAT if all_floats else random.choice(_TYPES) for name in names
        }
        # Where the columns stand in a document that is a record by itself.
        self._paths = (
            {name: random.choice(_PATHS).format(n=n) for n, name in enumerate(names)}
            if random.random() < 0.3
            else {}
        )
        self._shape_of_lines = random.choice(_LINES)
        self._is_quoted = random.random() < 0.25
        # The share of what is odd; most chunks have none, or little.
        self._odd = random.choice([0, 0, 0.01, 0.05, 0.2])

    def lines(self) -> tuple[list[bytes], ColumnMapping, Schema]:
        random = self._random
        kinds = [random.choice(["csv", "csv", "csv", "json"]) for _ in range(2)]
        content_types = {
            "csv": random.choice(["text/csv", "text/csv; charset=utf-8", None]),
            "json": random.choice(["application/json", "application/jsonlines", None]),
        }
        encoded = random.random() < 0.2
        several = random.random() < 0.4
        lines = []
        mixed = random.random() < 0.2
        for number in range(random.choice([1, 2, 9, 40])):
            if mixed and random.random() < 0.4:
                kinds.reverse()
            count = random.choice([1, 2, 3, 5]) if several else 1
            sides = {}
            for side, names, kind in zip(
                ("endpointInput", "endpointOutput"),
                (self._inputs, self._outputs),
                kinds,
                strict=True,
            ):
                records = count + self._is_odd(3)
                if self._is_odd(4):
                    continue
                is_lines = kind == "json" and content_types["json"] == "application/jsonlines"
                one_a_line = is_lines and random.random() < 0.7
                if one_a_line:
                    data = self._json_lines(names or ["z"], records)
                else:
                    data = self._payload(names or ["z"], records, kind)
                sides[side] = self._side(data, kind, content_types[kind], encoded=encoded)
            lines.append(self._line(number, sides))
        return lines, self._mapping(), self._schema()

    def _is_odd(self, seldom: int = 1) -> bool:
        return self._random.random() < self._odd / seldom

    def _mapping(self) -> ColumnMapping:
        random = self._random
        metadata = ["m=endpoint", "n=row_index", "e=event_id", "k=key[-2]"]
        inputs, outputs = (
            [f"{name}={self._paths[name]}" if self._paths else name for name in names]
            for names in (self._inputs, self._outputs)
        )
        return ColumnMapping.of(
            inputs,
            outputs,
            metadata if random.random() < 0.2 else (),
            timestamp=random.choice([None, "at"]),
            event_id=random.choice([None, "id"]),
        )

    def _schema(self) -> Schema:
        random = self._random
        categories = {
            name: random.choice(_CATEGORIES)
            for name, kind in self._types.items()
            if kind is DataType.CATEGORY and random.random() < 0.6
        }
        return Schema({name: kind for name, kind in self._types.items() if kind}, categories)

    def _payload(self, names: Sequence[str], records: int, kind: str) -> str:
        random = self._random
        types = [self._types.get(name) for name in names]
        if kind == "csv":
            return self._csv(names, types, records)
        rows: list[list[object]] = [
            [random.choice(_ODD_VALUES if self._is_odd() else _VALUES[known]) for known in types]
            for _ in range(records)
        ]
        if self._paths and names[0] in self._paths and random.random() < 0.8:
            return self._document(names, rows[0])
        shape = random.choice(["lists", "named", "single values", "alone"])
        named = [dict(zip(names, row, strict=True)) for row in rows]
        if shape == "alone":
            return json.dumps(named[0] | ({"instances": [1]} if self._is_odd() else {}))
        key = random.choice([None, "instances", "predictions", "predictions", "data", "outputs"])
        found: object = named if shape == "named" else rows
        if shape == "single values":
            found = [row[0] for row in rows]
        if key is not None:
            found = {key: found} | ({"x": 1} if self._is_odd() else {})
        return json.dumps(found)

    def _json_lines(self, names: Sequence[str], records: int) -> str:
        """Write a line a record, all in one shape but for the odd ones."""
        random = self._random
        lines = []
        for _ in range(records):
            shape = random.choice(_LINES) if self._is_odd() else self._shape_of_lines
            values = [
                random.choice(_ODD_VALUES if self._is_odd() else _VALUES[self._types.get(name)])
                for name in names
            ]
            line: object = {
                "named": dict(zip(names, values, strict=True)),
                "list": values,
                "value": values[0],
                "more": {"features": values, "more": 1},
            }.get(shape, {shape: values})
            if shape == "document" and self._paths and names[0] in self._paths:
                lines.append(self._document(names, values))
            else:
                lines.append(json.dumps(line))
            if self._is_odd(2):
                lines[-1] = random.choice(["", " ", lines[-1] * 2, lines[-1][:-1], f" {lines[-1]}"])
        return random.choice(["\n"] * 9 + ["\r\n"]).join(lines) + random.choice(["", "\n"])

    def _document(self, names: Sequence[str], values: Sequence[object]) -> str:
        """Write a document that has each value where its column's path leads."""
        random = self._random
        document: dict[str, object] = {}
        if random.random() < 0.5:
            document = {"model": "m", "usage": {"tokens": random.randint(1, 9)}}
        for name, value in zip(names, values, strict=True):
            _put(document, jmespath.compile(self._paths[name]).parsed, value)
        if self._is_odd():
            extras: list[dict[str, object]] = [
                {"instances": [1]},
                {"columns": ["a"], "data": [[1]]},
                {"message": "m", "code": 4},
                {names[0]: 1},
                {"list": []},
                {"p0": [{"v": 1}]},
                {"0": {"v": 1}},
                {"w0": [1, 2]},
            ]
            document |= random.choice(extras)
        return json.dumps(document)

    def _csv(self, names: Sequence[str], types: Sequence[DataType | None], records: int) -> str:
        random = self._random
        rows = [
            [random.choice(_ODD_CELLS if self._is_odd() else _CELLS[known]) for known in types]
            for _ in range(records)
        ]
        if self._is_odd():
            rows = [[*row, "1"] for row in rows]
        if self._is_odd(2):
            others = [f"{random.choice(['h', 'name', 'x y'])}{n or ''}" for n in range(len(types))]
            rows = [random.choice([list(names), others]), *rows]
        between = random.choice(["\n"] * 9 + ["\r\n", "\n\n"])
        if len(names) == 1 and random.random() < 0.3:
            between = ","
        if self._is_quoted:
            rows = [list(map(self._quoted, row)) for row in rows]
        return between.join(map(",".join, rows)) + random.choice(["", "\n", "\r\n"])

    def _quoted(self, cell: str) -> str:
        """Quote a cell, most of the time well; into some, put what only quotes can hold."""
        random = self._random
        if random.random() < 0.2:
            cell += random.choice([",", ", x", '"', '""', "\x7f", "\x80", "1", ","])
            if self._is_odd():
                cell += "\n"
        elif random.random() < 0.4:
            return cell
        if self._is_odd():
            return random.choice([f' "{cell}"', f'"{cell}', f'"{cell}" ', f"{cell}\"'"])
        return '"' + cell.replace('"', '""') + '"'

    def _side(
        self, data: str, kind: str, content_type: str | None, *, encoded: bool
    ) -> dict[str, str]:
        encoding = "CSV" if kind == "csv" else "JSON"
        if encoded:
            data, encoding = b64encode(data.encode()).decode(), "BASE64"
        side = {"data": data, "encoding": encoding, "mode": "INPUT"}
        return side | ({"observedContentType": content_type} if content_type else {})

    def _line(self, number: int, sides: dict[str, dict[str, str]]) -> bytes:
        metadata = {"eventId": f"e{number}", "inferenceTime": f"2026-03-01T10:20:{number:02d}Z"}
        if self._random.random() < 0.1:
            metadata["inferenceId"] = f'I"{number}'
        if self._is_odd(4):
            del metadata["eventId"]
        document = {"captureData": sides, "eventMetadata": metadata, "eventVersion": "0"}
        line = json.dumps(document).encode()
        if self._is_odd(4):
            line = line[: len(line) // 2]
        return b"" if self._is_odd(8) else line


def _put(document: Any, node: Any, value: object) -> None:
    """Put a value where a path of keys and indexes leads, and what is missing on the way."""
    steps = list(_steps(node))
    held: Any = document
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        kind: type[Any] = list if isinstance(step, int) else dict
        if type(held) is not kind:
            return  # another column's path leads through here, too
        empty: Any = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(step, int):
            while len(held) <= max(step, 0):
                held.append({} if isinstance(following, str) else empty)
            if following is None:
                held[step] = value
        elif following is None or not isinstance(held.get(step), type(empty)):
            held[step] = empty
        held = held[step]


def _steps(node: Any) -> Iterator[str | int]:
    if node["type"] in {"field", "index"}:
        yield node["value"]
    for child in node["children"]:
        yield from _steps(child)
