"""`capture-forwarder init`: what is asked, what has to be said, and which routes files ask for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from capture_forwarder.settings.route import MappingSettings
from capture_forwarder.settings.routes_file import parse_routes
from tests.support.captures import ground_truth, line, side

HOUR = "2026/03/01/10"
UUID = "3f1c9a52-0b7e-4d86-9a41-6d2f8c0e7b15"
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf"


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the answers of a test come from a terminal."""
    from typer.testing import _NamedTextIOWrapper  # noqa: PLC0415 - what stands for stdin

    monkeypatch.setattr(_NamedTextIOWrapper, "isatty", lambda _: True, raising=False)


def put(place: str, *lines: bytes, name: str = "20-30-123-a.jsonl") -> None:
    folder = Path("captures", place)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"\n".join(lines))


def call(request: str = "41,52000", response: str = "0.7") -> bytes:
    return line(side(request), side(response))


def run(*arguments: str, exit_code: int = 0, answers: str | None = None) -> Result:
    result = CliRunner().invoke(app, ["init", "captures", *arguments], input=answers)
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def routes() -> list[dict[str, Any]]:
    return list(yaml.safe_load(Path("routes.yaml").read_text())["routes"])


def matches() -> dict[str, dict[str, str]]:
    return {route["name"]: route.get("match", {}) for route in routes()}


TO_DUCKDB = ("--publisher", "duckdb")


# --- which routes there are -----------------------------------------------------------------


def test_in_80_columns_no_name_is_broken_where_no_route_has_a_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    put(f"churn-endpoint/blue/{HOUR}", call())
    put(f"churn-pipeline/blue/{HOUR}", call("1,2,3,4,5,6,7,8"))

    shown = run(*TO_DUCKDB).stdout

    words = shown.partition("Wrote")[0].split()
    assert words.count("churn-endpoint") == words.count("churn-pipeline") == 2
    assert "model" not in words


def test_variants_with_one_mapping_share_a_route_that_takes_new_variants_too() -> None:
    put(f"churn/blue/{HOUR}", call())
    put(f"churn/green/{HOUR}", call("1.5,x"))

    run(*TO_DUCKDB)

    assert matches() == {"churn": {"endpoint": "churn"}}
    assert "Endpoint churn, variants blue, green: 2 of 2 lines" in Path("routes.yaml").read_text()


def test_variants_whose_calls_differ_have_a_route_each() -> None:
    put(f"churn/blue/{HOUR}", call())
    put(f"churn/green/{HOUR}", call("1,2,3"))

    run(*TO_DUCKDB)

    assert matches() == {
        "churn-blue": {"endpoint": "churn", "variant": "blue"},
        "churn-green": {"endpoint": "churn", "variant": "green"},
    }


def test_each_variant_can_have_a_model_of_its_own() -> None:
    for variant in ("blue", "green"):
        put(f"churn/{variant}/{HOUR}", call())

    run("--by-variant", *TO_DUCKDB, "--set", "churn-green:path=green.duckdb", "--set", "path=x")

    found = {route["name"]: route["publisher"]["path"] for route in routes()}
    assert found == {"churn-blue": "x", "churn-green": "green.duckdb"}


def test_endpoints_that_differ_only_by_case_have_routes_that_databases_tell_apart() -> None:
    put(f"Churn/v/{HOUR}", call())
    put(f"churn/v/{HOUR}", call())

    run(*TO_DUCKDB)

    assert matches() == {"Churn": {"endpoint": "Churn"}, "churn-2": {"endpoint": "churn"}}


def test_deployments_without_an_endpoint_are_told_apart_by_their_keys() -> None:
    for pod in ("a1", "b2"):
        put(f"{pod}/pod/AllTraffic/{HOUR}", call())
    put(f"churn/v/{HOUR}", call())
    put("", call(), name="loose.jsonl")

    run(*TO_DUCKDB)

    assert matches() == {
        "churn": {"endpoint": "churn"},
        "a1-pod-AllTraffic": {"key": "*/a1/pod/AllTraffic/*"},
        "b2-pod-AllTraffic": {"key": "*/b2/pod/AllTraffic/*"},
        "captures": {},
    }
    files = {
        f"a/a1/pod/AllTraffic/{HOUR}/x.jsonl": "a1-pod-AllTraffic",
        f"a/churn/v/{HOUR}/x.jsonl": "churn",
        "other.jsonl": "captures",
    }
    shown = CliRunner().invoke(app, ["routes", "check", "routes.yaml", *files, "--json"])
    taken = {one["key"]: one["takes"] for one in json.loads(shown.stdout)["keys"]}
    assert taken == {key: [route] for key, route in files.items()}


