"""The files of a quarantine in S3: what is there, reading one, rewriting and deleting it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from capture_forwarder.aws.errors import AWS_ERRORS, read_error
from capture_forwarder.aws.listing import list_objects
from capture_forwarder.core.errors import QuarantineError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SUFFIX = ".jsonl"
_CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_GONE = frozenset({"NoSuchKey", "404"})


class S3QuarantineFiles:
    """The quarantine files below a prefix.

    Changing a file is bound to the revision that was read, so that what the function writes in
    the meantime is never overwritten or deleted.

    Parameters
    ----------
    make_client
        Makes an S3 client; called at the first use, since it fails where a profile is wrong.
    bucket, prefix
        Where to look; the prefix is taken as a folder, or names one file in full.
    """

    def __init__(self, make_client: Callable[[], S3Client], bucket: str, prefix: str) -> None:
        self._make_client = make_client
        self._bucket = bucket
        self._prefix = prefix
        self._made: S3Client | None = None

    def names(self) -> list[tuple[str, int]]:
        """Find the files; each with its size in bytes.

        Raises
        ------
        CaptureFileError
            The bucket cannot be listed.
        """
        found = list_objects(self._client, self._bucket, self._prefix)
        return [(file.name, file.size) for file in found if file.name.endswith(_SUFFIX)]

    def read(self, name: str) -> tuple[bytes, str]:
        """Read a file; return its bytes and its revision.

        Raises
        ------
        QuarantineError
            It cannot be read.
        """
        with self._errors(name, "read", "s3:GetObject"):
            answer = self._client().get_object(Bucket=self._bucket, Key=self._key(name))
            return answer["Body"].read(), answer["ETag"]

    def replace(self, name: str, data: bytes, revision: str) -> None:
        """Write a file anew, unless somebody else has changed it.

        Raises
        ------
        QuarantineError
            It was changed, or cannot be written.
        """
        with self._errors(name, "rewritten", "s3:PutObject"):
            self._client().put_object(
                Bucket=self._bucket,
                Key=self._key(name),
                Body=data,
                ContentType="application/x-ndjson",
                IfMatch=revision,
            )

    def remove(self, name: str, revision: str) -> None:
        """Delete a file, unless somebody else has changed it.

        Raises
        ------
        QuarantineError
            It was changed, or cannot be deleted.
        """
        with self._errors(name, "deleted", "s3:DeleteObject"):
            self._client().delete_object(Bucket=self._bucket, Key=self._key(name), IfMatch=revision)

    def _client(self) -> S3Client:
        if self._made is None:
            self._made = self._make_client()
        return self._made

    def _key(self, name: str) -> str:
        return name.removeprefix(f"s3://{self._bucket}/")

    @contextmanager
    def _errors(self, name: str, done: str, action: str) -> Iterator[None]:
        try:
            yield
        except (*AWS_ERRORS, OSError) as error:
            failure = read_error(error)
            if failure.code in _CHANGED or (failure.code in _GONE and done != "read"):
                raise QuarantineError(
                    f"{name} was changed by somebody else and is left as it is.",
                    "What was delivered from it may be sent again, with the same ids.",
                ) from error
            message = f"{name} cannot be {done}: {failure.sentence}."
            advice = f"Check the bucket's name, and allow {action} on s3://{self._bucket}/*."
            raise QuarantineError(message, failure.login or advice) from error
