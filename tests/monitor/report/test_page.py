"""The page of an execution: what it says, and that nothing of the data gets out of its place."""

from __future__ import annotations

import html
import math
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture_forwarder.monitor.report import Documents, render_report
from tests.support import executions as made

NOW = datetime(2026, 3, 1, 10, 20, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "'; DROP TABLE runs; --",
    "n\0ul",
    "line\nbreak\ttab",
    "\N{RIGHT-TO-LEFT OVERRIDE}txet",
    "\ud800 half a sign",
    "</style><script>alert(1)</script>",
    "&amp;&#60;",
)
ALLOWED = {
    *("html", "head", "meta", "link", "title", "style", "body", "main", "header", "p", "h1", "h2"),
    *("h3", "div", "strong", "ol", "ul", "li", "dl", "dt", "dd", "section", "span", "code"),
    *("footer", "table", "thead", "tbody", "tr", "th", "td", "svg", "path", "polyline", "rect"),
    *("i", "b", "figure", "figcaption"),
}


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._in_style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.text += data


def documents(files: dict[str, Any], **more: Any) -> Documents:
    return Documents(
        execution=files.get("execution.json", {}),
        statistics=files.get("statistics.json", {}),
        constraints=files.get("constraints.json", {}),
        violations=files.get("constraint_violations.json", {}),
        baseline=files.get("baseline/statistics.json", {}),
        drift=files.get("drift.json", {}),
        **more,
    )


def rendered(files: dict[str, Any], **more: Any) -> str:
    return render_report(documents(files, **more), NOW)


def said(page: str) -> str:
    """What a reader sees, with single spaces."""
    return " ".join(Elements(page.partition("<body>")[2]).text.split())


def is_harmless(page: str) -> bool:
    found = Elements(page)
    addresses = [
        value
        for _, attributes in found.elements
        for name, value in attributes.items()
        if name in {"src", "href", "action", "srcset", "data", "xlink:href"}
    ]
    return (
        {tag for tag, _ in found.elements} <= ALLOWED
        and not any(name.startswith("on") for _, one in found.elements for name in one)
        and addresses == ["data:,"]
        and "url(" not in page
        and "@import" not in page
        and "://" not in page
    )


def test_the_page_says_what_is_wrong_the_worst_first() -> None:
    text = said(rendered(made.churn()))

    assert "churn · daily 6 violations 4 features of the data differ from the baseline." in text
    assert "2026-02-28 00:00 to 2026-03-01 00:00" in text
    assert "Drift of feature_9 was not judged: 12 values are fewer than 200." in text
    order = [
        "High tenure_months Type Only 4.3% of the values are Integral",
        "Medium age Completeness 88.0% of the rows have a value",
        "Medium monthly_charges Drift The distance to the baseline is 0.351, more than 0.1.",
        "Low contract Unknown categories 81.3% of the values are known from the baseline.",
    ]
    places = [text.index(one) for one in order]
    assert places == sorted(places)


def test_a_feature_has_its_type_completeness_drift_and_distribution() -> None:
    page = rendered(made.churn())
    row = page[page.index('<div class="name">tenure_months') :].partition("</tr>")[0]
    text = " ".join(re.sub(r"<[^>]+>", " ", row).split())

    assert "Fractional was Integral 94.0% was 100% 0.243 of 0.1" in text
    assert row.count("<path") == 3
    contract = page[page.index('<div class="name">contract') :].partition("</tr>")[0]
    shares = re.findall(r'title="([^"]+)".*?"right">([^<]+)', contract, re.DOTALL)
    assert dict(shares) == {
        "month-to-month": "40.7%",
        "one year": "18.7%",
        "two years": "22.0%",
        "trial": "18.7%",
    }


def test_features_come_by_severity_and_then_by_drift() -> None:
    page = rendered(made.churn(14))

    names = re.findall(r'<td>\s*<div class="name">([^<]+)', page)
    assert names[:4] == ["tenure_months", "monthly_charges", "contract", "age"]
    assert names[4] == "feature_9"


def test_without_violations_the_page_says_so() -> None:
    files = made.churn()
    files |= {"constraint_violations.json": {"violations": []}, "execution.json": made.execution()}

    text = said(rendered(files))

    assert "No violations Everything is as the baseline asks." in text
    assert "Violations" not in text.replace("No violations", "")


def test_an_execution_without_rows_has_no_data() -> None:
    message = "Completed: Job completed successfully with no violations. Nothing was captured."
    files = {"execution.json": made.execution(rows=0, message=message)}

    assert "No data Completed: Job completed" in said(rendered(files))


