"""The columns whose names are in no record of a whole file, which a typo in the mapping does."""

from __future__ import annotations

from capture_forwarder.core.inference import ParsedLine, Unfound


class NeverFound:
    """Gathers, line by line, what was never found; costs nothing once everything was.

    Examples
    --------
    ::

        never = NeverFound()
        for parsed in lines:
            never.add(parsed)
        for sentence in never.sentences():
            warn(sentence)
    """

    def __init__(self) -> None:
        self._unfound: Unfound | None = None
        self._over = False

    def add(self, parsed: ParsedLine) -> None:
        """Take account of a line, or of several alike, that holds inferences."""
        if self._over or not parsed.inferences:
            return
        now, before = parsed.unfound, self._unfound
        if now is None:
            self._unfound, self._over = None, True
        elif before is None:
            self._unfound = now
        else:
            columns = now.columns & before.columns
            self._over = not columns
            self._unfound = Unfound(columns, now.request, now.response) if columns else None

    def found_all(self) -> None:
        """Take account of lines that surely have every column, as plain numbers do."""
        self._unfound, self._over = None, True

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that no line so far has had."""
        return tuple(sorted(self._unfound.columns)) if self._unfound else ()

    def sentences(self) -> list[str]:
        """Say which columns were never found, and what the payloads have in their place."""
        if self._unfound is None:
            return []
        named = (("request", self._unfound.request), ("response", self._unfound.response))
        offered = [f"the {name} has {', '.join(names)}" for name, names in named if names]
        what = f"; {' and '.join(offered)}" if offered else ""
        return [f"`{column}` was never found{what}." for column in self.columns]
