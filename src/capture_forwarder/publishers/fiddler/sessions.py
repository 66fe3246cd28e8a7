"""The session of a publisher with its Fiddler: made when it is needed, and anew after a 401."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from capture_forwarder.core.errors import CredentialsRefusedError, ForwarderError
from capture_forwarder.publishers.fiddler.answers import check_accepted, fiddler_service, translate
from capture_forwarder.publishers.fiddler.connection import FiddlerSession, connect
from capture_forwarder.publishers.http import CONNECT_SECONDS

if TYPE_CHECKING:
    from capture_forwarder.core.ports import Secret, SignRequest


class FiddlerSessions:
    """Reads a model, and sends its events; may be used from several threads.

    Parameters
    ----------
    url
        Scheme and host of the Fiddler instance.
    token
        The API key; read again once when Fiddler answers 401.
    model_id
        The model's id.
    timeout
        Seconds to wait for an answer.
    authorities
        A file or folder of certificate authorities to trust in place of the usual ones.
    sign
        Signs each request, where Fiddler runs as a SageMaker partner app.
    method
        How events are sent: `POST` makes new ones, `PATCH` updates those of the same ids.
    doing
        What sending them is called in messages.
    """

    def __init__(  # noqa: PLR0913 - what one model takes
        self,
        url: str,
        token: Secret,
        model_id: str,
        *,
        timeout: float,
        authorities: str | None,
        sign: SignRequest | None,
        method: str,
        doing: str,
    ) -> None:
        self._url = url
        self._token = token
        self._model_id = model_id
        self._service = fiddler_service(url, model_id, partner_app=sign is not None)
        self._timeout = (CONNECT_SECONDS, timeout)
        self._authorities = authorities
        self._sign = sign
        self._method = method
        self._doing = doing
        self._session: FiddlerSession | None = None
        self._lock = threading.Lock()

    def model(self) -> dict[str, Any]:
        """Read the model, as the API shows it.

        Raises
        ------
        PublishError
            See `Publisher.publish`.
        """
        try:
            return self._read_model()
        except CredentialsRefusedError:
            self._connect(fresh=True)
            return self._read_model()

    def send(self, body: bytes, rows: int, repeats: int) -> None:
        """Send events, once, or with a fresh token once more.

        Parameters
        ----------
        body
            The body of the request.
        rows, repeats
            How many events it has, and how often they were sent before.

        Raises
        ------
        PublishError
            See `Publisher.publish`.
        """
        session = self._connected()
        try:
            self._send(session, body, rows, repeats)
        except CredentialsRefusedError:
            self._send(self._reconnected(session), body, rows, repeats)

    def foreign(self, error: Exception) -> ForwarderError:
        """Say that a model is none of Fiddler's, for this reason."""
        return translate(error, "read the model", self._service)

    def _connected(self) -> FiddlerSession:
        with self._lock:
            return self._session or self._connect()

    def _reconnected(self, refused: FiddlerSession) -> FiddlerSession:
        """Connect with a fresh token, unless another thread has done so meanwhile."""
        with self._lock:
            if self._session is None or self._session is refused:
                return self._connect(fresh=True)
            return self._session

    def _send(self, session: FiddlerSession, body: bytes, rows: int, repeats: int) -> None:
        try:
            content = session.send_events(body, repeats)
        except ForwarderError:
            raise
        except Exception as error:
            raise translate(error, self._doing, self._service, rows) from error
        check_accepted(content, rows, self._service)

    def _connect(self, *, fresh: bool = False) -> FiddlerSession:
        """Log in; two requests that check the token and the versions."""
        token = self._token.value(fresh=fresh)
        try:
            connection = connect(
                self._url,
                token,
                timeout=self._timeout,
                authorities=self._authorities,
                sign=self._sign,
            )
            self._session = FiddlerSession(connection, self._timeout, self._method)
        except ForwarderError:
            raise
        except Exception as error:
            raise translate(error, "connect", self._service) from error
        return self._session

    def _read_model(self) -> dict[str, Any]:
        session = self._session or self._connect()
        try:
            return session.model(self._model_id)
        except ForwarderError:
            raise
        except Exception as error:
            raise self.foreign(error) from error
