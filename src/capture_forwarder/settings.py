"""The environment as validated settings.

The variables that Fiddler's guide gave its users (FIDDLER_*) work unchanged; what is ours begins
with FORWARDER_. An empty variable is one that is not set. Unknown variables of the two families
are refused, since a mistyped name would otherwise be a setting silently ignored.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Environment
from enum import StrEnum
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from capture_forwarder.columns import ColumnMapping, check_path, parse_columns, parse_metadata
from capture_forwarder.errors import SettingsError

_FAMILIES = ("FORWARDER_", "FIDDLER_")
# Read by fiddler-client itself.
_NOT_OURS = ("FIDDLER_CLIENT_",)


class PublisherName(StrEnum):
    """The platforms that rows can go to."""

    FIDDLER = "fiddler"
    DUCKDB = "duckdb"


def _checked(parse: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


def _check_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "must be an address such as https://example.fiddler.ai"
        raise ValueError(message)
    if "@" in parts.netloc:
        message = "must hold no user and no password: addresses are written into logs"
        raise ValueError(message)
    if parts.path.strip("/") or parts.query or parts.fragment:
        message = "must be only scheme and host: fiddler-client drops a path"
        raise ValueError(message)
    return f"{parts.scheme}://{parts.netloc}"


def _check_quarantine(text: str) -> str:
    if text.startswith("s3://"):
        bucket, _, prefix = text.removeprefix("s3://").partition("/")
        if not bucket or not prefix.strip("/"):
            message = "needs a prefix behind the bucket, as in s3://bucket/quarantine"
            raise ValueError(message)
    elif "://" in text:
        message = "must be s3://bucket/prefix or a folder"
        raise ValueError(message)
    return text.rstrip("/") or "/"


def _check_ledger(text: str) -> str:
    if text.startswith("dynamodb://"):
        if not text.removeprefix("dynamodb://").strip("/"):
            message = "needs a table's name, as in dynamodb://table"
            raise ValueError(message)
    elif "://" in text:
        message = "must be dynamodb://table or the path of an SQLite file"
        raise ValueError(message)
    return text


def _check_queue(text: str) -> str:
    if urlsplit(text).scheme not in {"http", "https"}:
        message = "must be the URL of an SQS queue"
        raise ValueError(message)
    return text


ColumnList = Annotated[str, _checked(parse_columns)]
MetadataList = Annotated[str, _checked(parse_metadata)]
Path = Annotated[str, AfterValidator(check_path)]


class Settings(BaseModel):
    """All settings, one field a variable; see the table in the README."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    FORWARDER_PUBLISHER: PublisherName = PublisherName.FIDDLER
    FORWARDER_INPUT_COLUMNS: ColumnList | None = None
    FORWARDER_OUTPUT_COLUMNS: ColumnList | None = None
    FORWARDER_TIMESTAMP_COLUMN: str | None = None
    FORWARDER_EVENT_ID_COLUMN: str | None = None
    FORWARDER_METADATA_COLUMNS: MetadataList = ""
    FORWARDER_INPUT_PATH: Path | None = None
    FORWARDER_OUTPUT_PATH: Path | None = None
    FORWARDER_CSV_HEADER: Literal["absent", "present"] = "absent"
    FORWARDER_QUARANTINE: Annotated[str, AfterValidator(_check_quarantine)] | None = None
    FORWARDER_MAX_LINE_BYTES: int = Field(default=16 * 1024 * 1024, ge=1024)
    FORWARDER_DUCKDB_PATH: str = "capture-forwarder.duckdb"
    FORWARDER_REQUEST_TIMEOUT_SECONDS: float = Field(default=30.0, gt=0, le=300)
    FORWARDER_REQUESTS_IN_FLIGHT: int = Field(default=8, ge=1, le=64)
    FORWARDER_RETRY_SECONDS: float = Field(default=60.0, ge=0, le=900)
    FORWARDER_LEDGER: Annotated[str, AfterValidator(_check_ledger)] | None = None
    FORWARDER_LEASE_SECONDS: float = Field(default=60.0, ge=1, le=3600)
    FORWARDER_QUEUE_URL: Annotated[str, AfterValidator(_check_queue)] | None = None

    FIDDLER_URL: Annotated[str, AfterValidator(_check_url)] | None = None
    FIDDLER_TOKEN: SecretStr | None = None
    FIDDLER_TOKEN_SECRET_ARN: str | None = None
    FIDDLER_TOKEN_PARAMETER: str | None = None
    FIDDLER_MODEL_UUID: UUID | None = None
    FIDDLER_MODEL_COLUMNS: ColumnList | None = None
    FIDDLER_MODEL_OUTPUT_COLUMN: ColumnList | None = None
    FIDDLER_TIMESTAMP_COLUMN: str | None = None

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if repeated := self.mapping.duplicates():
            message = f"column names must be unique, but these stand twice: {', '.join(repeated)}"
            raise ValueError(message)
        return self

    @property
    def mapping(self) -> ColumnMapping:
        """The mapping that these settings describe."""
        return ColumnMapping(
            inputs=parse_columns(self.FORWARDER_INPUT_COLUMNS or self.FIDDLER_MODEL_COLUMNS or ""),
            outputs=parse_columns(
                self.FORWARDER_OUTPUT_COLUMNS or self.FIDDLER_MODEL_OUTPUT_COLUMN or ""
            ),
            timestamp=self.FORWARDER_TIMESTAMP_COLUMN or self.FIDDLER_TIMESTAMP_COLUMN,
            event_id=self.FORWARDER_EVENT_ID_COLUMN,
            metadata=parse_metadata(self.FORWARDER_METADATA_COLUMNS),
            input_path=self.FORWARDER_INPUT_PATH,
            output_path=self.FORWARDER_OUTPUT_PATH,
            csv_header=self.FORWARDER_CSV_HEADER == "present",
        )


