"""What makes a function's cold start shorter; called before everything else is imported."""

from __future__ import annotations

import gc
import os
import warnings

from capture_forwarder.core.postponed import postpone

# Imported by botocore, requests, pydantic and others, and used by none of them here: to read a
# configuration file, to unpack certificates, to look for further packages, to read a date, to ask
# a program for credentials, to name a host in other letters than ASCII's, to be given a cookie, to
# copy files, to wait for several sockets, to guess what a file holds, to search XML, and more.
_UNUSED: dict[str, tuple[str, ...]] = {
    "configparser": (),
    "zipfile": (),
    "importlib.metadata": ("entry_points", "version"),
    "dateutil.tz": ("tzlocal", "tzutc"),
    "dateutil.parser": ("parse",),
    "subprocess": ("Popen",),
    "idna": (),
    "calendar": ("timegm",),
    "http.cookies": ("Morsel",),
    "shutil": (),
    "selectors": (),
    "mimetypes": (),
    "email.header": (),
    "xml.etree.ElementPath": (),
    "botocore.monitoring": (),
    "botocore.retries.adaptive": (),
    "botocore.waiter": (),
}


def shorten_cold_start() -> None:
    """Spare the process what a function does not need, from here on."""
    collect_garbage_seldom()  # most of a cold start is imports, so this comes before them
    for name, callables in _UNUSED.items():
        postpone(name, callables=callables)
    # requests has no need of what guesses a text's encoding, which the package leaves out, but
    # says so.
    warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def collect_garbage_seldom() -> None:
    """Have Python look for cycles less often.

    Rows are many, short-lived and in no cycles, and modules stay for good: looking at them again
    and again would take a tenth of a cold start and of all work after it.
    """
    gc.set_threshold(100_000)


def keep_for_good() -> None:
    """Leave all that exists now out of every later garbage collection."""
    gc.freeze()
