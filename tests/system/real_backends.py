"""Traces in real servers, MLflow's and Phoenix's, read back by their own clients.

`make test-platforms` installs both, 800 MB each, and runs this; it is not part of `make test`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from capture_forwarder.publishers.otlp.ids import span_id, trace_id
from tests.support.captures import JSON, line, side

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = ROOT / ".platforms"
TO_START = 600.0

TOOL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"at": 1}'}}
USAGE = {"prompt_tokens": 11, "completion_tokens": 5}
CALLS: dict[str, tuple[object, object]] = {
    "chat-1": (
        {
            "messages": [{"role": "user", "content": "What is 2 and 2?"}],
            "conversation_id": "talk-1",
        },
        {
            "model": "llama-3",
            "choices": [
                {"message": {"role": "assistant", "content": "4"}, "finish_reason": "stop"}
            ],
            "usage": USAGE,
        },
    ),
    "tool-1": (
        {"model": "llama-3", "messages": [{"role": "user", "content": "Will it rain?"}]},
        {
            "choices": [
                {
                    "message": {"role": "assistant", "content": None, "tool_calls": [TOOL]},
                    "finish_reason": "tool_calls",
                }
            ],
            "usage": USAGE,
        },
    ),
    "text-1": ({"inputs": "Once upon"}, [{"generated_text": " a time\u2028there was"}]),
    "vector-1": ({"input": ["one", "two"]}, {"data": [{"embedding": [0.5] * 8}] * 2}),
}

READ_MLFLOW = """
import json, sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
found = mlflow.MlflowClient().search_traces(locations=["0"])
print("READ " + json.dumps([
    {
        "trace": one.info.trace_id,
        "time": one.info.request_time,
        "tokens": one.info.token_usage,
        "session": one.info.trace_metadata.get("mlflow.trace.session"),
        "spans": [[s.span_type, s.inputs, s.outputs] for s in one.data.spans],
        "labels": [[a.name, a.source.source_id, a.value] for a in one.info.assessments],
    }
    for one in found
], default=str))
"""
READ_PHOENIX = """
import json, sys
from phoenix.client import Client
client = Client(base_url=sys.argv[1])
found = client.spans.get_spans(project_identifier="chats")
ids = [one["context"]["span_id"] for one in found]
notes = client.spans.get_span_annotations(span_ids=ids, project_identifier="chats")
print("READ " + json.dumps({"spans": found, "labels": notes}, default=str))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], folder: Path, asked: str, **variables: str
) -> Iterator[None]:
    """Run a server until it answers, and for the length of the block."""
    folder.mkdir()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*map(str, command)],
            cwd=folder,
            env={**os.environ, "DO_NOT_TRACK": "true", **variables},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            give_up = time.monotonic() + TO_START
            while not _answers(asked):
                assert server.poll() is None, (folder / "log").read_text()[-2000:]
                assert time.monotonic() < give_up, (folder / "log").read_text()[-2000:]
                time.sleep(0.5)
            yield
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=60)


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


