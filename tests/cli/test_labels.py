"""`labels send`, and what other commands say and do of labels."""

from __future__ import annotations

import gzip
import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
import yaml
from moto import mock_aws
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support.captures import ground_truth, line, merged, side
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, Model
from tests.support.platforms.fiddler_labels import FiddlerLabelServer
from tests.support.platforms.openscale import ACCOUNT
from tests.support.platforms.openscale_labels import OpenScaleLabelServer

MODEL = Model.of(
    inputs={"age": "int"},
    outputs={"score": "float"},
    targets={"churned": "int"},
    metadata={"event_id": "str"},
    event_id_col="event_id",
)
CALLS = b"\n".join(line(side(f"{n}"), side("0.5"), eventId=f"call-{n}") for n in range(3)) + b"\n"
TABLE = "id,label\ncall-0,1\ncall-2,0\n"


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every test works in a folder of its own, without settings of the developer."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("FORWARDER_", "FIDDLER_", "ARTHUR_", "OPENSCALE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("FORWARDER_RETRY_SECONDS", "0")


@pytest.fixture
def fiddler(monkeypatch: pytest.MonkeyPatch) -> Iterator[FiddlerLabelServer]:
    with FiddlerLabelServer(MODEL) as server:
        monkeypatch.setenv("FIDDLER_URL", server.url)
        monkeypatch.setenv("FIDDLER_MODEL_UUID", MODEL_ID)
        monkeypatch.setenv("FIDDLER_TOKEN", TOKEN)
        yield server


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def done(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.output


def rows(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect("rows.duckdb") as connection:
        return connection.execute(sql).fetchall()


def test_a_table_goes_to_fiddler(fiddler: FiddlerLabelServer) -> None:
    Path("labels.csv").write_text(TABLE)
    output = done("labels", "send", "labels.csv", "--publisher", "fiddler")
    assert fiddler.updates == [
        {"event_id": "call-0", "churned": 1},
        {"event_id": "call-2", "churned": 0},
    ]
    assert "Fiddler changes nothing for an id that it does not have" in output


def test_labels_join_the_rows_that_forward_has_sent() -> None:
    Path("captures.jsonl").write_bytes(CALLS)
    Path("labels").mkdir()
    Path("labels/a.csv").write_text(TABLE)
    Path("labels/b.jsonl").write_bytes(ground_truth("call-1", "1"))
    duckdb.sql("COPY (SELECT 'call-2' AS id, 5 AS label) TO 'labels/c.parquet' (FORMAT parquet)")
    database = ("--database", "rows.duckdb")
    done("forward", "captures.jsonl", *database, "--inputs", "age", "--outputs", "score")

    output = done("labels", "send", "labels", *database)

    found = rows("SELECT inference_id, age, label FROM captures_labeled ORDER BY 1")
    assert found == [("call-0", 0, 1), ("call-1", 1, 1), ("call-2", 2, 5)]
    assert rows("SELECT count(*) FROM captures") == [(3,)]
    assert "FROM captures_labels" in output
    assert "3 files in table captures_labels" in output


def test_several_labels_of_a_call_go_to_its_rows_in_the_database() -> None:
    call = line(side("1\n2"), side("0.5\n0.5"), eventId="both")
    Path("captures.jsonl").write_bytes(call)
    Path("labels.jsonl").write_bytes(
        ground_truth("both", "1\n0") + b"\n" + ground_truth("both", "1\n0\n1")
    )
    database = ("--database", "rows.duckdb")
    done("forward", "captures.jsonl", *database, "--inputs", "age", "--outputs", "score")
    output = done("labels", "send", "labels.jsonl", *database)
    found = rows("SELECT inference_id, label FROM captures_labeled ORDER BY 1")
    assert found == [("both_0", 1), ("both_1", 0)]
    assert "1 label-count-mismatch" in output


def test_options_say_where_ids_and_labels_are(fiddler: FiddlerLabelServer) -> None:
    Path("outcomes.csv").write_text("call,outcome\ncall-0,1\n")
    where = ("--id", "call", "--columns", "churned=outcome")
    done("labels", "send", "outcomes.csv", "--publisher", "fiddler", *where)
    assert fiddler.updates == [{"event_id": "call-0", "churned": 1}]


def routes(server: FiddlerLabelServer, *others: dict[str, Any]) -> None:
    fiddler = {"type": "fiddler", "url": server.url, "model_uuid": MODEL_ID, "token": TOKEN}
    labels = {
        "name": "churn-labels",
        "match": {"bucket": "labels-bucket", "prefix": "truth/"},
        "labels": {"delay": 600},
        "publisher": fiddler,
    }
    Path("routes.yaml").write_text(yaml.safe_dump({"routes": [*others, labels]}))


def test_files_in_s3_go_by_the_routes_with_labels_that_match_them(
    fiddler: FiddlerLabelServer,
) -> None:
    captures = {
        "name": "all",
        "mapping": {"inputs": "age", "outputs": "score"},
        "publisher": {"type": "duckdb", "path": "rows.duckdb"},
    }
    routes(fiddler, captures)
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="labels-bucket")
        s3.put_object(Bucket="labels-bucket", Key="truth/a.csv", Body=TABLE.encode())
        output = done("labels", "send", "s3://labels-bucket/truth", "--routes", "routes.yaml")
    assert len(fiddler.updates) == 2
    assert "waits" not in output
    assert not Path("rows.duckdb").exists()


def test_a_route_can_be_named_for_files_that_are_elsewhere(fiddler: FiddlerLabelServer) -> None:
    routes(fiddler)
    Path("labels.csv").write_text(TABLE)
    unmatched = done("labels", "send", "labels.csv", "--routes", "routes.yaml")
    assert "--route" in unmatched
    assert fiddler.updates == []

    done("labels", "send", "labels.csv", "--routes", "routes.yaml", "--route", "churn-labels")
    assert len(fiddler.updates) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--routes", "routes.yaml", "--route", "other"), "churn-labels"),
        (("--publisher", "fiddler", "--route", "other"), "--routes"),
    ],
)
def test_a_route_that_is_not_there_is_wrong_usage(
    words: tuple[str, ...], said: str, fiddler: FiddlerLabelServer
) -> None:
    routes(fiddler)
    Path("labels.csv").write_text(TABLE)
    result = run("labels", "send", "labels.csv", *words)
    assert result.exit_code == 2
    assert said in result.output


