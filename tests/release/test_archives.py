"""Archives are the same bytes whenever and wherever they are made."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.archives import write_zip

MOMENT = 1_790_000_001
NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
FILES = st.dictionaries(NAMES, st.binary(max_size=200), min_size=1)


def lay(folder: Path, files: dict[str, bytes], *, mode: int) -> Path:
    for name, data in files.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(mode)
    return folder


@given(files=FILES)
def test_the_same_files_make_the_same_archive_whatever_their_times_and_modes(
    files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    one = lay(tmp_path_factory.mktemp("one"), files, mode=0o644)
    other = lay(tmp_path_factory.mktemp("other"), dict(reversed(files.items())), mode=0o600)
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
    archives = [folder.with_suffix(".zip") for folder in (one, other)]
    for folder, archive in zip((one, other), archives, strict=True):
        write_zip(folder, archive, MOMENT)
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with zipfile.ZipFile(archives[0]) as read:
        assert {name: read.read(name) for name in read.namelist()} == {
            f"in/{name}": data for name, data in files.items()
        }


def test_files_can_be_read_by_everybody_as_lambda_asks(tmp_path: Path) -> None:
    write_zip(lay(tmp_path / "x", {"a": b"1"}, mode=0o600), tmp_path / "x.zip", MOMENT)
    with zipfile.ZipFile(tmp_path / "x.zip") as read:
        assert read.infolist()[0].external_attr >> 16 == 0o100644


def test_one_folder_of_several_can_be_taken_and_keeps_its_name(tmp_path: Path) -> None:
    for name in ("taken", "left"):
        lay(tmp_path / "all" / name, {"a": b"1"}, mode=0o644)
    write_zip(tmp_path / "all", tmp_path / "x.zip", MOMENT, only="taken")
    with zipfile.ZipFile(tmp_path / "x.zip") as read:
        assert read.namelist() == ["taken/in/a"]