def forward(folder: Path, publisher: dict[str, str]) -> None:
    """Forward the calls by the command, without a ledger: twice forwarded is twice sent."""
    file = folder / "captures" / "llama" / "AllTraffic" / "2026" / "03" / "01" / "10" / "a.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        line(side(json.dumps(request), JSON), side(json.dumps(response), JSON), eventId=name)
        for name, (request, response) in CALLS.items()
    ]
    file.write_bytes(b"\n".join(lines) + b"\n")
    routes = folder / "routes.yaml"
    route = {"name": "chats", "publisher": {"type": "otlp", **publisher}}
    routes.write_text(json.dumps({"routes": [route]}))
    command = [str(Path(sys.executable).with_name("capture-forwarder")), "forward", str(file)]
    done = subprocess.run(
        [*command, "--routes", str(routes)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def send_labels(
    folder: Path, publisher: dict[str, str], *labelled: dict[str, object]
) -> subprocess.CompletedProcess[str]:
    """Send labels by the command, likewise without a ledger."""
    file, routes = folder / "labels.jsonl", folder / "labels.yaml"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in labelled))
    route = {"labels": {"columns": "helpful"}, "publisher": {"type": "otlp", **publisher}}
    routes.write_text(json.dumps({"routes": [{"name": "feedback", **route}]}))
    command = [str(Path(sys.executable).with_name("capture-forwarder")), "labels", "send"]
    return subprocess.run(
        [*command, str(file), "--routes", str(routes)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def read_back(platform: str, script: str, address: str) -> Any:
    """Ask a platform's own client, in the platform's environment, what is stored."""
    python = PLATFORMS / platform / "bin" / "python"
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [str(python), "-c", script, address],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    (answer,) = [text for text in done.stdout.splitlines() if text.startswith("READ ")]
    return json.loads(answer.removeprefix("READ "))


@pytest.fixture
def mlflow(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    server: list[str | Path] = [
        PLATFORMS / "mlflow/bin/mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    store = ["--backend-store-uri", "sqlite:///mlflow.db", "--workers", "1"]
    tracking = {"MLFLOW_DISABLE_TELEMETRY": "true"}
    with running([*server, *store], tmp_path / "mlflow", f"{address}/health", **tracking):
        yield address


@pytest.fixture
def phoenix(tmp_path: Path) -> Iterator[str]:
    address = f"http://127.0.0.1:{(port := free_port())}"
    variables = {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_WORKING_DIR": str(tmp_path),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    command: list[str | Path] = [PLATFORMS / "phoenix/bin/phoenix", "serve"]
    with running(command, tmp_path / "phoenix", f"{address}/healthz", **variables):
        yield address


def test_mlflow_stores_each_call_once_and_reads_prompt_answer_and_tokens(
    mlflow: str, tmp_path: Path
) -> None:
    for _ in range(2):
        forward(tmp_path, {"backend": "mlflow", "url": mlflow, "experiment_id": "0"})

    found = {one["trace"]: one for one in read_back("mlflow", READ_MLFLOW, mlflow)}

    assert set(found) == {f"tr-{trace_id(name).hex()}" for name in CALLS}
    assert all(len(one["spans"]) == 1 for one in found.values())
    chat = found[f"tr-{trace_id('chat-1').hex()}"]
    assert chat["time"] == 1772360430000
    assert chat["tokens"] == {"input_tokens": 11, "output_tokens": 5, "total_tokens": 16}
    assert chat["session"] == "talk-1"
    assert chat["spans"] == [["LLM", "What is 2 and 2?", "4"]]
    text = found[f"tr-{trace_id('text-1').hex()}"]
    assert text["spans"] == [["LLM", "Once upon", " a time\u2028there was"]]
    (tool,) = found[f"tr-{trace_id('tool-1').hex()}"]["spans"]
    assert "weather" in json.dumps(tool)
    (vector,) = found[f"tr-{trace_id('vector-1').hex()}"]["spans"]
    assert vector[0] == "EMBEDDING"


def test_mlflow_is_sent_nothing_for_an_experiment_that_does_not_exist(
    mlflow: str, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match="has no experiment 77"):
        forward(tmp_path, {"backend": "mlflow", "url": mlflow, "experiment_id": "77"})

    assert read_back("mlflow", READ_MLFLOW, mlflow) == []


def test_mlflow_has_labels_at_the_traces_of_their_inferences_each_once_and_the_last(
    mlflow: str, tmp_path: Path
) -> None:
    publisher = {"backend": "mlflow", "url": mlflow, "experiment_id": "0"}
    forward(tmp_path, publisher)
    first: list[dict[str, object]] = [
        {"id": "chat-1", "helpful": "no"},
        {"id": "text-1", "helpful": 0},
        {"id": "tool-1", "helpful": True},
    ]
    then: list[dict[str, object]] = [{"id": "chat-1", "helpful": "yes"}, *first[1:]]
    for labelled in (first, first, then, then):
        done = send_labels(tmp_path, publisher, *labelled)
        assert done.returncode == 0, done.stdout + done.stderr

    found = {one["trace"]: one["labels"] for one in read_back("mlflow", READ_MLFLOW, mlflow)}
    values = {"chat-1": "yes", "text-1": 0.0, "tool-1": True}
    assert {trace: labels for trace, labels in found.items() if labels} == {
        f"tr-{trace_id(name).hex()}": [["helpful", "capture-forwarder", value]]
        for name, value in values.items()
    }
    assert len(found) == len(CALLS)


def test_mlflow_makes_no_trace_of_a_label_without_one(mlflow: str, tmp_path: Path) -> None:
    publisher = {"backend": "mlflow", "url": mlflow, "experiment_id": "0"}
    forward(tmp_path, publisher)

    done = send_labels(
        tmp_path,
        publisher,
        {"id": "nobody", "helpful": "yes"},
        {"id": "chat-1", "helpful": "yes"},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    (quarantined,) = (tmp_path / "capture-forwarder-quarantine").rglob("feedback-*.jsonl")
    (entry,) = map(json.loads, quarantined.read_text().splitlines())
    assert entry["inference_id"] == "nobody"
    assert "MLflow has no trace of this inference: Trace with ID" in entry["detail"]
    found = {one["trace"]: one["labels"] for one in read_back("mlflow", READ_MLFLOW, mlflow)}
    assert len(found) == len(CALLS)
    assert len(found[f"tr-{trace_id('chat-1').hex()}"]) == 1


def test_phoenix_stores_each_call_once_and_reads_prompt_answer_and_tokens(
    phoenix: str, tmp_path: Path
) -> None:
    for _ in range(2):
        forward(tmp_path, {"backend": "phoenix", "url": phoenix, "project": "chats"})

    # It stores what it has accepted a moment later.
    give_up = time.monotonic() + 60
    spans: list[dict[str, Any]] = []
    while len(spans) < len(CALLS) and time.monotonic() < give_up:
        spans = read_back("phoenix", READ_PHOENIX, phoenix)["spans"]
    found = {one["context"]["span_id"]: one for one in spans}

    assert len(spans) == len(found) == len(CALLS)
    assert set(found) == {span_id(name).hex() for name in CALLS}
    chat = found[span_id("chat-1").hex()]
    assert chat["context"]["trace_id"] == trace_id("chat-1").hex()
    assert chat["span_kind"] == "LLM"
    attributes = chat["attributes"]
    assert attributes["input.value"] == "What is 2 and 2?"
    assert attributes["output.value"] == "4"
    assert attributes["llm.token_count.total"] == 16
    assert attributes["session.id"] == "talk-1"
    tool = json.dumps(found[span_id("tool-1").hex()]["attributes"])
    assert "llm.output_messages" in tool
    assert "weather" in tool
    assert found[span_id("vector-1").hex()]["span_kind"] == "EMBEDDING"


def test_phoenix_has_labels_at_the_spans_of_their_inferences_each_once(
    phoenix: str, tmp_path: Path
) -> None:
    publisher = {"backend": "phoenix", "url": phoenix, "project": "chats"}
    forward(tmp_path, publisher)
    give_up = time.monotonic() + 60
    spans: list[Any] = []
    while len(spans) < len(CALLS) and time.monotonic() < give_up:
        spans = read_back("phoenix", READ_PHOENIX, phoenix)["spans"]

    labelled: list[dict[str, object]] = [
        {"id": "chat-1", "helpful": "yes"},
        {"id": "text-1", "helpful": 0},
    ]
    for _ in range(2):
        done = send_labels(tmp_path, publisher, *labelled)
        assert done.returncode == 0, done.stdout + done.stderr

    notes = read_back("phoenix", READ_PHOENIX, phoenix)["labels"]
    found = {one["span_id"]: (one["name"], one["result"]) for one in notes}
    assert len(notes) == len(found)
    assert found[span_id("chat-1").hex()][0] == "helpful"
    assert found[span_id("chat-1").hex()][1]["label"] == "yes"
    assert found[span_id("text-1").hex()][1]["score"] == 0.0
