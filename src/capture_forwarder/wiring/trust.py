"""Which certificate authorities a platform is trusted by, checked before they are needed."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from capture_forwarder.core.errors import SettingsError

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def authorities(ca_file: str | None, setting: str) -> str | None:
    """Find out whom to trust, and make sure that it can be read.

    Parameters
    ----------
    ca_file
        A file or folder of certificate authorities, if a setting names one.
    setting
        What the setting is called.

    Returns
    -------
    str | None
        That file or folder, else the one that `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE` or
        `SSL_CERT_FILE` names; None for the authorities that are trusted everywhere.

    Raises
    ------
    SettingsError
        It is not there, may not be read, or holds no certificate.
    """
    named = {setting: ca_file, **{name: os.environ.get(name) for name in _CA_VARIABLES}}
    for name, path in named.items():
        if path:
            _check_certificates(name, path)
            return path
    return None


def _check_certificates(setting: str, path: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    where = {"capath": path} if Path(path).is_dir() else {"cafile": path}
    try:
        context.load_verify_locations(**where)
    except ssl.SSLError:
        problem = f"{setting}: the file {path} holds no certificate; it must hold them in PEM form"
        raise SettingsError([problem]) from None
    except OSError as error:
        problem = f"{setting}: the file {path} cannot be read ({error.strerror})"
        raise SettingsError([problem]) from error
