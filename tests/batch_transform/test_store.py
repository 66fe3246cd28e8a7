"""The manifest of a job's output, opened: the job's calls, each once and always the same bytes."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture_forwarder.batch_transform.store import TransformStore
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import CaptureFileError, PublisherMisconfiguredError
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import OpenedFile, Ports
from capture_forwarder.core.rejection import Reason
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.options import Invocation, RouteOptions
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.parser import LineParser, read_lines
from capture_forwarder.parser.mapping.columns import ColumnMapping
from tests.support.fakes import (
    ManualClock,
    MemoryLedger,
    MemoryPublisher,
    MemoryQuarantine,
    MemoryStore,
)
from tests.support.transforms import STARTED, Job, Listing, inference_id, memory_store

LONGEST = 10_000
BUCKET = "captures"
JOINED = Job({"a.csv": ["1,2", "3,4"]}, {"a.csv": ["1,2,0.5", "3,4,0.7"]})
PLAIN = Job({"a.csv": ["1,2", "3,4"]}, {"a.csv": ["0.5", "0.7"]})


def opened(job: Job, store: MemoryStore | None = None, key: str | None = None) -> OpenedFile:
    """What the job's manifest of the output opens as, its stream read to the end."""
    held = store or memory_store(job)
    transforms = TransformStore(held, Listing(held), LONGEST)
    with transforms.open(CaptureFile(BUCKET, key or job.key)) as found:
        content = io.BufferedReader(cast("io.RawIOBase", found.stream)).read()
        return OpenedFile(io.BytesIO(content), found.revision)


def calls(job: Job, store: MemoryStore | None = None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in opened(job, store).stream]


def payloads(job: Job, store: MemoryStore | None = None) -> list[tuple[str | None, str | None]]:
    """The request and the response of each call, as text."""
    return [
        (
            call["captureData"].get("endpointInput", {}).get("data"),
            call["captureData"].get("endpointOutput", {}).get("data"),
        )
        for call in calls(job, store)
    ]


def fails(job: Job, store: MemoryStore | None = None) -> CaptureFileError:
    with pytest.raises(CaptureFileError) as raised:
        opened(job, store)
    return raised.value


# --- pairs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("job", [JOINED, PLAIN], ids=["joined", "not joined"])
def test_input_and_output_are_paired_by_line(job: Job) -> None:
    assert payloads(job) == [("1,2", "0.5"), ("3,4", "0.7")]


def test_ids_and_times_are_those_that_the_job_generated() -> None:
    rows = [f"0.5,{inference_id(n)},{STARTED}" for n in range(2)]
    job = Job(PLAIN.inputs, {"a.csv": rows})

    assert payloads(job) == [("1,2", "0.5"), ("3,4", "0.5")]
    assert [call["eventMetadata"] for call in calls(job)] == [
        {"eventId": inference_id(n), "inferenceTime": STARTED} for n in range(2)
    ]


def test_without_generated_ids_they_are_made_of_file_content_and_line() -> None:
    first, again = ([call["eventMetadata"] for call in calls(PLAIN)] for _ in range(2))
    other = Job(PLAIN.inputs, {"a.csv": ["0.5", "0.8"]})

    assert first == again
    ids = [one["eventId"] for one in first]
    assert len(set(ids)) == 2
    # The next job may write its output over this one's.
    assert not {call["eventMetadata"]["eventId"] for call in calls(other)} & set(ids)
    assert {one["inferenceTime"] for one in first} == {"2026-03-01T10:00:00Z"}


def test_what_says_itself_what_its_input_was_needs_no_input() -> None:
    row = {"SageMakerOutput": {"score": 0.5}, "features": [1, 2]}
    job = Job({}, {"a.jsonl": [json.dumps(row)]})
    store = memory_store(job)
    del store.objects[job.input_key]

    assert payloads(job, store) == [('{"features":[1, 2]}', '{"score": 0.5}')]


def test_several_files_follow_each_other_in_the_manifests_order() -> None:
    job = Job(
        {"b.csv": ["1"], "a.csv": ["2", "3"], "failed.csv": ["9"]},
        {"b.csv": ["0.1"], "a.csv": ["0.2", "0.3"]},
    )
    assert payloads(job) == [("1", "0.1"), ("2", "0.2"), ("3", "0.3")]