def test_names_with_signs_of_patterns_mean_only_themselves() -> None:
    put(f"a[b]*/v/{HOUR}", call())

    run(*TO_DUCKDB)

    assert matches() == {"a-b-": {"endpoint": "a[[]b][*]"}}
    keys = [f"a[b]*/v/{HOUR}/x.jsonl", f"ab-other/v/{HOUR}/x.jsonl"]
    shown = CliRunner().invoke(app, ["routes", "check", "routes.yaml", *keys, "--json"])
    assert [bool(one["takes"]) for one in json.loads(shown.stdout)["keys"]] == [True, False]


def test_labels_get_no_route_and_are_told() -> None:
    put(f"churn/v/{HOUR}", call())
    put(f"truth/v/{HOUR}", ground_truth("e-1", "1"))

    shown = run(*TO_DUCKDB)

    assert list(matches()) == ["churn"]
    assert "Endpoint truth, variant v: it holds labels" in shown.stderr


@pytest.mark.parametrize(
    ("text", "says"), [(b"", "no capture files"), (b"{}", "can be read as rows")]
)
def test_a_place_without_captures_is_an_error_and_nothing_is_written(
    text: bytes, says: str
) -> None:
    Path("captures").mkdir()
    if text:
        put(f"churn/v/{HOUR}", text)

    assert says in run(*TO_DUCKDB, exit_code=2).stderr
    assert not Path("routes.yaml").exists()


def test_a_file_that_cannot_be_read_leaves_the_others_to_be_drafted() -> None:
    put(f"churn/v/{HOUR}", call())
    put(f"credit/v/{HOUR}", b"no gzip", name="a.jsonl.gz")

    shown = run(*TO_DUCKDB)

    assert list(matches()) == ["churn"]
    assert "Endpoint credit, variant v: no call can be read" in shown.stderr


# --- what options say -----------------------------------------------------------------------


def test_without_a_terminal_all_that_is_missing_is_listed_at_once() -> None:
    put(f"churn/v/{HOUR}", call())
    put(f"credit/v/{HOUR}", call())

    assert "Where do the rows of churn, credit go?" in run(exit_code=2).stderr
    shown = run(
        *("--publisher", "fiddler", "--publisher", "credit:files"),
        *("--set", "url=https://x.fiddler.ai"),
        exit_code=2,
    ).stderr
    for missing in ("churn:model_uuid", "churn:token_secret_arn", "credit:place"):
        assert f"--set {missing}=..." in shown
    assert "url=..." not in shown
    assert not Path("routes.yaml").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--publisher", "splunk"), "there is no publisher 'splunk'"),
        (("--publisher", "nobody:files"), "nobody: there is no such route"),
        (("--set", "colour=red"), "--set colour: there is no such setting"),
        (("--set", "type=files"), "--set type: there is no such setting"),
        (("--set", "url=https://x"), "url: no publisher of these routes has such a setting"),
        (("--set", "nobody:path=x"), "nobody: there is no such route"),
        (("--set", "path"), "--set path has no value"),
        (("--set", "path="), "--set path= has no value"),
        (("--set", "inputs=a,,b"), "--set inputs: the list has an empty entry"),
        (("--set", "token=abc"), "would write a secret into the routes file"),
        (("--set", "max_refused=7"), "max_refused: must be at most 1"),
        (("--parameter", "=x"), "--parameter =x has no value"),
    ],
)
def test_a_wrong_option_is_refused_and_nothing_is_written(
    options: tuple[str, ...], says: str
) -> None:
    put(f"churn/v/{HOUR}", call())

    publisher = () if options[0] == "--publisher" and ":" not in options[1] else TO_DUCKDB
    shown = run(*publisher, *options, exit_code=2)

    assert says in shown.stderr
    assert "abc" not in shown.stderr
    assert not Path("routes.yaml").exists()


def test_what_is_settled_of_a_mapping_is_kept_and_the_rest_is_found() -> None:
    put(f"churn/v/{HOUR}", line(side('{"rows": [[41, 5.5]]}', "application/json"), side("0.7")))

    run(*TO_DUCKDB, "--set", "inputs=age,income", "--set", "max_refused=0.5")

    (route,) = routes()
    assert route["mapping"]["inputs"] == ["age", "income"]
    assert route["mapping"]["input_path"] == "rows"
    assert route["mapping"]["outputs"] == ["score"]
    assert route["mapping"]["types"] == {"age": "int", "income": "float", "score": "float"}
    assert route["mapping"]["max_refused"] == "0.5"


