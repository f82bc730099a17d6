"""An FTP server in a thread that does what a test tells it to: hostile names, all kinds of failures."""

from __future__ import annotations

import socket
import threading
import time
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CLOSE = "close"


class ScriptedFtp:
    """Serves files from memory.

    `files` has absolute paths (one character per byte) with contents and times; `listings` answers for a
    folder in place of what `files` says. `replies` has, per command, what to answer instead of doing it, in
    turn; CLOSE ends the connection; `half_replies` likewise, without a line end and then with CLOSE. `cuts`
    has, per transfer, after how many bytes to stop and what to reply then; `listing_cuts` does so for
    listings, whose reply stays the usual one or is that of `listing_replies`. `unknown`
    has commands that it never does, with their reply. `floods` has, per command, what it sends again and
    again in place of a reply; `flood_pause` waits in between. `endless` has the files, and `endless_listings`
    the folders with the bytes, that it sends without end.
    """

    def __init__(self, *, has_mlsd: bool = False) -> None:
        self.files: dict[str, tuple[bytes, str]] = {}
        self.listings: dict[str, list[str]] = {}
        self.replies: dict[str, list[str]] = defaultdict(list)
        self.half_replies: dict[str, list[str]] = defaultdict(list)
        self.cuts: list[tuple[int, str]] = []
        self.listing_cuts: list[int | None] = []
        self.listing_replies: list[str | None] = []
        self.commands: list[str] = []
        self.sent = 0
        self.on_command: Callable[[str], None] = lambda _: None
        self.has_mlsd = has_mlsd
        self.floods: dict[str, bytes] = {}
        self.flood_pause = 0.0
        self.endless: set[str] = set()
        self.endless_listings: dict[str, bytes] = {}
        #: The host that replies to PASV tell, in the place of the true one.
        self.told_address = ""
        #: Commands that it does not know, and the reply to them.
        self.unknown: dict[str, str] = {}
        #: What listings tell of a file instead of its size and time.
        self.listed: dict[str, tuple[int, str]] = {}
        #: How LIST shows times: this way those of old files, with the time of day those of recent ones.
        self.list_time = "%b %d  %Y"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> ScriptedFtp:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def add(self, path: str, content: bytes, modified: str = "20250528073000") -> None:
        self.files[path] = content, modified

    def verbs(self, verb: str) -> list[str]:
        return [command for command in self.commands if command.split(" ")[0] == verb]

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._session, args=(connection,), daemon=True).start()

    def _session(self, connection: socket.socket) -> None:
        # Small replies would wait for the client's acknowledgement of the one before.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), connection:
            _Session(self, connection).run()

    def folder(self, path: str) -> list[tuple[str, bytes | None, str]] | None:
        """Name, content (None for a folder) and time of what is in a folder; None if there is none."""
        prefix = path.rstrip("/") + "/"
        found: dict[str, tuple[bytes | None, str]] = {}
        for name, (content, modified) in self.files.items():
            if name.startswith(prefix):
                first, _, rest = name[len(prefix) :].partition("/")
                found[first] = (None, modified) if rest else (content, modified)
        if not found and path not in ("/", *self.listings):
            return None
        return [(name, content, modified) for name, (content, modified) in sorted(found.items())]


