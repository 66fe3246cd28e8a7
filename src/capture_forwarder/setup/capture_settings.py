"""The Data Capture of an endpoint as it should be: all calls, both sides, with content types.

Source: DataCaptureConfig in the SageMaker API reference. A type that is in neither list of
content types is captured in base64, which is a third larger.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from capture_forwarder.core.errors import UsageError

Capture = Mapping[str, object]
"""A DataCaptureConfig, as SageMaker has it."""

CSV_TYPES = ("text/csv",)
JSON_TYPES = ("application/json", "application/jsonlines")
_ALL = 100
_MOST_TYPES = 10
_LONGEST_DESTINATION = 512
# The pattern of CsvContentType and JsonContentType, which takes neither `+` nor parameters.
_TYPE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*/[a-zA-Z0-9](-*[a-zA-Z0-9.])*")
_LONGEST_TYPE = 256
_DESTINATION = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?]*)?")
_BOTH = ({"CaptureMode": "Input"}, {"CaptureMode": "Output"})


@dataclass(frozen=True)
class ContentTypes:
    """Content types whose payloads are captured as text: those of CSV and those of JSON."""

    csv: tuple[str, ...] = ()
    json: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.csv or self.json)


@dataclass(frozen=True)
class Wishes:
    """What somebody asks of Data Capture beyond what always holds.

    Parameters
    ----------
    destination
        Where the files go; None to leave it as it is.
    kms_key
        The key to encrypt them with; None to leave it as it is.
    types
        Content types to capture as text, beside those that are.
    """

    destination: str | None = None
    kms_key: str | None = None
    types: ContentTypes = ContentTypes()


def check_wishes(wishes: Wishes) -> None:
    """Look whether SageMaker takes what is wished.

    Raises
    ------
    UsageError
        It does not.
    """
    place = wishes.destination
    if place is not None and not (
        _DESTINATION.fullmatch(place) and len(place) <= _LONGEST_DESTINATION
    ):
        raise UsageError(
            f"{place} is no destination for captures.",
            f"Name s3://BUCKET/PREFIX, of at most {_LONGEST_DESTINATION} characters.",
        )
    for one in (*wishes.types.csv, *wishes.types.json):
        if not can_be_named(one):
            raise UsageError(
                f"SageMaker does not take the content type {one}.",
                "It takes type/subtype with letters, digits, dots and dashes, and no parameters.",
            )
    if both := sorted(set(wishes.types.csv) & set(wishes.types.json)):
        raise UsageError(f"{both[0]} is named both as CSV and as JSON.", "Name it once.")


def can_be_named(content_type: str) -> bool:
    """Whether SageMaker takes a content type in its lists."""
    return len(content_type) <= _LONGEST_TYPE and _TYPE.fullmatch(content_type) is not None


def capture_all(
    found: Capture, wishes: Wishes, seen: ContentTypes, usual: Callable[[], str | None]
) -> Capture:
    """Make the settings under which both sides of every call are captured.

    Parameters
    ----------
    found
        The settings that are there; empty if there are none. What of them is right stays.
    wishes
        What somebody asks for; checked.
    seen
        Types of text that are captured in base64 now.
    usual
        Where captures go if neither the wishes nor the settings say so.

    Raises
    ------
    UsageError
        There is no destination, or there are too many content types.
    """
    destination = wishes.destination or found.get("DestinationS3Uri") or usual()
    if not destination:
        raise UsageError("Nothing says where the captures go.", "Name it by --destination.")
    asked: dict[str, object] = {
        **found,
        "EnableCapture": True,
        "InitialSamplingPercentage": _ALL,
        "DestinationS3Uri": destination,
        "CaptureOptions": _sides(found),
        "CaptureContentTypeHeader": _types(found, wishes.types, seen),
    }
    if wishes.kms_key is not None:
        asked["KmsKeyId"] = wishes.kms_key
    return asked


def same_capture(one: Capture, other: Capture) -> bool:
    """Whether two settings mean the same."""
    # Capture is on where nothing says otherwise.
    return {"EnableCapture": True, **one} == {"EnableCapture": True, **other}


def captured_sides(capture: Capture) -> frozenset[str]:
    """The sides that are captured: Input, Output, or both."""
    options = cast("Sequence[Mapping[str, str]]", capture.get("CaptureOptions", ()))
    modes = {one["CaptureMode"] for one in options}
    return frozenset({"Input", "Output"} if "InputAndOutput" in modes else modes)


def content_types(capture: Capture) -> ContentTypes:
    """The content types that are captured as text."""
    named = cast("Mapping[str, Sequence[str]]", capture.get("CaptureContentTypeHeader", {}))
    return ContentTypes(
        tuple(named.get("CsvContentTypes", ())), tuple(named.get("JsonContentTypes", ()))
    )


def _sides(found: Capture) -> object:
    if captured_sides(found) == {"Input", "Output"}:
        return found["CaptureOptions"]
    return [dict(one) for one in _BOTH]


def _types(found: Capture, asked: ContentTypes, seen: ContentTypes) -> dict[str, object]:
    """Join the lists; each type stands in one, that which named it first."""
    had = content_types(found)
    usual = ContentTypes() if had else ContentTypes(CSV_TYPES, JSON_TYPES)
    taken = {*had.csv, *had.json}
    csv, json = list(had.csv), list(had.json)
    for types in (asked, usual, seen):
        for names, kind in ((types.csv, csv), (types.json, json)):
            for name in names:
                if name not in taken:
                    kind.append(name)
                    taken.add(name)
    return dict(_listed(csv, json))


def _listed(csv: Sequence[str], json: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for name, found in (("CsvContentTypes", csv), ("JsonContentTypes", json)):
        if len(found) > _MOST_TYPES:
            raise UsageError(
                f"SageMaker takes {_MOST_TYPES} {name} at most, and these are {len(found)}: "
                f"{', '.join(found)}.",
                "Name fewer by --csv-type and --json-type.",
            )
        if found:
            yield name, list(found)
