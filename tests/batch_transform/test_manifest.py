"""Manifests: what is one, of which side of a job, and where that of the other side is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.batch_transform.manifest import (
    Manifest,
    input_folder,
    is_of_output,
    names_input_of,
    read_manifest,
)
from capture_forwarder.core.capture_file import CaptureFile

HOUR = "2023/01/21/01"
NAME = "e824d723-e1f2-4986-90fc-0b0ac58ea0fc.json"


def test_a_manifest_names_files_behind_its_prefix() -> None:
    written = [{"prefix": "s3://data/transform/"}, "a.csv.out", "more/b.csv.out"]

    found = read_manifest(json.dumps(written, indent=4).encode())

    assert found == Manifest("data", "transform/", ["a.csv.out", "more/b.csv.out"])
    assert found.file("more/b.csv.out") == CaptureFile("data", "transform/more/b.csv.out")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[",
        b"[]",
        b"{}",
        b'["a"]',
        b'[{"prefix": 1}, "a"]',
        b'[{"prefix": "/here"}, "a"]',
        b'[{"prefix": "s3://b/k/"}, 1]',
        b'[{"other": "s3://b/k/"}]',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_none(document: bytes) -> None:
    assert read_manifest(document) is None


@given(st.binary())
def test_no_bytes_stop_the_reading(data: bytes) -> None:
    assert read_manifest(data) is None or data.lstrip().startswith(b"[")


@pytest.mark.parametrize(
    ("key", "names", "output"),
    [
        (f"captures/output/{HOUR}/{NAME}", ["a"], True),
        (f"output/{HOUR}/{NAME}", ["a"], True),
        (f"captures/output/input/{HOUR}/{NAME}", ["a.out"], False),
        (f"input/{HOUR}/{NAME}", ["a.out"], False),
        ("copied/m.json", ["a.out"], True),
        ("copied/m.json", ["a.out", "b"], False),
    ],
)
def test_the_key_says_of_which_side_a_manifest_is_else_the_names(
    key: str, names: list[str], *, output: bool
) -> None:
    assert is_of_output(CaptureFile("b", key), Manifest("b", "", names)) is output


@pytest.mark.parametrize(
    ("key", "folder"),
    [
        (f"a/b/output/{HOUR}/{NAME}", f"a/b/input/{HOUR}/"),
        (f"output/{HOUR}/{NAME}", f"input/{HOUR}/"),
        (f"output/x/output/{HOUR}/{NAME}", f"output/x/input/{HOUR}/"),
        ("a/m.json", None),
    ],
)
def test_the_inputs_manifest_is_in_the_folder_of_the_same_hour(
    key: str, folder: str | None
) -> None:
    assert input_folder(key) == folder


@pytest.mark.parametrize(
    ("inputs", "fits"),
    [(["a", "b"], True), (["a", "b", "failed"], True), (["a"], False), (["a.out", "b.out"], False)],
)
def test_an_input_fits_if_it_names_that_of_every_output(inputs: list[str], *, fits: bool) -> None:
    outputs = Manifest("b", "out/", ["a.out", "b.out"])
    assert names_input_of(Manifest("b", "in/", inputs), outputs) is fits


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("root", ["", "captures/", "captures/churn/"])
def test_a_manifest_is_of_no_endpoint_and_has_an_hour(root: str, side: str) -> None:
    file = CaptureFile("b", f"{root}{side}/{HOUR}/{NAME}")

    assert (file.endpoint, file.variant) == (None, None)
    assert file.capture_hour == "2023-01-21T01:00:00Z"
    assert CaptureFile("b", f"{root}churn/{side}/{HOUR}/x.jsonl").endpoint == "churn"
