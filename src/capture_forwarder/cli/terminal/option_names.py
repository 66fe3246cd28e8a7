"""Settings in messages, named as the user of a command wrote them: by option or by variable."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.settings.variables import TWINS

_OPTIONS = {
    "FORWARDER_PUBLISHER": "--publisher",
    "FORWARDER_DUCKDB_PATH": "--database",
    "FORWARDER_FILES": "--files",
    "FORWARDER_FILES_FORMAT": "--files-format",
    "FORWARDER_ROUTES": "--routes",
    "FORWARDER_QUARANTINE": "--quarantine",
    "FORWARDER_LEDGER": "--ledger",
    "FORWARDER_INPUT_COLUMNS": "--inputs",
    "FORWARDER_OUTPUT_COLUMNS": "--outputs",
    "FORWARDER_TIMESTAMP_COLUMN": "--timestamp",
    "FORWARDER_EVENT_ID_COLUMN": "--event-id",
    "FORWARDER_METADATA_COLUMNS": "--metadata",
    "FORWARDER_INPUT_PATH": "--input-path",
    "FORWARDER_OUTPUT_PATH": "--output-path",
    "FORWARDER_CSV_HEADER": "--csv-header",
    "FORWARDER_LABEL_ID": "--id",
    "FORWARDER_LABEL_COLUMNS": "--columns",
    "FORWARDER_LABEL_TIME": "--time",
    "FORWARDER_LABEL_INFERENCES": "--table",
}
_VARIABLE = re.compile(r"([A-Z]+(?:_[A-Z]+)+)(?:=(\w+))?")


def as_options(variables: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Write variables as options.

    Parameters
    ----------
    variables
        Variable → value.

    Returns
    -------
    tuple
        The words of a command line, and the variables for which there is no option.
    """
    ours = {theirs: own for own, theirs in TWINS.items()}
    words: list[str] = []
    others = {}
    for variable, value in variables.items():
        option = _OPTIONS.get(ours.get(variable, variable))
        if option is None:
            others[variable] = value
        else:
            words += [option, value]
    return words, others


class OptionNames:
    """Names settings by the options of a command.

    Parameters
    ----------
    given
        Variable → what its option says, None where it was not typed; of all options that the
        command has.
    environment
        The variables that are set besides; the process's own by default.
    """

    def __init__(
        self, given: Mapping[str, str | None], environment: Mapping[str, str] | None = None
    ) -> None:
        source = os.environ if environment is None else environment
        self._names: dict[str, str] = {}
        self._options: dict[str, str] = {}
        for variable, value in given.items():
            option = _OPTIONS.get(variable)
            for name in filter(None, (variable, TWINS.get(variable))):
                if option is not None:
                    self._options[name] = option
                if option is not None and value is not None:
                    self._names[name] = option
                elif option is not None and not source.get(name, "").strip():
                    self._names[name] = f"{option} ({name})"

    def __call__(self, text: str) -> str:
        """Name the settings in a message: by the option that was typed or would set them."""
        return _VARIABLE.sub(self._spelled, text)

    def _spelled(self, found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        if value is not None:
            return f"{self._options[name]} {value}" if name in self._options else found[0]
        return self._names.get(name, name)

    @contextmanager
    def in_errors(self) -> Iterator[None]:
        """Name settings so in what is wrong with them.

        Raises
        ------
        SettingsError
            The one of the block, in other words.
        """
        try:
            yield
        except SettingsError as error:
            problems = list(map(self, error.problems))
            if problems == list(error.problems):
                raise
            renamed = SettingsError(problems)
            renamed.advice = error.advice
            raise renamed from error
