"""What a server's replies mean: whether a refusal is final, for now, or how an empty folder is told."""

from __future__ import annotations

import ftplib
import re
from typing import Final

from tap_ftplogs.names import shown_name
from tap_ftplogs.plain_text import plain_text
from tap_ftplogs.protocol import is_unknown_command

#: How servers refuse to list a folder because it is empty; most send an empty listing.
_EMPTY: Final = re.compile(
    # "No files found", "0 matching entries"; not "No free file descriptors", "No connection for file list".
    r"\b(?:no|0|zero|aucun|keine?|nessun|ning[uú]n) (?:(?!free\b)\w+ )??"
    r"(?:file|fichier|datei|entr|eintr|match|member|data ?set|archivo)(?!s? (?:descriptor|handle|list))"
    r"|\b(?:empty|vide|leer|vuot[ao])\b|not found|nicht gefunden|introuvable",
    re.IGNORECASE,
)
_FORBIDDEN: Final = re.compile(
    r"permi|denied|access|acc[eè]s|allow|forbid|authori|autoris|interdit|refus|zugriff|verweiger|berechtig",
    re.IGNORECASE,
)


def refused(ftp: ftplib.FTP, command: str) -> str | None:
    """Send a command that changes something; return the reply with which it is refused, None when done.

    Some servers refuse for good with a reply that says "for now" (pure-ftpd: 451): only what is said of the
    connection is tried again at once, as all the rest is in the next run.
    """
    try:
        ftp.sendcmd(command)
    except ftplib.error_perm as error:
        raise_if_transient(error)
        return plain_text(shown_name(str(error)))
    except ftplib.error_temp as error:
        if str(error)[:3] in ("421", "425", "426"):
            raise
        return plain_text(shown_name(str(error)))
    return None


def answer(ftp: ftplib.FTP, command: str) -> str | None:
    """Return what follows 213 in the reply to a question about a file; None for a plain no."""
    try:
        reply = ftp.sendcmd(command)
    except ftplib.error_perm as error:
        raise_if_transient(error)
        return None
    except ftplib.error_temp as error:
        if not is_busy(error):
            raise
        # Reading the file shows whether it can be had.
        return None
    return reply[4:].strip() if reply.startswith("213") else None


def tells_of_mlsd(ftp: ftplib.FTP) -> bool:
    """Whether the server says that it has MLSD."""
    try:
        reply = ftp.sendcmd("FEAT")
    except ftplib.error_perm as error:
        raise_if_transient(error)
        return False
    return any(line.strip().upper().startswith(("MLST", "MLSD")) for line in reply.splitlines())


def takes_rest(ftp: ftplib.FTP, offset: int) -> bool:
    """Whether the server has REST, by which a transfer begins at an offset."""
    try:
        ftp.sendcmd(f"REST {offset}")
    except ftplib.error_perm as error:
        return not is_unknown_command(error)
    return True


def says_empty(reply: str) -> bool:
    """Whether the refusal of a listing means that there is nothing to list."""
    return bool(_EMPTY.search(reply)) and not _FORBIDDEN.search(reply)


def is_busy(error: Exception) -> bool:
    """Whether a reply says that a file or folder cannot be had for now; the connection itself is well."""
    return isinstance(error, ftplib.error_temp) and str(error)[:3] in ("450", "451", "452")


def is_transient(error: ftplib.error_perm) -> bool:
    """Whether a refusal may pass although its number says that it is final."""
    # vsftpd's way to say that it has run out of passive ports, among other passing troubles.
    return str(error).startswith("500 OOPS")


def raise_if_transient(error: ftplib.error_perm) -> None:
    """Raise a refusal that may pass."""
    if is_transient(error):
        raise error