def test_blank_lines_are_no_records() -> None:
    job = Job({"a.csv": ["", "1,2", " ", "3,4"]}, {"a.csv": ["0.5", "0.7", "", ""]})
    assert payloads(job) == [("1,2", "0.5"), ("3,4", "0.7")]


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [(["1", "2", "3"], ["0.1", "0.2"]), (["1"], ["0.1", "0.2"]), (["1", "2"], []), ([], ["0.1"])],
)
def test_where_the_numbers_of_lines_differ_none_is_paired_and_none_is_lost(
    inputs: list[str], outputs: list[str]
) -> None:
    job = Job({"a.csv": inputs}, {"a.csv": outputs})

    assert payloads(job) == [*((None, one) for one in outputs), *((one, None) for one in inputs)]
    assert len({call["eventMetadata"]["eventId"] for call in calls(job)}) == len(payloads(job))


def test_a_line_that_is_joined_to_another_input_is_not_paired() -> None:
    job = Job({"a.csv": ["1", "2", "3"]}, {"a.csv": ["1,0.1", "7,0.2", "3,0.3"]})
    assert payloads(job) == [("1", "0.1"), (None, "7,0.2"), ("2", None), ("3", "0.3")]


def test_a_line_without_its_output_by_name_has_no_request() -> None:
    job = Job({}, {"a": ['{"SageMakerOutput":1,"x":2}', '{"error":"no"}']})
    assert payloads(job) == [('{"x":2}', "1"), (None, '{"error":"no"}')]


@pytest.mark.parametrize("longer", ["inputs", "outputs"])
def test_of_a_line_that_is_too_long_nothing_is_taken_for_the_whole(longer: str) -> None:
    job = Job({"a.csv": ["1", "2"]}, {"a.csv": ["0.1", "0.2"]})
    getattr(job, longer)["a.csv"][1] = "7" * (LONGEST + 1)

    first, *others = payloads(job)

    assert first == ("1", "0.1")
    held = "2" if longer == "outputs" else "0.2"
    assert {side for pair in others for side in pair} == {None, held}


# --- which input it is -----------------------------------------------------------------------


def test_the_inputs_manifest_may_have_a_name_of_its_own() -> None:
    job = Job(PLAIN.inputs, PLAIN.outputs, input_uuid="another")
    assert payloads(job) == payloads(PLAIN)


def test_another_job_of_the_same_hour_is_not_taken_for_this_one() -> None:
    other = Job({"b.csv": ["9"]}, {"b.csv": ["0.9"]}, uuid="b", input_uuid="b")
    assert payloads(PLAIN, memory_store(PLAIN, other)) == payloads(PLAIN)


def test_of_two_inputs_that_fit_the_one_of_the_same_name_is_taken() -> None:
    other = Job({"a.csv": ["9", "9"]}, {}, uuid="b", input_uuid="b", input_prefix="other/")
    assert payloads(PLAIN, memory_store(PLAIN, other)) == payloads(PLAIN)


def test_of_two_inputs_that_fit_equally_well_none_is_guessed() -> None:
    job = Job(PLAIN.inputs, PLAIN.outputs, input_uuid="c")
    other = Job({"a.csv": ["9", "9"]}, {}, uuid="b", input_uuid="b", input_prefix="other/")

    error = fails(job, memory_store(job, other))

    assert "name it in 2 places" in error.message
    assert not error.permanent


def test_an_input_that_cannot_be_found_fails_and_says_what_would_do_without() -> None:
    store = memory_store(PLAIN)
    del store.objects[PLAIN.input_key]

    error = fails(PLAIN, store)

    assert "no manifest in s3://captures/captures/churn/input/2026/03/01/10/" in error.message
    assert "JoinSource=Input" in error.advice


def test_data_that_cannot_be_read_fails_with_the_manifest_that_names_it() -> None:
    store = memory_store(PLAIN)
    del store.objects["transform-input/a.csv"]

    error = fails(PLAIN, store)

    assert error.message.startswith("s3://data-bucket/transform-input/a.csv is not there.")
    assert error.message.endswith(f"s3://captures/{PLAIN.key} names it.")
    assert "BatchTransformData" in error.advice
    assert error.permanent


# --- what is no manifest of an output ----------------------------------------------------------


def test_the_manifest_of_an_input_holds_no_calls() -> None:
    assert opened(PLAIN, key=PLAIN.input_key).stream.read() == b""