def test_a_routes_file_without_labels_is_wrong_usage() -> None:
    captures = {"mapping": {"inputs": "age"}, "publisher": {"type": "duckdb"}}
    Path("routes.yaml").write_text(yaml.safe_dump({"routes": [captures]}))
    Path("labels.csv").write_text(TABLE)
    result = run("labels", "send", "labels.csv", "--routes", "routes.yaml")
    assert result.exit_code == 2
    assert "has no route with `labels:`" in result.output


def test_json_has_a_line_for_each_file_and_a_summary(fiddler: FiddlerLabelServer) -> None:
    Path("labels.csv").write_text(TABLE)
    output = done("labels", "send", "labels.csv", "--publisher", "fiddler", "--json")
    file, summary = map(json.loads, output.splitlines())
    assert (file["status"], file["lines"], file["empty"], file["published"]) == (
        "forwarded", 3, 1, 2,
    )  # fmt: skip
    assert summary["summary"]["publisher"] == "fiddler"
    assert len(fiddler.updates) == 2


def test_quarantined_lines_are_sent_again_once_the_cause_is_gone(
    fiddler: FiddlerLabelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("outcomes.csv").write_text("id,outcome\ncall-0,1\ncall-2,0\n")
    output = done("labels", "send", "outcomes.csv", "--publisher", "fiddler")
    assert "2 not-a-label" in output
    monkeypatch.setenv("FORWARDER_LABEL_COLUMNS", "churned=outcome")
    done("quarantine", "redrive", "capture-forwarder-quarantine", "--publisher", "fiddler")
    assert fiddler.updates == [
        {"event_id": "call-0", "churned": 1},
        {"event_id": "call-2", "churned": 0},
    ]
    assert not list(Path("capture-forwarder-quarantine").rglob("*.jsonl"))


def test_rows_below_a_header_with_another_id_can_be_sent_again_by_its_name(
    fiddler: FiddlerLabelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("outcomes.csv").write_text("call,label\ncall-0,1\n")
    assert "2 not-a-label" in done("labels", "send", "outcomes.csv", "--publisher", "fiddler")
    monkeypatch.setenv("FORWARDER_LABEL_ID", "call")
    run("quarantine", "redrive", "capture-forwarder-quarantine", "--publisher", "fiddler")
    assert fiddler.updates == [{"event_id": "call-0", "churned": 1}]


def test_quarantined_lines_of_a_routes_file_go_by_their_route(fiddler: FiddlerLabelServer) -> None:
    routes(fiddler)
    Path("labels.csv").write_text("id,outcome\ncall-0,1\n")
    send = ("labels", "send", "labels.csv", "--routes", "routes.yaml", "--route", "churn-labels")
    done(*send)
    text = Path("routes.yaml").read_text()
    Path("routes.yaml").write_text(text.replace("delay: 600", "columns: churned=outcome"))
    done("quarantine", "redrive", "capture-forwarder-quarantine", "--routes", "routes.yaml")
    assert fiddler.updates == [{"event_id": "call-0", "churned": 1}]


@pytest.fixture
def openscale(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenScaleLabelServer]:
    with OpenScaleLabelServer("age") as server:
        for name, value in {
            "OPENSCALE_URL": server.url,
            "OPENSCALE_IAM_URL": f"{server.url}/identity/token",
            "OPENSCALE_API_KEY": ACCOUNT.api_key,
            "OPENSCALE_SERVICE_INSTANCE_ID": ACCOUNT.service_instance_id,
            "OPENSCALE_SUBSCRIPTION_ID": ACCOUNT.subscription_id,
            "FORWARDER_INPUT_COLUMNS": "age",
        }.items():
            monkeypatch.setenv(name, value)
        yield server


def test_openscale_takes_labels_joined_with_stored_rows_or_merged(
    openscale: OpenScaleLabelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("captures.jsonl").write_bytes(CALLS)
    done("forward", "captures.jsonl", "--database", "rows.duckdb", "--outputs", "score")
    Path("labels.csv").write_text(f"{TABLE}unknown,1\n")
    monkeypatch.setenv("FORWARDER_LABEL_FEATURES", "rows.duckdb")
    monkeypatch.setenv("FORWARDER_LEDGER", "ledger.sqlite")
    send = ("labels", "send", "labels.csv", "--publisher", "openscale")
    output = done(*send)
    done(*send)
    assert openscale.feedback == [{"label": 1, "age": 0}, {"label": 0, "age": 2}]
    assert "1 label-without-inference" in output

    monkeypatch.delenv("FORWARDER_LABEL_FEATURES")
    call = line(side("7"), side("0.5"), eventId="other")
    Path("merged.jsonl").write_bytes(merged(call, "1"))
    done("labels", "send", "merged.jsonl", "--publisher", "openscale")
    assert openscale.feedback[2:] == [{"label": 1, "age": 7}]


def test_openscale_without_a_ledger_warns_of_feedback_that_is_stored_twice(
    openscale: OpenScaleLabelServer,
) -> None:
    call = line(side("7"), side("0.5"), eventId="other")
    Path("merged.jsonl").write_bytes(merged(call, "1"))
    assert "--ledger" in done("labels", "send", "merged.jsonl", "--publisher", "openscale")
    assert len(openscale.feedback) == 1


def test_labels_in_files_have_a_row_for_each_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("labels.csv").write_text(f"{TABLE}call-0,0\n")
    monkeypatch.setenv("FORWARDER_FILES", str(tmp_path / "out"))
    done("labels", "send", "labels.csv", "--publisher", "files")
    (part,) = (tmp_path / "out").rglob("*.gz")
    found = [json.loads(text) for text in gzip.decompress(part.read_bytes()).splitlines()]
    assert [(row["inference_id"], row["label"]) for row in found] == [("call-2", 0), ("call-0", 0)]


@pytest.mark.parametrize("name", ["labels.csv", "labels.parquet", "truth.jsonl", "merged.jsonl"])
def test_inspect_says_that_there_are_labels_and_what_to_type(name: str) -> None:
    folder = Path("here it is")
    folder.mkdir()
    if name.endswith(".parquet"):
        duckdb.sql(f"COPY (SELECT 'a' AS id, 5 AS label) TO '{folder}/{name}' (FORMAT parquet)")
    else:
        capture = line(side("7"), side("0.5"), eventId="other")
        truth = merged(capture, "1") if name == "merged.jsonl" else ground_truth("a", "1")
        (folder / name).write_bytes(TABLE.encode() if name.endswith(".csv") else truth)

    output = done("inspect", str(folder))

    command = f"capture-forwarder labels send {shlex.quote(str(folder))}"
    assert command in " ".join(output.split())
    if name.startswith("labels"):
        assert "id, label" in output
        document = json.loads(done("inspect", str(folder), "--json"))
        assert document["tables"] == [{"file": str(folder / name), "columns": ["id", "label"]}]


def test_routes_check_shows_routes_with_labels(fiddler: FiddlerLabelServer) -> None:
    routes(fiddler)
    output = done("routes", "check", "routes.yaml", "s3://labels-bucket/truth/a.csv")
    assert "takes churn-labels" in output
    assert "labels" in output
    assert "FORWARDER_QUEUE_URL" in output
    document = json.loads(done("routes", "check", "routes.yaml", "--json"))
    assert document["routes"][0]["labels"] == {"id": "id", "columns": []}
