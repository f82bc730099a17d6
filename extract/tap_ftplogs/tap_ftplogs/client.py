"""The FTP connection: list a folder, ask about a file, read a file's bytes; retries what may be retried.

Everything goes over one connection, which is dropped after any surprise: a control channel that is one reply
behind would answer every later question with the answer to the one before.
"""

from __future__ import annotations

import ftplib
import random
import socket
import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from tap_ftplogs.budget import Budget
from tap_ftplogs.connection import log_in, permanent_failure
from tap_ftplogs.errors import SourceError
from tap_ftplogs.limits import BLOCK_BYTES, MAX_FILE_BYTES, MAX_LISTING_BYTES, MAX_LISTING_LINES
from tap_ftplogs.listing import parse_time_value, size_of
from tap_ftplogs.names import is_usable_path, shown_name
from tap_ftplogs.plain_text import plain_text
from tap_ftplogs.protocol import is_unknown_command
from tap_ftplogs.replies import (
    answer,
    is_busy,
    is_transient,
    raise_if_transient,
    refused,
    says_empty,
    takes_rest,
    tells_of_mlsd,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from tap_ftplogs.settings import Settings

__all__ = [
    "FileRefusedError",
    "FileTooLongError",
    "FolderMissingError",
    "FtpClient",
    "Lines",
    "ListingRefusedError",
    "ListingTooLongError",
    "SourceError",
]

T = TypeVar("T")

#: So much received between two failures is progress: the count of attempts starts again.
PROGRESS_BYTES: Final = 64 * 1024
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 20.0

#: What ends a connection and may be better on the next one. EOFError and OSError include ssl.SSLError,
#: time-outs and every broken connection; ftplib.Error is any reply that is no plain answer.
TRANSIENT = (ftplib.Error, EOFError, OSError)


class FolderMissingError(Exception):
    """The server does not let us into a folder; the text is its reply."""


class ListingRefusedError(FolderMissingError):
    """The server lets us into a folder, and does not list it; the text is its reply."""


class ListingTooLongError(ListingRefusedError):
    """The listing of a folder is longer than any honest one."""


class FileRefusedError(Exception):
    """The server does not send a file; the text is its reply."""


class FileTooLongError(FileRefusedError):
    """The server sends more of a file than was asked for; the text says how much."""


class Lines(NamedTuple):
    """A folder's listing: its own path as the server sees it, the lines, whether they are MLSD's."""

    real_path: str
    lines: list[str]
    is_mlsd: bool
    reply: str

    @property
    def is_partial(self) -> bool:
        """Whether the server says that it has not listed everything, as pure-ftpd does of long folders."""
        reply = self.reply.lower()
        return "fail" in reply or "truncat" in reply or not reply.startswith("2")


class FtpClient:
    """One connection to the server, made when it is first needed and again after every failure."""

    def __init__(self, settings: Settings, logger: logging.Logger, budget: Budget | None = None) -> None:
        self.settings = settings
        self._logger = logger
        self._budget = budget or Budget()
        self._ftp: ftplib.FTP | None = None
        self._data: socket.socket | None = None
        self._was_connected = False
        self._has_mlsd: bool | None = None
        self._has_rest = True
        self._failures = 0

    def __enter__(self) -> FtpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye and disconnect."""
        if self._ftp is not None:
            with suppress(*TRANSIENT):
                self._ftp.sock.settimeout(2.0)  # type: ignore[union-attr]
                self._ftp.quit()
        self._drop()

    def connect_once(self) -> str | None:
        """Connect without a second attempt; return why it failed, None when it did not."""
        try:
            self._connection()
        except (*TRANSIENT, SourceError) as error:
            self._drop()
            return self._safe(error) or type(error).__name__
        return None

    def interrupt(self) -> None:
        """End whatever the connection waits for; another thread may call it, once the budget is stopped."""
        for connection in (self._data, self._ftp.sock if self._ftp is not None else None):
            if connection is not None:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    @property
    def has_mlsd(self) -> bool:
        """Whether the server has MLSD, which tells times to the second."""
        if self._has_mlsd is None:
            self._has_mlsd = self.retried("asking for the server's features", tells_of_mlsd)
        return self._has_mlsd

    def list_folder(self, path: str) -> Lines:
        """List a folder.

        Args:
            path: Its absolute path, one character per byte.

        Raises:
            FolderMissingError: It is missing, or we may not enter, or the server keeps refusing it for now.
            SourceError: The server cannot be reached any more.
        """
        command = "MLSD" if self.has_mlsd else "LIST"
        broken: set[str] = set()

        def operation(ftp: ftplib.FTP) -> Lines:
            nonlocal command
            self._enter(ftp, path)
            real_path = self._place(ftp, path)
            text, reply, command = self._listing_of(ftp, path, command)
            # The reply does not say how long a listing is. One that ends within a line was cut on its way,
            # unless it does so again: then it is the server's way to end.
            if text and not text.endswith("\n") and text not in broken:
                broken.add(text)
                raise EOFError("the listing breaks off within a line")
            lines = [line.removesuffix("\r") for line in text.split("\n")]
            return Lines(real_path, lines, command == "MLSD", reply)

        return self.retried(f"listing {shown_name(path)}", operation, ListingRefusedError)

    def _enter(self, ftp: ftplib.FTP, path: str) -> None:
        try:
            ftp.cwd(path)
        except ftplib.error_perm as error:
            raise_if_transient(error)
            raise FolderMissingError(self._safe(error)) from None

    def _place(self, ftp: ftplib.FTP, path: str) -> str:
        """Return the path of the folder that was entered: as the server tells it, or else as asked for."""
        try:
            place = ftp.pwd()
        except ftplib.error_perm as error:
            raise_if_transient(error)
            place = ""
        if not is_usable_path(place):
            place = ""
        if not place and not path.startswith("/"):
            raise SourceError(
                f"the FTP server {self.settings.place} does not tell where its folder {shown_name(path)} "
                "lies (PWD): set FTP_ROOT to a path that begins with /"
            )
        return place or path

    def _listing_of(self, ftp: ftplib.FTP, path: str, command: str) -> tuple[str, str, str]:
        """List the folder that was entered; return the text, the reply, and the command that the server knew.

        Raises:
            ListingRefusedError: The server does not list it.
        """
        try:
            return (*self._listing(ftp, command), command)
        except (ftplib.error_perm, ftplib.error_temp) as error:
            reply = self._safe(error)
            if str(error)[:3] in ("450", "550") and says_empty(reply):
                # It is still there, so that it is not the folder that was not found.
                self._enter(ftp, path)
                return "", "226 " + reply, command
            if isinstance(error, ftplib.error_temp):
                raise
            raise_if_transient(error)
            if command == "LIST":
                raise ListingRefusedError(reply) from None
            if is_unknown_command(error):
                self._has_mlsd = False
                self._logger.info("the FTP server tells of MLSD and has none (%s): LIST is used", reply)
        return self._listing_of(ftp, path, "LIST")

    def modified(self, path: str) -> int | None:
        """Return when a file was last modified, in seconds since 1970; None when the server does not tell."""
        reply = self.retried(
            f"asking the time of {shown_name(path)}", lambda ftp: answer(ftp, f"MDTM {path}")
        )
        return parse_time_value(reply) if reply else None

    def size(self, path: str) -> int | None:
        """Return a file's size in bytes; None when the server does not tell."""
        reply = self.retried(
            f"asking the size of {shown_name(path)}", lambda ftp: answer(ftp, f"SIZE {path}")
        )
        return size_of(reply) if reply else None

    def rename(self, path: str, new_path: str) -> str | None:
        """Move a file, over whatever has the new name; return why the server refuses, None when it does not.

        After a broken connection a refusal may mean that it was done before: look what is there.
        """
        return self.retried(
            f"renaming {shown_name(path)}",
            lambda ftp: refused(ftp, f"RNFR {path}") or refused(ftp, f"RNTO {new_path}"),
        )

    def read(self, path: str, offset: int, limit: int) -> Iterator[bytes]:
        """Send a file's bytes from an offset to its present end, resuming where a connection broke.

        Args:
            path: Its absolute path, one character per byte.
            offset: Where to begin.
            limit: The byte at which a longer file is given up: a server may send without end.

        Raises:
            FileTooLongError: It goes on after the limit; all bytes before it have been sent.
            FileRefusedError: The server does not send it.
            SourceError: The server cannot be reached any more.
        """
        if offset > MAX_FILE_BYTES:
            raise FileRefusedError(f"no file is read beyond byte {MAX_FILE_BYTES:,}")
        position = offset
        gained = 0
        is_longer = False
        while True:
            try:
                for block in self._transfer(path, position):
                    part = block[: max(0, limit - position)]
                    position += len(part)
                    gained += len(part)
                    if part:
                        yield part
                    if is_longer := len(part) < len(block):
                        break
            except ftplib.error_perm as error:
                self._drop()
                if not is_transient(error):
                    raise FileRefusedError(self._safe(error)) from None
                failure: Exception = error
            except TRANSIENT as error:
                self._drop()
                failure = error
            except BaseException:
                # The reader has stopped: what the server still sends must not meet the next command.
                self._drop()
                raise
            else:
                self._failures = 0
                if is_longer:
                    # What is still under way must not meet the next command.
                    self._drop()
                    raise FileTooLongError(f"it goes on after byte {limit:,}")
                return
            if gained >= PROGRESS_BYTES:
                self._failures = gained = 0
            if (reply := self._lasting_refusal(failure)) is not None:
                raise FileRefusedError(reply) from None
            self._pause_after(failure, f"reading {shown_name(path)} at byte {position}")

    def _transfer(self, path: str, offset: int) -> Iterator[bytes]:
        """Send a file's bytes from an offset on; skip those before where the server begins at the start."""
        ftp = self._connection()
        if not offset or self._has_rest:
            try:
                yield from self._sent(ftp, path, offset)
            except ftplib.error_perm as error:
                if not offset or not is_unknown_command(error) or takes_rest(ftp, offset):
                    raise
                self._has_rest = False
            else:
                return
        for block in self._sent(ftp, path, 0):
            skipped = min(offset, len(block))
            offset -= skipped
            if skipped < len(block):
                yield block[skipped:]

    def _sent(self, ftp: ftplib.FTP, path: str, offset: int) -> Iterator[bytes]:
        with ftp.transfercmd(f"RETR {path}", rest=offset or None) as connection:
            self._data = connection
            yield from self._received(connection)
            self._data = None
            _end_tls(connection)
        ftp.voidresp()

    def _received(self, connection: socket.socket) -> Iterator[bytes]:
        """Receive what a transfer brings, in blocks that each come within the time-out."""
        buffer = bytearray(BLOCK_BYTES)
        view = memoryview(buffer)
        is_open = True
        while is_open:
            filled = 0
            failure: Exception | None = None
            ends_at = time.monotonic() + self.settings.read_timeout
            while filled < BLOCK_BYTES:
                left = max(0.001, ends_at - time.monotonic())
                connection.settimeout(self._budget.within(left))
                try:
                    received = connection.recv_into(view[filled:])
                except OSError as error:
                    # What came before the break is kept; the rest is asked for again.
                    failure = error
                    break
                if received == 0:
                    is_open = False
                    break
                filled += received
            self._budget.take(filled)
            if filled:
                yield bytes(view[:filled])
            if failure is not None:
                raise failure

    def _listing(self, ftp: ftplib.FTP, command: str) -> tuple[str, str]:
        """List in binary mode, which every server does: switching modes costs two replies a folder."""
        parts: list[bytes] = []
        size = lines = 0
        with ftp.transfercmd(command) as connection:
            for block in self._received(connection):
                parts.append(block)
                size += len(block)
                lines += block.count(b"\n")
                if size > MAX_LISTING_BYTES or lines > MAX_LISTING_LINES:
                    self._drop()
                    raise ListingTooLongError(
                        f"it has more than {MAX_LISTING_LINES:,} lines or {MAX_LISTING_BYTES:,} bytes"
                    )
            _end_tls(connection)
        text = b"".join(parts).decode("latin-1")
        try:
            return text, ftp.voidresp()
        except ftplib.error_perm as error:
            if not text or is_transient(error):
                raise
            return text, self._safe(error)

    def retried(
        self,
        what: str,
        operation: Callable[[ftplib.FTP], T],
        refusal: type[FolderMissingError] | None = None,
    ) -> T:
        """Do something on the connection, on a new one after each failure that may pass.

        Args:
            what: What it does, for messages, such as "listing /logs".
            operation: Does it; may be called several times.
            refusal: Raised, with the reply, where the server refuses a path for now in all attempts: that
                concerns nothing else on the server.

        Raises:
            SourceError: It failed as often as the settings allow.
        """
        while True:
            try:
                result = operation(self._connection())
            except FolderMissingError:  # noqa: PERF203 # a pause follows each failure
                self._failures = 0
                raise
            except TRANSIENT as error:
                self._drop()
                if refusal is not None and (reply := self._lasting_refusal(error)) is not None:
                    raise refusal(reply) from None
                self._pause_after(error, what)
            except BaseException:
                self._drop()
                raise
            else:
                self._failures = 0
                return result

    def _connection(self) -> ftplib.FTP:
        seconds = self._budget.within(self.settings.read_timeout)
        if self._ftp is None:
            try:
                self._ftp = log_in(self.settings, self._budget.within(self.settings.connect_timeout))
            except TRANSIENT as error:
                sentence = permanent_failure(error, self.settings, is_first=not self._was_connected)
                if sentence is not None:
                    raise SourceError(sentence) from None
                raise
            self._was_connected = True
        if self._ftp.sock is not None:
            self._ftp.sock.settimeout(seconds)
        # What ftplib gives to data connections.
        self._ftp.timeout = seconds
        return self._ftp

    def _drop(self) -> None:
        if self._ftp is not None:
            with suppress(OSError):
                self._ftp.close()
            self._ftp = None
        self._data = None

    def _lasting_refusal(self, failure: Exception) -> str | None:
        """Return the reply of a server that has refused a path for now in every attempt; else None."""
        if self._failures + 1 < self.settings.attempts or not is_busy(failure):
            return None
        self._failures = 0
        return self._safe(failure)

    def _pause_after(self, failure: Exception, what: str) -> None:
        self._budget.check()
        self._failures += 1
        reason = self._safe(failure) or type(failure).__name__
        if self._failures >= self.settings.attempts:
            raise SourceError(
                f"{what} on the FTP server {self.settings.place} failed {self._failures} times, lastly with "
                f"'{reason}': check the server and the network, then run again (what was read is kept)"
            ) from None
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (self._failures - 1))
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 # spreads the attempts of several readers, no secret
        self._logger.warning("%s failed (%s); trying again in %.1f s", what, reason, pause)
        self._budget.pause(pause)

    def _safe(self, error: Exception) -> str:
        text = plain_text(shown_name(str(error)))
        return text.replace(self.settings.password, "***") if self.settings.password else text


def _end_tls(connection: socket.socket) -> None:
    """Answer the server's end of TLS; some servers count a transfer as failed without it."""
    if isinstance(connection, ssl.SSLSocket):
        connection.settimeout(5.0)
        with suppress(OSError, ValueError):
            connection.unwrap()