@pytest.mark.parametrize("content", [b"", b'{"a":1}\n', b'[{"a":1}]', b'[{"prefix":"here"}]'])
@pytest.mark.parametrize("key", [PLAIN.key, "captures/other.json"])
def test_another_file_is_opened_as_it_is(key: str, content: bytes) -> None:
    store = MemoryStore()
    store.objects[key] = content

    found = opened(PLAIN, store, key)

    assert found.stream.read() == content


def test_a_file_of_another_name_is_not_looked_into() -> None:
    store = memory_store(PLAIN)
    content = store.objects["captures/x.jsonl"] = store.objects[PLAIN.key]
    assert opened(PLAIN, store, "captures/x.jsonl").stream.read() == content


# --- the same bytes each time ----------------------------------------------------------------


def test_the_revision_changes_with_any_of_the_data() -> None:
    revisions = {opened(PLAIN).revision}
    for key in (*PLAIN.data, PLAIN.key):
        store = memory_store(PLAIN)
        store.objects[key] += b"\n"
        revisions.add(opened(PLAIN, store).revision)

    assert len(revisions) == 4
    assert opened(PLAIN).revision in revisions


def test_data_that_changes_while_it_is_read_fails_and_is_no_end_of_the_file() -> None:
    store = memory_store(PLAIN)
    transforms = TransformStore(store, Listing(store), LONGEST)

    with transforms.open(CaptureFile(BUCKET, PLAIN.key)) as found:
        store.objects["transform-output/a.csv.out"] = b"0.9\n0.9\n"
        with pytest.raises(CaptureFileError, match="changed while it was read") as raised:
            found.stream.read(1)

    assert not raised.value.permanent


def test_what_comes_before_data_that_cannot_be_read_is_read() -> None:
    job = Job({"a": ["1", "2"], "b": ["3"]}, {"a": ["0.1", "0.2"], "b": ["0.3"]})
    store = memory_store(job)
    transforms = TransformStore(store, Listing(store), LONGEST)

    with transforms.open(CaptureFile(BUCKET, job.key)) as found:
        del store.objects["transform-output/b.out"]
        lines = read_lines(found.stream, LONGEST)
        ids = [json.loads(next(lines).data)["captureData"]["endpointInput"]["data"] for _ in "12"]
        with pytest.raises(CaptureFileError, match="is not there"):
            next(lines)

    assert ids == ["1", "2"]


class Dripping:
    """A store whose streams give a few bytes at once, as a network does."""

    def __init__(self, store: MemoryStore, seed: int) -> None:
        self._store = store
        self._random = random.Random(seed)  # noqa: S311 - no secret

    @contextmanager
    def open(self, capture_file: CaptureFile) -> Iterator[OpenedFile]:
        with self._store.open(capture_file) as found:
            stream = cast("BinaryIO", Drip(found.stream.read(), self._random))
            yield OpenedFile(stream, found.revision)


class Drip(io.RawIOBase):
    def __init__(self, data: bytes, chance: random.Random) -> None:
        super().__init__()
        self._data = data
        self._chance = chance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count = min(len(buffer), len(self._data), self._chance.randint(1, 7))
        buffer[:count] = self._data[:count]
        self._data = self._data[count:]
        return count


CELL = st.text(st.characters(codec="utf-8", exclude_characters='\r\n",{['), min_size=1, max_size=4)
RECORD = st.lists(CELL.filter(str.strip), min_size=1, max_size=3).map(",".join)


@st.composite
def jobs(draw: st.DrawFn) -> tuple[Job, list[tuple[str, str]]]:
    """A job, joined or not, with ids or not, and the pairs that it stands for."""
    joined, generated, csv = (draw(st.booleans()) for _ in range(3))
    files = draw(st.dictionaries(st.sampled_from("abc"), st.lists(RECORD, max_size=5), min_size=1))
    pairs: list[tuple[str, str]] = []
    outputs: dict[str, list[str]] = {}
    number = 0
    for name, records in files.items():
        outputs[name] = []
        for record in records:
            number += 1
            score = f"0.{number}"
            last = f",{inference_id(number)},{STARTED}" if generated else ""
            if csv:
                line = f"{record},{score}{last}" if joined else f"{score}{last}"
            else:
                score = f'{{"score":{score}}}'
                line = f'{score[:-1]},"SageMakerInferenceId":"i{number}"}}' if generated else score
            outputs[name].append(line)
            pairs.append((record, score))
    return Job(dict(files), dict(outputs)), pairs


