"""What people send: models with columns of every kind, and the capture files of their endpoints."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from benchmarks.captures import OUTPUT, line

Cell = Callable[[random.Random], str]
Written = tuple[str, str, tuple[str, str]]
"""What is captured of the request and of the response, and their content type and encoding."""
Write = Callable[[random.Random, int], Written]

_CSV = ("text/csv", "CSV")
_BASE64 = ("text/csv", "BASE64")
_JSON = ("application/json", "JSON")
_MODELS = UUID("7b1e3c52-90af-4d2e-8b64-1f0a5d9c3e71")
WORKLOAD_ROWS = 50_000
_ODD_EVERY = 100
_WORDS = (
    *("forwarder", "capture", "endpoint", "monitor", "column", "batch", "request", "response"),
    *("platform", "ledger", "model", "row", "time", "schema", "mapping", "queue", "bucket"),
    *("type", "value", "text", "number", "drift", "label", "score", "feature"),
)


@dataclass(frozen=True)
class Workload:
    """One kind of model and what its endpoint captures.

    Parameters
    ----------
    name
        What the table calls it.
    columns
        The inputs, with their types in the platform's schema.
    write
        Writes the payloads of a call of so many records.
    targets
        The least ratio to the guides' method: one record a call, many, and one record with a
        platform that takes 50 ms; None for what has no target.
    many
        How many records a call of many has.
    guide
        How the guides' loop reads a payload.
    sources
        For columns that the mapping finds by path: column → path.
    settings
        Further settings of the function.
    """

    name: str
    columns: Mapping[str, str]
    write: Write
    targets: tuple[float | None, float | None, float | None]
    many: int = 100
    guide: str = "csv"
    sources: Mapping[str, str] = field(default_factory=dict)
    output: str = "float"
    settings: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """Return its name in keys and files."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.name)

    @property
    def model_id(self) -> str:
        """Return the id of its model."""
        return str(uuid5(_MODELS, self.name))

    def file(self, which: str) -> str:
        """Return the name of its capture file of calls of one record, of `many`, or some `odd`."""
        return f"{self.slug}-{which}"

    def files(self) -> dict[str, Iterator[bytes]]:
        """Write its capture files; returns lines by name."""
        return {
            self.file("single"): self.lines(WORKLOAD_ROWS, 1),
            self.file("many"): self.lines(WORKLOAD_ROWS, self.many),
            self.file("odd"): self.lines(WORKLOAD_ROWS, 1, odd=True),
        }

    def lines(self, rows: int, records: int, *, odd: bool = False) -> Iterator[bytes]:
        """Write a capture file of so many rows, several a call; one call in a hundred is `odd`."""
        generator = random.Random(self.name)  # noqa: S311 - only has to be the same every time
        for number in range(rows // records):
            sent, answered, kind = self.write(generator, records)
            if odd and number % _ODD_EVERY == _ODD_EVERY // 2:
                sent, kind = _odd(sent, kind, number // _ODD_EVERY)
            yield line(number, sent, answered, kind) + b"\n"


def _odd(sent: str, kind: tuple[str, str], number: int) -> tuple[str, tuple[str, str]]:
    """Write a payload in another way than its neighbours.

    In turn of another type, quoted, and with a number that begins with a plus sign, which only the
    oracle reads.
    """
    content_type, encoding = kind
    cell, comma, others = sent.partition(",")
    if kind == _CSV and number % 3 == 1:
        return f'"{cell.strip(chr(34))}"{comma}{others}', kind
    if kind == _CSV and number % 3 == 2:  # noqa: PLR2004 - the third of three
        return f"+{sent.removeprefix('-')}", kind
    return sent, (f"{content_type}; charset=utf-8", encoding)


def _number(generator: random.Random) -> str:
    return f"{generator.uniform(-9, 99):.5g}"


def _number_or_none(generator: random.Random) -> str:
    return "NaN" if generator.random() < 0.02 else _number(generator)  # noqa: PLR2004 - two in 100


def _whole(generator: random.Random) -> str:
    return str(generator.randint(0, 100_000))


def _flag(generator: random.Random) -> str:
    return generator.choice(("true", "false"))


def _one_of(*words: str) -> Cell:
    return lambda generator: generator.choice(words)


def _in_quotes(cell: Cell) -> Cell:
    return lambda generator: f'"{cell(generator)}"'


def _score(generator: random.Random) -> str:
    return f"{generator.random():.16g}"


def _csv(cells: Sequence[Cell], *, encoded: bool = False) -> Write:
    def write(generator: random.Random, records: int) -> Written:
        sent = "\n".join(",".join([cell(generator) for cell in cells]) for _ in range(records))
        answered = "\n".join(_score(generator) for _ in range(records))
        if not encoded:
            return sent, answered, _CSV
        return _in_base64(sent), _in_base64(answered), _BASE64

    return write


def _in_base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _instances(names: Sequence[str] | None, cell: Cell = _number) -> Write:
    """Write JSON as TensorFlow Serving takes it: records as lists, or by the names given."""

    def write(generator: random.Random, records: int) -> Written:
        rows = [[float(cell(generator)) for _ in range(20)] for _ in range(records)]
        named = [dict(zip(names, row, strict=True)) for row in rows] if names else rows
        answered = [float(_score(generator)) for _ in rows]
        return json.dumps({"instances": named}), json.dumps({"predictions": answered}), _JSON

    return write


def _json_lines(generator: random.Random, records: int) -> Written:
    """Write JSON Lines as SageMaker's own algorithms take them."""
    sent = [{"features": [float(_number(generator)) for _ in range(20)]} for _ in range(records)]
    answered = [{"score": float(_score(generator))} for _ in sent]
    texts = ["\n".join(map(json.dumps, one)) for one in (sent, answered)]
    return texts[0], texts[1], ("application/jsonlines", "JSON")


def _chat(generator: random.Random, _records: int) -> Written:
    def text(size: int) -> str:
        return " ".join(generator.choices(_WORDS, k=size))

    request = {
        "model": "chat",
        "messages": [
            {"role": "system", "content": text(20)},
            {"role": "user", "content": text(110)},
        ],
        "max_tokens": 400,
        "temperature": 0.2,
    }
    message = {"role": "assistant", "content": text(150)}
    response = {
        "id": f"chatcmpl-{generator.getrandbits(64):016x}",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 170, "completion_tokens": 190, "total_tokens": 360},
    }
    return json.dumps(request), json.dumps(response), _JSON


_FLOATS = {f"feature_{n}": "float" for n in range(20)}
_FIRST_19 = dict(list(_FLOATS.items())[:19])
_CENSUS: Mapping[str, tuple[str, Cell]] = {
    "age": ("int", lambda g: str(g.randint(17, 90))),
    "workclass": ("category", _one_of("Private", "State-gov", "Self-emp-not-inc", "?")),
    "fnlwgt": ("int", _whole),
    "education": ("category", _one_of("Bachelors", "HS-grad", "11th", "Masters", "Some-college")),
    "education_num": ("float", lambda g: f"{g.randint(1, 16)}.0"),
    "marital_status": ("category", _one_of("Never-married", "Married-civ-spouse", "Divorced")),
    "occupation": ("str", _one_of("Tech-support", "Craft-repair", "Sales", "Exec-managerial")),
    "relationship": ("category", _one_of("Husband", "Wife", "Own-child", "Not-in-family")),
    "race": ("category", _one_of("White", "Black", "Other")),
    "sex": ("category", _one_of("Male", "Female")),
    "capital_gain": ("float", _number),
    "hours_per_week": ("int", lambda g: str(g.randint(1, 99))),
    "native_country": ("str", _one_of("United-States", "Mexico", "Philippines", "Germany")),
    "city": ("str", lambda g: f"City {g.randint(1, 30_000)}"),
}

_QUOTED = {
    name: (kind, _in_quotes(cell) if kind in {"str", "category"} else cell)
    for name, (kind, cell) in {
        **_CENSUS,
        "city": ("str", lambda g: f"Springfield, County {g.randint(1, 30_000)}"),
    }.items()
}

FLOATS = Workload("20 floats", _FLOATS, _csv([_number] * 20), (4.5, 6.5, 8))
WITH_METADATA = Workload(
    "20 floats, three metadata columns",
    _FLOATS,
    _csv([_number] * 20),
    (None, None, None),
    settings={"FORWARDER_METADATA_COLUMNS": "endpoint=endpoint,variant=variant,call=event_id"},
    metadata={"endpoint": "str", "variant": "str", "call": "str"},
)
TABLE = (
    FLOATS,
    Workload(
        "10 floats, 10 ints",
        {name: "int" if n % 2 else "float" for n, name in enumerate(_FLOATS)},
        _csv([_number, _whole] * 10),
        (4, 6, 8),
    ),
    Workload(
        "19 floats, one category",
        {**_FIRST_19, "plan": "category"},
        _csv([*[_number] * 19, _one_of("basic", "plus", "family")]),
        (4, 6, 8),
    ),
    Workload(
        "15 floats, 5 bools",
        {name: "bool" if n % 4 == 3 else "float" for n, name in enumerate(_FLOATS)},  # noqa: PLR2004
        _csv([_number, _number, _number, _flag] * 5),
        (4, 6, 8),
    ),
    Workload("20 floats, 2 % NaN", _FLOATS, _csv([_number_or_none] * 20), (4, 6, 8)),
    Workload(
        "census: 5 numbers, 9 texts",
        {name: kind for name, (kind, _) in _CENSUS.items()},
        _csv([cell for _, cell in _CENSUS.values()]),
        (4, 6, 8),
    ),
    Workload(
        "census, texts in quotes (3)",
        {name: kind for name, (kind, _) in _QUOTED.items()},
        _csv([cell for _, cell in _QUOTED.values()]),
        (1.5, 1.5, 4),
    ),
    Workload("20 floats in base64", _FLOATS, _csv([_number] * 20, encoded=True), (3.5, 5, 7)),
    Workload(
        "JSON instances, lists",
        _FLOATS,
        _instances(None),
        (3, 4, 6),
        many=10,
        guide="lists",
    ),
    Workload(
        "JSON instances, named",
        _FLOATS,
        _instances(list(_FLOATS)),
        (3, 4, 6),
        many=10,
        guide="named",
    ),
    Workload(
        "chats of 2 kB, by path",
        {"prompt": "str"},
        _chat,
        (2, None, 4),
        many=1,
        guide="chat",
        sources={"prompt": "messages[-1].content", OUTPUT: "choices[0].message.content"},
        output="str",
    ),
)
JSON_LINES = Workload("JSON Lines, lists", _FLOATS, _json_lines, (None, None, None), many=10)
JSON_NAN = Workload(
    "JSON instances, 2 % NaN",
    _FLOATS,
    _instances(None, _number_or_none),
    (None, None, None),
    many=10,
)
UNTYPED = Workload("no schema, written to files", _FLOATS, _csv([_number] * 20), (2.5, 4, None))
UNTYPED_CENSUS = Workload(
    "census, no schema, written to files",
    dict.fromkeys(_CENSUS, "str"),
    _csv([cell for _, cell in _CENSUS.values()]),
    (2.5, 4, None),
)
ALL = (*TABLE, WITH_METADATA, UNTYPED, UNTYPED_CENSUS)
