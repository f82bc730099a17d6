"""How PostgreSQL is run: it refuses to be root, in containers and on build machines we often are."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_demo.servers.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# `nobody` on Debian. No other account has to be made on the machine.
NOBODY = 65534
_PASS_EVERYWHERE = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
_CHECK = 'test -d "$2" && test -w "$2" && test -x "$2" && exec "$1" --version'


@dataclass(frozen=True)
class RunAs:
    """What to put before a command so that it does not run as root, and who must own its data."""

    prefix: tuple[str, ...]
    owner: int

    def own(self, folder: Path) -> None:
        """Make the data folder with all that is in it the property of the one who runs the program."""
        if folder.stat().st_uid == self.owner:
            return
        for place, _, files in os.walk(folder):
            os.chown(place, self.owner, self.owner)
            for name in files:
                os.chown(os.path.join(place, name), self.owner, self.owner, follow_symlinks=False)  # noqa: PTH118


def candidates() -> list[RunAs]:
    """Return the ways in which this user may run a program that refuses to be root, best first."""
    # A user namespace in which we go by another number: files stay ours.
    renamed = RunAs(("unshare", "-U", f"--map-user={NOBODY}", f"--map-group={NOBODY}"), os.geteuid())
    if os.geteuid() != 0:
        return [RunAs((), os.geteuid())] if _has_name(os.geteuid()) else [renamed]
    setpriv = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return [
        renamed,
        # Containers often forbid user namespaces.
        RunAs(setpriv, NOBODY),
        # The project or its programs are closed to all but root, as in /root: let this one program pass.
        # initdb asks by access(2), which counts capabilities of a user other than root only with this bit.
        RunAs((*setpriv, "--securebits=+no_setuid_fixup", *_PASS_EVERYWHERE), NOBODY),
    ]


def _has_name(user: int) -> bool:
    """Tell whether a user's number has a name, for which PostgreSQL's programs ask."""
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def choose(
    program: Path, folder: Path, ways: list[RunAs], environment: Mapping[str, str] | None = None
) -> RunAs:
    """Return the first way in which a program really runs and may write to a folder.

    Args:
        program: The program; it must know `--version`.
        folder: An existing folder, which is given to the way's owner.
        ways: What to try.
        environment: What the program needs of the environment, beside ours.

    Raises:
        ServerError: None of them works.
    """
    for way in ways:
        if os.geteuid() == 0:
            os.chown(folder, way.owner, way.owner)
        try:
            done = subprocess.run(
                [*way.prefix, "/bin/sh", "-c", _CHECK, "sh", str(program), str(folder)],
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=30,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return way
    if os.geteuid() == 0:
        raise ServerError(
            f"PostgreSQL refuses to run as root, and no other user can run {program} with its data in "
            f"{folder} (tried unshare and setpriv): run this as a plain user, or put the project where every "
            "user may read it"
        )
    if not _has_name(os.geteuid()):
        raise ServerError(
            "PostgreSQL's programs ask for the name of the user that runs them, and number "
            f"{os.geteuid()} has none: add a line for it to /etc/passwd, or run this as a user who has one"
        )
    raise ServerError(
        f"PostgreSQL's program {program} does not run here, or {folder} cannot be written: run it with "
        "--version to see why, and check to whom that folder belongs"
    )