def test_a_failed_execution_says_why() -> None:
    failed = made.execution(status="Failed", message="rows.csv cannot be read.", rows=None)

    assert "Failed rows.csv cannot be read." in said(rendered({"execution.json": failed}))


def test_the_last_thirty_runs_make_a_strip_that_ends_with_this_one() -> None:
    others = [made.execution(schedule="hourly"), made.execution(endpoint="other")]
    later = made.execution(window_end="2027-01-01T00:00:00Z")
    files = made.churn()

    page = rendered(files, history=[*made.history(34), *others, later, files["execution.json"]])

    runs = re.findall(r'<li class="([^"]+)" title="([^"]+)"', page)
    assert len(runs) == 30
    assert runs[-1] == ("violated this", "2026-03-01 00:00: 6 violations, 1,500 rows")
    assert [kind for kind, _ in runs].count("failed") == 1
    assert [kind for kind, _ in runs].count("nodata") == 1
    assert sum(" this" in kind for kind, _ in runs) == 1


def test_a_single_run_makes_no_strip() -> None:
    assert "<ol" not in rendered(made.churn())


def test_model_quality_has_metrics_limits_matrix_and_curves() -> None:
    quality = documents(made.churn_quality())
    page = rendered(made.churn(), quality=quality)
    text = said(page)

    assert "7 violations" in text
    assert "Binary classification: 400 of 1,500 predictions have a label and were judged." in text
    assert "High auc Model quality 0.8512 is less than 0.9." in text
    assert "auc 0.8512 ± 0.017 ≥ 0.9" in text
    assert "accuracy 0.7723 ± 0.0154 ≥ 0.75 0.6975" in text
    assert "false_positive_rate 0.2189 ± 0.0044 ≤ 0.3" in text
    assert "0 218 78.1% 61 21.9% 1 30 24.8% 91 75.2%" in text
    assert page.count("<polyline") == 2
    first = page[page.index('points="') :].partition('"')[2].partition('"')[0].split()
    assert first[0] == "0,200"
    assert first[-1] == "200,0"
    assert len(first) == 200


def test_an_execution_of_model_quality_is_a_page_of_its_own() -> None:
    text = said(rendered(made.churn_quality()))

    assert "churn · quality 1 violation" in text
    assert "Features" not in text


def test_metrics_without_a_value_and_models_without_curves_are_shown_as_that() -> None:
    measured = {"mae": {"value": "NaN", "standard_deviation": "NaN"}}
    files = {"statistics.json": {"dataset": {"item_count": 0}, "regression_metrics": measured}}

    page = rendered(files)

    assert "mae \N{EN DASH}" in said(page)
    assert "<svg" not in page


def test_of_many_classes_the_most_frequent_are_shown() -> None:
    names = [f"class {number}" for number in range(40)]
    matrix = {
        actual: {name: 50 - row if name == actual else 0 for name in names}
        for row, actual in enumerate(names)
    }
    metrics = {"confusion_matrix": matrix, "accuracy": {"value": 1.0, "standard_deviation": "NaN"}}

    page = rendered({"statistics.json": {"multiclass_classification_metrics": metrics}})

    assert "28 less frequent classes are not shown" in page
    assert "class 11" in page
    assert "class 12" not in page


def test_model_monitors_own_files_are_enough() -> None:
    files = made.churn()
    for ours in ("execution.json", "drift.json"):
        del files[ours]

    text = said(rendered(files))

    assert "Monitoring report 6 violations" in text
    # What its violations say of drift is known, and nothing else.
    assert "0.351 of 0.1" in text
    assert text.count("not judged") == 7


