"""Request and response of a call → the one pair of readings that is meant, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from capture_forwarder.core.inference import Unfound
from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.call import CapturedPayload
from capture_forwarder.parser.mapping.candidates import Candidate, Pair, best_pairs
from capture_forwarder.parser.mapping.payload import PayloadReader
from capture_forwarder.parser.rejected import RejectedError

_SETTLED_BY_A_PATH = frozenset({Reason.RECORD_COUNT_MISMATCH, Reason.COLUMN_COUNT_MISMATCH})
_SETTINGS = ("input_path", "output_path")


class Agreement:
    """Finds what both payloads of a call mean together.

    Parameters
    ----------
    readers
        What reads the request and what reads the response; None for one without columns.
    """

    def __init__(self, readers: Sequence[PayloadReader | None]) -> None:
        self._readers = readers

    def __call__(self, payloads: Sequence[CapturedPayload | None]) -> tuple[Pair, Sequence[Pair]]:
        """Choose a pair; the others are as good, and have to give the same rows.

        Raises
        ------
        RejectedError
            No pair is meant; the detail names a path that would settle it, if there is one.
        """
        request, response = (
            reader.candidates(payload) if reader else [None]
            for payload, reader in zip(payloads, self._readers, strict=True)
        )
        try:
            chosen, *others = best_pairs(request, response)
        except RejectedError as rejected:
            if rejected.reason in _SETTLED_BY_A_PATH:
                hint = self._hint(payloads, (request, response))
                raise RejectedError(rejected.reason, f"{rejected.detail}{hint}") from None
            raise
        if all(one is not None and one.headed for one in chosen):
            detail = (
                "The first row is text above numbers, as a header is; name the columns as it does "
                "and set csv_header to present (FORWARDER_CSV_HEADER=present)."
            )
            raise RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)
        return chosen, others

    def ambiguous(self, one: Pair, other: Pair) -> RejectedError:
        """Say that two pairs are equally good and give different rows."""
        paths = [
            f"{setting} {' or '.join(repr(path or '@') for path in (left.path, right.path))}"
            for setting, left, right in zip(_SETTINGS, one, other, strict=True)
            if left and right and left.path != right.path
        ]
        how = f": {', '.join(paths)}" if paths else ""
        detail = (
            f"The payloads can be read in more than one way; select the records by a path{how}."
        )
        return RejectedError(Reason.RECORD_COUNT_MISMATCH, detail)

    def _hint(
        self, payloads: Sequence[CapturedPayload | None], read: Sequence[Sequence[Candidate | None]]
    ) -> str:
        """Say what would make one payload fit the other as it is."""
        for at, (payload, reader) in enumerate(zip(payloads, self._readers, strict=True)):
            others = [one for one in read[1 - at] if one]
            counts = {one.count for one in others if one.rows is not None}
            if reader is None or (others and not counts):
                continue
            if hint := reader.hint(payload, counts):
                return hint
        return ""


def unfound(pair: Pair) -> Unfound | None:
    """The columns of a pair whose names are nowhere; None if there are none."""
    request, response = pair
    missing = [one.missing if one else frozenset[str]() for one in pair]
    if not any(missing):
        return None
    return Unfound(
        missing[0] | missing[1],
        request.offered if request else (),
        response.offered if response else (),
    )