def load(environment: Environment[str, str] | None = None) -> Settings:
    """Read and check the settings.

    Parameters
    ----------
    environment
        Variable name → value; the process's own environment by default.

    Raises
    ------
    SettingsError
        Lists every variable that is wrong, at once, with what it should be.
    """
    source = os.environ if environment is None else environment
    stripped = {name: source.get(name, "").strip() for name in Settings.model_fields}
    values = {name: text for name, text in stripped.items() if text}
    problems = [
        *_unknown_variables(source),
        *_unsupported(source),
        *_together(values),
        *_invalid(values),
    ]
    if problems:
        raise SettingsError(problems)
    return Settings.model_validate(values)


def _unknown_variables(source: Environment[str, str]) -> Iterator[str]:
    known = list(Settings.model_fields)
    for name in sorted(source):
        if name in known or name.startswith(_NOT_OURS) or not name.startswith(_FAMILIES):
            continue
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        hint = f"; did you mean {close[0]}?" if close else ""
        yield f"{name}: there is no such setting{hint}"


def _unsupported(source: Environment[str, str]) -> Iterator[str]:
    """Fiddler's guide has one more way in, which must not be ignored without a word."""
    if source.get("AWS_PARTNER_APP_AUTH", "").strip().lower() == "true":
        yield (
            "AWS_PARTNER_APP_AUTH: Fiddler as a SageMaker partner app is not supported yet; unset "
            "it and connect with FIDDLER_URL and a token"
        )


def _together(values: Environment[str, str]) -> Iterator[str]:
    """What is missing or set twice; told also when other variables are wrong by themselves."""
    pairs = (
        ("FORWARDER_INPUT_COLUMNS", "FIDDLER_MODEL_COLUMNS"),
        ("FORWARDER_OUTPUT_COLUMNS", "FIDDLER_MODEL_OUTPUT_COLUMN"),
        ("FORWARDER_TIMESTAMP_COLUMN", "FIDDLER_TIMESTAMP_COLUMN"),
    )
    for ours, theirs in pairs:
        if ours in values and theirs in values:
            yield f"{ours} and {theirs} are two names for one setting: set only one of them"
    if not any(name in values for pair in pairs[:2] for name in pair):
        yield (
            "FIDDLER_MODEL_COLUMNS, FIDDLER_MODEL_OUTPUT_COLUMN: no column is configured; "
            "list the model's input columns in captured order and its output columns"
        )
    if values.get("FORWARDER_PUBLISHER", PublisherName.FIDDLER) != PublisherName.FIDDLER:
        return
    if "FIDDLER_URL" not in values:
        yield "FIDDLER_URL: missing; set it to the address of your Fiddler instance"
    if "FIDDLER_MODEL_UUID" not in values:
        yield "FIDDLER_MODEL_UUID: missing; set it to the model's id"
    names = ("FIDDLER_TOKEN", "FIDDLER_TOKEN_SECRET_ARN", "FIDDLER_TOKEN_PARAMETER")
    given = [name for name in names if name in values]
    if not given:
        yield f"{names[0]}: missing; set it or {names[1]} or {names[2]}"
    if len(given) > 1:
        yield f"{' and '.join(given)} are set; set only one of them"


def _invalid(values: Environment[str, str]) -> Iterator[str]:
    """What is wrong with the values given."""
    try:
        Settings.model_validate(values)
    except ValidationError as error:
        details = error.errors()
        for detail in details:
            yield from _sentences(detail)
        # pydantic looks at the whole only when each variable is right by itself.
        wrong = {part for detail in details for part in detail["loc"][:1]}
        if wrong:
            yield from _invalid({name: values[name] for name in values if name not in wrong})


def _sentences(detail: ErrorDetails) -> Iterator[str]:
    text = str(detail["msg"]).removeprefix("Value error, ")
    name = next((str(part) for part in detail["loc"]), "")
    for line in text.splitlines():
        yield f"{name}: {line}" if name else line
