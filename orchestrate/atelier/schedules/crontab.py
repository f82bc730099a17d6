"""The schedules as a crontab, for machines on which cron starts the runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from atelier.errors import AtelierError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atelier.schedules.read import Schedule

_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/-]*")

#: Of a run that fails, these lines are mailed: the last one says why.
_MAILED_LINES = 50


def render(
    schedules: Sequence[Schedule], zone: str, root: Path, environment: str, mail_to: str | None
) -> str:
    """Return a crontab of the user who runs the pipeline, for `crontab FILE`.

    Args:
        schedules: All of them.
        zone: The plant's time zone.
        root: Where the project is installed.
        environment: The Meltano environment.
        mail_to: Who is told of runs that fail; None: cron's own choice, which is the user.

    Raises:
        AtelierError: The path has characters that mean something in a crontab.
    """
    if not _PLAIN_PATH.fullmatch(str(root)):
        raise AtelierError(
            f"the project lies in {root}, which cannot stand in a crontab: move it to a path of letters, "
            "digits, ., _ and -, as /opt/atelier"
        )
    lines = [
        "# Made by `atelier schedules cron` from Meltano's schedules: change those, and make it anew.",
        f"# By the plant's clock, {zone}. Debian's cron goes by the machine's clock, whatever CRON_TZ says:",
        f"# set the machine to it (timedatectl set-timezone {zone}). What was missed is not caught up.",
        f"CRON_TZ={zone}",
        "SHELL=/bin/sh",
    ]
    if mail_to is not None:
        lines.append(f"MAILTO={mail_to}")
    for schedule in schedules:
        run = f".venv/bin/atelier schedules run --environment={environment} {schedule.name}"
        fields = " ".join(schedule.fields)
        # Nothing is said of a run that ends well, as cron mails whatever is said; there, % begins a line.
        mailed = f'printf "\\%s\\n" "$said" | tail -n {_MAILED_LINES}'
        lines.append(f'{fields} cd {root} && said="$({run} 2>&1)" || {mailed}')
    return "\n".join(lines) + "\n"
