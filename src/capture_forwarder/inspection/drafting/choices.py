"""What a person has settled of routes: `ROUTE:publisher` and `ROUTE:key=value`, or for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from capture_forwarder.core.errors import SettingsError, UsageError
from capture_forwarder.inspection import Given
from capture_forwarder.parser import ColumnMapping
from capture_forwarder.settings import PublisherName
from capture_forwarder.settings.base import spellings
from capture_forwarder.settings.checking import Location, invalid, route_problems
from capture_forwarder.settings.publishers import PUBLISHERS
from capture_forwarder.settings.route import MappingSettings

_ALL = ""
_OF_MAPPING = frozenset(MappingSettings.model_fields)
_MISSING = ": missing; set it to "
_MISSING_SECRET = ": missing; set it or "  # noqa: S105 - the words of a message


@dataclass(frozen=True)
class Choices:
    """What is settled; the key of what is for all routes is an empty text.

    Parameters
    ----------
    publishers
        Route → publisher.
    settings
        Route → the keys of its mapping and publisher, as a routes file has them.
    """

    publishers: Mapping[str, PublisherName] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def publisher_of(self, known_as: Sequence[str]) -> PublisherName | None:
        """The publisher of a route, by the names that it goes by; None if it is open."""
        found = [self.publishers[name] for name in (_ALL, *known_as) if name in self.publishers]
        return found[-1] if found else None

    def mapping_of(self, known_as: Sequence[str]) -> dict[str, str]:
        """What is settled of a route's mapping."""
        return {name: text for name, text in self._of(known_as).items() if name in _OF_MAPPING}

    def settings_of(self, known_as: Sequence[str], publisher: PublisherName) -> dict[str, str]:
        """What is settled of the settings that a route's publisher has."""
        fields = PUBLISHERS[publisher].model_fields
        return {name: text for name, text in self._of(known_as).items() if name in fields}

    def given_for(self, known_as: Sequence[str]) -> Given:
        """What inspection need not find out.

        Raises
        ------
        SettingsError
            What is settled of the mapping is wrong.
        """
        written = self.mapping_of(known_as)
        wrong = list(invalid(MappingSettings, written, (), lambda place: f"--set {place[0]}"))
        if wrong:
            raise SettingsError(wrong)
        mapping = MappingSettings.model_validate(written).columns if written else ColumnMapping()
        # What a value is can be seen only before it is redacted.
        return Given(replace(mapping, redact=()), header="csv_header" in written)

    def unused(self, routes: Mapping[str, tuple[Sequence[str], PublisherName]]) -> Iterator[str]:
        """Say which choices concern no route.

        Parameters
        ----------
        routes
            Route → the names that it goes by, and its publisher.
        """
        names = {name for known_as, _ in routes.values() for name in known_as}
        listed = f"the routes are {', '.join(routes)}"
        for route in dict.fromkeys((*self.publishers, *self.settings)):
            if route != _ALL and route not in names:
                yield f"{route}: there is no such route; {listed}"
        for route, settings in self.settings.items():
            taken = {
                name
                for known_as, publisher in routes.values()
                if route == _ALL or route in known_as
                for name in (*_OF_MAPPING, *PUBLISHERS[publisher].model_fields)
            }
            for name in settings.keys() - taken - {"type"}:
                yield f"{name}: no publisher of these routes has such a setting"

    def _of(self, known_as: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in (_ALL, *known_as):
            found.update(self.settings.get(name, {}))
        return found


def read_choices(publishers: Iterable[str], settings: Iterable[str]) -> Choices:
    """Read what is settled.

    Parameters
    ----------
    publishers
        `publisher` for all routes, or `ROUTE:publisher`.
    settings
        `key=value` for all routes, or `ROUTE:key=value`.

    Raises
    ------
    UsageError
        One of them has no such form, or would write a secret into the file.
    """
    named: dict[str, PublisherName] = {}
    for text in publishers:
        route, _, publisher = text.rpartition(":")
        if publisher not in set(PublisherName):
            problem = f"--publisher {text}: there is no publisher {publisher!r}."
            raise UsageError(problem, f"It is one of: {', '.join(PublisherName)}.")
        named[route] = PublisherName(publisher)
    given: dict[str, dict[str, str]] = {}
    for text in settings:
        place, equals, value = text.partition("=")
        route, _, name = place.rpartition(":")
        if not equals or not name or not value.strip():
            raise UsageError(
                f"--set {text} has no value.", "Write it as KEY=VALUE or ROUTE:KEY=VALUE."
            )
        _check_name(name)
        given.setdefault(route, {})[name] = value.strip()
    return Choices(named, given)


def needed(publisher: PublisherName, settings: Mapping[str, str]) -> dict[str, str]:
    """Say which settings of a publisher are missing.

    Parameters
    ----------
    publisher
        The publisher.
    settings
        What is known of its settings.

    Returns
    -------
    dict
        Setting → what it is. Of a secret it is the one that names its ARN in Secrets Manager.
    """
    written = {"publisher": {**settings, "type": publisher.value}, "mapping": {"inputs": "a"}}
    found = {}
    for problem in route_problems(written, _last):
        name, missing, what = problem.partition(_MISSING)
        if missing and name in PUBLISHERS[publisher].model_fields:
            found[name] = what
        name, missing, _ = problem.partition(_MISSING_SECRET)
        if missing and name in PUBLISHERS[publisher].secrets:
            found[spellings(name)[1]] = (
                f"the ARN of the secret in Secrets Manager that holds "
                f"{PUBLISHERS[publisher].model_fields[name].description}"
            )
    return found


def mistake(publisher: PublisherName, name: str, value: str) -> str:
    """Say what is wrong with a value of a publisher's setting; empty if nothing is."""
    written = {"type": publisher.value, name: value}
    return next(invalid(PUBLISHERS[publisher], written, (), _last), "")


def _last(place: Location) -> str:
    return str(place[-1])


def _check_name(name: str) -> None:
    if name in _OF_MAPPING:
        return
    having = [model for model in PUBLISHERS.values() if name in model.model_fields]
    if not having or name == "type":
        raise UsageError(f"--set {name}: there is no such setting.", "docs/routes.md lists them.")
    if any(name in model.secrets for model in having):
        raise UsageError(
            f"--set {name} would write a secret into the routes file.",
            f"Store it: aws secretsmanager create-secret --name NAME --secret-string ..., and give "
            f"its ARN: --set {spellings(name)[1]}=ARN",
        )
