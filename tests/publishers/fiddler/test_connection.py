"""What of fiddler-client is imported to connect, and that all of it is there for who asks."""

from __future__ import annotations

import os
from typing import Any

import pytest
from fiddler.libs.http_client import RequestClient

from capture_forwarder.publishers.fiddler.connection import _connection_type, connect
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


def connection(sign: object = None) -> Any:
    """A connection of ours that is not logged in."""
    kind = _connection_type(sign)  # type: ignore[arg-type]
    return kind("http://127.0.0.1:9", "token", timeout=(1.0, 2.0), validate=False)


def test_our_client_has_all_that_the_original_has() -> None:
    own = connection().client
    original = RequestClient(own.base_url, own._default_headers)  # noqa: SLF001 - what is inherited

    assert vars(own).keys() == vars(original).keys()
    assert vars(own.session).keys() == vars(original.session).keys()


def test_the_environment_is_neither_changed_nor_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PARTNER_APP_AUTH", "true")  # the original fails without an ARN
    monkeypatch.setenv("FIDDLER_CLIENT_RETRY_MAX_DURATION_SECONDS", "300")
    changes: list[str] = []
    for name in ("putenv", "unsetenv"):
        monkeypatch.setattr(os, name, lambda *a: changes.append(a[0]))

    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        connect("http://127.0.0.1:9", "token", timeout=(1.0, 1.0))

    assert changes == []
    assert connection().client._retry_max_duration_seconds < 1  # noqa: SLF001


def test_requests_are_signed_where_they_have_to_be() -> None:
    def sign(request: object) -> object:
        return request

    assert connection(sign).client.session.auth is sign
