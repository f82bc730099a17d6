"""Where the project is."""

from __future__ import annotations

from pathlib import Path


def project_root() -> Path | None:
    """Return the folder of `meltano.yml` above this file (an editable install) or the current folder."""
    here = Path.cwd()
    for folder in (*Path(__file__).resolve().parents, here, *here.parents):
        if (folder / "meltano.yml").is_file():
            return folder
    return None


def packages_folder(site: Path) -> Path:
    """Return where programs that the system lacks are unpacked: once for the whole project."""
    root = project_root()
    return root / ".local" / "packages" if root else site.parent / "packages"