@given(jobs(), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_every_record_is_paired_once_whatever_the_network_gives_at_once(
    made: tuple[Job, list[tuple[str, str]]], seed: int
) -> None:
    job, pairs = made
    store = memory_store(job)
    whole = opened(job, store)
    assert payloads(job, store) == pairs

    slow = TransformStore(Dripping(store, seed), Listing(store), LONGEST)
    with slow.open(CaptureFile(BUCKET, job.key)) as found:
        dripped = io.BufferedReader(cast("io.RawIOBase", found.stream)).read()

    assert (dripped, found.revision) == (whole.stream.read(), whole.revision)


@given(jobs(), st.integers(0, 2**32), st.data())
@settings(max_examples=100, deadline=None)
def test_going_on_at_any_position_reads_the_rest_and_nothing_twice(
    made: tuple[Job, list[tuple[str, str]]], seed: int, data: st.DataObject
) -> None:
    job, _ = made
    store = memory_store(job)
    lines = list(read_lines(opened(job, store).stream, LONGEST))
    done = data.draw(st.integers(0, len(lines)))
    start = lines[done - 1].position if done else Position()

    again = TransformStore(Dripping(store, seed), Listing(store), LONGEST)
    with again.open(CaptureFile(BUCKET, job.key)) as found:
        assert list(read_lines(found.stream, LONGEST, start)) == lines[done:]


# --- through the pipeline --------------------------------------------------------------------


class Here:
    """A route over a store with jobs."""

    def __init__(self, job: Job, store: MemoryStore) -> None:
        self.clock = ManualClock()
        self.publisher, self.quarantine = MemoryPublisher(rows=2), MemoryQuarantine()
        self.ledger = MemoryLedger(self.clock)
        self._job = job
        self._store = TransformStore(store, Listing(store), LONGEST)

    def forward(self) -> FileReport:
        self.clock.time += 3600
        mapping = ColumnMapping.of("a,b", "score", timestamp="at", event_id="id")
        return forward_file(
            CaptureFile(BUCKET, self._job.key),
            LineParser(mapping),
            Ports(self._store, self.publisher, self.quarantine, self.clock, self.ledger),
            RouteOptions("r", 10**6, 1),
            Invocation(),
        )


def test_lines_that_cannot_be_paired_are_quarantined_with_a_reason() -> None:
    job = Job({"a.csv": ["1,2", "3,4"], "b.csv": ["1,2"]}, {"a.csv": ["0.5"], "b.csv": ["0.25"]})
    here = Here(job, memory_store(job))

    report = here.forward()

    assert (report.lines, report.forwarded, report.published) == (4, 1, 1)
    assert [one.row["score"] for one in here.publisher.published] == [0.25]
    reasons = [entry.reason for entry in here.quarantine.entries]
    assert sorted(reasons) == [Reason.MISSING_INPUT, Reason.MISSING_OUTPUT, Reason.MISSING_OUTPUT]


@pytest.mark.parametrize("nth", range(6))
def test_a_job_that_is_interrupted_goes_on_where_it_stopped(nth: int) -> None:
    lines = [f"{n},{n}" for n in range(12)]
    answers = [f"0.5,{inference_id(n)},{STARTED}" for n in range(12)]
    joined = [f"{line},{answer}" for line, answer in zip(lines, answers, strict=True)]
    job = Job({"a.csv": lines[:5], "b.csv": lines[5:]}, {"a.csv": joined[:5], "b.csv": answers[5:]})
    here = Here(job, memory_store(job))

    def refuse(batch: Sequence[Inference]) -> None:
        if batch[0].id == inference_id(2 * nth):
            raise PublisherMisconfiguredError("It fails.", "Mend it.")

    here.publisher.refuse = refuse
    with pytest.raises(PublisherMisconfiguredError):
        here.forward()
    here.publisher.refuse = lambda _: None
    report = here.forward()

    assert report.resumed_at == 2 * nth
    assert report.lines == 12 - 2 * nth
    rows = [one.row for one in here.publisher.published]
    assert [row["id"] for row in rows] == [inference_id(n) for n in range(12)]
    assert [(row["a"], row["b"]) for row in rows] == [(n, n) for n in range(12)]
    assert {(row["score"], row["at"]) for row in rows} == {(0.5, STARTED)}
    assert here.forward().repeated
