"""What ``import pandas`` finds inside the Lambda package.

fiddler-client imports pandas when it is itself imported and names ``DataFrame`` in an annotation,
but uses neither unless it is handed a data frame, which a forwarder that streams rows never does.
pandas with numpy and pyarrow is 270 MB, more than Lambda takes, so the build puts this module in
its place under the name ``pandas``.
"""

from __future__ import annotations

from typing import NoReturn


class PandasLeftOutError(ImportError):
    """Something asked pandas for more than to be importable.

    Parameters
    ----------
    attribute
        The name that was looked up in ``pandas``.

    Attributes
    ----------
    attribute : str
        The same name.
    """

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute
        super().__init__(
            f"pandas.{attribute} was used, but the Capture Forwarder's Lambda package carries a "
            "stand-in for pandas: with numpy and pyarrow the real one does not fit into Lambda's "
            "250 MB. Hand fiddler-client a list of dictionaries (Model.publish_stream) in place of "
            "a DataFrame, or run this code where pandas is installed.",
            name="pandas",
        )


class _LeftOut(type):
    """The type of a class that can be named and tested for, and nothing else."""

    def __getattr__(cls, attribute: str) -> NoReturn:
        if attribute.startswith("__"):
            message = f"type object {cls.__name__!r} has no attribute {attribute!r}"
            raise AttributeError(message)
        raise PandasLeftOutError(f"{cls.__name__}.{attribute}")

    def __call__(cls, *_args: object, **_keywords: object) -> NoReturn:
        raise PandasLeftOutError(cls.__name__)


class DataFrame(metaclass=_LeftOut):
    """What fiddler-client names in an annotation and in ``isinstance``: nothing is one."""


def __getattr__(attribute: str) -> NoReturn:
    """Refuse every name that pandas would have.

    Parameters
    ----------
    attribute
        The name that was looked up.

    Raises
    ------
    AttributeError
        For ``__names__`` of Python's own protocols, which ``hasattr`` must be able to ask for.
    PandasLeftOutError
        For every other name.
    """
    if attribute.startswith("__"):
        message = f"module {__name__!r} has no attribute {attribute!r}"
        raise AttributeError(message)
    raise PandasLeftOutError(attribute)