def test_a_feature_that_only_one_side_has_is_shown_as_that() -> None:
    files = made.churn()
    files["statistics.json"]["features"] = files["statistics.json"]["features"][1:]
    files["baseline/statistics.json"]["features"] = files["baseline/statistics.json"]["features"][
        :-1
    ]

    page = rendered(files)
    gone = page[page.index('<div class="name">monthly_charges') :].partition("</tr>")[0]

    assert "not in this window" in gone
    assert gone.count("<path") == 2
    assert "feature_5" in page


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    files = made.churn(0)
    quality = made.churn_quality()
    features = [made.numeric(name, [1, 2, 3]), made.textual(f"{name} ", {name: 3, f"{name}!": 1})]
    files["statistics.json"] = made.statistics_of(features, 4)
    files["drift.json"] = {"features": [made.drifted(name, 0.5)]}
    files["constraint_violations.json"] = {"violations": [made.violation(name, name, name)]}
    files["execution.json"] = made.execution(
        endpoint=name, schedule=name, message=name, notes=[name]
    )
    metrics = quality["statistics.json"]["binary_classification_metrics"]
    metrics["confusion_matrix"] = {name: {name: 1}}
    metrics[name] = {"value": 1.0, "standard_deviation": "NaN"}
    files["constraint_violations.json"]["violations"].append({"metric_name": name})

    page = rendered(files, quality=documents(quality), history=[made.execution(endpoint=name)])

    assert is_harmless(page)
    assert "\0" not in page
    page.encode()
    assert "49" not in said(page)


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        *(
                            "features",
                            "name",
                            "numerical_statistics",
                            "distribution",
                            "kll",
                            "buckets",
                        ),
                        *(
                            "lower_bound",
                            "upper_bound",
                            "count",
                            "violations",
                            "feature_name",
                            "value",
                        ),
                        *(
                            "string_statistics",
                            "categorical",
                            "common",
                            "num_present",
                            "num_missing",
                        ),
                        *("binary_classification_metrics", "confusion_matrix", "dataset", "rows"),
                        *(
                            "feature",
                            "distance",
                            "threshold",
                            "status",
                            "window_end",
                            "notes",
                            "mean",
                        ),
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=25,
    )
)
def test_documents_that_are_wrong_in_any_way_still_make_a_harmless_page(found: Any) -> None:
    document = found if isinstance(found, dict) else {"features": found, "violations": found}

    page = render_report(
        Documents(document, document, document, document, document, document, None, [document]), NOW
    )

    assert is_harmless(page)


def test_the_page_of_fifty_features_is_small() -> None:
    files = made.churn(50)
    wide = {f"a rather long category, number {number}": 10 + number for number in range(100)}
    for side in ("statistics.json", "baseline/statistics.json"):
        files[side]["features"][25:] = [made.textual(f"text {n}", wide) for n in range(25)]
    page = rendered(files, quality=documents(made.churn_quality()), history=made.history(34))

    assert len(page.encode()) <= 500_000


def test_of_five_thousand_features_the_worst_are_shown_and_the_rest_counted() -> None:
    features = [made.numeric(f"column {number}", [number, number + 1.5]) for number in range(5000)]
    files = {
        "statistics.json": made.statistics_of(features, 2),
        "baseline/statistics.json": made.statistics_of(features, 2),
        "constraint_violations.json": {
            "violations": [
                made.violation(f"column {number}", "baseline_drift_check", "…")
                for number in range(4000, 4900)
            ]
        },
    }

    page = rendered(files)

    assert len(page.encode()) <= 500_000
    assert "900 violations" in page
    assert "and 700 more" in page
    assert "4,800 more features" in page
    assert "column 4000" in page


@pytest.mark.parametrize("values", [[5.0], [5.0, 5.0], [0.0], [1e308, -1e308], [2**53 + 1, 2**60]])
def test_constant_and_huge_values_are_drawn(values: list[float]) -> None:
    feature = made.numeric("x", values) if max(values) < 1e300 else _between(*values)
    files = {
        "statistics.json": made.statistics_of([feature], len(values)),
        "baseline/statistics.json": made.statistics_of([feature], len(values)),
    }

    page = rendered(files)

    assert page.count('<path class="now"') == 1
    drawn = " ".join(re.findall(r' d="([^"]*)"', page))
    assert re.fullmatch(r"[MHVZ0-9. ]+", drawn)


def _between(high: float, low: float) -> dict[str, Any]:
    bucket = {"lower_bound": low, "upper_bound": high, "count": 2.0}
    numbers = {"mean": 0.0, "distribution": {"kll": {"buckets": [bucket]}}}
    return {"name": "x", "inferred_type": "Fractional", "numerical_statistics": numbers}


@pytest.mark.parametrize("odd", ["NaN", "Infinity", math.inf, math.nan, None, "x", True, []])
def test_what_is_no_number_is_not_drawn(odd: Any) -> None:
    feature = made.numeric("x", [1, 2, 3])
    numbers = feature["numerical_statistics"]
    numbers["mean"] = odd
    numbers["distribution"]["kll"]["buckets"][0]["lower_bound"] = odd

    text = said(rendered({"statistics.json": made.statistics_of([feature], 3)}))

    assert "no distribution" in text
    assert "Mean" not in text


def test_an_empty_folder_makes_a_page() -> None:
    assert "Monitoring report" in html.unescape(rendered({}))
