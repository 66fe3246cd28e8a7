"""What Watson OpenScale's refusals mean, and those of the firewall in front of it.

Sources: ibm-watson-openscale 3.1.11 and IBM's guide. Which codes a failed storing can have is
not documented.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

import requests

from capture_forwarder.core.errors import (
    BatchRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.publishers.http import Service

_LONGEST_QUOTE = 2000
_MARKUP = re.compile(r"(?s)<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>")
# Only codes are looked at: a message may quote a row that holds such a word.
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_FAILED = re.compile(
    r"5\d\d|408|425|429|.*(internal|time_?out|unavailable|throttl|too_many|busy).*"
)
_REFUSED = re.compile(
    r"400|413|422|.*(invalid|not_valid|bad_request|bad_data|malformed|validation|unprocessable|"
    r"mismatch|unsupported|too_large).*"
)


def openscale_service(url: str, ids: Mapping[str, str]) -> Service:
    """Describe an OpenScale and what is written to.

    Parameters
    ----------
    url
        Its address.
    ids
        Setting → the id that it holds, of all that a request's path names.
    """
    named = " and ".join(f"{setting} ({value})" for setting, value in ids.items())
    advice: dict[int, str] = {
        HTTPStatus.UNAUTHORIZED: (
            "Even a new token is refused: the API key or user must belong to the account or "
            "Cloud Pak that OPENSCALE_URL leads to."
        ),
        HTTPStatus.FORBIDDEN: f"Give the API key's user the right to write to {named}.",
        HTTPStatus.NOT_FOUND: f"OpenScale does not know one of these: {named}.",
    }
    otherwise = f"Look at OPENSCALE_URL (a redirection is not followed) and at {named}."
    return Service("OpenScale", url, "OPENSCALE_URL", advice, otherwise)


def is_firewall(response: requests.Response) -> bool:
    """Whether a web firewall answered: it sends 403 with a page, OpenScale with JSON."""
    if response.status_code != HTTPStatus.FORBIDDEN:
        return False
    kind = response.headers.get("Content-Type", "").lower()
    return "html" in kind or response.content.lstrip().startswith(b"<")


def address_blocked(service: Service, doing: str) -> PublisherMisconfiguredError:
    """Say that the firewall lets nothing through, whatever it holds."""
    message = f"The web firewall in front of OpenScale at {service.url} blocked `{doing}` (403)."
    advice = (
        "This is not about rights: have the function's outgoing address allowed at your Cloud "
        "Pak's gateway, or ask IBM's support."
    )
    return PublisherMisconfiguredError(message, advice)


def content_blocked(service: Service, response: requests.Response) -> BatchRefusedError:
    """Say that the firewall lets a batch not through, but an empty one."""
    message = f"The web firewall in front of OpenScale at {service.url} blocked a batch (403)."
    advice = "What it holds looks like an attack to the firewall; nothing is wrong with rights."
    words = " ".join(_MARKUP.sub(" ", response.text).split())
    said = f"The web firewall in front of OpenScale blocked it: {words}"[:_LONGEST_QUOTE]
    return BatchRefusedError(message, advice, platform_message=said)


def not_stored(service: Service, failure: object) -> PublishError:
    """Turn a storing that failed into the error that it means.

    Which codes there are is not documented. So the rows count as refused only where every code
    says that something is wrong with them; whatever else went wrong, nothing is known against
    them, and they are sent again.

    Parameters
    ----------
    service
        Where.
    failure
        What the outcome gives as `failure`: `errors` with a `code` and a `message` each.
    """
    errors = failure.get("errors") if isinstance(failure, dict) else None
    listed = [error for error in errors or () if isinstance(error, dict)]
    codes = [str(error.get("code", "")) for error in listed]
    if not listed or not all(map(_is_refusal, codes)):
        shown = [code for code in codes if _CODE.fullmatch(code)]
        message = f"OpenScale at {service.url} accepted a batch but did not store it."
        if shown:
            message = f"{message[:-1]} ({', '.join(shown)})."
        return PlatformUnavailableError(
            message, "It is sent again with the same ids.", may_be_a_row=True
        )
    message = f"OpenScale at {service.url} accepted a batch and then refused to store it."
    causes = [
        f"{code}: {error.get('message', '')}" for code, error in zip(codes, listed, strict=True)
    ]
    said = "; ".join(causes)[:_LONGEST_QUOTE]
    advice = "It refuses something that the batch holds."
    return BatchRefusedError(message, advice, platform_message=said)


def _is_refusal(code: str) -> bool:
    return bool(_REFUSED.fullmatch(code.lower())) and not _FAILED.fullmatch(code.lower())
