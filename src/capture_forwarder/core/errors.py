"""Everything that can go wrong, as types that carry the facts and what to do.

No message here ever holds a token, a header or a value of a row: these texts go to the log.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from capture_forwarder.core.extras import Extra, install_command
from capture_forwarder.core.report import FileReport


class ForwarderError(Exception):
    """Base of all errors that this package raises on purpose.

    Parameters
    ----------
    message
        What went wrong and where.
    advice
        What the reader can do about it; empty when there is nothing to do but to try again.
    """

    report: FileReport | None = None
    """What had been brought to an end of the file that failed, where that is known."""

    permanent = False
    """Whether trying again, with nothing changed, is sure to fail in the same way."""

    def __init__(self, message: str, advice: str = "") -> None:
        self.message = message
        self.advice = advice
        super().__init__(f"{message} {advice}".strip())

    def reword(self, change: Callable[[str], str]) -> None:
        """Change the advice, for a reader who knows settings by other names.

        Parameters
        ----------
        change
            The advice → the advice in the reader's own words.
        """
        self.advice = change(self.advice)
        self.args = (f"{self.message} {self.advice}".strip(),)


class SettingsError(ForwarderError):
    """One or more settings are wrong; `problems` holds one sentence for each of them."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        listing = "\n".join(f"  - {problem}" for problem in self.problems)
        several = "setting" if len(self.problems) == 1 else "settings"
        super().__init__(f"{len(self.problems)} {several} cannot be used:\n{listing}")


class MissingExtraError(SettingsError):
    """What a setting asks for needs a library that an extra of this package installs.

    Parameters
    ----------
    purpose
        What needs it, as the beginning of a sentence.
    library
        The distribution that is missing.
    extra
        The extra that installs it.
    """

    def __init__(self, purpose: str, library: str, extra: Extra) -> None:
        todo = f"install it with: {install_command(extra)}"
        super().__init__([f"{purpose} needs {library}, which is not installed; {todo}"])


class UsageError(ForwarderError):
    """Somebody asked for something that cannot work, such as a folder that is not there."""


class UnknownEventError(ForwarderError):
    """The function was invoked with an event, or a message in it, of no known shape."""

    permanent = True


class CaptureFileError(ForwarderError):
    """A capture object could not be read to its end."""

    def __init__(self, message: str, advice: str = "", *, permanent: bool = False) -> None:
        self.permanent = permanent
        super().__init__(message, advice)


class LedgerError(ForwarderError):
    """The ledger could not be read or written; what is delivered is not known for sure."""


class CaptureFileBusyError(ForwarderError):
    """Another invocation works on this object and route; it holds the lease."""


class LeaseLostError(ForwarderError):
    """Another invocation took over this object and route; this one must not publish any more."""


class AccountingError(ForwarderError):
    """What went out of a file is not what came in: a fault of this package."""


class ContinuationError(ForwarderError):
    """The rest of a capture file could not be handed to a later invocation."""


class OutOfTimeError(ForwarderError):
    """The invocation's time is up before the file's end; how far it is done is saved."""


class NoProgressError(ForwarderError):
    """The invocation's time is up, and nothing of the file was brought to an end in it."""


class FileHeldError(ForwarderError):
    """A capture file is held, since what would be sent of it or was refused looks wrong as a whole.

    Nothing of it is lost: its message goes back to the queue, and in the end to the dead letters.
    """


class QuarantineError(ForwarderError):
    """Rejected lines could not be put where nothing gets lost."""


class QueueError(ForwarderError):
    """A queue cannot be read or written."""


class AccountError(ForwarderError):
    """AWS could not be asked about the account, or did not do what a command asked for.

    Parameters
    ----------
    code
        AWS's code for the error; without an answer, the name of the client's error.
    """

    def __init__(self, message: str, advice: str = "", *, code: str = "") -> None:
        self.code = code
        super().__init__(message, advice)


class NotAllowedError(AccountError):
    """The caller may not do that; `action` is the IAM action to allow."""

    def __init__(self, message: str, advice: str = "", *, code: str = "", action: str) -> None:
        self.action = action
        super().__init__(message, advice, code=code)


class ChangedMeanwhileError(ForwarderError):
    """What a command was about to change is no longer as it was; nothing was changed."""


class UpdateFailedError(ForwarderError):
    """An endpoint did not take a new configuration; the message says what it runs now."""


class FileStoreError(ForwarderError):
    """Files of rows, baselines or reports cannot be listed, read or written."""


class SignalError(ForwarderError):
    """Nobody could be told what a check has found."""


class PublishError(ForwarderError):
    """A batch was not accepted by the platform; nothing of it counts as published."""

    requests = 0
    """How many requests were made for the batch in vain, where that is known."""


class PlatformUnavailableError(PublishError):
    """The platform could not be reached, is busy or answered nonsense: worth another try.

    `retry_after` is the number of seconds that the platform asked to wait, if it did; `timed_out`
    says that it took the request and did not answer in time, which fewer rows may help;
    `may_be_a_row`, that a row which the request carried may be what it fails at. What it said is
    its `platform_message`, which belongs in quarantine and never into a log.
    """

    def __init__(  # noqa: PLR0913 - what is known of the failure
        self,
        message: str,
        advice: str = "",
        *,
        retry_after: float | None = None,
        timed_out: bool = False,
        may_be_a_row: bool = False,
        platform_message: str = "",
    ) -> None:
        self.retry_after = retry_after
        self.timed_out = timed_out
        self.may_be_a_row = may_be_a_row or timed_out
        self.platform_message = platform_message
        super().__init__(message, advice)


class CredentialsRefusedError(PublishError):
    """The platform does not accept the token, not even one read afresh from its secret."""


class PublisherMisconfiguredError(PublishError):
    """The platform knows the caller and says no: wrong model, missing rights, unknown columns."""


class BatchRefusedError(PublishError):
    """The platform refused what a batch holds: status 400, 413 or 422.

    `platform_message` is what it said. It may quote values, so it belongs in quarantine
    and never into a log.
    """

    def __init__(self, message: str, advice: str = "", *, platform_message: str = "") -> None:
        self.platform_message = platform_message
        super().__init__(message, advice)


class BatchTooLargeError(BatchRefusedError):
    """A batch of several inferences is more than one request may hold: status 413, or encoded.

    It says nothing against what the batch holds: its halves are sent.
    """


class UnexpectedError(ForwarderError):
    """A fault of this package: it names the type and the code, since a text may quote data."""

    def __init__(self, what: str, error: Exception) -> None:
        where = code_position(error)
        message = f"{what} failed by {type(error).__name__}{where}, which nobody expected."
        super().__init__(message, "Please report it; the delivery is tried again.")


class CaptureFilesFailedError(ForwarderError):
    """Some capture files of an event failed, and its source only understands success or failure."""


def code_position(error: BaseException) -> str:
    """Say where in the code an error arose, as ` at file.py:12`; empty if nobody knows."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
