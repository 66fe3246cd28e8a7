"""A batch transform job as it lies in S3: its data, and the manifests of its capture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.found_file import FoundFile
from tests.support.fakes import MemoryStore

HOUR = "2026/03/01/10"
STARTED = "2026-03-01T10:00:07Z"
DATA = "data-bucket"


def inference_id(number: int) -> str:
    """The id that the job generated for a record."""
    return f"{number:08x}-2e6f-488c-8c30-db4e6d757861"


@dataclass
class Job:
    """A job: name of a file of its input → the lines of that, and of the output.

    Attributes
    ----------
    root, uuid, input_uuid
        Where its manifests are, and how they are called.
    """

    inputs: dict[str, Sequence[str]] = field(default_factory=dict)
    outputs: dict[str, Sequence[str]] = field(default_factory=dict)
    root: str = "captures/churn"
    uuid: str = "e824d723"
    input_uuid: str = "e824d723"
    input_prefix: str = "transform-input/"
    output_prefix: str = "transform-output/"

    @property
    def key(self) -> str:
        """The key of the output's manifest."""
        return f"{self.root}/output/{HOUR}/{self.uuid}.json"

    @property
    def input_key(self) -> str:
        """The key of the input's manifest."""
        return f"{self.root}/input/{HOUR}/{self.input_uuid}.json"

    @property
    def manifests(self) -> dict[str, bytes]:
        """Key → manifest."""
        names = [f"{name}.out" for name in self.outputs]
        return {
            self.input_key: manifest(self.input_prefix, self.inputs),
            self.key: manifest(self.output_prefix, names),
        }

    @property
    def data(self) -> dict[str, bytes]:
        """Key → file of the input or the output."""
        inputs = {f"{self.input_prefix}{name}": text(held) for name, held in self.inputs.items()}
        outputs = {
            f"{self.output_prefix}{name}.out": text(held) for name, held in self.outputs.items()
        }
        return inputs | outputs


def manifest(prefix: str, names: Iterable[str]) -> bytes:
    """Write a manifest as SageMaker does."""
    return json.dumps([{"prefix": f"s3://{DATA}/{prefix}"}, *names]).encode()


def text(lines: Sequence[str]) -> bytes:
    """Write lines, with a newline behind each."""
    return "".join(f"{line}\n" for line in lines).encode()


def memory_store(*jobs: Job) -> MemoryStore:
    """A store with everything of some jobs."""
    store = MemoryStore()
    for job in jobs:
        store.objects |= job.manifests | job.data
    return store


class Listing:
    """Lists what a `MemoryStore` holds."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def __call__(self, bucket: str, prefix: str) -> list[FoundFile]:
        return [
            FoundFile(CaptureFile(bucket, key), key, len(data))
            for key, data in sorted(self._store.objects.items())
            if key.startswith(prefix)
        ]
