"""The text of `samconfig.toml` → the same with other parameters; all else stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from capture_forwarder.core.errors import UsageError
from capture_forwarder.setup.sam.overrides import read_overrides, replaced

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_OVERRIDES = "parameter_overrides"
_QUESTIONS = ("confirm_changeset", "guided")
_START = 'version = 0.1\n\n[default.deploy.parameters]\ncapabilities = "CAPABILITY_IAM"\n'


@dataclass(frozen=True)
class SamSettings:
    """What `sam deploy` is to do.

    Parameters
    ----------
    parameters
        The template's parameters that change.
    options
        Options of `sam build` and `sam deploy` alike, such as `stack_name` and `region`.
    """

    parameters: Mapping[str, str]
    options: Mapping[str, str]


@dataclass(frozen=True)
class SamConfig:
    """A changed `samconfig.toml`.

    Parameters
    ----------
    text
        Its text.
    replaced
        The parameters and options that had another value: name → old value.
    """

    text: str
    replaced: Mapping[str, str]


def stack_in(text: str) -> str | None:
    """The name of the stack that `sam deploy` would deploy; None if the file has none.

    Raises
    ------
    UsageError
        The text is not that of a `samconfig.toml`.
    """
    name = _settings(_read(text)).get("stack_name")
    return None if name is None else str(name)


def overrides_in(text: str) -> dict[str, str]:
    """The template's parameters that `sam deploy` would set: name → value.

    Raises
    ------
    UsageError
        The text is not that of a `samconfig.toml`.
    """
    return _all_overrides(_settings(_read(text)))


def change_sam_config(text: str, settings: SamSettings) -> SamConfig:
    """Change what `sam deploy` does, so that it asks nothing more.

    The overrides are written where `sam deploy` reads them: those of its own section take the
    place of the ones that all commands share. Source: `SamConfig.get_all` in the SAM CLI.

    Parameters
    ----------
    text
        The file's text; empty for a new file.
    settings
        What is to be there afterwards.

    Raises
    ------
    UsageError
        The text is not that of a `samconfig.toml`, or a value cannot be written there.
    """
    document = _read(text or _START)
    before = _settings(document)
    old = _all_overrides(before)
    changed = {
        name: old[name] for name, new in settings.parameters.items() if old.get(name, new) != new
    } | {
        name: str(before[name])
        for name, new in settings.options.items()
        if str(before.get(name, new)) != new
    }
    shared, own = _section(document, "global"), _section(document, "deploy")
    _override(own if _OVERRIDES in own else shared, dict(settings.parameters))
    for section, names in ((own, settings.options), (shared, _QUESTIONS)):
        for name in names:
            section.pop(name, None)
    shared.update(settings.options)
    own.pop("guided", None)
    own["confirm_changeset"] = False
    if "s3_bucket" not in before:
        own["resolve_s3"] = True
    if "capabilities" not in before:
        own["capabilities"] = "CAPABILITY_IAM"
    return SamConfig(document.as_string(), changed)


def _read(text: str) -> TOMLDocument:
    import tomlkit  # noqa: PLC0415 - takes its time
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        document = tomlkit.parse(text)
        _settings(document)
        if text and not isinstance(document.get("version"), float):
            raise TypeError("it needs version = 0.1")  # noqa: TRY301 - as the SAM CLI refuses it
    except (TOMLKitError, AttributeError, TypeError) as error:
        problem = "This is not a samconfig.toml that can be changed."
        raise UsageError(
            problem, f"Correct it, or name another file by --sam-config. {error}"
        ) from error
    return document


def _settings(document: Mapping[str, Any]) -> dict[str, Any]:
    """What `sam deploy` reads: its own section before the shared one."""
    found: dict[str, Any] = {}
    for command in ("global", "deploy"):
        found.update(document.get("default", {}).get(command, {}).get("parameters", {}))
    return found


def _all_overrides(settings: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in _items(settings.get(_OVERRIDES, [])):
        found.update(read_overrides(item))
    return found


def _items(written: object) -> list[str]:
    if isinstance(written, str):
        return [written]
    return [str(item) for item in written] if isinstance(written, list) else []


def _section(document: MutableMapping[str, Any], command: str) -> MutableMapping[str, Any]:
    """The parameters of a command, made if they are not there."""
    import tomlkit  # noqa: PLC0415

    inner: MutableMapping[str, Any] = document
    for name in ("default", command):
        inner = inner.setdefault(name, tomlkit.table(is_super_table=True))
    section: MutableMapping[str, Any] = inner.setdefault("parameters", tomlkit.table())
    return section


def _override(section: MutableMapping[str, Any], changes: dict[str, str]) -> None:
    """Change overrides in place, so that comments between them stay."""
    import tomlkit  # noqa: PLC0415
    from tomlkit.items import Array  # noqa: PLC0415

    written = section.get(_OVERRIDES)
    items = replaced(_items(written), changes)
    if not isinstance(written, Array):
        section[_OVERRIDES] = tomlkit.array()
        written = section[_OVERRIDES]
    for number, item in enumerate(items):
        if number == len(written):
            written.append(item)
        elif written[number] != item:
            written[number] = item
    del written[len(items) :]
    if "\n" not in written.as_string():
        written.multiline(multiline=True)
