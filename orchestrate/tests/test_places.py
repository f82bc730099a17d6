"""What is kept on a machine, and for how long."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from atelier.places import remove_leftovers

if TYPE_CHECKING:
    from pathlib import Path


def test_what_a_killed_run_told_its_plugins_goes_a_day_later(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "tap-mysql"
    folder.mkdir(parents=True)
    for name in ("tap.1.config.json", "tap.2.config.json", "tap.properties.json"):
        (folder / name).write_text("{}")
    yesterday = time.time() - 25 * 3600
    for name in ("tap.1.config.json", "tap.properties.json"):
        os.utime(folder / name, (yesterday, yesterday))
    assert remove_leftovers(tmp_path, {"MELTANO_SYS_DIR_ROOT": str(tmp_path)}) == 1
    assert {path.name for path in folder.iterdir()} == {"tap.2.config.json", "tap.properties.json"}
    assert remove_leftovers(tmp_path, {}) == 0
