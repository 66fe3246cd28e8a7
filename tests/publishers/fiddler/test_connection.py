"""What of fiddler-client is imported to connect, and that all of it is there for who asks."""

from __future__ import annotations

import pytest

from tests.support.fresh_process import run

CONNECT = """
import sys
from capture_forwarder.publishers.fiddler import connection as fiddler_connection

fiddler_connection._connection_type(None)
"""


def test_connecting_imports_neither_pandas_nor_the_rest_of_the_client() -> None:
    printed = run(f"{CONNECT}\nprint(*sys.modules, sep='\\n')")
    assert {"fiddler", "fiddler.connection", "fiddler.libs.http_client"} <= set(printed)
    assert not {"pandas", "fiddler.entities", "fiddler.entities.model"} & set(printed)


def test_whoever_imports_the_client_afterwards_has_all_of_it() -> None:
    printed = run(
        f"{CONNECT}\n"
        "import fiddler, fiddler.utils.logger\n"
        "from fiddler import Connection, Model\n"
        "connected = sys.modules['fiddler.connection'].Connection\n"
        "print(Model.__name__, Connection is connected, type(fiddler).__name__, fiddler.__name__)\n"
        "print(fiddler.connection.Connection is connected, hasattr(fiddler, 'NoSuchName'))"
    )
    assert printed == ["Model True module fiddler", "True False"]


def test_asking_whether_the_client_has_one_of_pythons_own_names_imports_nothing() -> None:
    printed = run(
        f"{CONNECT}\n"
        "print(hasattr(sys.modules['fiddler'], '__wrapped__'), 'fiddler.entities' in sys.modules)"
    )
    assert printed == ["False False"]


def test_a_client_that_is_there_already_is_used() -> None:
    printed = run(
        f"import fiddler\n{CONNECT}\n"
        "kind = fiddler_connection._connection_type(None)\n"
        "print(issubclass(kind, fiddler.Connection), type(sys.modules['fiddler']).__name__)"
    )
    assert printed == ["True module"]


@pytest.mark.parametrize("missing", ["fiddler.connection", "fiddler.libs.http_client"])
def test_a_client_that_cannot_be_imported_is_named_and_how_to_install_what_fits(
    missing: str,
) -> None:
    printed = run(
        "import sys\n"
        f"sys.modules['{missing}'] = None\n"
        "from capture_forwarder.core.errors import PublisherMisconfiguredError\n"
        "from capture_forwarder.publishers.fiddler.connection import connect\n"
        "try:\n"
        "    connect('http://127.0.0.1:9', 'token', timeout=(1.0, 1.0))\n"
        "except PublisherMisconfiguredError as error:\n"
        "    print(error.message)\n"
        "    print(error.advice)"
    )
    assert printed == [
        f"fiddler-client cannot be imported: {missing} is missing or not what this release needs.",
        "Install what fits this release with: pip install 'capture-forwarder[fiddler]'",
    ]
