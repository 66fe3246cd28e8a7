"""`forward` and `labels send` count the rows that the platform refused, and say where they are."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.support.captures import line, side
from tests.support.command_line import run, work_in
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer, Model
from tests.support.platforms.fiddler_labels import FiddlerLabelServer

MODEL = Model.of(
    inputs={"age": "int"},
    outputs={"score": "float"},
    targets={"churned": "int"},
    metadata={"event_id": "str"},
    event_id_col="event_id",
)
MAPPING = ("--inputs", "age", "--outputs", "score", "--event-id", "event_id")
SEND = ("forward", "captures.jsonl", "--publisher", "fiddler", *MAPPING)


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    work_in(tmp_path, monkeypatch, columns=160)
    monkeypatch.setenv("FORWARDER_RETRY_SECONDS", "0")
    calls = [line(side(f"{n}"), side("0.5"), eventId=f"call-{n}") for n in range(10)]
    Path("captures.jsonl").write_bytes(b"\n".join(calls) + b"\n")


@pytest.fixture
def fiddler(monkeypatch: pytest.MonkeyPatch) -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as server:
        use(monkeypatch, server)
        yield server


def use(monkeypatch: pytest.MonkeyPatch, server: FiddlerServer) -> None:
    monkeypatch.setenv("FIDDLER_URL", server.url)
    monkeypatch.setenv("FIDDLER_MODEL_UUID", MODEL_ID)
    monkeypatch.setenv("FIDDLER_TOKEN", TOKEN)


def summary(result: Result) -> dict[str, Any]:
    last: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])["summary"]
    return last


def suggested(text: str) -> list[str]:
    """The words of the first command that a message says to type."""
    (command, *_) = (one for one in text.splitlines() if "capture-forwarder " in one)
    return shlex.split("capture-forwarder " + command.partition("capture-forwarder ")[2])[1:]


def test_rows_that_the_platform_refused_are_counted_and_shown(fiddler: FiddlerServer) -> None:
    fiddler.refuse(lambda row: row["age"] == 3)

    shown = run(*SEND).stdout

    (heads,) = (one.split() for one in shown.splitlines() if "inferences" in one)
    (counts,) = (one.split() for one in shown.splitlines() if one.startswith(" 1 file "))
    assert heads[-2:] == ["inferences", "refused"]
    assert counts[-2:] == ["10", "1"]
    assert "The platform refused 1 row, which went to capture-forwarder-quarantine." in shown
    assert "call-3" in run(*suggested(shown)).stdout


def test_without_a_refusal_nothing_is_said_of_one(fiddler: FiddlerServer) -> None:
    assert "refused" not in run(*SEND).output
    assert len(fiddler.events) == 10


def test_refused_rows_are_in_the_json_of_files_and_of_the_summary(fiddler: FiddlerServer) -> None:
    fiddler.refuse(lambda row: row["age"] in {3, 4})

    result = run(*SEND, "--json")

    assert json.loads(result.stdout.splitlines()[0])["refused"] == 2
    assert summary(result)["refused"] == 2
    assert summary(result)["inferences"] == summary(result)["published"] + 2


def test_refused_rows_of_several_files_and_routes_are_added_up(fiddler: FiddlerServer) -> None:
    Path("captures").mkdir()
    for name in ("a", "b"):
        call = line(side("3"), side("0.5"), eventId=f"refused-{name}")
        good = line(side("4"), side("0.5"), eventId=f"good-{name}")
        Path(f"captures/{name}.jsonl").write_bytes(call + b"\n" + good + b"\n")
    fiddler.refuse(lambda row: row["age"] == 3)
    send = ["forward", "captures", *SEND[2:]]

    assert "The platform refused 2 rows" in run(*send).stdout
    publisher = {
        "type": "fiddler",
        "url": fiddler.url,
        "model_uuid": MODEL_ID,
        "token": TOKEN,
    }
    mapping = {"inputs": ["age"], "outputs": ["score"], "event_id": "event_id"}
    routes = {"routes": [{"name": "only", "mapping": mapping, "publisher": publisher}]}
    Path("routes.yaml").write_text(json.dumps(routes))

    found = summary(run("forward", "captures", "--routes", "routes.yaml", "--json"))
    assert found["refused"] == found["routes"]["only"]["refused"] == 2


def test_when_every_row_is_refused_that_is_why_nothing_has_arrived(
    fiddler: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDER_MAX_REFUSED", "1")
    fiddler.refuse(lambda _: True)

    told = run(*SEND, "--strict", exit_code=1).stderr

    assert "Not one row has arrived. The platform refused 10 rows" in told
    assert "hold no inferences" not in told
    assert "call-" in run(*suggested(told)).stdout


def test_labels_that_the_platform_refused_are_counted_and_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("labels.csv").write_text("id,label\ncall-0,1\ncall-2,0\n")
    with FiddlerLabelServer(MODEL) as server:
        use(monkeypatch, server)
        server.refuse(lambda row: row["churned"] == 0)
        monkeypatch.setenv("FORWARDER_MAX_REFUSED", "1")
        send = ("labels", "send", "labels.csv", "--publisher", "fiddler")
        shown = run(*send).stdout
        assert summary(run(*send, "--json"))["refused"] == 1

    assert "The platform refused 1 row, which went to capture-forwarder-quarantine." in shown
    assert "call-2" in run(*suggested(shown)).stdout
