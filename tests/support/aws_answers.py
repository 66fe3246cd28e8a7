"""AWS answers otherwise than moto would: by an error, or by what a test says.

A call goes through botocore's own validation of its parameters before it is answered here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

Parameters = Mapping[str, Any]
Answer = Callable[[Parameters], Any]
_CALL = "_make_api_call"


class AwsAnswers:
    """What AWS is asked, and what it answers.

    Parameters
    ----------
    monkeypatch
        Puts these answers in place.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, Parameters]] = []
        self._answers: dict[str, Answer] = {}
        self._changes: dict[str, Callable[[Any], Any]] = {}
        original = getattr(BaseClient, _CALL)

        def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            self.asked.append((operation, parameters))
            if operation in self._answers:
                model = client.meta.service_model.operation_model(operation)
                wrong = ParamValidator().validate(parameters, model.input_shape)
                assert not wrong.has_errors(), wrong.generate_report()
                answer = self._answers[operation](parameters)
                if answer is not NotImplemented:
                    return answer
            answer = original(client, operation, parameters)
            return self._changes.get(operation, lambda same: same)(answer)

        monkeypatch.setattr(BaseClient, _CALL, call)

    def answer(self, operation: str, answer: Answer | Mapping[str, Any]) -> None:
        """Have an operation answered by a function of its parameters, or always alike.

        Where the function returns NotImplemented, moto answers.
        """
        self._answers[operation] = answer if callable(answer) else lambda _: dict(answer)

    def change(self, operation: str, change: Callable[[Any], Any]) -> None:
        """Change what moto answers."""
        self._changes[operation] = change

    def refuse(self, operation: str, code: str = "AccessDenied", message: str = "No.") -> None:
        """Have an operation refused."""
        self._answers[operation] = lambda _: refused(operation, code, message)

    def of(self, operation: str) -> list[Parameters]:
        """The parameters of all calls of an operation."""
        return [parameters for name, parameters in self.asked if name == operation]


def refused(operation: str, code: str, message: str = "No.") -> NoReturn:
    """Refuse an operation as AWS does."""
    error: Any = {"Error": {"Code": code, "Message": message}}
    raise ClientError(error, operation)