class _Session:
    def __init__(self, server: ScriptedFtp, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.current = "/"
        self.offset = 0
        self.passive: socket.socket | None = None

    def run(self) -> None:
        if "CONNECT" in self.server.floods:
            self.flood(self.connection, self.server.floods["CONNECT"])
        self.reply(self.instead("CONNECT") or "220 ready")
        with self.connection.makefile("r", encoding="latin-1", newline="\r\n") as lines:
            for line in lines:
                command = line.removesuffix("\r\n")
                self.server.commands.append(command)
                self.server.on_command(command)
                verb, _, argument = command.partition(" ")
                if verb in self.server.floods:
                    self.flood(self.connection, self.server.floods[verb])
                if halves := self.server.half_replies[verb]:
                    self.connection.sendall(halves.pop(0).encode("latin-1"))
                    return
                other = self.instead(verb)
                if other == CLOSE:
                    return
                if other:
                    self.reply(other)
                    continue
                handler = getattr(self, f"do_{verb.lower()}", None)
                self.reply("500 what?") if handler is None else handler(argument)
                if verb == "QUIT":
                    return

    def instead(self, verb: str) -> str | None:
        waiting = self.server.replies[verb]
        return waiting.pop(0) if waiting else self.server.unknown.get(verb)

    def flood(self, connection: socket.socket, data: bytes) -> None:
        """Send something until the client has had enough."""
        while True:
            connection.sendall(data)
            self.server.sent += len(data)
            time.sleep(self.server.flood_pause)

    def reply(self, text: str) -> None:
        self.connection.sendall(f"{text}\r\n".encode("latin-1"))

    def do_user(self, _: str) -> None:
        self.reply("331 password?")

    def do_pass(self, argument: str) -> None:
        self.reply("530 no" if argument == "wrong" else "230 in")

    def do_type(self, _: str) -> None:
        self.reply("200 ok")

    def do_quit(self, _: str) -> None:
        self.reply("221 bye")

    def do_feat(self, _: str) -> None:
        self.reply(
            "211-Features\r\n REST STREAM\r\n"
            + (" MLST type*;size*;\r\n" if self.server.has_mlsd else "")
            + "211 End"
        )

    def do_cwd(self, argument: str) -> None:
        path = argument.rstrip("/") or "/"
        if self.server.folder(path) is None:
            self.reply("550 no such folder")
            return
        self.current = path
        self.reply("250 ok")

    def do_pwd(self, _: str) -> None:
        self.reply(f'257 "{self.current}"')

    def do_pasv(self, _: str) -> None:
        port = self.listen()
        self.reply(f"227 ({self.server.told_address or '127,0,0,1'},{port >> 8},{port & 255})")

    def do_epsv(self, _: str) -> None:
        self.reply(f"229 listening (|||{self.listen()}|)")

    def listen(self) -> int:
        self.passive = socket.create_server(("127.0.0.1", 0))
        port: int = self.passive.getsockname()[1]
        return port

    def do_rest(self, argument: str) -> None:
        self.offset = int(argument)
        self.reply("350 ok")

    def do_size(self, argument: str) -> None:
        file = self.server.files.get(argument)
        self.reply(f"213 {len(file[0])}" if file else "550 no such file")

    def do_mdtm(self, argument: str) -> None:
        file = self.server.files.get(argument)
        self.reply(f"213 {file[1]}" if file else "550 no such file")

    def do_rnfr(self, argument: str) -> None:
        self.reply("350 and to?" if argument in self.server.files else "550 no such file")

    def do_list(self, _: str) -> None:
        lines = self.server.listings.get(self.current)
        if lines is None:
            lines = [
                f"{'d' if size is None else '-'}rw-r--r-- 1 u g {size or 0} "
                f"{time.strftime(self.server.list_time, time.strptime(modified, '%Y%m%d%H%M%S'))} {name}"
                for name, size, modified in self.entries()
            ]
        self.send_listing(lines)

    def do_mlsd(self, _: str) -> None:
        lines = self.server.listings.get(self.current)
        if lines is None:
            lines = [
                f"type=dir;modify={modified}; {name}"
                if size is None
                else f"type=file;size={size};modify={modified}; {name}"
                for name, size, modified in self.entries()
            ]
        self.send_listing(lines)

    def entries(self) -> list[tuple[str, int | None, str]]:
        """Name, size (None for a folder) and time of what is in the folder, as listings tell them."""
        found: list[tuple[str, int | None, str]] = []
        for name, content, modified in self.server.folder(self.current) or []:
            told = self.server.listed.get(f"{self.current.rstrip('/')}/{name}")
            size, listed = (len(content), modified) if content is not None else (None, modified)
            found.append((name, *(told or (size, listed))))
        return found

    def send_listing(self, lines: list[str]) -> None:
        if data := self.server.endless_listings.get(self.current):
            self.send(data, is_endless=True)
            return
        listing = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
        cut = self.server.listing_cuts.pop(0) if self.server.listing_cuts else None
        reply = self.server.listing_replies.pop(0) if self.server.listing_replies else None
        self.send(listing[:cut], cut=(len(listing), reply) if reply else None)

    def do_retr(self, argument: str) -> None:
        offset, self.offset = self.offset, 0
        file = self.server.files.get(argument)
        if file is None:
            self.reply("550 no such file")
        elif argument in self.server.endless:
            self.send(file[0], is_endless=True)
        elif offset > len(file[0]):
            self.reply("554 beyond the end")
        else:
            self.send(file[0][offset:], cut=self.server.cuts.pop(0) if self.server.cuts else None)

    def send(self, content: bytes, cut: tuple[int, str] | None = None, *, is_endless: bool = False) -> None:
        passive, self.passive = self.passive, None
        if passive is None:
            self.reply("425 no PASV")
            return
        self.reply("150 here it comes")
        with passive:
            data, _ = passive.accept()
        with data:
            if is_endless:
                self.flood(data, content)
            part = content if cut is None else content[: cut[0]]
            data.sendall(part)
            self.server.sent += len(part)
        if cut is None:
            self.reply("226 done")
        elif cut[1] == CLOSE:
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.reply(cut[1])
