"""DuckDB's dialect → Spark's, by sqlglot, with a rule for each function that only DuckDB has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sqlglot import exp

_ACCURACY = 10_000
_DEVIATION = 0.02
_HISTOGRAMS = {"histogram": False, "histogram_exact": True}


class Tally(msgspec.Struct, frozen=True):
    """A histogram, which Spark has no function for.

    Parameters
    ----------
    position
        Where it stands among what is selected.
    value
        What is counted, in Spark's dialect.
    parameter
        The parameter with the bounds, or with the texts.
    is_text
        Whether texts are counted, and not numbers up to bounds.
    """

    position: int
    value: str
    parameter: str
    is_text: bool


class Statement(msgspec.Struct, frozen=True):
    """A query in Spark's dialect; what stands at a tally's position has to be counted beside.

    Parameters
    ----------
    sql
        The query, with null in place of each tally; empty where nothing else is selected.
    lists
        Its parameters, each of which is a list of numbers.
    tallies
        What has to be counted.
    source
        What stands behind FROM.
    """

    sql: str
    lists: tuple[str, ...] = ()
    tallies: tuple[Tally, ...] = ()
    source: str = ""


def translate(sql: str) -> Statement:
    """Translate a query of the monitor.

    Raises
    ------
    ValueError
        It has something that Spark lacks, and for which there is no rule here.
    """
    from sqlglot import errors, exp, parse_one  # noqa: PLC0415 - an extra

    try:
        tree = parse_one(sql, read="duckdb").transform(_changed)
        select = tree if isinstance(tree, exp.Select) else exp.select()
        tallies = _tallies(select)
        lists = tuple(dict.fromkeys(one.name for one in tree.find_all(exp.Placeholder)))
        for function in tree.find_all(exp.Anonymous):
            if function.name.lower() != "split":
                raise ValueError(f"There is no rule for the function {function.name}.")
        source = select.args.get("from_")
        return Statement(
            "" if tallies and len(tallies) == len(select.selects) else _written(tree),
            lists,
            tallies,
            _written(source.this) if tallies and source is not None else "",
        )
    except (errors.ParseError, errors.UnsupportedError) as error:
        raise ValueError(f"The statement cannot be written for Spark: {error}.") from error


def _written(tree: exp.Expr) -> str:
    from sqlglot import ErrorLevel  # noqa: PLC0415

    return tree.sql("spark", unsupported_level=ErrorLevel.RAISE)


def _tallies(select: exp.Select) -> tuple[Tally, ...]:
    """Take the histograms out of what is selected."""
    from sqlglot import exp  # noqa: PLC0415

    found = []
    for position, one in enumerate(select.selects):
        if isinstance(one, exp.Anonymous) and one.name.lower() in _HISTOGRAMS:
            value, given = one.expressions
            (parameter,) = given.find_all(exp.Placeholder)
            is_text = _HISTOGRAMS[one.name.lower()]
            found.append(Tally(position, _written(value), parameter.name, is_text))
            one.replace(exp.null())
    return tuple(found)


def _changed(node: exp.Expr) -> exp.Expr:
    """Write a function that Spark lacks with those that it has."""
    from sqlglot import exp  # noqa: PLC0415

    if not isinstance(node, exp.Func):
        return node
    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
    rule = _RULES.get(name.lower())
    return rule(*node.iter_expressions()) if rule else node


def _is_finite(value: exp.Expr) -> exp.Expr:
    # NaN is larger than infinity.
    from sqlglot import exp  # noqa: PLC0415

    return exp.LT(this=exp.Abs(this=value), expression=exp.cast("'Infinity'", "double"))


def _full_match(text: exp.Expr, pattern: exp.Expr, *_: object) -> exp.Expr:
    from sqlglot import exp  # noqa: PLC0415

    # `$` would let a line end follow.
    whole = exp.Literal.string(rf"\A(?:{pattern.name})\z")
    return exp.RegexpLike(this=text, expression=whole)


def _sum(value: exp.Expr) -> exp.Expr:
    from sqlglot import exp  # noqa: PLC0415

    return exp.Sum(this=value)


def _distinct(what: exp.Expr, *_: object) -> exp.Expr:
    """Count few values without a row for each of them and each of its neighbours' columns."""
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(what, exp.Distinct):
        (value,) = what.expressions
        return exp.ArraySize(this=exp.ArrayUniqueAgg(this=value))
    return exp.Count(this=what, big_int=True)


def _about_distinct(value: exp.Expr, *_: object) -> exp.Expr:
    from sqlglot import exp  # noqa: PLC0415

    return exp.ApproxDistinct(this=value, accuracy=exp.Literal.number(_DEVIATION))


def _quantiles(value: exp.Expr, wanted: exp.Expr, *_: object) -> exp.Expr:
    from sqlglot import exp  # noqa: PLC0415

    (parameter,) = wanted.find_all(exp.Placeholder)
    listed = exp.Anonymous(this="split", expressions=[parameter.copy(), exp.Literal.string(",")])
    numbers = exp.cast(listed, "array<double>", dialect="spark")
    accuracy = exp.Literal.number(_ACCURACY)
    return exp.ApproxQuantile(this=value, quantile=numbers, accuracy=accuracy)


_RULES: dict[str, Callable[..., exp.Expr]] = {
    "isfinite": _is_finite,
    "regexp_full_match": _full_match,
    "fsum": _sum,
    "count": _distinct,
    "approx_distinct": _about_distinct,
    "approx_quantile": _quantiles,
}
