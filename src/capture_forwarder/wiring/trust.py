"""Which certificate authorities a platform is trusted by, checked before they are needed."""

from __future__ import annotations

import os

from capture_forwarder.aws.certificates import check_certificates

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
            check_certificates(name, path)
            return path
    return None
