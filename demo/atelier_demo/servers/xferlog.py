"""What vsftpd sent and took, from its transfer log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Date (5 words), seconds, client, bytes, path, type, flag, direction, access, user, service, method, id,
#: status.
_WORDS = 18


@dataclass(frozen=True)
class Transfer:
    """One file sent or taken by the FTP server."""

    path: str  # as vsftpd writes it: absolute, blanks as underscores
    byte_count: int  # really moved: after REST only those from there on
    direction: str  # "sent" or "taken"
    is_complete: bool


_DIRECTIONS = {"o": "sent", "i": "taken"}


def read(log: Path) -> list[Transfer]:
    """Return the transfers in vsftpd's log in the format of wu-ftpd, oldest first; none without a log."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    transfers = []
    for line in lines:
        words = line.split()
        # The user's name, here the password of `anonymous`, has no blank; vsftpd puts _ into paths.
        if len(words) == _WORDS and words[7].isdigit():
            direction = _DIRECTIONS.get(words[11], words[11])
            transfers.append(Transfer(words[8], int(words[7]), direction, words[17] == "c"))
    return transfers
