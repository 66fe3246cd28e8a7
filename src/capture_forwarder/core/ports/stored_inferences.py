"""Inferences that were stored before, found by their ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from capture_forwarder.core.inference import Row


class StoredInferences(Protocol):
    """Inferences in a store of ours, for labels that come later."""

    def find(self, ids: Collection[str]) -> Mapping[str, Row]:
        """Find the rows of some inferences, by id; of those that are not there, none.

        Raises
        ------
        PublishError
            The store cannot be read.
        """
        ...
