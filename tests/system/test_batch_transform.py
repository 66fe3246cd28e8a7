"""The real handler on captures of batch transform jobs, with faults: every record arrives once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pytest

from tests.support.fault_matrix.aws import Answer, aws_error, broken_off, no_answer
from tests.support.fault_matrix.capture_file import BUCKET, CaptureFile
from tests.support.fault_matrix.clock import Context
from tests.support.fault_matrix.world import Make, World
from tests.support.platforms.faults import Status
from tests.support.platforms.server import Request
from tests.support.transforms import DATA, HOUR, STARTED, Job, inference_id, manifest, text


@dataclass(frozen=True)
class JobFile(CaptureFile):
    """The manifest of a job's output: three files, in one of the forms that a job may give them."""

    calls: int = 600
    records: int = 1
    form: str = "csv"

    @property
    def job(self) -> Job:
        inputs: dict[str, list[str]] = {}
        outputs: dict[str, list[str]] = {}
        for number in range(self.calls):
            name = f"part-{number * 3 // self.calls}"
            record = f"{number}"
            joined = f"{record}," if self.form == "joined csv" else ""
            answer = f"{joined}0.5, {inference_id(number)},{STARTED}"
            if self.form.startswith("json"):
                record = json.dumps({"x": number})
                row = {"score": 0.5}
                more = {"SageMakerInferenceId": inference_id(number)}
                answer = json.dumps(row | more)
                if self.form == "json, joined":
                    answer = json.dumps({"x": number, "SageMakerOutput": row, **more})
            inputs.setdefault(name, []).append(record)
            outputs.setdefault(name, []).append(answer)
        return Job(dict(inputs), dict(outputs), uuid=self.name, input_uuid="another")

    @property
    def key(self) -> str:
        return f"captures/churn/output/{HOUR}/{self.name}.json"

    @property
    def body(self) -> bytes:
        return self.job.manifests[self.key]

    @cached_property
    def lines(self) -> list[bytes]:
        return [b"a record"] * self.calls

    @cached_property
    def ids(self) -> list[str]:
        return [inference_id(number) for number in range(self.calls)]

    def put(self, here: World) -> None:
        """Put the data and the manifest of the input into S3."""
        here.s3.create_bucket(Bucket=DATA)
        job = self.job
        here.s3.put_object(Bucket=BUCKET, Key=job.input_key, Body=job.manifests[job.input_key])
        for key, content in job.data.items():
            here.s3.put_object(Bucket=DATA, Key=key, Body=content)


FORMS = ("csv", "joined csv", "json", "json, joined")
JOB = JobFile("e824d723", form="joined csv")


def in_data(url: str) -> bool:
    return DATA in url


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("publisher", ["fiddler", "openscale", "duckdb", "files-array-s3"])
def test_every_record_of_a_job_arrives_once(form: str, publisher: str, world: Make) -> None:
    file = JobFile("job", form=form)
    here = world(file, publisher=publisher)
    file.put(here)

    here.deliver()

    assert here.rounds == [set()]
    here.check_complete(file)
    assert set(here.stored.values()) == {1}
    assert {str(row["x"]) for _, row in here.platform.stored if "x" in row} <= {
        str(number) for number in range(file.calls)
    }
    here.check_accounting()


def test_a_job_that_is_announced_by_both_of_its_manifests_and_twice_is_sent_once(
    world: Make,
) -> None:
    here = world(JOB)
    JOB.put(here)
    of_input = JOB.message.replace(JOB.key, JOB.job.input_key)

    for _ in range(2):
        assert here.invoke({"input": of_input, "output": JOB.message}) == set()

    here.check_complete(JOB)
    assert set(here.stored.values()) == {1}
    assert here.metrics["InferencesPublished"] == JOB.calls


FAULTS: dict[str, tuple[str, Answer, set[int], Callable[[str], bool]]] = {
    "data cut": ("GetObject", broken_off(0.9, politely=True), {7}, in_data),
    "data broken off": ("GetObject", broken_off(0.5, politely=False), {9, 10}, in_data),
    "data not answered": ("GetObject", no_answer, {3, 12}, in_data),
    "data slow": ("GetObject", aws_error(503, "SlowDown"), {1, 2, 8}, in_data),
    "no list": ("ListObjectsV2", aws_error(500, "InternalError"), {1}, lambda _: True),
    "place not noted": ("UpdateItem", aws_error(500, "InternalServerError"), {3}, lambda _: True),
}


@pytest.mark.parametrize("publisher", ["fiddler", "duckdb", "files", "files-array-s3"])
@pytest.mark.parametrize("name", FAULTS)
def test_whatever_happens_to_the_data_every_record_arrives(
    name: str, publisher: str, world: Make
) -> None:
    here = world(JOB, publisher=publisher)
    JOB.put(here)
    here.aws.add(*FAULTS[name])

    here.deliver()

    here.check_complete(JOB)
    if here.platform.replaces:
        assert set(here.stored.values()) == {1}
    here.check_accounting()


def test_a_job_that_takes_longer_than_an_invocation_is_continued(world: Make) -> None:
    here = world(JOB, FORWARDER_REQUESTS_IN_FLIGHT="1")
    JOB.put(here)
    here.context = Context(5.0)

    def take_a_second(request: Request) -> bool:
        if request.publish_number:
            here.clock.skip(1.0)
        return False

    here.server.fail_when(take_a_second, Status(500))

    here.deliver()

    assert here.continued >= 1
    assert not any(here.rounds)
    here.check_complete(JOB)
    assert not here.twice(JOB)


@pytest.mark.parametrize(
    ("operation", "where", "advice"),
    [
        ("GetObject", in_data, "BatchTransformData"),
        ("ListObjectsV2", lambda _: True, "allow s3:ListBucket on capture-bucket"),
    ],
)
def test_what_the_role_may_not_read_is_said_and_nothing_is_lost(
    operation: str, where: Callable[[str], bool], advice: str, world: Make
) -> None:
    here = world(JOB)
    JOB.put(here)
    here.aws.add(operation, aws_error(403, "AccessDenied"), range(1, 1000), where)

    assert here.invoke({"job": JOB.message}) == {"job"}

    (told,) = [one for one in here.documents if one.get("error") == "CaptureFileError"]
    assert advice in json.dumps(told)
    here.aws.clear()
    here.deliver()
    here.check_complete(JOB)
    assert set(here.stored.values()) == {1}


def test_a_job_whose_input_is_not_announced_yet_waits_for_it(world: Make) -> None:
    here = world(JOB)
    JOB.put(here)
    here.s3.delete_object(Bucket=BUCKET, Key=JOB.job.input_key)
    assert here.invoke({"job": JOB.message}) == {"job"}

    here.s3.put_object(
        Bucket=BUCKET, Key=JOB.job.input_key, Body=manifest("transform-input/", JOB.job.inputs)
    )
    here.deliver()

    here.check_complete(JOB)
    assert set(here.stored.values()) == {1}


def test_lines_that_cannot_be_paired_are_quarantined_and_the_other_files_arrive(
    world: Make,
) -> None:
    here = world(JOB)
    JOB.put(here)
    names = list(JOB.job.inputs)
    left = JOB.job.outputs[names[1]][:-1]
    here.s3.put_object(Bucket=DATA, Key=f"transform-output/{names[1]}.out", Body=text(left))

    assert here.invoke({"job": JOB.message}) == set()

    assert len(here.stored) == 400
    reasons = [entry["reason"] for entry in here.quarantined]
    assert sorted(set(reasons)) == ["missing-input", "missing-output"]
    assert len(reasons) == 199 + 200
    assert here.metrics["LinesRead"] == 400 + 399
