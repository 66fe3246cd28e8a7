"""Certificate authorities, checked before a connection to AWS or to a platform needs them."""

from __future__ import annotations

import ssl
from pathlib import Path

from capture_forwarder.core.errors import SettingsError


def check_certificates(setting: str, path: str) -> None:
    """Make sure that a file or folder of certificate authorities can be used.

    Parameters
    ----------
    setting
        What the setting is called that names it.
    path
        The file or folder.

    Raises
    ------
    SettingsError
        It is not there, may not be read, or holds no certificate.
    """
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
