"""Help in the words of the person who types: nothing shows a type of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from capture_forwarder.settings.nearest import meant

# Typer brings a click of its own, and none of its names is public.
_Context = Any
_Parameter = Any


class PlainArgument(TyperArgument):
    """An argument whose help has its name and what it is, and no type."""

    def get_usage_pieces(self, ctx: _Context) -> list[str]:
        """Write it as `NAME`, `NAME...`, `[NAME]` or `[NAME...]`."""
        del ctx
        name = str(self.metavar or self.name) + ("..." if self.nargs != 1 else "")
        return [name if self.required else f"[{name}]"]

    def display_type_rich(self, ctx: _Context) -> None:
        """Show no type."""
        del ctx


class PlainOption(TyperOption):
    """An option that says in words which numbers or words it takes."""

    def process_value(self, ctx: _Context, value: object) -> Any:  # noqa: ANN401 - Typer's own
        """Check what was typed.

        Raises
        ------
        BadParameter
            It is not what the option takes.
        """
        try:
            return super().process_value(ctx, value)
        except typer.BadParameter as error:
            error.message = self._wrong(value) or error.message
            raise

    def _wrong(self, value: object) -> str:
        """Say what the option takes instead; nothing where Typer says it well enough."""
        if numbers := self._get_number_range_help_str():
            return f"{value} is not what it takes: {numbers}."
        choices = self.type_descriptor.choices or ()
        words = [str(getattr(choice, "value", choice)) for choice in choices]
        return f"{value!r} is none of {', '.join(words)}{meant(value, words)}" if words else ""

    def _get_number_range_help_str(self) -> str | None:
        match self.min, self.max:
            case None, None:
                return None
            case None, most:
                return f"up to {most:g}"
            case least, None:
                return f"{least:g} or more"
            case least, most:
                return f"{least:g} to {most:g}"


class PlainCommand(TyperCommand):
    """A command whose help shows no type of Python."""

    def get_params(self, ctx: _Context) -> list[_Parameter]:
        """Return its parameters, with the option for help."""
        return list(map(_plain, super().get_params(ctx)))


class PlainGroup(TyperGroup):
    """A group of commands whose help shows no type of Python."""

    def get_params(self, ctx: _Context) -> list[_Parameter]:
        """Return its parameters, with the options for help and completion."""
        return list(map(_plain, super().get_params(ctx)))


class PlainTyper(typer.Typer):
    """Typer's collection of commands, all of them with plain help.

    Parameters
    ----------
    cls
        The class of the group.
    settings
        Typer's own.
    """

    def __init__(self, *, cls: type[TyperGroup] = PlainGroup, **settings: Any) -> None:  # noqa: ANN401 - Typer's own
        super().__init__(cls=cls, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[..., Any]:  # noqa: ANN401 - Typer's own
        """Make a function a command, as Typer does."""
        return super().command(name, cls=PlainCommand, **settings)


def _plain(parameter: _Parameter) -> _Parameter:
    """Have help show a parameter's name alone, unless we say what to type."""
    # Typer makes parameters by itself, and of no classes but its own.
    if isinstance(parameter, TyperArgument):
        parameter.__class__ = PlainArgument
    elif isinstance(parameter, TyperOption):
        parameter.__class__ = PlainOption
        if parameter.metavar is None and parameter.is_flag:
            parameter.metavar = ""
    return parameter
