"""The usage blocks of command.md, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from enum import EnumMeta
from typing import Any, get_args, get_type_hints

import typer.main

from capture_forwarder.cli.app import app
from docs.generate.tables import table

NAME = "capture-forwarder"
_MAPPING = "mapping options"
_NONE = "-"

# Typer may bring a click of its own, so what a command is made of is asked for by attribute.
Command = Any
Parameter = Any


def commands() -> Iterator[tuple[str, Command]]:
    """Each command that does something, with its words, in the order of `--help`."""
    yield from _below("", typer.main.get_command(app))


def _below(words: str, command: Command) -> Iterator[tuple[str, Command]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
    else:
        for name, one in inner.items():
            yield from _below(f"{words} {name}".strip(), one)


def usage(words: str) -> str:
    """Write the usage line of a command, and a table of its arguments and options.

    Parameters
    ----------
    words
        The command's words; or `mapping options`, for the options that several commands share.
    """
    if words == _MAPPING:
        command = dict(commands())["inspect"]
        return _table(command, [one for one in _shown(command) if _in_panel(one)])
    command = dict(commands())[words]
    shown = _shown(command)
    arguments = [one for one in shown if not _is_option(one)]
    options = [one for one in shown if _is_option(one)]
    needed = [f"{one.opts[0]} {_value(one)}" for one in options if one.required]
    line = " ".join([NAME, words, *map(_argument, arguments), *needed, "[OPTIONS]"])
    if not shown:
        line = line.removesuffix(" [OPTIONS]")
    block = f"```\n{line}\n```\n"
    rows = [one for one in [*arguments, *options] if not _in_panel(one)]
    if rows:
        block += f"\n{_table(command, rows)}"
    if any(map(_in_panel, shown)):
        block += "\nThe [mapping options](#mapping-options) as well.\n"
    return block


def _table(command: Command, parameters: list[Parameter]) -> str:
    choices = _choices(command)
    return table(
        ("Argument or option", "What it is", "Default"),
        [
            (f"`{_spelled(one)}`", f"{one.help or ''}{choices.get(one.name, '')}", _default(one))
            for one in parameters
        ],
    )


def _shown(command: Command) -> list[Parameter]:
    return [one for one in command.params if not one.hidden]


def _in_panel(parameter: Parameter) -> bool:
    """Whether it is one of the mapping options, which several commands have."""
    return getattr(parameter, "rich_help_panel", None) is not None


def _choices(command: Command) -> dict[str, str]:
    """Each parameter that takes one of several words → a sentence that lists them."""
    found = {}
    told = {one.name: one.help or "" for one in command.params}
    for name, hint in get_type_hints(command.callback).items():
        for kind in (hint, *get_args(hint)):
            if isinstance(kind, EnumMeta):
                values = [str(member.value) for member in kind]  # type: ignore[var-annotated]
                if ", ".join(values) not in told.get(name, ""):
                    words = ", ".join(f"`{value}`" for value in values)
                    found[name] = f" One of {words}."
    return found


def _is_option(parameter: Parameter) -> bool:
    return bool(parameter.opts[0].startswith("-"))


def _spelled(parameter: Parameter) -> str:
    if not _is_option(parameter):
        return _metavar(parameter)
    return f"{parameter.opts[0]} {_value(parameter)}".rstrip()


def _metavar(argument: Parameter) -> str:
    return str(argument.metavar or argument.name).rstrip(".").upper()


def _argument(argument: Parameter) -> str:
    name = _metavar(argument) + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _value(option: Parameter) -> str:
    if option.is_flag:
        return ""
    number = isinstance(option.default, int) or option.name == "limit"
    return str(option.metavar or ("N" if number else option.name.upper()))


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "needed"
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    if not _is_option(parameter) or parameter.is_flag or parameter.default is None:
        return _NONE
    return f"`{parameter.default}`"
