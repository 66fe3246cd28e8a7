"""What a batch transform job captures: manifests that name the data of the job.

Sources: AWS, "Capture data from batch transform job" in the SageMaker developer guide; the outputs
of AWS's example notebook SageMaker-Monitoring-Bias-Drift-for-Batch-Transform, which lists
`{destination}/output/2023/01/21/01/e824d723-e1f2-4986-90fc-0b0ac58ea0fc.json`; and "S3DataSource"
in the SageMaker API reference, which says that the prefix and a name are put together as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from capture_forwarder.core.capture_file import CaptureFile

SUFFIX = ".json"
"""How the key of a manifest ends."""

OUTPUT_SUFFIX = ".out"
"""What a transform job adds to the name of a file of its input for that of its output."""

_KEY = re.compile(
    r"(?P<root>(?:.*/)?)(?P<side>input|output)(?P<hour>/\d{4}/\d\d/\d\d/\d\d/)[^/]+\.json"
)
_PREFIX = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.*)", re.DOTALL)
_decode = msgspec.json.Decoder(list[object]).decode


class Manifest(msgspec.Struct, frozen=True):
    """The files of one side of a transform job.

    Parameters
    ----------
    bucket, prefix
        Where they are: the key of a file is the prefix and its name.
    names
        Their names, in the manifest's order.
    """

    bucket: str
    prefix: str
    names: Sequence[str]

    def file(self, name: str) -> CaptureFile:
        """The file of that name."""
        return CaptureFile(self.bucket, self.prefix + name)


def read_manifest(data: bytes) -> Manifest | None:
    """Read a manifest; None if it is anything else.

    Parameters
    ----------
    data
        One JSON document: `[{"prefix": "s3://bucket/path/"}, "name", ...]`.
    """
    try:
        first, *names = _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    prefix = first.get("prefix") if isinstance(first, dict) else None
    place = _PREFIX.fullmatch(prefix) if isinstance(prefix, str) else None
    if place is None or not all(isinstance(name, str) for name in names):
        return None
    return Manifest(place["bucket"], place["key"], [str(name) for name in names])


def is_of_output(capture_file: CaptureFile, manifest: Manifest) -> bool:
    """Whether a manifest names the output of a job, by its key, else by the names in it."""
    if found := _KEY.fullmatch(capture_file.key):
        return found["side"] == "output"
    return all(name.endswith(OUTPUT_SUFFIX) for name in manifest.names)


def input_folder(key: str) -> str | None:
    """Where the manifest of a job's input is, by the key of that of its output.

    Both are in the folder of the hour in which the job began. None for a key of another layout.
    """
    found = _KEY.fullmatch(key)
    return f"{found['root']}input{found['hour']}" if found else None


def names_input_of(inputs: Manifest, outputs: Manifest) -> bool:
    """Whether a manifest names the input of every file that another names as output."""
    return set(outputs.names) <= {name + OUTPUT_SUFFIX for name in inputs.names}
