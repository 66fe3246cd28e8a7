"""Environment variables and what they set: the one route, and what all routes share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from capture_forwarder.settings.checking import Location
from capture_forwarder.settings.nearest import meant
from capture_forwarder.settings.publishers import PUBLISHERS, PublisherName

Environment = Mapping[str, str]

_PREFIXES = {
    PublisherName.FIDDLER: "FIDDLER_",
    PublisherName.ARTHUR: "ARTHUR_",
    PublisherName.OPENSCALE: "OPENSCALE_",
    PublisherName.OTLP: "OTLP_",
}
_FAMILIES = ("FORWARDER_", *_PREFIXES.values())
# Read by fiddler-client itself.
_NOT_OURS = ("FIDDLER_CLIENT_",)

SHARED = {
    "FORWARDER_QUARANTINE": "quarantine",
    "FORWARDER_LEDGER": "ledger",
    "FORWARDER_LEASE_SECONDS": "lease_seconds",
    "FORWARDER_QUEUE_URL": "queue_url",
    "FORWARDER_CAPTURE_BUCKETS": "capture_buckets",
    "FORWARDER_CAPTURE_PREFIX": "capture_prefix",
    "FORWARDER_REQUESTS_IN_FLIGHT": "requests_in_flight",
    "FORWARDER_RETRY_SECONDS": "retry_seconds",
    "FORWARDER_REQUEST_TIMEOUT_SECONDS": "request_timeout_seconds",
    "FORWARDER_MAX_LINE_BYTES": "max_line_bytes",
    "FORWARDER_REDACT_KEY": "redact_key",
    "FORWARDER_REDACT_KEY_SECRET_ARN": "redact_key_secret_arn",
    "FORWARDER_REDACT_KEY_PARAMETER": "redact_key_parameter",
    "FORWARDER_ROUTES": "routes_file",
    "FORWARDER_ROUTES_REFRESH_SECONDS": "routes_refresh_seconds",
}
"""Variable → field of `Settings`."""

_MAPPING: Mapping[str, Location] = {
    "FORWARDER_INPUT_COLUMNS": ("mapping", "inputs"),
    "FORWARDER_OUTPUT_COLUMNS": ("mapping", "outputs"),
    "FORWARDER_TIMESTAMP_COLUMN": ("mapping", "timestamp"),
    "FORWARDER_EVENT_ID_COLUMN": ("mapping", "event_id"),
    "FORWARDER_METADATA_COLUMNS": ("mapping", "metadata"),
    "FORWARDER_INPUT_PATH": ("mapping", "input_path"),
    "FORWARDER_OUTPUT_PATH": ("mapping", "output_path"),
    "FORWARDER_CSV_HEADER": ("mapping", "csv_header"),
    "FORWARDER_COLUMN_TYPES": ("mapping", "types"),
    "FORWARDER_SHADOW_VARIANTS": ("mapping", "shadow"),
    "FORWARDER_REDACT": ("mapping", "redact"),
    "FORWARDER_MAX_CAST_FAILURES": ("mapping", "max_cast_failures"),
    "FORWARDER_MAX_REFUSED": ("mapping", "max_refused"),
}

LABELS: Mapping[str, Location] = {
    "FORWARDER_LABEL_ID": ("labels", "id"),
    "FORWARDER_LABEL_COLUMNS": ("labels", "columns"),
    "FORWARDER_LABEL_TIME": ("labels", "time"),
    "FORWARDER_LABEL_DELAY": ("labels", "delay"),
    "FORWARDER_LABEL_INFERENCES": ("labels", "inferences"),
    "FORWARDER_LABEL_FEATURES": ("labels", "features"),
}
"""Variable → its place in the route, of those that make it one of labels."""

TWINS = {
    "FORWARDER_INPUT_COLUMNS": "FIDDLER_MODEL_COLUMNS",
    "FORWARDER_OUTPUT_COLUMNS": "FIDDLER_MODEL_OUTPUT_COLUMN",
    "FORWARDER_TIMESTAMP_COLUMN": "FIDDLER_TIMESTAMP_COLUMN",
}
"""Our own name of a setting → the name that Fiddler's guide gave it."""

PUBLISHER = "FORWARDER_PUBLISHER"
PARTNER_APP = "AWS_PARTNER_APP_AUTH"
PARTNER_APP_URL = "AWS_PARTNER_APP_URL"

