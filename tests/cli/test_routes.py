"""The command with a routes file: what it checks, where files go, what is sent again."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import msgspec
import pytest
import yaml
from moto import mock_aws
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.line import Line
from capture_forwarder.core.quarantine_entry import encode_entries, entry_path, make_entry
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.settings import PublisherName
from tests.support.captures import line, side
from tests.support.platforms.arthur import MODEL_ID as ARTHUR_MODEL
from tests.support.platforms.arthur import TOKEN as ARTHUR_TOKEN
from tests.support.platforms.arthur import ArthurServer
from tests.support.platforms.faults import Status
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer
from tests.support.platforms.fiddler_model import Model

MODEL = Model.of(
    inputs={"age": "int", "income": "float"}, outputs={"score": "float"}, event_id_col="event_id"
)
MAPPING = {"inputs": ["age", "income"], "outputs": "score"}
RIGHT = ("--inputs", "age,income", "--outputs", "score")
ROUTES = "routes.yaml"
KEY = "dir/{}/AllTraffic/2026/03/01/10/20-30-123-a.jsonl"


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every test works in a folder of its own, without settings of the developer."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("FORWARDER_", "FIDDLER_", "ARTHUR_", "OPENSCALE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "160")
    # A platform that is down ends a test at once.
    monkeypatch.setenv("FORWARDER_RETRY_SECONDS", "0")


@pytest.fixture
def fiddler() -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as server:
        yield server


def to_fiddler(server: FiddlerServer) -> dict[str, str]:
    return {"type": "fiddler", "url": server.url, "model_uuid": MODEL_ID, "token": TOKEN}


def to_duckdb(path: str) -> dict[str, str]:
    return {"type": "duckdb", "path": path}


def route(name: str, publisher: dict[str, str], **changes: Any) -> dict[str, Any]:
    return {"name": name, "mapping": MAPPING, "publisher": publisher} | changes


def write(*routes: dict[str, Any]) -> str:
    Path(ROUTES).write_text(yaml.safe_dump({"routes": list(routes)}))
    return ROUTES


def call(event_id: str) -> bytes:
    return line(side("30,1.5"), side("0.5"), eventId=event_id)


def capture(endpoint: str, count: int, name: str = "20-30-123-a") -> None:
    path = Path("in") / endpoint / "AllTraffic/2026/03/01/10" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(call(f"{endpoint}-{name}-{n}") for n in range(count)))


def keep(route_name: str, *numbers: int, endpoint: str = "churn") -> None:
    """Put entries of a route into the quarantine, one file for each call."""
    source = CaptureFile("captured", KEY.format(endpoint))
    rejection = Rejection(Reason.COLUMN_COUNT_MISMATCH, "told then")
    entries = [
        make_entry(
            source,
            Line(number, number * 1000, raw := call(f"event-{number}"), len(raw)),
            rejection,
            route_name,
            "2026-03-01T10:00:00",
        )
        for number in numbers
    ]
    path = Path("kept") / entry_path(source, entries[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_entries(entries))


def kept() -> list[tuple[str, int]]:
    files = [path for path in Path("kept").rglob("*.jsonl") if path.is_file()]
    lines = [text for file in files for text in file.read_bytes().splitlines()]
    entries = [msgspec.json.decode(text) for text in lines]
    return sorted((entry["route"], entry["line_number"]) for entry in entries)


def run(*arguments: str | Path, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    assert TOKEN not in result.output
    return result


def documents(*arguments: str | Path, exit_code: int = 0) -> list[dict[str, Any]]:
    result = run(*arguments, "--json", exit_code=exit_code)
    return [json.loads(text) for text in result.stdout.splitlines()]


def ids(path: str, table: str) -> list[str]:
    with duckdb.connect(path) as connection:
        found = connection.table(table).project("inference_id").order("inference_id").fetchall()
    return [name for (name,) in found]


def told(result: Result) -> str:
    """What was printed on standard error, as one line of words."""
    return " ".join(result.stderr.split())


# --- routes check --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["check", "schema"])
def test_help_shows_an_example(name: str) -> None:
    assert f"capture-forwarder routes {name}" in run("routes", name, "--help").stdout


def test_check_shows_the_routes_and_which_of_them_a_key_takes() -> None:
    everything = {"endpoint": "churn-*"}
    file = write(
        route("archive", to_duckdb("x.duckdb"), match=everything, **{"continue": True}),
        route("eu", to_duckdb("x.duckdb"), match=everything | {"variant": "B"}),
        route("churn", to_duckdb("x.duckdb"), match={"endpoint": "churn-eu"}),
        route("rest", to_duckdb("x.duckdb")),
    )

    shown = run("routes", "check", file, KEY.format("churn-eu")).stdout

    assert re.search(r"archive +endpoint churn-\* +duckdb +age, income → score +yes", shown)
    assert re.search(r"rest +every capture file +duckdb +age, income → score +no", shown)
    assert "takes archive, churn" in shown
    assert "archive: taken" in shown
    assert "eu: not taken: the variant is 'AllTraffic', not 'B'" in shown
    assert "rest: not looked at: churn does not continue" in shown


def test_check_gives_the_same_facts_as_json() -> None:
    file = write(
        route("churn", to_duckdb("x.duckdb"), match={"bucket": "captures", "prefix": "dir/"}),
        route("lost", to_duckdb("x.duckdb"), match={"bucket": "captures", "prefix": "dir/deep/"}),
    )
    good, other = f"s3://captures/{KEY.format('churn')}", "s3://other/x.jsonl"

    (document,) = documents("routes", "check", file, good, other, exit_code=1)

    assert [one["name"] for one in document["routes"]] == ["churn", "lost"]
    assert document["routes"][0] == {
        "name": "churn",
        "match": {"bucket": "captures", "prefix": "dir/"},
        "publisher": "duckdb",
        "inputs": ["age", "income"],
        "outputs": ["score"],
        "columns": ["age", "income", "score"],
        "labels": None,
        "continue": False,
        "unreachable_behind": None,
    }
    assert document["routes"][1]["unreachable_behind"] == "churn"
    assert [key["takes"] for key in document["keys"]] == [["churn"], []]
    assert document["keys"][1]["routes"][0] == {
        "name": "churn",
        "taken": False,
        "why": "the key does not begin with 'dir/'; the bucket is 'other', not 'captures'",
    }


def test_check_warns_of_a_route_that_no_object_can_reach() -> None:
    file = write(route("all", to_duckdb("x.duckdb")), route("lost", to_duckdb("x.duckdb")))

    assert "Route lost is never reached: route all takes all" in told(run("routes", "check", file))


def test_check_says_that_routes_which_continue_need_a_ledger() -> None:
    first = route("first", to_duckdb("x.duckdb"), **{"continue": True})

    shown = run("routes", "check", write(first, route("rest", to_duckdb("x.duckdb"))))

    assert "These routes continue, so the function needs FORWARDER_LEDGER: first." in told(shown)


def test_check_tells_all_mistakes_at_once_and_ends_with_two() -> None:
    file = write(route("a", {"type": "fiddler", "token": TOKEN}), route("b", {"type": "datadog"}))

    result = run("routes", "check", file, exit_code=2)

    assert "route a: publisher.url: missing" in result.stderr
    assert "route a: publisher.model_uuid: missing" in result.stderr
    assert "route b: publisher.type: must be one of" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "dir/x.jsonl",
            "Route churn asks for the bucket, and dir/x.jsonl has none. Write it as s3://bucket/dir/x.jsonl",
        ),
        ("s3://captures", "has no bucket or no key"),
        ("s3:///x", "has no bucket or no key"),
    ],
)
def test_a_key_that_does_not_say_enough_is_wrong_usage(key: str, said: str) -> None:
    file = write(route("churn", to_duckdb("x.duckdb"), match={"bucket": "captures"}))

    assert said in told(run("routes", "check", file, key, exit_code=2))


@pytest.mark.parametrize("file", ["nowhere.yaml", "gs://bucket/routes.yaml", "s3://bucket"])
def test_a_file_that_cannot_be_read_is_wrong_usage(file: str) -> None:
    assert run("routes", "check", file, exit_code=2).stdout == ""


def test_a_file_in_s3_and_one_in_the_parameter_store_can_be_checked() -> None:
    text = yaml.safe_dump({"routes": [route("churn", to_duckdb("x.duckdb"))]})
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="settings")
        s3.put_object(Bucket="settings", Key="routes.yaml", Body=text.encode())
        boto3.client("ssm").put_parameter(Name="/routes", Value=text, Type="String")

        for file in ("s3://settings/routes.yaml", "ssm:///routes"):
            (document,) = documents("routes", "check", file)
            assert [one["name"] for one in document["routes"]] == ["churn"]
        missing = run("routes", "check", "ssm:///other", exit_code=2)

    assert "ParameterNotFound" in missing.stderr


def test_check_asks_no_platform_and_heeds_no_environment(
    fiddler: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDER_TYPO", "1")
    monkeypatch.setenv("FIDDLER_URL", "nonsense")

    run("routes", "check", write(route("churn", to_fiddler(fiddler))))

    assert fiddler.requests == []


def test_the_schema_is_printed_as_json() -> None:
    schema = json.loads(run("routes", "schema").stdout)

    assert schema["properties"]["routes"]["minItems"] == 1


# --- forward -------------------------------------------------------------------------------


def shared(fiddler: FiddlerServer) -> str:
    """Churn goes to the archive and to Fiddler; credit has a table; other objects no route."""
    return write(
        route("archive", to_duckdb("x.duckdb"), match={"endpoint": "ch*"}, **{"continue": True}),
        route("churn", to_fiddler(fiddler), match={"endpoint": "churn"}),
        route("credit-risk", to_duckdb("x.duckdb"), match={"endpoint": "credit"}),
    )


@pytest.mark.parametrize("by", ["option", "environment"])
def test_each_file_goes_by_all_of_its_routes(
    fiddler: FiddlerServer, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    for endpoint, count in (("churn", 3), ("credit", 2), ("other", 1)):
        capture(endpoint, count)
    monkeypatch.setenv("FORWARDER_LEDGER", "ledger.sqlite")
    file = shared(fiddler)
    if by == "environment":
        monkeypatch.setenv("FORWARDER_ROUTES", file)

    result = run("forward", "in", *(["--routes", file] if by == "option" else []))

    assert len(fiddler.events) == 3
    assert ids("x.duckdb", "archive") == [f"churn-20-30-123-a-{n}" for n in range(3)]
    assert ids("x.duckdb", "credit-risk") == [f"credit-20-30-123-a-{n}" for n in range(2)]
    assert "Forwarded by routes.yaml" in result.stdout
    assert re.search(r"churn/AllTraffic\S+ +churn +3 +3 +0 +0 +3", result.stdout)
    assert re.search(r"1 file +credit-risk → duckdb +2 +2 +0 +0 +2", result.stdout)
    query = """capture-forwarder query 'FROM "credit-risk" LIMIT 10' --database x.duckdb"""
    assert query in result.stdout
    assert "1 file skipped: No route matches it." in result.stderr


def test_json_tells_of_each_file_and_of_each_of_its_routes(
    fiddler: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture("churn", 3)
    capture("other", 1)
    monkeypatch.setenv("FORWARDER_LEDGER", "ledger.sqlite")

    churn, other, last = documents("forward", "in", "--routes", shared(fiddler))

    assert (churn["status"], other["status"]) == ("forwarded", "skipped")
    assert churn["lines"] == 6
    assert {name: one["published"] for name, one in churn["routes"].items()} == {
        "archive": 3,
        "churn": 3,
    }
    summary = last["summary"]
    assert (summary["publisher"], summary["routes_file"]) == (None, ROUTES)
    assert (summary["forwarded_files"], summary["skipped_files"], summary["lines"]) == (1, 1, 6)
    assert summary["routes"]["churn"]["publisher"] == "fiddler"
    assert summary["routes"]["credit-risk"]["forwarded_files"] == 0


def test_a_platform_that_is_down_fails_its_own_routes_alone_and_is_not_tried_for_each_file(
    fiddler: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("20-30-123-a", "21-30-123-b", "22-30-123-c")
    for name in names:
        capture("churn", 2, name)
    capture("credit", 2)
    monkeypatch.setenv("FORWARDER_LEDGER", "ledger.sqlite")
    file = shared(fiddler)
    fiddler.fail_next(*[Status(503)] * 4)

    result = run("forward", "in", "--routes", file, exit_code=1)
    tries = len(fiddler.publish_requests)
    *files, last = documents("forward", "in", "--routes", file, exit_code=1)
    run("forward", "in", "--routes", file)

    assert "3 of 4 files failed" in result.stderr
    assert result.stderr.count("route churn: ") == 1
    assert "and 2 files more: route churn:" in result.stderr
    assert tries == 2, "the second file tells whether the first has a row that cannot be stored"
    assert [one["status"] for one in files] == ["failed"] * 3 + ["done before"]
    assert "503" in files[0]["routes"]["churn"]["error"]
    assert files[0]["routes"]["archive"]["status"] == "done before"
    assert files[0]["error"].startswith("route churn: ")
    assert last["summary"]["routes"]["churn"]["failed_files"] == 3
    assert len(ids("x.duckdb", "archive")) == 6
    assert len(fiddler.events) == 6


def test_fiddler_and_arthur_each_get_what_is_theirs(
    fiddler: FiddlerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture("churn", 2)
    monkeypatch.setenv("FORWARDER_LEDGER", "ledger.sqlite")
    with ArthurServer() as arthur:
        publisher = {
            "type": "arthur",
            "host": arthur.url,
            "model_id": ARTHUR_MODEL,
            "access_token": ARTHUR_TOKEN,
        }
        file = write(
            route("churn", to_fiddler(fiddler), **{"continue": True}),
            {"name": "second", "publisher": publisher},
        )

        run("forward", "in", "--routes", file)

        assert len(arthur.stored) == len(fiddler.events) == 2


def test_routes_that_continue_need_a_ledger(fiddler: FiddlerServer) -> None:
    capture("churn", 1)

    result = run("forward", "in", "--routes", shared(fiddler), exit_code=2)

    assert "--ledger (FORWARDER_LEDGER): missing; the route archive continues" in told(result)
    assert fiddler.requests == []


def test_options_of_the_one_route_mean_it_instead_of_the_routes_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    capture("churn", 2)
    monkeypatch.setenv("FORWARDER_ROUTES", "nowhere.yaml")

    run("forward", "in", "--database", "x.duckdb", *RIGHT)

    assert len(ids("x.duckdb", "churn")) == 2


def test_a_routes_file_by_option_means_it_instead_of_the_one_route(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    capture("churn", 2)
    monkeypatch.setenv("FIDDLER_URL", "nonsense")
    monkeypatch.setenv("FORWARDER_PUBLISHER", "fiddler")
    monkeypatch.setenv("AWS_PARTNER_APP_AUTH", "true")

    run("forward", "in", "--routes", write(route("churn", to_duckdb("x.duckdb"))))

    assert len(ids("x.duckdb", "churn")) == 2


@pytest.mark.parametrize("command", [("forward", "in"), ("quarantine", "redrive", "in")])
def test_a_routes_file_and_options_of_the_one_route_do_not_go_together(
    command: tuple[str, ...],
) -> None:
    capture("churn", 1)
    file = write(route("churn", to_duckdb("x.duckdb")))

    for option in (("--publisher", "duckdb"), ("--database", "x"), ("--inputs", "age")):
        result = run(*command, "--routes", file, *option, exit_code=2)
        assert "cannot be used together. The routes of a routes file have a mapping" in told(result)


def test_inspect_does_not_mind_a_routes_file(monkeypatch: pytest.MonkeyPatch) -> None:
    capture("churn", 2)
    monkeypatch.setenv("FORWARDER_ROUTES", "nowhere.yaml")

    assert "FIDDLER_MODEL_COLUMNS=" in run("inspect", "in").stdout


@pytest.mark.parametrize("publisher", PublisherName)
def test_every_publisher_can_be_named_and_needs_only_its_own_settings(
    publisher: PublisherName,
) -> None:
    capture("churn", 1)
    others = {"fiddler", "arthur", "openscale"} - {publisher.value}
    missing = {PublisherName.DUCKDB: 0}.get(publisher, 2)

    result = run("forward", "in", "--publisher", publisher.value, *RIGHT, exit_code=missing)

    assert not any(f"{other.upper()}_" in result.stderr for other in others)


def test_rows_go_into_files_too_and_are_not_taken_as_input(monkeypatch: pytest.MonkeyPatch) -> None:
    capture("churn", 2)
    monkeypatch.setenv("FORWARDER_FILES", "in/rows")
    command = ("forward", "in", "--publisher", "files", *RIGHT)

    run(*command)
    *files, last = documents(*command)

    assert list(Path("in/rows").rglob("*.gz"))
    assert len(files) == 1
    assert last["summary"]["inferences"] == 2


def test_files_that_routes_have_written_to_s3_are_skipped() -> None:
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="captures")
        s3.put_object(Bucket="captures", Key=KEY.format("churn"), Body=call("event-1"))
        publisher = {"type": "files", "place": "s3://captures/dir/rows"}
        file = write(route("archive", publisher))

        run("forward", "s3://captures/dir", "--routes", file)
        *files, last = documents("forward", "s3://captures/dir", "--routes", file)

    assert sorted(one["status"] for one in files) == ["forwarded", "skipped"]
    assert last["summary"]["inferences"] == 1


# --- quarantine redrive --------------------------------------------------------------------


def test_entries_go_by_their_own_route_and_those_of_unknown_routes_stay(
    fiddler: FiddlerServer,
) -> None:
    keep("churn", 1, 2)
    keep("archive", 1, 2, 3)
    keep("gone", 4)

    result = run("quarantine", "redrive", "kept", "--routes", shared(fiddler))

    assert [event["event_id"] for event in fiddler.events] == ["event-1", "event-2"]
    assert ids("x.duckdb", "archive") == ["event-1", "event-2", "event-3"]
    assert kept() == [("gone", 4)]
    assert re.search(r"churn +column-count-mismatch +2 +2 +0", result.stdout)
    assert re.search(r"archive +column-count-mismatch +3 +3 +0", result.stdout)
    assert "2 inferences of 2 entries of route churn went to fiddler" in result.stdout
    assert "3 inferences of 3 entries of route archive went to duckdb" in result.stdout
    assert "credit-risk" not in result.stdout
    assert "Left alone: 1 entry of route gone; routes.yaml has no such" in told(result)


def test_a_file_with_entries_of_several_routes_is_settled_once(fiddler: FiddlerServer) -> None:
    keep("churn", 1, 2)
    (path,) = [path for path in Path("kept").rglob("*.jsonl") if path.is_file()]
    mixed = path.read_bytes()
    path.write_bytes(mixed + mixed.replace(b'"churn"', b'"archive"'))
    for_nobody = mixed.splitlines()[0].replace(b'"route":"churn"', b'"route":"gone"') + b"\n"
    path.write_bytes(path.read_bytes() + for_nobody)

    (document,) = documents("quarantine", "redrive", "kept", "--routes", shared(fiddler))

    assert {name: one["delivered"] for name, one in document["routes"].items()} == {
        "archive": 2,
        "churn": 2,
        "credit-risk": 0,
    }
    assert (document["publisher"], document["routes_file"]) == (None, ROUTES)
    assert (document["delivered"], document["inferences"]) == (4, 4)
    assert document["other_routes"] == {"gone": 1}
    assert kept() == [("gone", 1)]


def test_a_platform_that_is_down_holds_up_only_what_goes_to_it(fiddler: FiddlerServer) -> None:
    keep("churn", 1, 2)
    keep("churn", 3, 4, endpoint="second")
    keep("archive", 1, 2, endpoint="third")
    file = shared(fiddler)
    fiddler.fail_next(*[Status(503)] * 2)

    (document,) = documents("quarantine", "redrive", "kept", "--routes", file, exit_code=1)
    tries = len(fiddler.publish_requests)
    result = run("quarantine", "redrive", "kept", "--routes", file, exit_code=1)
    (last,) = documents("quarantine", "redrive", "kept", "--routes", file)

    assert tries == 1
    churn, archive = document["routes"]["churn"], document["routes"]["archive"]
    assert (churn["not_sent"], churn["delivered"], archive["delivered"]) == (4, 0, 2)
    assert "503" in churn["stopped"]
    assert archive["stopped"] is None
    assert document["files_left"] == 0
    assert "route churn: " in result.stderr
    assert "Not sent: 4 entries and 0 more files; run the command again" in told(result)
    assert last["delivered"] == 4
    assert kept() == []


def test_platforms_of_routes_without_entries_are_not_asked(fiddler: FiddlerServer) -> None:
    keep("archive", 1)

    run("quarantine", "redrive", "kept", "--routes", shared(fiddler))

    assert fiddler.requests == []


def test_one_route_of_the_file_can_be_named_and_no_other(fiddler: FiddlerServer) -> None:
    keep("churn", 1)
    keep("archive", 1, 2)
    command = ("quarantine", "redrive", "kept", "--routes", shared(fiddler), "--route")

    result = run(*command, "archive")
    unknown = run(*command, "gone", exit_code=2)

    assert kept() == [("churn", 1)]
    assert "Left alone: 1 entry of route churn; to send them, add --route churn" in told(result)
    assert "routes.yaml has no route named gone; its routes are: archive, churn" in told(unknown)


def test_entries_of_a_route_that_is_gone_are_sent_by_options(fiddler: FiddlerServer) -> None:
    keep("gone", 1)

    run("quarantine", "redrive", "kept", "--route", "gone", "--database", "x.duckdb", *RIGHT)

    assert ids("x.duckdb", "gone") == ["event-1"]
    assert kept() == []
    assert fiddler.requests == []


def test_a_dry_run_over_several_routes_changes_nothing(fiddler: FiddlerServer) -> None:
    keep("churn", 1)
    keep("archive", 2)

    result = run("quarantine", "redrive", "kept", "--routes", shared(fiddler), "--dry-run")

    assert "1 inference of 1 entry of route churn would go to fiddler" in result.stdout
    assert fiddler.events == []
    assert not Path("x.duckdb").exists()
    assert len(kept()) == 2


def test_columns_that_one_model_does_not_have_leave_the_other_routes_alone(
    fiddler: FiddlerServer,
) -> None:
    keep("churn", 1)
    keep("archive", 2)
    wrong = {"inputs": "age,wage", "outputs": "score"}
    file = write(
        route("churn", to_fiddler(fiddler), mapping=wrong), route("archive", to_duckdb("x.duckdb"))
    )

    result = run("quarantine", "redrive", "kept", "--routes", file, exit_code=1)

    assert "route churn: The model's schema has no column 'wage'" in told(result)
    assert ids("x.duckdb", "archive") == ["event-2"]
    assert kept() == [("churn", 1)]
