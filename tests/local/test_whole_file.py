"""A file is written whole or not at all, also when the writer dies in between."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.line import Line
from capture_forwarder.core.quarantine_entry import encode_entries, make_entry
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.local.parts import FolderPartFiles
from capture_forwarder.local.quarantine import FolderQuarantine
from capture_forwarder.local.whole_file import write_whole_file

SIZE, LIMIT = 100_000, 40_000

# The kernel kills this process in the middle of the file's content.
DIE = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
sys.dont_write_bytecode = True
"""


def die_writing(code: str, *arguments: object) -> None:
    """Run code in a process that is killed when a file has become too long."""
    script = DIE.format(limit=LIMIT) + code
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGXFSZ, done.stderr.decode()


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


WRITE = """
from pathlib import Path
from capture_forwarder.local.whole_file import write_whole_file
write_whole_file(Path(sys.argv[1]), b"x" * int(sys.argv[2]))
"""


def test_a_writer_that_dies_leaves_no_half_file(tmp_path: Path) -> None:
    die_writing(WRITE, tmp_path / "a" / "rows.jsonl", SIZE)

    assert not (tmp_path / "a" / "rows.jsonl").exists()
    # The process did die in the middle: what it had written so far is there.
    assert [path.stat().st_size for path in files_below(tmp_path)] == [LIMIT]


def test_a_writer_that_dies_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_whole_file(path, b"old")

    die_writing(WRITE, path, SIZE)

    assert path.read_bytes() == b"old"


def test_what_a_dead_writer_leaves_is_not_taken_for_data(tmp_path: Path) -> None:
    die_writing(WRITE, tmp_path / "rows.jsonl", SIZE)

    (leftover,) = files_below(tmp_path)
    assert leftover.name.startswith(".")
    assert leftover.suffix == ".unfinished"
    for taken in ("*.jsonl", "*.gz", "*.json", "[!.]*"):
        assert list(tmp_path.glob(taken)) == []


QUARANTINE = """
from pathlib import Path
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.line import Line
from capture_forwarder.core.quarantine_entry import make_entry
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.local.quarantine import FolderQuarantine
file = CaptureFile("bucket", "a.jsonl")
rejection = Rejection(Reason.INVALID_JSON, "It is cut off.")
lines = [Line(n, 0, b"x" * 1000, 1000) for n in range(1, 101)]
entries = [make_entry(file, line, rejection, "default", "2026") for line in lines]
FolderQuarantine(Path(sys.argv[1])).put(file, entries)
"""


def test_a_quarantine_whose_writer_dies_holds_no_half_entry(tmp_path: Path) -> None:
    die_writing(QUARANTINE, tmp_path)

    assert [path.suffix for path in files_below(tmp_path)] == [".unfinished"]


def test_a_quarantine_file_survives_a_writer_that_dies_replacing_it(tmp_path: Path) -> None:
    file = CaptureFile("bucket", "a.jsonl")
    rejection = Rejection(Reason.INVALID_JSON, "It is cut off.")
    entries = [make_entry(file, Line(1, 0, b"{", 1), rejection, "default", "2026")]
    FolderQuarantine(tmp_path).put(file, entries)
    (before,) = files_below(tmp_path)

    die_writing(QUARANTINE, tmp_path)

    assert before.read_bytes() == encode_entries(entries)


PART = """
from pathlib import Path
from capture_forwarder.local.parts import FolderPartFiles
FolderPartFiles(Path(sys.argv[1])).put("a/part.jsonl.gz", b"x" * int(sys.argv[2]))
"""


def test_a_part_whose_writer_dies_stays_as_it_was(tmp_path: Path) -> None:
    FolderPartFiles(tmp_path).put("a/part.jsonl.gz", b"before")

    die_writing(PART, tmp_path, SIZE)

    assert (tmp_path / "a" / "part.jsonl.gz").read_bytes() == b"before"


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "rows.jsonl"
    write_whole_file(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(step, fail)
        with pytest.raises(OSError, match="No space left"):
            write_whole_file(path, b"new")

    assert files_below(tmp_path) == [path]
    assert path.read_bytes() == b"old"


def test_what_is_asked_before_replacing_sees_the_old_file_and_can_stop_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_whole_file(path, b"old")

    def stop() -> None:
        assert path.read_bytes() == b"old"
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        write_whole_file(path, b"new", before_replacing=stop)

    assert files_below(tmp_path) == [path]
    assert path.read_bytes() == b"old"


def steps_of_writing(path: Path, monkeypatch: pytest.MonkeyPatch) -> Sequence[str]:
    """What is made safe when, as the writer goes about it."""
    steps = []
    sync, replace = os.fsync, Path.replace

    def watched_sync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        steps.append(f"sync {name if kind == 'folder' else kind}")
        sync(descriptor)

    def watched_replace(self: Path, target: Any) -> Path:
        steps.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    write_whole_file(path, b"data")
    return steps


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_content_is_safe_before_the_name_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = steps_of_writing(tmp_path / "rows.jsonl", monkeypatch)

    assert steps == ["sync file", "rename", f"sync {tmp_path.name}"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_new_folders_are_made_safe_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = steps_of_writing(tmp_path / "a" / "b" / "rows.jsonl", monkeypatch)

    assert set(steps[: steps.index("sync file")]) == {f"sync {tmp_path.name}", "sync a"}
    assert steps[steps.index("sync file") :] == ["sync file", "rename", "sync b"]


def test_a_file_system_that_cannot_sync_folders_can_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def refuse_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)

    write_whole_file(tmp_path / "a" / "rows.jsonl", b"data")

    assert (tmp_path / "a" / "rows.jsonl").read_bytes() == b"data"


def test_a_folder_that_cannot_be_made_safe_for_now_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def fail_on_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_on_folders)

    with pytest.raises(OSError, match="Input/output error"):
        write_whole_file(tmp_path / "rows.jsonl", b"data")