def test_arthur_gets_lines_as_they_are_where_only_one_side_can_be_read() -> None:
    put(f"churn/v/{HOUR}", line(side("41,52000"), None))
    settings = ("host=https://arthur.example.com", "model_id=m", f"access_token_secret_arn={ARN}")

    shown = run("--publisher", "arthur", *(word for one in settings for word in ("--set", one)))

    (route,) = routes()
    assert "mapping" not in route
    assert "Arthur reads the captured lines as they are" in Path("routes.yaml").read_text()
    assert "nobody knows the capture bucket" in shown.stderr
    assert not Path("samconfig.toml").exists()


SETTLED = {
    "inputs": "age,income",
    "outputs": "score",
    "timestamp": "called_at",
    "event_id": "call",
    "metadata": "e=endpoint",
    "input_path": "rows",
    "output_path": "result",
    "csv_header": "present",
    "types": "age=float,income=float,score=float",
    "shadow": "exclude",
    "redact": "age=drop",
    "max_cast_failures": "0.1",
    "max_refused": "0.5",
}


def test_the_settings_below_are_all_of_a_mapping() -> None:
    assert SETTLED.keys() == MappingSettings.model_fields.keys()


@pytest.mark.parametrize("name", SETTLED)
def test_nothing_that_is_settled_of_a_mapping_gets_lost(name: str) -> None:
    data = ('{"rows": [[41, 5.5]]}', '{"result": [0.7]}')
    if name == "csv_header":
        put(f"churn/v/{HOUR}", call("age,income\n41,5.5", "score\n0.7"))
    else:
        put(f"churn/v/{HOUR}", line(*(side(text, "application/json") for text in data)))
    options = ["--set", "inputs=age,income", "--set", "outputs=score"]

    run(*TO_DUCKDB, *options, "--set", f"{name}={SETTLED[name]}")

    (route,) = parse_routes(Path("routes.yaml").read_text(), "routes.yaml")
    wanted = MappingSettings.model_validate({name: SETTLED[name]})
    found = route.mapping if name.startswith("max_") else route.mapping.columns
    given = wanted if name.startswith("max_") else wanted.columns
    assert getattr(found, name) == getattr(given, name)


def test_traces_need_no_mapping() -> None:
    put(f"churn/v/{HOUR}", call())

    run("--publisher", "otlp", "--set", "url=https://traces.example.com", "--set", "metadata=h=key")

    (route,) = routes()
    assert route["mapping"] == {"metadata": "h=key"}
    assert route["publisher"] == {"type": "otlp", "url": "https://traces.example.com"}


def test_a_folder_is_deployed_once_its_bucket_is_named() -> None:
    put(f"churn/v/{HOUR}", call())

    run(
        *("--publisher", "files", "--set", "place=s3://rows/out"),
        *("--parameter", "CaptureBucket=captures", "--parameter", "CapturePrefix=a b/"),
    )

    assert '"CapturePrefix=\\"a b/\\""' in Path("samconfig.toml").read_text()


# --- what is asked --------------------------------------------------------------------------


@pytest.mark.usefixtures("terminal")
def test_at_a_terminal_it_asks_for_all_that_is_open() -> None:
    put(f"churn/v/{HOUR}", call())
    put(f"credit/v/{HOUR}", call())
    answers = [
        *("splunk", "fiddler", "age", "age,age", "age,income", ""),  # churn
        *("https://x.fiddler.ai", "no uuid", UUID, ARN),
        *("", "", "", "", UUID, ""),  # credit: as before, but for its own model
    ]

    shown = run(answers="\n".join(answers) + "\n")

    churn, credit = routes()
    assert churn["mapping"]["inputs"] == ["age", "income"]
    assert credit["mapping"]["inputs"] == ["f0", "f1"]
    assert "replace f0" not in Path("routes.yaml").read_text()
    publisher = {
        "type": "fiddler",
        "url": "https://x.fiddler.ai",
        "model_uuid": UUID,
        "token_secret_arn": ARN,
    }
    assert [churn["publisher"], credit["publisher"]] == [publisher, publisher]
    for told in (
        "splunk is none of them",
        "1 names, and there are 2",
        "twice: age",
        "must be a UUID",
    ):
        assert told in shown.stderr


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("answer", "exit_code"), [("y", 0), ("n", 2)])
def test_at_a_terminal_it_asks_before_it_replaces(answer: str, exit_code: int) -> None:
    put(f"churn/v/{HOUR}", call())
    Path("routes.yaml").write_text("precious")

    run(*TO_DUCKDB, answers=f"\n\n{answer}\n", exit_code=exit_code)

    kept = [path.read_text() for path in Path().glob("routes.yaml.*.old")]
    assert (Path("routes.yaml").read_text() == "precious") is (answer == "n")
    assert kept == (["precious"] if answer == "y" else [])


def test_with_json_it_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    put(f"churn/v/{HOUR}", call())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)

    assert "Where do the rows of churn go?" in run("--json", exit_code=2).stderr
