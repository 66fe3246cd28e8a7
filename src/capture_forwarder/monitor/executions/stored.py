"""Baselines and executions at addresses, such as in S3: copied to a folder, or written from one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec

from capture_forwarder.core.ports import FileStore, ListedFile
from capture_forwarder.monitor.executions.folder import EXECUTION

_HOUR = re.compile(r"/(\d{4}/\d{2}/\d{2}/\d{2})$")


class StoredExecution(msgspec.Struct, frozen=True):
    """An execution's folder, by its address, and the hour that its name ends with, if it does."""

    address: str
    hour: str | None


def copy_named(store: FileStore, address: str, folder: Path, names: Collection[str]) -> None:
    """Copy the files of an address that have one of some names.

    Parameters
    ----------
    store
        Where they are.
    address
        The folder there; without a slash at its end.
    folder
        Where they are copied to; it is made.
    names
        The names, which may have a folder in front.

    Raises
    ------
    FileStoreError
        The address cannot be listed, or a file cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in store.files(address):
        name = file.address.removeprefix(f"{address}/")
        if name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            store.copy(file.address, folder / name)


def write_folder(
    store: FileStore, folder: Path, address: str, files: Iterable[Path] | None = None
) -> None:
    """Write files of a folder to an address; one that says how an execution ended comes last.

    Parameters
    ----------
    store
        Takes them.
    folder
        Where they are, in folders of their own or not.
    address
        What stands for the folder.
    files
        Which of them; None is all.

    Raises
    ------
    FileStoreError
        A file cannot be written.
    """
    chosen = (
        sorted(path for path in folder.rglob("*") if path.is_file()) if files is None else files
    )
    for path in sorted(chosen, key=lambda path: path.name == EXECUTION):
        store.write(f"{address}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def executions_among(files: Iterable[ListedFile]) -> list[StoredExecution]:
    """Find the executions among files; only their names are looked at."""
    return [
        StoredExecution(found, hour_of_folder(found))
        for file in files
        if (found := file.address.removesuffix(f"/{EXECUTION}")) != file.address
    ]


def hour_of_folder(address: str) -> str | None:
    """The hour `yyyy/mm/dd/hh` that the name of a folder ends with, if it does."""
    return found[1] if (found := _HOUR.search(address)) else None


def newest(
    executions: Sequence[StoredExecution], most: int, until: str | None = None
) -> list[StoredExecution]:
    """Choose the newest executions by the hours of their folders.

    Those of the last hour that is taken are taken all, and so are those in no folder of an hour:
    which of them is newer, only their content says.

    Parameters
    ----------
    executions
        In any order.
    most
        How many hours' worth are wanted, at least; positive.
    until
        The last hour that counts, as `yyyy/mm/dd/hh`.
    """
    known = [one for one in executions if one.hour is not None and one.hour <= (until or "9")]
    hours = sorted((str(one.hour) for one in known), reverse=True)[:most]
    return [one for one in executions if one.hour is None] + [
        one for one in known if hours and str(one.hour) >= hours[-1]
    ]
