"""The environment as validated settings.

The variables that Fiddler's and Arthur's guides gave their users work unchanged; what is ours
begins with FORWARDER_ or OPENSCALE_. An empty variable is one that is not set. Unknown variables
of these families are refused, since a mistyped name would otherwise be a setting silently
ignored.
"""

import os
from collections.abc import Iterator, Mapping

from pydantic import Field, SecretStr

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.settings import variables
from capture_forwarder.settings.addresses import (
    BucketNames,
    LedgerPlace,
    PrefixOrFolder,
    QueueUrl,
    RoutesFile,
)
from capture_forwarder.settings.base import Model, Text, spellings
from capture_forwarder.settings.checking import Location, invalid, publisher_name, route_problems
from capture_forwarder.settings.names import LABEL_ROUTE, ONLY_ROUTE
from capture_forwarder.settings.publishers import PUBLISHERS, PublisherName
from capture_forwarder.settings.route import RouteSettings

__all__ = ["LABEL_ROUTE", "ONLY_ROUTE", "PublisherName", "RouteSettings", "Settings", "load"]


class Settings(Model):
    """What the environment says; docs/settings.md has the tables.

    `route` is None where a routes file is named.
    """

    route: RouteSettings | None = None
    routes_file: RoutesFile | None = None
    routes_refresh_seconds: float = Field(300.0, ge=1, le=86400)
    quarantine: PrefixOrFolder | None = None
    ledger: LedgerPlace | None = None
    lease_seconds: float = Field(60.0, ge=1, le=3600)
    queue_url: QueueUrl | None = None
    capture_buckets: BucketNames = ()
    capture_prefix: str = ""
    requests_in_flight: int = Field(12, ge=1, le=64)
    retry_seconds: float = Field(60.0, ge=0, le=900)
    request_timeout_seconds: float = Field(30.0, gt=0, le=300)
    max_line_bytes: int = Field(16 * 1024 * 1024, ge=1024)
    redact_key: SecretStr | None = None
    redact_key_secret_arn: Text | None = None
    redact_key_parameter: Text | None = None


def load(environment: Mapping[str, str] | None = None) -> Settings:
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
    values = variables.given_variables(source)
    shared = {field: values[name] for name, field in variables.SHARED.items() if name in values}
    wrong = [*invalid(Settings, shared, (), _spell_shared)]
    problems = [
        *variables.unknown_variables(source),
        *variables.twice_given(values),
        *variables.incomplete_partner_app(source),
        *(wrong or _short_lease(Settings.model_validate(shared))),
    ]
    route = None
    if "routes_file" in shared:
        problems += _beside_a_file(values)
    else:
        problems += _ambiguous(values)
        route = _written_route(values)
        publisher = route["publisher"].get("type")
        problems += route_problems(route, lambda place: _spell(place, publisher, values))
        problems += _of_others(values, publisher)
    if "queue_url" in shared and "ledger" not in shared:
        problems.append(
            "FORWARDER_QUEUE_URL: needs FORWARDER_LEDGER, which keeps the position to continue from"
        )
    keys = [_spell_shared((name,)) for name in shared if name in spellings("redact_key")]
    if len(keys) > 1:
        problems.append(f"{' and '.join(keys)} are set; set only one of them")
    if problems:
        raise SettingsError(problems)
    named = {"name": LABEL_ROUTE} if route and "labels" in route else {}
    return Settings.model_validate(shared | ({"route": {**route, **named}} if route else {}))


def _short_lease(settings: Settings) -> Iterator[str]:
    if settings.lease_seconds <= settings.request_timeout_seconds:
        yield (
            f"FORWARDER_LEASE_SECONDS: is {settings.lease_seconds:g}, but must be longer than "
            f"FORWARDER_REQUEST_TIMEOUT_SECONDS ({settings.request_timeout_seconds:g}); otherwise "
            "another invocation could take over a capture file while a request is in flight"
        )


def _written_route(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Put the variables of the one route where a routes file would have them."""
    named = variables.publishers_named(values)
    publisher = values.get(variables.PUBLISHER) or (named[0] if named else PublisherName.FIDDLER)
    route: dict[str, dict[str, str]] = {"mapping": {}, "publisher": {"type": str(publisher)}}
    if any(name in values for name in variables.LABELS):
        route["labels"] = {}
    known = publisher_name(publisher)
    for name, (section, field) in variables.ROUTE.items():
        ours = section != "publisher" or (known and name in variables.BY_PUBLISHER[known])
        if name in values and ours:
            route[str(section)].setdefault(str(field), values[name])
    return route


def _ambiguous(values: Mapping[str, str]) -> Iterator[str]:
    named = variables.publishers_named(values)
    if variables.PUBLISHER not in values and len(named) > 1:
        yield (
            f"{variables.PUBLISHER}: missing; there are variables of {' and '.join(named)}, so "
            "say which of them the rows go to"
        )


def _of_others(values: Mapping[str, str], publisher: str | None) -> Iterator[str]:
    """What is wrong with variables of publishers that the rows do not go to."""
    for other in PublisherName:
        if other != publisher:
            fields = variables.BY_PUBLISHER[other]
            given = {field: values[name] for name, field in fields.items() if name in values}
            if given:
                yield from invalid(
                    PUBLISHERS[other],
                    given | {"type": other.value},
                    ("publisher",),
                    lambda place, other=other: _spell(place, other, values),  # type: ignore[misc]
                )


def _beside_a_file(values: Mapping[str, str]) -> Iterator[str]:
    for name in values:
        if name in variables.ROUTE:
            yield f"{name}: belongs in the file that FORWARDER_ROUTES names; set only one of them"


def _spell(place: Location, publisher: str | None, values: Mapping[str, str]) -> str:
    """The variable of a place in the route: the one that is set, else that of the publisher."""
    section, field = place[0], place[1] if len(place) > 1 else ""
    known = publisher_name(publisher)
    if section == "publisher" and field != "type" and known:
        fields = variables.BY_PUBLISHER[known].items()
        return next((name for name, own in fields if own == field), variables.PUBLISHER)
    names = [name for name, there in variables.ROUTE.items() if there == (section, field)]
    given = [name for name in names if name in values]
    return next(iter(given), names[-1 if known is PublisherName.FIDDLER else 0])


def _spell_shared(place: Location) -> str:
    return next(name for name, field in variables.SHARED.items() if field == place[0])
