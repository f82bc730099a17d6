"""ftplib, held to bounds: a reply has an end, in size and in time, and only whole replies count."""

from __future__ import annotations

import ftplib
import socket
import ssl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tap_ftplogs.limits import MAX_REPLY_BYTES, MAX_REPLY_LINES

if TYPE_CHECKING:
    from collections.abc import Iterator

#: One character per byte on the wire: any name can be received and sent back as it came.
WIRE_ENCODING: Final = "latin-1"

_RECEIVED_AT_ONCE: Final = 8192


class BoundedFtp(ftplib.FTP):  # the customer's server may offer nothing but plain FTP
    """FTP whose replies are bounded, and whole: of "213 29752" the first half is a size, too."""

    _received = b""

    def getmultiline(self) -> str:
        """Return a reply with all of its lines, which come within one time-out altogether.

        Raises:
            ftplib.error_proto: It is longer than any honest reply.
            TimeoutError: It does not end in time.
            EOFError: The connection ends before it.
        """
        control = self._control
        timeout = control.gettimeout()
        ends_at = None if timeout is None else time.monotonic() + timeout
        try:
            lines = [self._line(ends_at)]
            code, size = lines[0][:3], len(lines[0])
            is_open = lines[0][3:4] == "-"
            while is_open:
                lines.append(self._line(ends_at))
                size += len(lines[-1]) + 1
                if size > MAX_REPLY_BYTES or len(lines) > MAX_REPLY_LINES:
                    raise ftplib.error_proto("a reply has no end")  # noqa: S321 # no call of a server
                is_open = lines[-1][:3] != code or lines[-1][3:4] == "-"
        finally:
            control.settimeout(timeout)
        return "\n".join(lines)

    def _line(self, ends_at: float | None) -> str:
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > self.maxline:
                raise ftplib.error_proto("a reply has no end")  # noqa: S321 # no call of a server
            if ends_at is not None:
                # Also where a byte comes from time to time.
                if (left := ends_at - time.monotonic()) <= 0:
                    raise TimeoutError("a reply does not end in time")
                self._control.settimeout(left)
            data = self._control.recv(_RECEIVED_AT_ONCE)
            if not data:
                raise EOFError("the connection ended in the middle of a reply" if self._received else "")
            self._received += data
        line, self._received = self._received[:end], self._received[end + 1 :]
        return line.decode(WIRE_ENCODING).removesuffix("\r")

    def makepasv(self) -> tuple[str, int]:
        """Have a data connection prepared: by PASV, or by EPSV where the server does not know that.

        Its host is that of the control connection, whatever the reply says.
        """
        try:
            with _understood("PASV"):
                return _with_port(super().makepasv())
        except ftplib.error_perm as error:
            if not is_unknown_command(error) or self.af == socket.AF_INET6:
                raise _no_refusal(error) from None
        try:
            with _understood("EPSV"):
                return _with_port(
                    ftplib.parse229(self.sendcmd("EPSV"), self._control.getpeername())  # noqa: S321 # parses a reply
                )
        except ftplib.error_perm as error:
            raise _no_refusal(error) from None

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Begin a transfer."""
        with _understood(cmd.partition(" ")[0]):
            return super().ntransfercmd(cmd, rest)

    @property
    def _control(self) -> socket.socket:
        if self.sock is None:
            raise EOFError("the connection is closed")
        return self.sock


class BoundedTlsFtp(BoundedFtp, ftplib.FTP_TLS):
    """FTP over TLS whose data connections resume the session of the control connection.

    Servers demand it (vsftpd by default) to know that both come from one client.
    """

    def auth(self) -> str:
        """Switch to TLS; what came before it unprotected must not count as said within it."""
        reply: str = super().auth()
        if self._received:
            raise ftplib.error_proto("the server sends more than a reply before TLS")  # noqa: S321 # no call
        return reply

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Begin a transfer within TLS."""
        with _understood(cmd.partition(" ")[0]):
            connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 # within TLS
        try:
            control = self.sock
            session = control.session if isinstance(control, ssl.SSLSocket) else None
            return self.context.wrap_socket(connection, server_hostname=self.host, session=session), size
        except BaseException:
            connection.close()
            raise


class ImplicitTlsFtp(BoundedTlsFtp):
    """The same for a port that speaks TLS from the first byte."""

    def connect(
        self,
        host: str = "",
        port: int = 0,
        timeout: float = -999,
        source_address: tuple[str, int] | None = None,
    ) -> str:
        """Connect, and return the server's welcome."""
        self.host, self.port, self.timeout = host, port, timeout
        plain = socket.create_connection((host, port), timeout, source_address=source_address)
        try:
            self.sock = self.context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        self.af = self.sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome


def is_unknown_command(error: ftplib.Error) -> bool:
    """Whether a reply says that the server does not have a command, or not in this form."""
    return str(error)[:3] in ("500", "501", "502", "504") and not str(error).startswith("500 OOPS")


def _no_refusal(error: ftplib.error_perm) -> ftplib.error_temp:
    """Return the refusal of a data connection as what it is: none of the file or folder that it was for."""
    return ftplib.error_temp(str(error))  # noqa: S321 # no call of a server


def _with_port(address: tuple[str, int]) -> tuple[str, int]:
    if not 0 < address[1] < 65536:
        raise ValueError("no port")
    return address


@contextmanager
def _understood(command: str) -> Iterator[None]:
    """Turn numbers that ftplib cannot take into what they are: a reply that is none."""
    try:
        yield
    except (ValueError, OverflowError):
        raise ftplib.error_proto(f"the reply to {command} is no reply") from None  # noqa: S321 # no call
