"""PyMySQL, held to bounds: who gets the password, how large an answer is, how long all takes."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from pymysql.connections import Connection
from pymysql.constants import CR
from pymysql.err import InternalError, OperationalError

from tap_mysql.limits import MAX_ANSWER_BYTES, MAX_PACKET_BYTES, MAX_RUN_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What PyMySQL raises unexplained where a server sends what is no answer.
MALFORMED: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
    struct.error,
)

#: Ways to log in that tell a false server no more than a digest of the password and a random number. All
#: others need TLS: they send the password as it is (`mysql_clear_password`, `dialog`), or under a digest that
#: is broken (`mysql_old_password`).
_BY_DIGEST: Final = frozenset(
    {b"caching_sha2_password", b"client_ed25519", b"mysql_native_password", b"sha256_password"}
)


class PasswordRefusedError(OperationalError):
    """The server asks for the password in a way that lets a false server read it; the text says which."""


#: Its private parts are in no stubs of types.
_Connection: Any = Connection


class GuardedConnection(_Connection):  # type: ignore[misc] # see above
    """A connection that keeps the password from a server without TLS, and its answers within bounds."""

    #: The server's key as the settings have it.
    known_public_key: bytes | None = None
    #: Seconds after which the connection is broken off.
    time_limit: float = 0.0
    _left_of_packet = MAX_PACKET_BYTES
    _left_of_answer = MAX_ANSWER_BYTES
    _left_of_rows = MAX_RUN_BYTES
    _timer: threading.Timer | None = None
    _is_out_of_time = False

    @property
    def server_public_key(self) -> bytes | None:
        """The key that the password is encrypted with where there is no TLS.

        Raises:
            PasswordRefusedError: Only the server itself could tell it: so could a false one.
        """
        if self.known_public_key is None and not self._secure:
            raise PasswordRefusedError(CR.CR_AUTH_PLUGIN_ERR, "encrypted with a key that the server sends")
        return self.known_public_key

    @server_public_key.setter
    def server_public_key(self, _: bytes | None) -> None:
        """Never take a key from the server."""

    def connect(self, sock: Any = None) -> None:  # noqa: ANN401
        """Log in, and let the time begin that all of it may take."""
        self._timer = threading.Timer(self.time_limit, self._time_out)
        self._timer.daemon = True
        self._timer.start()
        super().connect(sock)

    def lost(self, reason: str) -> OperationalError:
        """Return the error of a connection that was lost; the reason may be that its time was over."""
        if self._is_out_of_time:
            reason = f"all of it took longer than {self.time_limit:g} s: see the setting time_limit"
        return OperationalError(CR.CR_SERVER_LOST, reason)

    def take_rows(self, size: int) -> None:
        """Count bytes of rows.

        Raises:
            InternalError: More came than a run reads.
        """
        self._left_of_rows -= size
        if self._left_of_rows < 0:
            raise InternalError(CR.CR_MALFORMED_PACKET, f"it sends more than {MAX_RUN_BYTES:,} bytes of rows")

    def abort(self) -> None:
        """End whatever the connection waits for; another thread may call it."""
        connection = self._sock
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _time_out(self) -> None:
        self._is_out_of_time = True
        self.abort()

    def _force_close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super()._force_close()

    def _process_auth(self, plugin_name: bytes, auth_packet: Any, handler: Any = None) -> Any:  # noqa: ANN401
        if plugin_name not in _BY_DIGEST and not self._secure:
            name = plugin_name.decode("ascii", "backslashreplace")
            raise PasswordRefusedError(CR.CR_AUTH_PLUGIN_ERR, f"by {name}")
        return super()._process_auth(plugin_name, auth_packet, handler)

    def _read_query_result(self, unbuffered: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002
        self._left_of_answer = MAX_ANSWER_BYTES
        try:
            return super()._read_query_result(unbuffered)
        except RuntimeError:
            # LOAD DATA LOCAL.
            self._force_close()
            raise InternalError(CR.CR_MALFORMED_PACKET, "it asks for a file of this machine") from None

    def _read_packet(self, *arguments: Any) -> Any:  # noqa: ANN401
        self._left_of_packet = MAX_PACKET_BYTES
        return super()._read_packet(*arguments)

    def _read_bytes(self, num_bytes: int) -> bytes:
        self._left_of_packet -= num_bytes
        self._left_of_answer -= num_bytes
        if min(self._left_of_packet, self._left_of_answer) < 0:
            self._force_close()
            raise InternalError(CR.CR_MALFORMED_PACKET, "it sends an answer that does not end")
        try:
            data: bytes = super()._read_bytes(num_bytes)
        except OperationalError as error:
            raise self.lost(str(error.args[-1])) from None
        return data


@contextmanager
def within(connection: GuardedConnection, seconds: float) -> Iterator[None]:
    """Break a connection off after some seconds, however little and however slowly its server sends."""
    timer = threading.Timer(seconds, connection.abort)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
