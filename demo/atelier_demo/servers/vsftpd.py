"""vsftpd, the customer's FTP server, run without root's rights and without a user of the system."""

from __future__ import annotations

import ftplib
import hashlib
import os
import pwd
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_demo.servers import ports, processes
from atelier_demo.servers.base import Launch, LoginRefusedError, NoAnswerError, Server
from atelier_demo.servers.settings import PORT_COUNTS, write_private

if TYPE_CHECKING:
    from atelier_demo.servers.base import Surroundings

USER = "anonymous"


class Vsftpd(Server):
    """The FTP server of the machine logs, as vsftpd behaves at the customer's: no MLSD, GMT, RNTO overwrites.

    Started by a plain user, vsftpd can neither ask the system for passwords nor shut a client into a folder.
    So the one log-in is `anonymous` with a secret password, and the root of the logs is an absolute path.
    """

    name = "vsftpd"
    key = "ftp"
    stop_signals = ((signal.SIGTERM, 5.0),)

    def __init__(self, surroundings: Surroundings) -> None:
        """Describe the server; nothing is read, written or started yet."""
        super().__init__(surroundings)
        self.transfer_log = self.home / "xferlog"

    @property
    def data_folder(self) -> Path:
        """The folder that is served: one folder per machine."""
        return self.home / "files"

    @property
    def user(self) -> str:
        """The one user that it knows."""
        return USER

    @property
    def password(self) -> str:
        """The user's password; empty before the first start."""
        return self.site.settings.secret("ftp_password")

    @property
    def passive_ports(self) -> range:
        """The ports of its data connections."""
        first = self.site.settings.port("ftp_passive")
        return range(first, first + PORT_COUNTS["ftp_passive"])

    @property
    def root(self) -> str:
        """The path by which clients reach the served folder.

        FTP clients disagree on the encoding of names that are not ASCII, so such a path gets a plain alias.
        """
        path = str(self.data_folder)
        return path if path.isascii() else str(self._alias())

    def connect(self, timeout: float = 10.0) -> ftplib.FTP:
        """Return a logged-in client in the served folder.

        Raises:
            OSError: It does not run.
            ftplib.Error: It refuses.
        """
        client = ftplib.FTP(encoding="latin-1")  # noqa: S321 - plain FTP on the loopback address
        try:
            client.connect(ports.HOST, self.port, timeout=timeout)
            client.login(USER, self.password)
            client.cwd(self.root)
        except BaseException:
            client.close()
            raise
        return client

    def marker(self) -> str:
        """Return the configuration file, the only argument."""
        return str(self._config)

    def probe(self) -> None:
        """Log in and go to the served folder."""
        try:
            client = self.connect(timeout=self.patience)
        except ftplib.error_perm as error:
            raise LoginRefusedError(str(error)) from None
        except (OSError, EOFError, ftplib.Error):
            raise NoAnswerError from None
        client.close()

    def to_be_asked(self, main: processes.Process) -> list[int]:
        """Return the listening process and those of the sessions, which would wait for their clients."""
        return [main.pid, *(process.pid for process in processes.with_argument(self.marker()))]

    def stop(self) -> None:
        """Stop the server and remove the alias of its folder."""
        super().stop()
        if self._alias().is_symlink():
            self._alias().unlink(missing_ok=True)

    def prepare(self) -> None:
        """Create the served folder unless it is there; write configuration and password."""
        self.data_folder.mkdir(parents=True, exist_ok=True)
        write_private(self._passwords, self.password + "\n")
        options = {**self._options(), **self.options}
        write_private(self._config, "".join(f"{name}={value}\n" for name, value in options.items()))
        if not str(self.data_folder).isascii():
            self._make_alias()

    def launch(self) -> Launch:
        """Return the command of the listening process."""
        program = self.site.packages.find("vsftpd")
        command = [str(program.path), str(self._config)]
        return Launch(command, self.data_folder, program.environment, errors_on_input=True)

    @property
    def _config(self) -> Path:
        return self.home / "vsftpd.conf"

    @property
    def _passwords(self) -> Path:
        return self.home / "passwords"

    def _options(self) -> dict[str, str]:
        return {
            **settings_of(self.data_folder, self._passwords, self.passive_ports),
            "listen_address": ports.HOST,
            "listen_port": str(self.port),
            "xferlog_enable": "YES",
            "xferlog_std_format": "YES",
            "xferlog_file": str(self.transfer_log),
        }

    def _alias(self) -> Path:
        # Named after the folder, so that every process of this user finds the same one.
        digest = hashlib.sha256(os.fsencode(self.data_folder)).hexdigest()
        name = f"atelier-{os.geteuid()}-{digest[:12]}"
        return Path("/tmp") / name  # noqa: S108 - the one short, plain path that every process sees

    def _make_alias(self) -> None:
        alias = self._alias()
        if alias.is_symlink() and alias.lstat().st_uid == os.geteuid():
            alias.unlink()
        alias.symlink_to(self.data_folder)


def settings_of(folder: Path, passwords: Path, passive: range) -> dict[str, str]:
    """Return the settings with which a plain user runs vsftpd as it behaves at the customer's.

    Args:
        folder: What is served; its root by that path.
        passwords: A file with the one password.
        passive: The ports of the data connections.
    """
    return {
        "listen": "YES",
        "listen_ipv6": "NO",
        "background": "NO",
        "run_as_launching_user": "YES",
        # Some kernels' calls are not on its list, and it would end without a word.
        "seccomp_sandbox": "NO",
        # Only root may give sessions process and network namespaces of their own: none for anybody.
        "isolate": "NO",
        "isolate_network": "NO",
        "ftp_username": _account(),
        "local_enable": "NO",
        "anonymous_enable": "YES",
        "secure_email_list_enable": "YES",
        "email_password_file": str(passwords),
        "anon_root": str(folder),
        "write_enable": "YES",
        "anon_upload_enable": "YES",
        "anon_mkdir_write_enable": "YES",
        "anon_other_write_enable": "YES",
        "anon_umask": "022",
        "anon_world_readable_only": "NO",
        "use_localtime": "NO",
        "pasv_min_port": str(passive.start),
        "pasv_max_port": str(passive.stop - 1),
        "max_clients": "200",
        "max_per_ip": "200",
    }


def _account() -> str:
    """Return the name of some account that exists: vsftpd looks it up, and never uses it."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return "root"
