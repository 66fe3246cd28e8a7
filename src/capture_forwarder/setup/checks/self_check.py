"""The function's check of itself: the only way to try its role, its network and its keys together.

The event is `{"captureForwarder": {"check": true, "file": {"bucket": ..., "key": ...}}}`, and the
answer `{"checks": [{"part": ..., "ok": true}, {"part": ..., "ok": false, "problem": ...}]}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from capture_forwarder.core.errors import AccountError
from capture_forwarder.setup.findings import Found, failure, not_known, warning
from capture_forwarder.setup.subject import Subject


def self_check(subject: Subject) -> Iterator[Found]:
    """Whether the function itself reaches all that it needs; it writes nothing."""
    name = subject.resource("ForwarderFunction")
    check: dict[str, object] = {"check": True}
    try:
        file = subject.newest_file()
    except AccountError as error:
        yield not_known(error)
        file = None
    if file is not None:
        check["file"] = {"bucket": file.bucket, "key": file.key}
    try:
        answer = subject.account.deployment.invoke(name, {"captureForwarder": check})
    except AccountError as error:
        if error.code == "UnknownEventError":
            yield warning(
                "The deployed function is older than this command and cannot check itself.",
                "Run `sam build` and `sam deploy`.",
            )
        elif "SettingsError" in error.code or "ImportModuleError" in error.code:
            yield failure(error.message, "Correct that, and run `sam build` and `sam deploy`.")
        else:
            yield not_known(error)
        return
    for part in _parts(answer):
        if not part.get("ok"):
            yield failure(
                f"The function's own try of {part.get('part')}: {part.get('problem')}",
                str(part.get("advice") or ""),
            )


def _parts(answer: object) -> list[Mapping[str, object]]:
    parts = answer.get("checks") if isinstance(answer, Mapping) else None
    if not isinstance(parts, list):
        raise AccountError("The function answered its self-check with something else.")
    return [part for part in parts if isinstance(part, Mapping)]
