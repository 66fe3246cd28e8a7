"""Executions in S3, listed, shown and made a page of by the commands themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from capture_forwarder.wiring.monitor_executions import opened_executions
from tests.support import executions as made
from tests.support.aws_answers import AwsAnswers
from tests.support.engines import run

ROOT = "s3://monitor/kept/churn/daily"


@pytest.fixture(autouse=True)
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="monitor")
        yield


def put(key: str, data: bytes) -> None:
    boto3.client("s3").put_object(Bucket="monitor", Key=key, Body=data)


def day(number: int, schedule: str = "daily", **facts: object) -> str:
    """An execution of a day of March; return its address."""
    end = f"2026-03-{number:02}T00:00:00.000Z"
    files = made.churn() | {"execution.json": made.execution(window_end=end, **facts)}
    folder = f"kept/churn/{schedule}/2026/03/{number:02}/00"
    for name, document in files.items():
        put(f"{folder}/{name}", json.dumps(document).encode())
    return f"s3://monitor/{folder}"


def copied(aws: AwsAnswers) -> list[str]:
    """The keys that were read."""
    return [str(asked["Key"]) for operation, asked in aws.asked if operation == "GetObject"]


def test_the_newest_are_listed_and_no_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 8):
        day(number, violations=number, status="CompletedWithViolations")
    aws = AwsAnswers(monkeypatch)

    code, said = run("list", f"{ROOT}/", "--limit", "3")

    assert code == 0, said
    assert re.findall(r"2026/03/(\d\d)/00", said) == ["07", "06", "05"]
    assert f"Executions in {ROOT}" in said
    assert "4 more are not shown: add --limit 7" in said
    assert len(copied(aws)) == 3
    listed = json.loads(run("list", "s3://monitor", "--json")[1])["executions"]
    assert [one["folder"] for one in listed] == [
        f"{ROOT}/2026/03/{number:02}/00" for number in range(7, 0, -1)
    ]


def test_executions_in_no_folder_of_an_hour_are_found_by_what_they_hold() -> None:
    day(1)
    day(3)
    for name, number in (("by-hand", 2), ("newest", 4)):
        end = f"2026-03-{number:02}T00:00:00.000Z"
        put(
            f"kept/churn/{name}/execution.json",
            json.dumps(made.execution(window_end=end)).encode(),
        )

    listed = json.loads(run("list", "s3://monitor/kept", "--limit", "3", "--json")[1])
    shown = json.loads(run("show", "s3://monitor/kept", "--json")[1])

    assert [one["window_end"][8:10] for one in listed["executions"]] == ["04", "03", "02"]
    assert shown["folder"] == "s3://monitor/kept/churn/newest"


def test_no_executions_are_told_as_such() -> None:
    assert "There are no executions." in run("list", "s3://monitor/none")[1]
    code, said = run("show", "s3://monitor/none")
    assert (code, "There are no executions below s3://monitor/none" in said) == (2, True)
    code, said = run("report", "s3://monitor/none")
    assert (code, "There is no execution in s3://monitor/none" in said) == (2, True)
    code, said = run("list", "s3://nowhere/x")
    assert (code, "s3://nowhere/x cannot be listed" in said) == (1, True)
    assert run("list", "s3://")[0] == 2


def test_the_newest_is_shown_with_its_violations(monkeypatch: pytest.MonkeyPatch) -> None:
    first = day(1)
    day(2, schedule="weekly")
    last = day(3)
    aws = AwsAnswers(monkeypatch)

    document = json.loads(run("show", "s3://monitor/kept/churn", "--json")[1])

    assert document["folder"] == last
    assert (
        document["constraint_violations"]
        == made.churn()["constraint_violations.json"]["violations"]
    )
    assert not [key for key in copied(aws) if "/01/00/" in key]
    said = run("show", first)[1]
    assert f"Its files are in {first}" in said.replace("\n", "")


def test_an_execution_becomes_a_page_beside_its_files_with_those_before_it_as_a_strip() -> None:
    for number in (3, 12, 7):
        day(number, violations=number, status="CompletedWithViolations")
    day(5, schedule="weekly")

    code, said = run("report", f"{ROOT}/2026/03/07/00")

    assert code == 0, said
    page = f"{ROOT}/2026/03/07/00/report.html"
    assert f"{page} shows {ROOT}/2026/03/07/00. Get it with: aws s3 cp {page} ." in said
    assert f"{ROOT} has 2 other executions." in said
    stored = boto3.client("s3").get_object(Bucket="monitor", Key=page.removeprefix("s3://monitor/"))
    assert stored["ContentType"].startswith("text/html")
    body = stored["Body"].read().decode()
    assert "monthly_charges" in body
    assert "Rows of the baseline" in body
    titles = re.findall(r'<li class="[^"]+" title="([^"]+)"', body)
    assert [title.partition(":")[0] for title in titles] == ["2026-03-03 00", "2026-03-07 00"]


def test_of_several_the_newest_becomes_a_page_here_with_quality_and_baseline_of_s3() -> None:
    for number in (1, 2):
        day(number)
    for name, document in made.churn_quality().items():
        put(f"kept/churn/quality/2026/03/02/00/{name}", json.dumps(document).encode())
    baseline = made.churn()["baseline/statistics.json"]
    put("base/statistics.json", json.dumps(baseline).encode())

    more = ("--quality", "s3://monitor/kept/churn/quality", "--baseline", "s3://monitor/base")
    code, said = run("report", ROOT, *more, "--to", "page.html")

    assert code == 0, said
    assert f"page.html shows {ROOT}/2026/03/02/00; open it in a browser." in said
    assert "Confusion matrix" in Path("page.html").read_text()


def test_a_folder_that_model_monitor_wrote_becomes_a_page() -> None:
    files = made.churn()
    for name in ("execution.json", "drift.json", "baseline/statistics.json"):
        del files[name]
    for name, document in files.items():
        put(f"theirs/2026/03/02/00/{name}", json.dumps(document).encode())

    code, said = run("report", "s3://monitor/theirs/2026/03/02/00", "--to", "page.html")

    assert code == 0, said
    assert "monthly_charges" in Path("page.html").read_text()
    assert "other" not in said


def test_history_of_this_machine_and_of_s3_go_together() -> None:
    here = made.write(Path("here"), made.churn())
    day(1)

    code, said = run("report", here, "--history", ROOT, "--to", "page.html")

    assert code == 0, said
    assert Path("page.html").read_text().count("<li class=") >= 2


@pytest.mark.parametrize("command", ["list", "show", "report"])
@pytest.mark.parametrize(
    "name", ["execution.json", "statistics.json", "constraint_violations.json"]
)
def test_a_file_that_cannot_be_used_is_named_by_its_address(command: str, name: str) -> None:
    address = f"{day(1)}/{name}"
    put(address.removeprefix("s3://monitor/"), b"{")

    code, said = run(command, ROOT)

    read_by = {"list": {"execution.json"}, "show": {"execution.json", "constraint_violations.json"}}
    if name in read_by.get(command, {name}):
        assert (code, address in said.replace("\n", "")) == (1, True)
    else:
        assert code == 0


def test_keys_that_lead_out_of_a_folder_are_left_where_they_are() -> None:
    day(1)
    put("kept/../../escaped/execution.json", b"{}")
    put("kept//double/execution.json", b"{}")

    with opened_executions("s3://monitor/kept", 9) as there:
        found = [path for path in there.folder.rglob("*") if path.is_file()]
        assert [there.address_of(path.parent) for path in found] == [f"{ROOT}/2026/03/01/00"]
        (above,) = {parent for parent in found[0].parents if parent.name == "daily"}
        assert there.address_of(above) == ROOT
        assert there.address_of(there.folder.parent) == "s3://monitor"
    assert not there.folder.exists()
