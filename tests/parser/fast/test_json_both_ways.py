"""Documents of all kinds, whole and damaged, on the short way of JSON and on the long way."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.captures import CSV, JSON, line
from tests.support.two_ways import is_same_both_ways

LINES = "application/jsonlines"
NAMES = ["a", "b", "data", "instances", "predictions", "scores", "features", "name", "code", "é"]
NUMBERS = ["0", "-0", "1", "-1.5", "75.0", "1e5", "0.1", "18446744073709551616", "-0.0", "null"]
ODD_ONES = [
    *("1e999", "NaN", "Infinity", "-", "01", "1.", "true", '"1"', '"x"', '""', '"\\ud800"'),
    *("[]", "{}", "[1]", "[1, 2]", '{"a": 1}', '"[1]"', "9" * 400, "9" * 4400, "\0"),
]
PIECES = [
    *'{}[],:\n \t\r"\\1-e\ufeff\u00a0\x85',
    *("}\n{", "]\n[", "],[", "},{", "null", '"a":1,', ',"a":2', ',"x":1e999', ',"data":[1,2]'),
    *('"instances":', ',"shape":[1],"name":"n","data":[1]', ',"message":1,"code":2', "\n\n"),
]


@st.composite
def payloads(draw: st.DrawFn, names: Sequence[str], count: int) -> str:
    """Records of these names in some shape, with now and then something wrong about it."""

    def cell() -> str:
        kind = draw(st.integers(0, 60))
        return draw(st.sampled_from(ODD_ONES if kind == 0 else NUMBERS))

    def cells() -> list[str]:
        return [cell() for _ in range(len(names) + draw(wrong))]

    def pairs(found: Sequence[tuple[str, str]]) -> str:
        inner = f",{space}".join(f'"{key}":{space}{value}' for key, value in found)
        return f"{{{inner}{space}}}"

    def items(found: Sequence[str]) -> str:
        return f"[{space}{f',{space}'.join(found)}]"

    def record() -> str:
        if kind == "named":
            found = draw(st.permutations([(name, cell()) for name in names]))
            return pairs([*found[draw(wrong) :], *further])
        return items(cells()) if kind == "list" else pairs([(kind, items(cells()))])

    wrong = st.sampled_from([0] * 30 + [1])
    space = draw(st.sampled_from(["", " ", "\n", "\r\n  "]))
    others = st.tuples(st.sampled_from([*NAMES, "label"]), st.sampled_from(NUMBERS + ODD_ONES))
    further = draw(st.lists(others, max_size=1))
    kind = draw(st.sampled_from(["list", "named", "features", "probabilities", "values", "data"]))
    how = draw(st.sampled_from(["list", "lines", "one", "columns", "numbers", "csv"]))
    if how == "csv":
        return "\n".join(",".join(cells()) for _ in range(count))
    if how == "columns":
        return pairs([(name, items([cell() for _ in range(count)])) for name in names])
    records = [record() for _ in range(count)]
    if how == "lines":
        between = draw(st.sampled_from(["\n", "\n", "\r\n", "\n\n", ""]))
        return between.join(records) + draw(st.sampled_from(["", "\n"]))
    text = items(records) if how == "list" else items([cell() for _ in names])
    container = draw(st.sampled_from(["", "instances", "predictions", "data", "scores", "a"]))
    whole = pairs([(container, text), *further[draw(st.integers(0, 1)) :]]) if container else text
    return records[0] if how == "one" else whole


@st.composite
def damaged(draw: st.DrawFn, names: Sequence[str], count: int) -> object:
    """A side of a call, its payload perhaps changed in some place."""
    text = draw(payloads(names, count))
    if draw(st.integers(0, 4)) == 0:
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 2))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[end:]
    types = [JSON, JSON, LINES, "application/json; charset=utf-16", CSV, "text/html", None]
    encoding = draw(st.sampled_from(["JSON", "CSV", "BASE64", None]))
    data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
    content_type = draw(st.sampled_from(types))
    return {"data": data, "observedContentType": content_type, "encoding": encoding}


@st.composite
def calls(draw: st.DrawFn) -> tuple[bytes, ColumnMapping, dict[str, DataType]]:
    names = draw(st.permutations(["a", "b", "score", *NAMES[2:]]))
    names = draw(st.sampled_from([["a", "b", "score", "p"], names]))
    inputs, outputs = draw(st.integers(0, 2)), draw(st.integers(1, 2))
    sources = [draw(st.sampled_from([name] * 9 + NAMES)) for name in names]
    columns = [f"{name}={source}" for name, source in zip(names, sources, strict=True)]
    mapping = ColumnMapping.of(columns[:inputs], columns[inputs : inputs + outputs], event_id="id")
    of_all = st.sampled_from([DataType.FLOAT, DataType.INT, None])
    of_each = st.sampled_from([*DataType, None])
    typed = draw(of_all)
    kinds = {name: typed if draw(st.integers(0, 9)) else draw(of_each) for name in names}
    types = {name: kind for name, kind in kinds.items() if kind}
    count = draw(st.integers(1, 3))
    request = draw(damaged(sources[:inputs] or ["a"], count))
    response = draw(damaged(sources[inputs : inputs + outputs], count))
    return line(request, response), mapping, types


@settings(max_examples=300)
@given(calls())
def test_whatever_the_short_way_takes_means_the_same_on_the_long_way(
    call: tuple[bytes, ColumnMapping, dict[str, DataType]],
) -> None:
    raw, mapping, types = call
    is_same_both_ways(raw, mapping, types)
