"""What an object's key says of the endpoint, the variant and the hour."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.report import FileReport

FILE = "20-30-123-f41b4ce1-ffef-4339-9e96-7556c2c96346.jsonl"
TAIL = f"churn/AllTraffic/2026/03/01/10/{FILE}"


def parts(key: str) -> tuple[str | None, str | None, str | None]:
    source = CaptureFile("bucket", key)
    return source.endpoint, source.variant, source.capture_hour


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/",
        "datacapture/",
        "datacapture//",
        "//",
        "a/b/c/d/e/f/g/h/",
        "team=retention/",
        "2026/03/01/10/",
        "2025/12/31/23/other/AllTraffic/",
        "with space/ü/100%/a+b/",
        "line\nbreak/",
    ],
)
def test_a_key_is_read_from_the_right_whatever_its_prefix(prefix: str) -> None:
    assert parts(prefix + TAIL) == ("churn", "AllTraffic", "2026-03-01T10:00:00Z")


@pytest.mark.parametrize("name", ["churn-endpoint", "Churn2", "2026", "a.b", "endpoint-2026-03"])
def test_endpoint_and_variant_have_any_names(name: str) -> None:
    key = f"captures/{name}/variant-{name}/2025/12/31/23/{FILE}"

    assert parts(key) == (name, f"variant-{name}", "2025-12-31T23:00:00Z")


@pytest.mark.parametrize("file", ["a.jsonl", "a", "part-0000.c000.jsonl", ".jsonl", "a b.jsonl"])
def test_the_files_name_plays_no_part(file: str) -> None:
    assert parts(f"churn/AllTraffic/2026/03/01/10/{file}")[0] == "churn"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        FILE,
        f"2026/03/01/10/{FILE}",
        f"AllTraffic/2026/03/01/10/{FILE}",
        f"/AllTraffic/2026/03/01/10/{FILE}",
        f"captures//AllTraffic/2026/03/01/10/{FILE}",
        f"churn//2026/03/01/10/{FILE}",
        "churn/AllTraffic/2026/03/01/10/",
        "churn/AllTraffic/2026/03/01/10",
        f"churn/AllTraffic/2026/03/01/{FILE}",
        f"churn/AllTraffic/2026/03/01/10//{FILE}",
        f"churn/AllTraffic/2026/03/01/10/more/{FILE}",
        f"churn/AllTraffic/2026/3/1/10/{FILE}",
        f"churn/AllTraffic/26/03/01/10/{FILE}",
        f"churn/AllTraffic/2026-03-01/10/{FILE}",
        f"churn/AllTraffic/year=2026/month=03/day=01/hour=10/{FILE}",
        f"churn\\AllTraffic\\2026\\03\\01\\10\\{FILE}",
    ],
)
def test_another_layout_tells_nothing(key: str) -> None:
    assert parts(key) == (None, None, None)


NAME = st.text(min_size=1).filter(lambda name: "/" not in name)


@given(prefix=st.text(), endpoint=NAME, variant=NAME, file=NAME)
def test_any_names_are_found_behind_any_prefix(
    prefix: str, endpoint: str, variant: str, file: str
) -> None:
    key = f"{prefix}/{endpoint}/{variant}/2026/03/01/10/{file}"

    assert parts(key) == (endpoint, variant, "2026-03-01T10:00:00Z")


def test_an_object_says_its_address_and_version() -> None:
    assert str(CaptureFile("bucket", "a/b")) == "s3://bucket/a/b"
    assert str(CaptureFile("bucket", "a/b", "v-1")) == "s3://bucket/a/b (version v-1)"


def test_objects_are_equal_by_bucket_key_and_version_also_once_they_were_parsed() -> None:
    parsed = CaptureFile("bucket", TAIL)
    assert parsed.endpoint == "churn"

    assert parsed == CaptureFile("bucket", TAIL)
    assert len({parsed, CaptureFile("bucket", TAIL), CaptureFile("bucket", TAIL, "v-1")}) == 2


def test_quarantined_lines_are_those_of_all_reasons() -> None:
    assert FileReport(quarantined={"invalid-json": 2, "line-too-long": 3}).quarantined_lines == 5
    assert FileReport().quarantined_lines == 0
