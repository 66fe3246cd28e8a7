"""A store in which the manifest of a transform job's output is a capture file with the job's calls.

Whoever opens it reads calls as SageMaker captures those of an endpoint. Ledger, parser, quarantine
and continuations need not know where a line comes from: the same manifest and data give the same
bytes, so that a position in them means the same to every invocation.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import BinaryIO, cast

import msgspec

from capture_forwarder.batch_transform.manifest import (
    OUTPUT_SUFFIX,
    SUFFIX,
    Manifest,
    input_folder,
    is_of_output,
    names_input_of,
    read_manifest,
)
from capture_forwarder.batch_transform.pairing import Pairing, count_records, names_its_input
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.line import Line
from capture_forwarder.core.ports import ObjectStore, OpenedFile
from capture_forwarder.parser import read_lines

ListFiles = Callable[[str, str], Iterable[FoundFile]]
"""A bucket and a folder in it → the files there; raises `CaptureFileError`."""

_LARGEST_MANIFEST = 16 * 1024 * 1024
_ALLOW = "The job's data must be readable, too: in the stack, BatchTransformData names where it is."


class _Data(msgspec.Struct, frozen=True):
    """A file of the job's data, and which content of it."""

    file: CaptureFile
    revision: str


class _Pair(msgspec.Struct, frozen=True):
    """A file of the output, and the one of the input where the output does not say it itself."""

    output: _Data
    input: _Data | None


class TransformStore:
    """Opens manifests as the calls of their job, and all other files as they are.

    Parameters
    ----------
    store
        Where manifests, data and all other files are.
    list_files
        Finds the manifests of a job's input.
    max_line_bytes
        A line of the data that is longer is not held; its call is rejected.
    """

    def __init__(self, store: ObjectStore, list_files: ListFiles, max_line_bytes: int) -> None:
        self._store = store
        self._list_files = list_files
        self._max_line_bytes = max_line_bytes

    @contextmanager
    def open(self, capture_file: CaptureFile) -> Iterator[OpenedFile]:
        """Open a file; see `ObjectStore.open`.

        The manifest of a job's input holds no calls: those are in that of its output, which finds
        it. A file whose name ends like a manifest's, but that is none, is opened as it is.

        Raises
        ------
        CaptureFileError
            A file cannot be read, or the input of the job cannot be found.
        """
        opened = self._manifest(capture_file)
        if opened is None:
            with self._store.open(capture_file) as plain:
                yield plain
            return
        manifest, revision = opened
        pairs: Sequence[_Pair] = ()
        if is_of_output(capture_file, manifest):
            pairs = self._pairs(capture_file, manifest)
        with closing(_Bytes(self._calls(capture_file, pairs))) as stream:
            yield OpenedFile(cast("BinaryIO", stream), _revision(revision, pairs))

    def _manifest(self, capture_file: CaptureFile) -> tuple[Manifest, str] | None:
        if not capture_file.key.endswith(SUFFIX):
            return None
        with self._store.open(capture_file) as opened:
            reader = io.BufferedReader(cast("io.RawIOBase", opened.stream))
            data = reader.read(_LARGEST_MANIFEST + 1)
            if len(data) > _LARGEST_MANIFEST:
                return None
            manifest = read_manifest(data)
            return None if manifest is None else (manifest, opened.revision)

    def _pairs(self, capture_file: CaptureFile, manifest: Manifest) -> list[_Pair]:
        """Find the data of a job, with its revisions."""
        inputs: Manifest | None = None
        pairs = []
        for name in manifest.names:
            with self._data(capture_file, manifest.file(name)) as opened:
                output = _Data(manifest.file(name), opened.revision)
                named = names_its_input(self._lines(opened))
            if named:
                pairs.append(_Pair(output, None))
                continue
            inputs = inputs or self._inputs(capture_file, manifest)
            file = inputs.file(name.removesuffix(OUTPUT_SUFFIX))
            with self._data(capture_file, file) as opened:
                pairs.append(_Pair(output, _Data(file, opened.revision)))
        return pairs

    def _inputs(self, capture_file: CaptureFile, outputs: Manifest) -> Manifest:
        """Find the manifest of a job's input: the one of the same hour that names all of it."""
        folder = input_folder(capture_file.key)
        if folder is None:
            why = "the manifest of its output is in no folder output/yyyy/mm/dd/hh"
            raise _no_input(capture_file, why)
        fitting = {}
        for found in self._list_files(capture_file.bucket, folder):
            opened = self._manifest(found.capture_file)
            if opened and names_input_of(opened[0], outputs):
                fitting[found.capture_file.key] = opened[0]
        own = f"{folder}{capture_file.key.rpartition('/')[2]}"
        if own in fitting:
            return fitting[own]
        places = {(manifest.bucket, manifest.prefix) for manifest in fitting.values()}
        if len(places) != 1:
            where = f"s3://{capture_file.bucket}/{folder}"
            why = (
                f"manifests in {where} name it in {len(places)} places"
                if places
                else (f"no manifest in {where} names all of it")
            )
            raise _no_input(capture_file, why)
        return next(iter(fitting.values()))

    def _calls(self, capture_file: CaptureFile, pairs: Sequence[_Pair]) -> Generator[bytes]:
        time = capture_file.capture_hour
        for pair in pairs:
            output = pair.output
            pairing = Pairing(output.file, output.revision, time)
            if pair.input is None:
                with self._same(capture_file, output) as lines:
                    yield from pairing.joined(lines)
                continue
            counts = []
            for data in (output, pair.input):
                with self._same(capture_file, data) as lines:
                    counts.append(count_records(lines))
            with (
                self._same(capture_file, output) as outputs,
                self._same(capture_file, pair.input) as inputs,
            ):
                belong = counts[0] == counts[1]
                yield from (pairing.paired if belong else pairing.apart)(outputs, inputs)

    @contextmanager
    def _same(self, capture_file: CaptureFile, data: _Data) -> Iterator[Iterator[Line]]:
        """Read the lines of a file of the data, if it is still what it was."""
        with self._data(capture_file, data.file) as opened:
            if opened.revision != data.revision:
                message = f"{data.file}, which {capture_file} names, changed while it was read."
                raise CaptureFileError(message, "It is tried again on the next delivery.")
            yield self._lines(opened)

    @contextmanager
    def _data(self, capture_file: CaptureFile, file: CaptureFile) -> Iterator[OpenedFile]:
        try:
            with self._store.open(file) as opened:
                yield opened
        except CaptureFileError as error:
            message = f"{error.message} {capture_file} names it."
            advice = f"{error.advice} {_ALLOW}".strip()
            raise CaptureFileError(message, advice, permanent=error.permanent) from error

    def _lines(self, opened: OpenedFile) -> Iterator[Line]:
        return read_lines(opened.stream, self._max_line_bytes)


