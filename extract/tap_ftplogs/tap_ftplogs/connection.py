"""Makes a connection to the server: plain, explicit or implicit TLS; says in a sentence why it cannot."""

from __future__ import annotations

import ftplib
import socket
import ssl
from typing import TYPE_CHECKING

from tap_ftplogs.errors import SourceError
from tap_ftplogs.names import shown_name
from tap_ftplogs.plain_text import plain_text
from tap_ftplogs.protocol import WIRE_ENCODING, BoundedFtp, BoundedTlsFtp, ImplicitTlsFtp, is_unknown_command

if TYPE_CHECKING:
    from tap_ftplogs.settings import Settings


def log_in(settings: Settings, timeout: float) -> ftplib.FTP:
    """Connect and log in; the connection is in binary mode and protected as the settings say.

    Args:
        settings: Where and as whom.
        timeout: Seconds to wait for the connection and for each answer.

    Raises:
        ftplib.Error, EOFError, OSError: As ftplib raises them; `permanent_failure` explains.
    """
    try:
        return _log_in(settings, _wire_text(settings.user), _wire_text(settings.password), timeout)
    except ftplib.error_perm as error:
        alternatives = (settings.user, settings.password)
        if not str(error).startswith("530") or all(text.isascii() for text in alternatives):
            raise
        try:
            for text in alternatives:
                text.encode(WIRE_ENCODING)
        except UnicodeEncodeError:
            raise error from None
        # A server of before UTF-8 knows its accents as latin-1.
        return _log_in(settings, settings.user, settings.password, timeout)


def _log_in(settings: Settings, user: str, password: str, timeout: float) -> ftplib.FTP:
    ftp: ftplib.FTP
    if settings.tls == "off":
        ftp = BoundedFtp(encoding=WIRE_ENCODING)
    else:
        kind = ImplicitTlsFtp if settings.tls == "implicit" else BoundedTlsFtp
        ftp = kind(context=_tls_context(settings), encoding=WIRE_ENCODING)
    try:
        ftp.connect(settings.host, settings.port, timeout=timeout)
        _keep_alive(ftp)
        if isinstance(ftp, ftplib.FTP_TLS):
            # auth() is a no-op for a socket that speaks TLS already; login() would do it, but too late to
            # tell a refusal of TLS from a refusal of the user.
            if settings.tls == "explicit":
                _start_tls(ftp)
            ftp.login(user, password, secure=False)
            ftp.prot_p()
        else:
            ftp.login(user, password)
        _set_binary(ftp)
    except BaseException:
        ftp.close()
        raise
    return ftp


class BinaryRefusedError(ftplib.error_perm):
    """The server does not send files byte by byte."""


def _set_binary(ftp: ftplib.FTP) -> None:
    try:
        ftp.voidcmd("TYPE I")
    except ftplib.error_perm as error:
        if not is_unknown_command(error):
            raise
        try:
            # The same of a machine whose bytes have eight bits.
            ftp.voidcmd("TYPE L 8")
        except ftplib.error_perm:
            raise BinaryRefusedError(str(error)) from None


class TlsRefusedError(ftplib.error_perm):
    """The server does not know AUTH TLS."""


def _start_tls(ftp: ftplib.FTP_TLS) -> None:
    try:
        ftp.auth()
    except ftplib.error_perm as error:
        raise TlsRefusedError(str(error)) from None


def _keep_alive(ftp: ftplib.FTP) -> None:
    # A firewall forgets a control connection that is silent during a long transfer.
    if ftp.sock is not None:
        ftp.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4)):
            if hasattr(socket, name):
                ftp.sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _tls_context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
    except (OSError, ValueError):
        raise SourceError(
            f"the certificate file {settings.tls_ca_file} holds no certificate that can be read: correct "
            "tls_ca_file (FTP_TLS_CA)"
        ) from None
    if not settings.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _wire_text(text: str) -> str:
    return text.encode().decode(WIRE_ENCODING)


def permanent_failure(error: Exception, settings: Settings, *, is_first: bool) -> str | None:
    """Explain why a connection could not be made.

    Args:
        error: What `log_in` raised.
        settings: What it was called with.
        is_first: Whether no connection has been made before: then even what may pass is told at once, as a
            wrong setting is more likely than a server in trouble.

    Returns:
        The sentence to end with; None when another attempt may succeed.
    """
    place, host = settings.place, settings.host
    reply = plain_text(shown_name(str(error)))
    if settings.password:
        reply = reply.replace(settings.password, "***")
    if isinstance(error, BinaryRefusedError):
        return (
            f"the FTP server {place} does not send files in binary mode ({reply}), so their bytes may come "
            "changed: switch it on in the server, or use another FTP server"
        )
    if isinstance(error, TlsRefusedError):
        return f"the FTP server {place} does not offer explicit TLS ({reply}): check FTP_TLS"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of the FTP server {place} is not trusted ({error.verify_message}): check "
            "FTP_HOST, or name the file of its certificate authority in tls_ca_file (FTP_TLS_CA)"
        )
    if isinstance(error, ssl.SSLError) and is_first:
        return f"no TLS with the FTP server {place} ({error.reason or reply}): check FTP_TLS and FTP_PORT"
    if isinstance(error, ftplib.error_perm) and not reply.startswith("500 OOPS"):
        if "SSL" in reply.upper() or "TLS" in reply.upper() or "encrypt" in reply.lower():
            return f"the FTP server {place} insists on TLS ({reply}): set FTP_TLS to explicit or implicit"
        return (
            f"the FTP server {place} refuses user {settings.user} ({reply}): check FTP_USER and FTP_PASSWORD"
        )
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN and not is_first:
            return None
        return f"the FTP server {host} cannot be found (its name does not resolve): check FTP_HOST"
    if not is_first:
        return None
    if isinstance(error, TimeoutError):
        return (
            f"the FTP server {place} does not answer within {settings.connect_timeout:g} s: check FTP_HOST, "
            "FTP_PORT and the firewall, and FTP_TLS (implicit if the port speaks TLS from the first byte)"
        )
    if isinstance(error, ConnectionRefusedError):
        return f"nothing answers at {place} (connection refused): check that it runs, FTP_HOST and FTP_PORT"
    if isinstance(error, OSError) and not isinstance(error, ConnectionError):
        reason = error.strerror or reply
        return f"the FTP server {place} cannot be reached ({reason}): check FTP_HOST and FTP_PORT"
    return None
