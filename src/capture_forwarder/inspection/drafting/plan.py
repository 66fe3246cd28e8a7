"""Candidates and choices → the routes file as it will be written, checked as the function does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capture_forwarder.core.errors import UsageError
from capture_forwarder.inspection.drafting.candidates import Candidate
from capture_forwarder.inspection.drafting.choices import Choices, needed
from capture_forwarder.inspection.drafting.draft import RouteDraft, routes_text
from capture_forwarder.settings import PublisherName, RouteSettings
from capture_forwarder.settings.publishers import PUBLISHERS
from capture_forwarder.settings.routes_file import parse_routes


@dataclass(frozen=True)
class Draft:
    """A routes file that is ready to be written.

    Parameters
    ----------
    routes
        Its routes, in order.
    text
        Its text.
    settings
        The routes as the function reads them.
    """

    routes: tuple[RouteDraft, ...]
    text: str
    settings: tuple[RouteSettings, ...]


def mapped(candidates: Sequence[Candidate], place: str) -> list[Candidate]:
    """Keep the candidates of which routes can be made.

    Raises
    ------
    UsageError
        There is none.
    """
    found = [candidate for candidate in candidates if candidate.inspection.mapping is not None]
    if not found:
        raise UsageError(
            f"No call in {place} can be read as rows.",
            f"To see why: capture-forwarder inspect {place}",
        )
    return found


def check_choices(candidates: Sequence[Candidate], choices: Choices) -> dict[str, PublisherName]:
    """Make sure that everything is settled, and that every choice concerns a route.

    Returns
    -------
    dict
        Route → its publisher.

    Raises
    ------
    UsageError
        Lists what is missing, or concerns no route.
    """
    found = {one.name: choices.publisher_of(one.known_as) for one in candidates}
    publishers = {name: publisher for name, publisher in found.items() if publisher is not None}
    if open_ones := [name for name in found if name not in publishers]:
        raise UsageError(
            f"Where do the rows of {', '.join(open_ones)} go?",
            "Give --publisher NAME for all, or --publisher ROUTE:NAME for one: "
            f"{', '.join(PublisherName)}.",
        )
    routes = {one.name: (one.known_as, publishers[one.name]) for one in candidates}
    if unused := list(choices.unused(routes)):
        raise UsageError("\n".join(unused), "docs/routes.md lists the settings.")
    missing = [
        f"  --set {name}:{setting}=...  {what}"
        for name, (known_as, publisher) in routes.items()
        for setting, what in needed(publisher, choices.settings_of(known_as, publisher)).items()
    ]
    if missing:
        listed = "\n".join(missing)
        advice = "Leave `ROUTE:` out of what is the same for all."
        raise UsageError(f"Settings are missing:\n{listed}", advice)
    return publishers


def draft_of(candidates: Sequence[Candidate], choices: Choices, place: str, file: str) -> Draft:
    """Write the routes file.

    Parameters
    ----------
    candidates
        The routes, in order, each with a mapping.
    choices
        What is settled; see `check_choices`.
    place
        Where the capture files are.
    file
        The path of the routes file.

    Raises
    ------
    UsageError
        A choice is missing or concerns no route.
    SettingsError
        The routes would not pass the check; lists all mistakes.
    """
    publishers = check_choices(candidates, choices)
    routes = tuple(_route(one, publishers[one.name], choices) for one in candidates)
    text = routes_text(routes, place, file)
    return Draft(routes, text, parse_routes(text, file))


def _route(candidate: Candidate, publisher: PublisherName, choices: Choices) -> RouteDraft:
    given = choices.settings_of(candidate.known_as, publisher)
    # In the order in which docs/routes.md explains them.
    settings = {name: given[name] for name in PUBLISHERS[publisher].model_fields if name in given}
    return RouteDraft(candidate, publisher, settings, choices.mapping_of(candidate.known_as))
