"""Files are found in folders, and a folder that cannot be read is never passed over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capture_forwarder.core.errors import UsageError
from capture_forwarder.local.listing import list_files


def test_files_are_found_in_all_folders_in_the_order_of_their_paths(tmp_path: Path) -> None:
    names = ["b/2.jsonl", "b/1.jsonl.gz", "a/deep/3.jsonl", "0.jsonl"]
    for name in [*names, "b/notes.txt"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "folder.jsonl").mkdir()

    found = [os.path.relpath(file.name, tmp_path) for file in list_files(tmp_path)]

    assert found == sorted(names)


def test_a_folder_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "a.jsonl").write_text("{}")
    scan = os.scandir

    def refusing(path: Any) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == "hidden":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)

    with pytest.raises(UsageError, match="hidden cannot be read: Permission denied"):
        list(list_files(tmp_path))
