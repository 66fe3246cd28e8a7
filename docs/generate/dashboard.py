"""The dashboard of templates/alarms.yaml, drawn: its widgets at their places, with made-up lines.

CloudWatch alone can draw the real one. This shows what is on it, and changes with the template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import sin
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse

_TEMPLATE = Path(__file__).resolve().parents[2] / "templates" / "alarms.yaml"
_UNIT = (48, 30)
_COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd")
_POINTS = 60
_STYLE = """
body { margin: 0; background: #f2f3f3; font: 12px sans-serif; color: #16191f; position: relative }
section { position: absolute; box-sizing: border-box; border: 4px solid #f2f3f3; background: #fff;
  overflow: hidden; padding: 6px 10px }
h2 { font-size: 13px; margin: 0 0 4px }
svg { width: 100%; height: 60% }
span { margin-right: 12px; white-space: nowrap }
"""


def page() -> str:
    """Draw it.

    Returns
    -------
    str
        An HTML page of 24 columns, which asks for nothing.
    """
    drawn = "".join(_drawn(widget) for widget in _widgets())
    return f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style>{drawn}"


def size() -> tuple[int, int]:
    """Width and height of the page, in pixels."""
    bottom = max(one["y"] + one["height"] for one in _widgets())
    return 24 * _UNIT[0], bottom * _UNIT[1]


def _widgets() -> Sequence[Mapping[str, Any]]:
    resources = yaml_parse(_TEMPLATE.read_text(encoding="utf-8"))["Resources"].values()
    (dashboard,) = [one for one in resources if one["Type"] == "AWS::CloudWatch::Dashboard"]
    body, _ = dashboard["Properties"]["DashboardBody"]["Fn::Sub"]
    # What CloudFormation fills in: names, and the rest of lists.
    body = body.replace("${SilenceAlarmToo}", "")
    filled: dict[str, Any] = json.loads(re.sub(r"\$\{!?([^}]*)\}", r"\1", body))
    widgets: list[dict[str, Any]] = filled["widgets"]
    return widgets


def _drawn(widget: Mapping[str, Any]) -> str:
    properties = widget["properties"]
    names = ("left", "x", 0), ("top", "y", 1), ("width", "width", 0), ("height", "height", 1)
    place = ";".join(f"{css}:{widget[name] * _UNIT[axis]}px" for css, name, axis in names)
    inside = ""
    if widget["type"] == "alarm":
        alarms = [name.partition("Alarm")[0] for name in properties["alarms"]]
        inside = "".join(
            f"<span style='color:#1d8102'>&#9679; {escape(one)}</span> " for one in alarms
        )
    elif widget["type"] == "metric":
        inside = _lines(list(_labels(properties["metrics"])), properties["title"])
    title = escape(properties["title"])
    return f"<section style='{place}'><h2>{title}</h2>{inside}</section>"


def _labels(metrics: Sequence[Sequence[Any]]) -> Iterator[str]:
    for metric in metrics:
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        if options.get("visible", True):
            label = str(options.get("label", metric[1] if len(metric) > 1 else ""))
            yield "route (platform)" if "PROP" in label else label


def _lines(labels: Sequence[str], title: str) -> str:
    lines, legend = "", ""
    for n, label in enumerate(labels):
        colour = _COLOURS[n % len(_COLOURS)]
        phase = sum(map(ord, title + label)) % 100
        heights = [
            50 - 12 * (n + 1) + 6 * sin(phase + at / 7) + 3 * sin(at) for at in range(_POINTS)
        ]
        points = " ".join(
            f"{at},{max(1, 60 - max(0, height)):.1f}" for at, height in enumerate(heights)
        )
        style = f"fill=none stroke='{colour}' vector-effect=non-scaling-stroke"
        lines += f"<polyline {style} points='{points}'/>"
        legend += f"<span><b style='color:{colour}'>&#9632;</b> {escape(label)}</span> "
    box = f"viewBox='0 0 {_POINTS - 1} 60' preserveAspectRatio=none"
    return f"<svg {box}>{lines}</svg><div>{legend}</div>"
