"""Fiddler's API, as far as updating events uses it."""

from __future__ import annotations

from .fiddler import FiddlerServer, Stored
from .server import Row


class FiddlerLabelServer(FiddlerServer):
    """Fiddler whose publish requests are updates; see `FiddlerServer`."""

    @property
    def published_ids(self) -> list[str]:
        """The ids of the updates, known to the platform or not."""
        return [str(update["event_id"]) for update in self.updates]

    def labels(self) -> dict[str, Row]:
        """The events that were updated, as they are now: an unknown id has changed nothing."""
        events = {str(event["event_id"]): dict(event) for event in self.events}
        for update in self.updates:
            name = str(update["event_id"])
            if name in events:
                targets = {key: value for key, value in update.items() if key in self._targets}
                events[name].update(targets)
        return events

    @property
    def _targets(self) -> set[str]:
        return {name for model in self._models.values() for name in model.targets}

    def add_events(self, *events: Row) -> None:
        """Have events stored already."""
        with self.lock:
            self.stored.append(Stored(0, "", "PRODUCTION", is_update=False, events=events))
