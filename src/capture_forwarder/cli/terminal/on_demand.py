"""Commands whose modules are imported when they run, or when the help lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple, cast

from typer.core import TyperGroup
from typer.main import get_command

from capture_forwarder.cli.terminal.plain_help import PlainGroup, PlainTyper

# Typer may bring a click of its own.
_Command = Any

SETTINGS: Mapping[str, Any] = {
    "no_args_is_help": True,
    "rich_markup_mode": "markdown",
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
"""What all commands have in common."""


class Place(NamedTuple):
    """Where a command is.

    Parameters
    ----------
    module
        Its module, below `capture_forwarder.cli`.
    function
        The function that runs it; None where the module has an `app` with commands of its own.
    help_text
        The module's name for its help.
    """

    module: str
    function: str | None = None
    help_text: str = "HELP"

    def load(self, name: str) -> _Command:
        """Import the command, and give it its name."""
        module = import_module(f"capture_forwarder.cli.{self.module}")
        group = PlainTyper(callback=_nothing, **SETTINGS)
        if self.function is None:
            group.add_typer(module.app, name=name)
        else:
            told = getattr(module, self.help_text)
            group.command(name, help=told)(getattr(module, self.function))
        made: _Command = get_command(group)
        return made.commands[name]


def _nothing() -> None:
    """Make a group of a single command, too."""


class _Commands(Mapping[str, _Command]):
    """Name → command, which is loaded when somebody asks for it."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = dict(places)
        self._loaded: dict[str, _Command] = {}

    def __getitem__(self, name: str) -> _Command:
        if name not in self._loaded:
            self._loaded[name] = self._places[name].load(name)
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def group_of(places: Mapping[str, Place]) -> type[TyperGroup]:
    """Make the class of a group of commands, in the order of `--help`."""

    class OnDemandGroup(PlainGroup):
        def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - Typer's own
            super().__init__(**settings)
            self.commands = cast("Any", _Commands(places))  # only ever read

        def list_commands(self, ctx: _Command) -> list[str]:
            del ctx
            return list(self.commands)

    return OnDemandGroup
