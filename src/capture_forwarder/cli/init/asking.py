"""What `init` asks at a terminal; without one, everything has to be said by options."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import typer

from capture_forwarder.cli.terminal.console import ERR, complain, number_of, say
from capture_forwarder.inspection.drafting.candidates import Candidate
from capture_forwarder.inspection.drafting.choices import Choices, mistake, needed
from capture_forwarder.inspection.drafting.draft import counted
from capture_forwarder.parser import ColumnMapping, comma_list, parse_columns
from capture_forwarder.settings import PublisherName

# Settings that each route has of its own; of others, the last answer is proposed again.
_OF_ONE_MODEL = frozenset(
    {
        *("model_uuid", "model_id", "data_set_id", "subscription_id", "deployment_id", "place"),
        *("application_id", "experiment_id", "task_id"),
    }
)


class Asking:
    """Asks for what is open.

    Parameters
    ----------
    asks
        Whether somebody is there to answer.
    """

    def __init__(self, *, asks: bool) -> None:
        self._asks = asks
        self._last: dict[str, str] = {}

    @classmethod
    def at_terminal(cls, *, as_json: bool) -> Asking:
        """Ask if a person sits at the terminal."""
        return cls(asks=sys.stdin.isatty() and not as_json)

    def settle(self, routes: Sequence[Candidate], choices: Choices) -> tuple[Choices, bool]:
        """Ask for publishers, their settings and names of columns, as far as they are open.

        Returns
        -------
        tuple
            The choices, and whether columns were named.
        """
        if not self._asks:
            return choices, False
        named = False
        for route in routes:
            choices = self._publisher(route, choices)
            choices, renamed = self._columns(route, choices)
            named = named or renamed
            choices = self._settings(route, choices)
        return choices, named

    def may_replace(self, told: Sequence[str]) -> bool:
        """Ask whether something may be replaced; no without a terminal."""
        if not self._asks:
            return False
        for sentence in told:
            say(sentence, to=ERR, style="yellow")
        return typer.confirm("Replace it? A copy is kept.", err=True)

    def _publisher(self, route: Candidate, choices: Choices) -> Choices:
        if choices.publisher_of(route.known_as) is not None:
            return choices
        say(f"\n{route.about}: {counted(route.inspection)}.", to=ERR, style="bold")
        for note in route.inspection.notes:
            say(f"  {note}", to=ERR, style="dim")
        words = ", ".join(PublisherName)
        default = self._last.get("publisher", PublisherName.FIDDLER.value)
        while True:
            answer = self._ask(f"Where do its rows go? ({words})", default)
            if answer in set(PublisherName):
                self._last["publisher"] = answer
                key = route.known_as[-1]
                publishers = {**choices.publishers, key: PublisherName(answer)}
                return replace(choices, publishers=publishers)
            complain(f"{answer} is none of them.")

    def _columns(self, route: Candidate, choices: Choices) -> tuple[Choices, bool]:
        """Ask for the names of values that have only a place."""
        mapping, made_up = route.inspection.mapping, set(route.inspection.made_up)
        if mapping is None or not made_up:
            return choices, False
        named = False
        for side, word in (("inputs", "request"), ("outputs", "response")):
            names = [column.name for column in getattr(mapping, side)]
            if made_up.isdisjoint(names):
                continue
            columns = number_of(len(names), "column", "columns")
            question = f"Names for the {columns} of the {word}, in this order"
            while True:
                answer = self._ask(question, comma_list(names))
                if problem := _problem(answer, len(names)):
                    complain(problem)
                    continue
                break
            choices, named = _with(choices, route, side, answer), True
        return choices, named

    def _settings(self, route: Candidate, choices: Choices) -> Choices:
        publisher = choices.publisher_of(route.known_as)
        while publisher and (
            missing := needed(publisher, choices.settings_of(route.known_as, publisher))
        ):
            for name, what in missing.items():
                known = None if name in _OF_ONE_MODEL else self._last.get(f"{publisher}.{name}")
                answer = self._ask(f"{name}: {what}", known)
                if problem := mistake(publisher, name, answer):
                    complain(problem)
                    break
                self._last[f"{publisher}.{name}"] = answer
                choices = _with(choices, route, name, answer)
        return choices

    @staticmethod
    def _ask(question: str, default: str | None) -> str:
        answer: str = typer.prompt(question, default=default, err=True)
        return answer.strip()


def _with(choices: Choices, route: Candidate, name: str, value: str) -> Choices:
    key = route.known_as[-1]
    own = {**choices.settings.get(key, {}), name: value}
    return replace(choices, settings={**choices.settings, key: own})


def _problem(answer: str, count: int) -> str:
    try:
        columns = parse_columns(answer)
    except ValueError as error:
        return str(error)
    if len(columns) != count:
        return f"These are {len(columns)} names, and there are {count} values."
    if repeated := ColumnMapping(inputs=columns).duplicates():
        return f"Names must be unique, but these come twice: {', '.join(repeated)}."
    return ""
