"""The options of `monitor quality`."""

from __future__ import annotations

from typing import Annotated

import typer

from capture_forwarder.monitor.quality import Names, ProblemType

Predictions = Annotated[
    list[str],
    typer.Argument(
        metavar="DATA",
        help="The predictions: files, a folder, or s3://bucket/prefix.",
        show_default=False,
    ),
]
Problem = Annotated[
    ProblemType,
    typer.Option(
        "--problem-type",
        case_sensitive=False,
        metavar="TYPE",
        help=f"What the model predicts: {', '.join(ProblemType)}.",
        show_default=False,
    ),
]
Prediction = Annotated[
    str | None,
    typer.Option(
        "--prediction",
        metavar="COLUMN",
        help="The predicted value or class: a column's name, its position from 0, or the "
        "attribute of a captured response.",
        show_default=False,
    ),
]
Probability = Annotated[
    str | None,
    typer.Option(
        "--probability",
        metavar="COLUMN",
        help="The probability of the positive class.",
        show_default=False,
    ),
]
Threshold = Annotated[
    float,
    typer.Option(
        "--threshold",
        metavar="NUMBER",
        help="Without --prediction: greater probabilities predict the positive class.",
    ),
]
Positive = Annotated[
    str | None,
    typer.Option(
        "--positive",
        metavar="CLASS",
        help="The positive class of a binary model.",
        show_default="1 or true",
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        "--label",
        metavar="COLUMN",
        help="What was true. Not needed for lines of Model Monitor whose label is one value.",
        show_default=False,
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--labels",
        metavar="DATA",
        help="The labels, where they are not beside the predictions. May be repeated.",
        show_default=False,
    ),
]
IdColumn = Annotated[str, typer.Option("--id", metavar="COLUMN", help="The id of a prediction.")]
LabelsId = Annotated[
    str | None,
    typer.Option(
        "--labels-id", metavar="COLUMN", help="The id of a label.", show_default="as --id"
    ),
]
Table = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="NAME",
        help="The table of a DuckDB database.",
        show_default="the only one",
    ),
]
LabelsTable = Annotated[
    str | None,
    typer.Option(
        "--labels-table",
        metavar="NAME",
        help="The table with the labels.",
        show_default="the only one",
    ),
]


TimeColumn = Annotated[
    str,
    typer.Option("--time-column", metavar="COLUMN", help="When a call was made, for these two."),
]
BaselinePlace = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="PATH",
        help="The baseline's folder or S3 address, or its constraints.json here.",
        show_default=False,
    ),
]
SlackAmount = Annotated[
    float,
    typer.Option(
        "--slack",
        metavar="NUMBER",
        min=0,
        help="For a new baseline: how much worse a metric may be, in its own unit.",
    ),
]
SlackDeviations = Annotated[
    float,
    typer.Option(
        "--slack-deviations",
        metavar="NUMBER",
        min=0,
        help="For a new baseline: the same in standard deviations.",
    ),
]
MetricNames = Annotated[
    Names,
    typer.Option(
        "--names",
        metavar="WORD",
        help=f"Whose names of metrics violations have: {', '.join(Names)}.",
    ),
]
Endpoint = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="NAME", help="Whose model it is.", show_default=False),
]
Schedule = Annotated[
    str, typer.Option("--schedule", metavar="NAME", help="What this check is called.")
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="FOLDER",
        help="Where a new baseline goes, or where executions are kept; here or in S3.",
        show_default="monitor-reports for executions",
    ),
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Replace a baseline that is there already.")
]