class _Bytes(io.RawIOBase):
    """Pieces of bytes as a stream, as many at once as are asked for.

    What was made before an error is read before the error is raised.
    """

    def __init__(self, pieces: Generator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = b""
        self._error: CaptureFileError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        made = [self._rest] if self._rest else []
        size = len(self._rest)
        while size < len(buffer) and self._error is None:
            try:
                piece = next(self._pieces)
            except StopIteration:
                break
            except CaptureFileError as error:
                self._error = error
                break
            made.append(piece)
            size += len(piece)
        if not made and self._error is not None:
            raise self._error
        data = b"".join(made)
        count = min(len(buffer), size)
        buffer[:count] = data[:count]
        self._rest = data[count:]
        return count

    def close(self) -> None:
        """Close what the pieces are made from."""
        if not self.closed:
            self._pieces.close()
        super().close()


def _revision(manifest: str, pairs: Iterable[_Pair]) -> str:
    """Name the content of a manifest and of all data that it leads to."""
    if not pairs:
        return manifest
    found = [manifest]
    for pair in pairs:
        for data in (pair.output, pair.input):
            found += [str(data.file), data.revision] if data else [""]
    return hashlib.blake2b(ascii(found).encode(), digest_size=16).hexdigest()


def _no_input(capture_file: CaptureFile, why: str) -> CaptureFileError:
    return CaptureFileError(
        f"The input of the job of {capture_file} cannot be found: {why}.",
        "Without it the job's output cannot be paired. It is tried again on the next delivery; or "
        "run the job with JoinSource=Input and JSON Lines, whose output holds the input, too.",
    )