_PARTNER_APP_ARN = "AWS_PARTNER_APP_ARN"
_OWN_NAMES = {
    PublisherName.FIDDLER: {"partner_app_arn": _PARTNER_APP_ARN},
    PublisherName.DUCKDB: {"path": "FORWARDER_DUCKDB_PATH"},
    PublisherName.FILES: {"place": "FORWARDER_FILES", "format": "FORWARDER_FILES_FORMAT"},
}


def _publisher_variables(publisher: PublisherName) -> dict[str, str]:
    own = _OWN_NAMES.get(publisher, {})
    prefix = _PREFIXES.get(publisher, "")
    fields = [name for name in PUBLISHERS[publisher].model_fields if name != "type"]
    return {own.get(name, f"{prefix}{name.upper()}"): name for name in fields}


BY_PUBLISHER: Mapping[PublisherName, Mapping[str, str]] = {
    publisher: _publisher_variables(publisher) for publisher in PublisherName
}
"""Publisher → variable → field of the publisher's settings."""

ROUTE: Mapping[str, Location] = {
    PUBLISHER: ("publisher", "type"),
    **_MAPPING,
    **LABELS,
    **{theirs: _MAPPING[ours] for ours, theirs in TWINS.items()},
    **{
        variable: ("publisher", field)
        for fields in BY_PUBLISHER.values()
        for variable, field in fields.items()
    },
}
"""Variable → its place in the route; several variables stand for one place."""

NAMES = (*ROUTE, *SHARED, PARTNER_APP, PARTNER_APP_URL)
"""All variables that mean something here."""


def in_routes_file(text: str, route: str) -> str:
    """Name settings in a message as a routes file spells them.

    Parameters
    ----------
    text
        What to do about an error, which names the variables of the environment's one route.
    route
        The route of the routes file that it is about.

    Returns
    -------
    str
        The text with keys of the routes file, and the route that they are set in.
    """
    keys = re.sub(r"\b[A-Z]+(?:_[A-Z]+)+\b", _key, text)
    return (
        text if keys == text else f"{keys} These settings are in the routes file, in route {route}."
    )


def _key(name: re.Match[str]) -> str:
    return ".".join(map(str, ROUTE[name[0]])) if name[0] in ROUTE else name[0]


def given_variables(source: Environment) -> dict[str, str]:
    """Pick the variables that are set: not empty ones; space around a value is ignored.

    Those of the partner app count only where it is turned on, as for Fiddler's own client; its
    address then is Fiddler's, unless that one is set too.
    """
    stripped = {name: source.get(name, "").strip() for name in NAMES}
    values = {name: text for name, text in stripped.items() if text}
    on = values.pop(PARTNER_APP, "").lower() == "true"
    url = values.pop(PARTNER_APP_URL, None)
    if not on:
        values.pop(_PARTNER_APP_ARN, None)
    elif url is not None:
        values.setdefault("FIDDLER_URL", url)
    return values


def unknown_variables(source: Environment) -> Iterator[str]:
    """Say which variables with our prefixes do not exist, and what may have been meant."""
    for name in sorted(source):
        if name in NAMES or name.startswith(_NOT_OURS) or not name.startswith(_FAMILIES):
            continue
        yield f"{name}: there is no such setting{meant(name, NAMES, cutoff=0.7)}"


def incomplete_partner_app(source: Environment) -> Iterator[str]:
    """Say what the partner app needs besides being turned on."""
    asked = source.get(PARTNER_APP, "").strip().lower()
    if asked not in {"", "true", "false"}:
        yield f"{PARTNER_APP}: must be true or false"
    if asked == "true" and not source.get(_PARTNER_APP_ARN, "").strip():
        yield f"{_PARTNER_APP_ARN}: missing; set it to the partner app's ARN"


def twice_given(values: Environment) -> Iterator[str]:
    """Say which settings are given by both of their names."""
    for ours, theirs in TWINS.items():
        if ours in values and theirs in values:
            yield f"{ours} and {theirs} are two names for one setting: set only one of them"


def publishers_named(values: Environment) -> list[PublisherName]:
    """The publishers that have a family of variables of their own, and of which one is set."""
    return [
        publisher
        for publisher, prefix in _PREFIXES.items()
        if any(name in values for name in BY_PUBLISHER[publisher] if name.startswith(prefix))
    ]
